"""An adapter for deeds, the registration of the SaDT paper, as a program that the user supplies.

Heinrich et al., MRF-based deformable registration and ventilation estimation of lung CT, IEEE TMI 2013.
Nothing of it is in this repository. It is called as deedsBCV is,

    deedsBCV -F fixed.nii.gz -M moving.nii.gz -O out

and leaves out_displacements.dat: native float32, displacements in voxels for the second, the first and the
third axis, one block after another, on a grid coarser by a whole number of voxels, the first axis fastest.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from detector.errors import DetectorError
from detector.geometry import VolumeGeometry
from detector.registration.grid import sampled, work_grid
from detector.registration.similarity import shrunk
from detector.registration.transform import Field, Transform
from detector.volume import Volume

TIMEOUT_S = 600.0
_WORK_MM = 2.0


class DeedsError(DetectorError):
    """The supplied program cannot be run, failed, took too long, or left no field that fits."""

    code = "deeds"


def find_field_with_deeds(
    moving: Volume,
    fixed: Volume,
    region: npt.NDArray[np.uint8] | None,
    rigid: Transform,
    program: Path,
    *,
    timeout_s: float = TIMEOUT_S,
) -> Field:
    """The displacement that, after a rigid transform, lays `moving` onto `fixed` (int16 HU), by deeds.

    Both phases are given to it on one cubic grid of 2 mm around the region, in a folder that is removed.

    Raises:
        DeedsError: with what is wrong and the remedy.
    """
    grid = work_grid(fixed, region, _WORK_MM)
    with tempfile.TemporaryDirectory() as folder:
        for name, volume, transform in (("fixed", fixed, Transform()), ("moving", moving, rigid)):
            values = sampled(shrunk(volume, _WORK_MM, up=False), transform, grid)
            image = sitk.GetImageFromArray(values)
            image.SetSpacing(grid.spacing_xyz_mm)
            image.SetOrigin(grid.origin_xyz_mm)
            sitk.WriteImage(image, str(Path(folder, f"{name}.nii.gz")))
        _run(program, Path(folder), timeout_s)
        return _read(Path(folder, "out_displacements.dat"), grid)


def _run(program: Path, folder: Path, timeout_s: float) -> None:
    command = [str(program), "-F", "fixed.nii.gz", "-M", "moving.nii.gz", "-O", "out"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise DeedsError(
            f"The deeds program took longer than {timeout_s:g} seconds.",
            remedy="Allow it more time, or register without it.",
        ) from error
    except OSError as error:
        raise DeedsError(
            f"The deeds program cannot be run: {error.strerror}.",
            remedy="Name the deedsBCV program built for this machine.",
        ) from error
    if done.returncode:
        raise DeedsError(
            f"The deeds program ended with code {done.returncode}.",
            remedy="Run it by hand on two volumes to see what it says.",
        )


def _read(path: Path, grid: VolumeGeometry) -> Field:
    try:
        values = np.fromfile(path, dtype=np.float32)
    except OSError as error:
        raise DeedsError(
            "The deeds program left no displacements.", remedy="Name a program called as deedsBCV is."
        ) from error
    voxels = int(np.prod(grid.shape_zyx))
    step = max(1, round((3 * voxels / max(values.size, 1)) ** (1 / 3)))
    shape = tuple(n // step for n in grid.shape_zyx)
    if values.size != 3 * np.prod(shape) or not np.isfinite(values).all():
        raise DeedsError(
            f"The displacements of the deeds program ({values.size} numbers) do not fit its grid.",
            remedy="Name a program that writes displacements as deedsBCV does.",
        )
    second, first, third = values.reshape(3, *shape)
    spacing = grid.spacing_xyz_mm[0]
    geometry = VolumeGeometry(shape, (spacing * step,) * 3, grid.origin_xyz_mm)
    return Field(np.stack([first, second, third]) * np.float32(spacing), geometry)
