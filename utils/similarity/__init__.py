"""How alike texts are: embeddings, near duplicates, and measures of diversity.

May import: files, code, generation, providers.
"""
