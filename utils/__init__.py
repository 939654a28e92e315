"""The trunk: what every stage and room stands on.

Errors, flags and settings, files of rows, seeded draws, processes, caches, locks.

May import: files.
"""
