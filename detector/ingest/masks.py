"""Masks: read from a DICOM folder or a volume file, brought onto a grid, and turned into boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from detector.geometry import Box3D, VolumeGeometry, VoxelBox, intersection_mm3
from detector.images import same_grid, to_image
from detector.ingest.dicom import read_mask_stack
from detector.ingest.dicom_file import is_dicom
from detector.ingest.dicom_header import SliceHeader, read_headers
from detector.ingest.dicom_objects import NotASlice
from detector.ingest.found import MaskSource
from detector.ingest.nifti import read_mask_file
from detector.ingest.problems import unreadable
from detector.volume import Volume

MIN_COMPONENT_VOXELS = 3
# What the 3D-IRCADb collection calls its folders: the CT, and beside it one folder of DICOM for each mask.
MASK_FOLDER = "MASKS_DICOM"


def read_mask(path: Path | MaskSource) -> Volume:
    """A mask as uint8 0/1 (Z, Y, X), LPS: from a folder of DICOM slices (0 and 255 in 3D-IRCADb), a volume
    file, or a source that knows which of its values are inside. Else every value above 0 is inside.

    Raises:
        ReadError: what reading a series or a file raises, and code empty_folder.
    """
    if not isinstance(path, Path):
        return path.read()
    if not path.is_dir():
        return read_mask_file(path)
    slices: list[SliceHeader] = []
    for file in sorted(f for f in path.iterdir() if f.is_file() and is_dicom(f)):
        found = read_headers(file)
        slices += [] if isinstance(found, NotASlice) else found
    if not slices:
        raise unreadable("empty_folder", "The folder holds no mask slices.", "Name the mask's own folder.")
    return read_mask_stack(slices)


def mask_on_grid(mask: Volume, grid: VolumeGeometry) -> Volume:
    """The mask on another grid by nearest neighbour; unchanged where it lies there already.

    Raises:
        ReadError: code mask_elsewhere where the mask and the grid share less than half of the mask's extent.
    """
    if same_grid(mask.geometry, grid):
        return Volume(np.asarray(mask.array_zyx, dtype=np.uint8), grid)
    extent = mask.geometry.extent
    if intersection_mm3(extent, grid.extent) < 0.5 * min(extent.volume_mm3, grid.extent.volume_mm3):
        raise unreadable(
            "mask_elsewhere",
            "The mask does not lie on the scan.",
            "Give the mask drawn on this scan.",
        )
    target = to_image(Volume(np.zeros(grid.shape_zyx, np.uint8), grid))
    out = sitk.Resample(to_image(mask), target, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    return Volume(sitk.GetArrayFromImage(out), grid)


def boxes_from_mask(mask: Volume) -> list[Box3D]:
    """One box a 26-connected component, outer voxel faces in mm; components under three voxels are noise.

    Largest component first; an empty mask gives an empty list.
    """
    inside = np.asarray(mask.array_zyx) > 0
    if not inside.any():
        return []
    # Only the filled part is labelled: a mask of two tumours in 31 million voxels takes no seconds.
    filled = ndimage.find_objects(inside.astype(np.uint8))[0]
    labels, count = ndimage.label(inside[filled], structure=np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    first = [s.start for s in filled]
    boxes = []
    places = ndimage.find_objects(labels, count)
    for i in sorted(range(count), key=lambda i: -int(sizes[i])):
        if sizes[i] >= MIN_COMPONENT_VOXELS:
            lo = tuple(f + s.start for f, s in zip(first, places[i], strict=True))
            hi = tuple(f + s.stop for f, s in zip(first, places[i], strict=True))
            boxes.append(mask.geometry.box_from_voxels(VoxelBox(lo, hi)))
    return boxes
