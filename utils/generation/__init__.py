"""All traffic with models: the model map, the sending, its limits, the journal, whole runs.

May import: replies.
"""
