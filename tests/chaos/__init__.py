"""Kills, and runs at once, of every script that pays: `python -m tests.chaos --kills 200`."""
