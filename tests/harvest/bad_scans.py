"""Scans and archives that must be refused (or asked about), and what must be said of each."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.detector.ingest.builders import voxels, write_series, write_slice, write_volume_file
from tests.harvest.archive import write_study

# In headers, in the folder that holds the archive, and (what only the importer is shown) in file names.
NAME = "Doe"
PATIENT = {"patient": f"{NAME}-1970", "PatientName": f"{NAME}^Jane", "InstitutionName": f"{NAME} Hospital"}


@dataclass(frozen=True)
class Row:
    """What lies in the archive, and what must be said of it: the code, and words of the text."""

    write: Callable[[Path], Any]
    code: str
    named: str
    outcome: str = "refused"
    thing: str = "scan"
    failed: bool = False


def dicom(folder: Path, **options: Any) -> None:
    write_series(folder / "scan", voxels(), **({"SeriesDescription": "arterial"} | PATIENT | options))


def nifti(folder: Path, values: float = 0.0, **options: Any) -> None:
    hu = voxels().astype(np.float32)
    hu[3, 3, 3] += values
    write_volume_file(folder / "scan" / "arterial.nii.gz", hu, **options)


def zipped(folder: Path) -> Path:
    """A study of noise that unpacks to about 40 kB."""
    with zipfile.ZipFile(folder / "scan.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{NAME}/1", os.urandom(20_000))
        packed.writestr(f"{NAME}/2", bytes(20_000))
    return folder / "scan.zip"


def not_dicom(folder: Path) -> None:
    (folder / "scan").mkdir()
    (folder / "scan" / "0001.dcm").write_bytes(os.urandom(2000))


def truncated_pixels(folder: Path) -> None:
    dicom(folder)
    path = folder / "scan" / "i003"
    path.write_bytes(path.read_bytes()[:-100])


def truncated_volume(folder: Path) -> None:
    nifti(folder)
    path = folder / "scan" / "arterial.nii.gz"
    path.write_bytes(path.read_bytes()[:-200])


def truncated_archive(folder: Path) -> None:
    path = zipped(folder)
    path.write_bytes(path.read_bytes()[:-300])


def encrypted(folder: Path) -> None:
    path = zipped(folder)
    data = bytearray(path.read_bytes())
    data[6] |= 1  # in the local header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))


def two_patients(folder: Path) -> None:
    for n in "12":
        dicom(folder, patient=f"{NAME}-{n}", name=n, study=f"1.{n}", series=f"1.{n}.1")


def non_uniform(folder: Path) -> None:
    for k, z in enumerate((0.0, 3.0, 6.0, 10.3, 13.3, 16.3, 20.9)):
        write_slice(folder / "scan" / str(k), voxels()[k], (0.0, 0.0, z), InstanceNumber=k + 1, **PATIENT)


ROWS = {
    "not DICOM": Row(not_dicom, "not_dicom", "no DICOM", thing="scan/0001.dcm"),
    "truncated DICOM": Row(truncated_pixels, "truncated", "Series 4"),
    "truncated volume": Row(truncated_volume, "truncated", "arterial"),
    "truncated archive": Row(truncated_archive, "damaged", "archive", thing="scan.zip", failed=True),
    "encrypted archive": Row(encrypted, "encrypted", "encrypted", thing="scan.zip", failed=True),
    "bombing archive": Row(zipped, "too_large", "unpacks to more", thing="scan.zip", failed=True),
    "two patients": Row(two_patients, "two_patients", "two patients", thing="scan/1000"),
    "no reference phase": Row(
        lambda f: write_study(f / "scan", seed=1, names=("delayed", "non_contrast")),
        "phases",
        "non_contrast",
        outcome="phases_needed",
    ),
    "non-uniform slices": Row(non_uniform, "nonuniform_slices", "Series 4", thing="scan/0"),
    "absurd DICOM spacing": Row(
        lambda f: dicom(f, spacing=(80.0, 70.0)), "spacing", "70 x 80", thing="scan/i000"
    ),
    "absurd volume spacing": Row(
        lambda f: nifti(f, spacing=(0.7, 0.8, 300.0)), "spacing", "arterial", thing="scan/arterial.nii.gz"
    ),
    "NaN voxels": Row(lambda f: nifti(f, values=float("nan")), "not_finite", "arterial"),
}
