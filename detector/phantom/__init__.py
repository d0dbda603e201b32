"""Synthetic multiphase liver CT with its truth: what tests, the demo and the reference weights live on."""
