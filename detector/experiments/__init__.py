"""Experiments as one command each: cohorts, models and tables, every part kept as soon as it is there."""
