"""A domain's questions: where they stand, and how they are read and worded."""
