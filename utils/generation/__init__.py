"""All traffic with language models: the map, sending, limits, the journal, batch runs."""
