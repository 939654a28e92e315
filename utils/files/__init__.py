"""Files under kills and several runs: whole or absent, locked, and known as belonging together.

May import: nothing but the trunk.
"""
