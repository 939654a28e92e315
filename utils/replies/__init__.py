"""What models write, read into parts: sections, programs, instructions, JSON objects.

May import: code.
"""
