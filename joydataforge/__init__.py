"""Instruction data on any subject: votes, roles, evolved queries, preferences, diversity."""
