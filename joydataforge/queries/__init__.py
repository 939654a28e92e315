"""Queries that a model writes: evolved from others, or drawn out of its chat template."""
