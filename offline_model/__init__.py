"""The embedded stand-in model: an OpenAI-compatible server on loopback that answers by rules.

It is no language model. It is told what a prompt of the pipeline asks for, and composes an answer
out of a catalogue of small programs and edits, so that every stage can be run and tested for real,
through the same client as a real model, with no key, no download and no cost. What it makes is not
meant for training.
"""
