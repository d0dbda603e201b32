"""From boxes in mm and a grid to the voxel formats of the field."""
