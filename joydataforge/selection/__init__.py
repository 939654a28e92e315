"""Which rows of a file to keep: near duplicates, and centres that cover the rest."""
