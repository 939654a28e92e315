"""Code as text: its language, tokens, lines and fences, and edits applied to it or written out.

May import: nothing but the trunk.
"""
