"""The tests, in folders like those of what they test."""
