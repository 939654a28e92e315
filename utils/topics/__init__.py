"""What an edit is about: its words, the topics fitted to them, and how many rows each keeps.

May import: code.
"""
