"""What several models' labels of one row amount to."""
