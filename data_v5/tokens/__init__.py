"""Rows made for a trainer: laid out, encoded, held out, written."""
