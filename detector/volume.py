"""A volume: HU voxels on a canonical grid, and the folder-free format the store keeps it in.

`NAME.npy` holds the (Z, Y, X) array so that single slices can be memory-mapped; `NAME.json` beside it
holds the geometry. numpy's pickle is never allowed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.errors import ReadError, ShapeError
from detector.geometry import VolumeGeometry

AIR_HU = -1024  # also what lies outside of what was scanned


@dataclass(frozen=True, slots=True)
class Volume:
    """Voxels (Z, Y, X) and their grid. CT is int16 HU; masks are uint8 0/1.

    Raises:
        ShapeError: the array does not have the geometry's shape.
    """

    array_zyx: npt.NDArray[np.generic]
    geometry: VolumeGeometry

    def __post_init__(self) -> None:
        if tuple(self.array_zyx.shape) != self.geometry.shape_zyx:
            raise ShapeError(
                f"Array {tuple(self.array_zyx.shape)} does not fit grid {self.geometry.shape_zyx}."
            )


def write_volume(volume: Volume, path: Path) -> None:
    """Writes `path` (.npy) and its geometry beside it (.json). Atomic only by the rename of a folder."""
    np.save(path, np.ascontiguousarray(volume.array_zyx), allow_pickle=False)
    path.with_suffix(".json").write_text(json.dumps(volume.geometry.as_json(), indent=1))


def read_volume(path: Path, *, mmap: bool = True) -> Volume:
    """Reads what write_volume wrote, memory-mapped read-only by default.

    Raises:
        ReadError: a file is missing or is not what write_volume writes.
    """
    try:
        array = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
        geometry = VolumeGeometry.from_json(json.loads(path.with_suffix(".json").read_text()))
    except (OSError, ValueError) as error:
        raise ReadError("A stored volume is missing or damaged.", remedy="Import the study again.") from error
    return Volume(array, geometry)
