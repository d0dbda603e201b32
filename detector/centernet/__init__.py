"""CenterNet-3D: anisotropic centre heatmaps, sizes and offsets (paper 004, stage 1)."""
