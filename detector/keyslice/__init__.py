"""Key slice filtering: predicted lesion area a slice, and primary or not (paper 004, stage 3)."""
