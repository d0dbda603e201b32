"""Synthetic multiphase liver CT with truth."""
