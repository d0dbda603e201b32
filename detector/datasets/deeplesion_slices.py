"""Stretches of DeepLesion's 16-bit slices as volumes in HU."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from detector.geometry import VolumeGeometry
from detector.ingest.canonical import to_hu
from detector.ingest.problems import unreadable
from detector.ingest.whole import WholeSource
from detector.volume import Volume

OFFSET_HU = 32768


def stretches(folder: Path) -> list[range]:
    """The unbroken stretches of slice numbers in a series' folder, in order."""
    numbers = sorted(int(p.stem) for p in folder.glob("*.png") if p.stem.isdecimal())
    runs: list[range] = []
    for number in numbers:
        if runs and number == runs[-1].stop:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    return runs


@dataclass(frozen=True, slots=True)
class PngSlices(WholeSource):
    """One stretch. `spacing` is (x, y, z) mm; slice n lies at z = -n * spacing: numbers grow downwards."""

    folder: Path
    numbers: range
    spacing: tuple[float, float, float]

    def size(self) -> tuple[int, int]:
        """(rows, columns) by the first slice's header; raises ReadError, code damaged."""
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(self._path(self.numbers[0])))
        try:
            reader.ReadImageInformation()
        except RuntimeError as error:
            raise _damaged() from error
        columns, rows = reader.GetSize()[:2]
        return rows, columns

    def geometry(self) -> VolumeGeometry:
        """The grid of the stretch in LPS."""
        return VolumeGeometry(
            (len(self.numbers), *self.size()), self.spacing, (0.0, 0.0, -self.numbers[-1] * self.spacing[2])
        )

    def read(self) -> Volume:
        """int16 HU (Z, Y, X), from the feet up.

        Raises:
            ReadError: codes damaged and uneven_slices, and those of to_hu.
        """
        slices = [self._slice(n) for n in reversed(self.numbers)]
        if len({s.shape for s in slices}) != 1:
            raise unreadable("uneven_slices", "The slices are not of one size.", "Unpack the set again.")
        return Volume(to_hu(np.stack(slices).astype(np.int32) - OFFSET_HU), self.geometry())

    def digest(self) -> str:
        """SHA-256 of the stretch's pixels and places."""
        digest = hashlib.sha256(repr((self.numbers.start, self.spacing)).encode())
        for number in self.numbers:
            digest.update(self._slice(number).tobytes())
        return digest.hexdigest()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:03d}.png"

    def _slice(self, number: int) -> npt.NDArray[Any]:
        try:
            pixels = sitk.GetArrayFromImage(sitk.ReadImage(str(self._path(number))))
        except RuntimeError as error:
            raise _damaged() from error
        if pixels.dtype != np.uint16 or pixels.ndim != 2:
            raise unreadable(
                "not_hounsfield", "A slice is no grey image of 16 bit.", "Unpack the set's own PNG files."
            )
        return np.asarray(pixels)


def _damaged() -> Exception:
    return unreadable("damaged", "A slice cannot be read.", "Unpack the set again.")
