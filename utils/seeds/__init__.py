"""Real code to start from: where it is read, what is cleaned out of it, how it is drawn.

May import: files, code, replies, similarity.
"""
