"""Trainer files: rows in a trainer's format, proved edits, lengths, validation, the card.

May import: files, code, similarity.
"""
