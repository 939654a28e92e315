"""The parts of the data set report: figures as data, samples, and the page they stand on."""
