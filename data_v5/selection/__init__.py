"""Which questions are taken: clusters, neighbours, the plan of the sample, the shots."""
