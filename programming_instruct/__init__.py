"""Coding histories from snippets, commits and submissions, to predict the next edit by."""
