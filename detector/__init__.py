"""Imaging and learning for multiphase liver CT. Knows no Django; useful alone: `python -m detector`."""
