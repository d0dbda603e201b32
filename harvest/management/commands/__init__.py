"""One file a command; base.py says how they end."""
