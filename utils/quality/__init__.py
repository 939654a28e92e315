"""The rules that tell a sound edit triplet from one that should not be trained on.

May import: code, replies, similarity.
"""
