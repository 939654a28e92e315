"""Pairs of a chosen and a rejected answer: judged or scored, and written for trainers."""
