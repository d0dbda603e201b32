"""Volume files that do not say how they lie in the patient (MRC): a manifest says it for them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from detector.geometry import VolumeGeometry
from detector.ingest.canonical import check_grid, to_hu, to_lps
from detector.ingest.nifti import file_digest
from detector.ingest.problems import unreadable
from detector.ingest.whole import WholeSource
from detector.volume import Volume

SUFFIXES = (".mrc",)
_MRC_HEADER_BYTES = 1024
_TOWARDS = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}


def is_described_file(path: Path) -> bool:
    """By name alone: .mrc."""
    return path.name.lower().endswith(SUFFIXES)


def check_axes(axes: str) -> str:
    """The three letters in capitals; raises ValueError unless each of L/R, P/A and S/I is there once.

    >>> check_axes("spl")
    'SPL'
    """
    letters = axes.upper()
    if sorted(_TOWARDS.get(c, (9, 0))[0] for c in letters) != [0, 1, 2]:
        raise ValueError("needs one of L or R, one of P or A, and one of S or I, as in LPS")
    return letters


@dataclass(frozen=True, slots=True)
class Described(WholeSource):
    """How a file lies in the patient. `axes` says towards which side the file's first (fastest), second and
    third index grow; `spacing_ijk_mm` is in that order; `origin_xyz_mm` is its first voxel's centre, LPS."""

    path: Path
    spacing_ijk_mm: tuple[float, float, float]
    axes: str
    origin_xyz_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def geometry(self) -> VolumeGeometry:
        """The canonical grid, from the header; raises ReadError: damaged, not_3d and the codes of a grid."""
        empty = np.broadcast_to(np.uint8(0), self.size_kji())
        grid = self._placed(empty).geometry
        check_grid(grid.shape_zyx, grid.spacing_xyz_mm)
        return grid

    def size_kji(self) -> tuple[int, ...]:
        """Voxels along the third, second and first index of the file."""
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(self.path))
        try:
            reader.ReadImageInformation()
        except RuntimeError as error:
            raise _damaged() from error
        if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
            raise unreadable("not_3d", "The file is not one 3D volume.", "Write each phase to its own file.")
        return tuple(reader.GetSize()[::-1])

    def read(self) -> Volume:
        """int16 HU (Z, Y, X); raises ReadError with the codes of geometry and of to_hu, and truncated."""
        self.geometry()
        return self._placed(to_hu(self._array()))

    def digest(self) -> str:
        """SHA-256 of the file and of what is said of it."""
        said = repr((self.spacing_ijk_mm, self.axes, self.origin_xyz_mm))
        return hashlib.sha256(f"{file_digest(self.path)}|{said}".encode()).hexdigest()

    def placed_labels(self, path: Path, values: tuple[int, ...]) -> Volume:
        """Voxels of a label file that hold one of `values`, as 0/1, lying on this one voxel for voxel.

        Raises:
            ReadError: codes damaged, and other_shape where it has another number of voxels.
        """
        labels = Described(path, self.spacing_ijk_mm, self.axes, self.origin_xyz_mm)
        if labels.size_kji() != self.size_kji():
            raise unreadable(
                "other_shape",
                "The labels have other numbers of voxels than their scan.",
                "Give the labels that were drawn on this scan.",
            )
        return self._placed(np.isin(labels._array(), values).astype(np.uint8))

    def _array(self) -> npt.NDArray[Any]:
        try:
            array = np.asarray(sitk.GetArrayFromImage(sitk.ReadImage(str(self.path))))
        except RuntimeError as error:
            raise _damaged() from error
        # ITK reads the voxels that a cut MRC file lacks as zeros.
        if self.path.stat().st_size < _MRC_HEADER_BYTES + array.nbytes:
            raise unreadable("truncated", "The file is cut short.", "Copy it again.")
        return array

    def _placed(self, array_kji: npt.NDArray[np.generic]) -> Volume:
        direction = np.zeros((3, 3))
        for axis, letter in enumerate(self.axes):
            world, sign = _TOWARDS[letter]
            direction[world, axis] = sign
        return to_lps(
            array_kji,
            direction=direction,
            origin_xyz_mm=np.array(self.origin_xyz_mm),
            spacing_ijk_mm=np.array(self.spacing_ijk_mm),
        )


@dataclass(frozen=True, slots=True)
class DescribedLabels:
    """The mask of some values of a label file on a described scan."""

    scan: Described
    path: Path
    values: tuple[int, ...]

    def read(self) -> Volume:
        return self.scan.placed_labels(self.path, self.values)


def _damaged() -> Exception:
    return unreadable("damaged", "The volume file is truncated or damaged.", "Copy it again.")
