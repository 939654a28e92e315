"""Kills, and runs at once, by hand in any number: `python -m tests.chaos --kills 200`."""
