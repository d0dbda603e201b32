"""SaDT: texture encoding of the lesion region, four classes (paper 004, stage 4)."""
