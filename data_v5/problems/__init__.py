"""Arithmetic word problems with worked answers, to try the steps on."""
