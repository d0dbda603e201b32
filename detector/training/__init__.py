"""The training loop and what it leaves: progress, weights, provenance."""
