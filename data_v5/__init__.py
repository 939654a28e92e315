"""A small, diverse instruction set out of large sets of questions, down to tokenised files."""
