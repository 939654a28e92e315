"""Conversations: walked out of trees, and written as one text."""
