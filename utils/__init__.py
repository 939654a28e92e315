"""Modules shared by the stages and the rooms; each has one job."""
