"""An adapter for TotalSegmentator, a program that the user installs: `pip install harvest[totalsegmentator]`.

Wasserthal et al., TotalSegmentator: robust segmentation of 104 anatomic structures in CT images, Radiology:
Artificial Intelligence 2023. Nothing of it is in this repository; it fetches its weights by itself when it
first runs. It is called as

    TotalSegmentator -i ct.nii.gz -o out --task total --roi_subset liver --fast --nr_thr_saving 1 --quiet

and leaves out/liver.nii.gz, 0 and 1 on the grid of its input. `--fast` is its 3 mm network: finer than what
the mask is for, and the one that a processor can run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from detector.errors import DetectorError
from detector.images import same_grid, to_image
from detector.ingest.nifti import read_mask_file
from detector.volume import Volume

PROGRAM = "TotalSegmentator"
TIMEOUT_S = 1800.0
_OPTIONS = ("--task", "total", "--roi_subset", "liver", "--fast", "--nr_thr_saving", "1", "--quiet")


class TotalSegmentatorError(DetectorError):
    """The program cannot be run, failed, took too long, or left no mask that fits."""

    code = "totalsegmentator"


def installed_program() -> Path:
    """Where the program is: beside this Python, else on the path; its bare name where it is nowhere."""
    beside = Path(sys.executable).with_name(PROGRAM)
    return beside if beside.is_file() else Path(shutil.which(PROGRAM) or PROGRAM)


def find_with_totalsegmentator(
    volume: Volume, program: Path | None = None, *, timeout_s: float = TIMEOUT_S
) -> npt.NDArray[np.uint8]:
    """The liver (Z, Y, X) uint8 0/1 on the grid of `volume`, int16 HU; all 0 where it finds none.

    The scan is given to it alone, without a header, in a folder that is removed.

    Raises:
        TotalSegmentatorError: with what is wrong and the remedy.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sitk.WriteImage(to_image(volume), str(folder / "ct.nii.gz"))
        _run(program or installed_program(), folder, timeout_s)
        return _read(folder / "out" / "liver.nii.gz", volume)


def _run(program: Path, folder: Path, timeout_s: float) -> None:
    command = [str(program), "-i", str(folder / "ct.nii.gz"), "-o", str(folder / "out"), *_OPTIONS]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise TotalSegmentatorError(
            f"TotalSegmentator took longer than {timeout_s:g} seconds.",
            remedy="Give it a GPU, or find livers with the network.",
        ) from error
    except OSError as error:
        raise TotalSegmentatorError(
            f"TotalSegmentator cannot be run: {error.strerror}.",
            remedy="Install it with `pip install harvest[totalsegmentator]`.",
        ) from error
    if done.returncode:
        raise TotalSegmentatorError(
            f"TotalSegmentator ended with code {done.returncode}.",
            remedy="Run it by hand on one volume to see what it says; at first it must fetch its weights.",
        )


def _read(path: Path, volume: Volume) -> npt.NDArray[np.uint8]:
    if not path.is_file():
        raise TotalSegmentatorError(
            "TotalSegmentator left no liver mask.", remedy="Take a version that knows --roi_subset liver."
        )
    try:
        mask = read_mask_file(path)
    except DetectorError as error:
        raise TotalSegmentatorError(
            "The mask that TotalSegmentator left cannot be read.", remedy="Run it again."
        ) from error
    if not same_grid(mask.geometry, volume.geometry):
        raise TotalSegmentatorError(
            "The mask that TotalSegmentator left does not lie on the scan's grid.",
            remedy="Take a version that writes masks on the grid of its input.",
        )
    return np.asarray(mask.array_zyx, dtype=np.uint8)
