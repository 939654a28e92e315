"""The data set report: figures as data, samples, and the page they stand on.

May import: code, generation, providers, similarity, finetune.
"""
