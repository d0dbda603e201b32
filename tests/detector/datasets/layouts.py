"""Public data sets in the very layout they are published in, a few small cases each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pydicom

from detector.export.coco import write_coco
from detector.export.dataset import ExportBox, ExportStudy
from detector.geometry import Box3D, VolumeGeometry, VoxelBox
from tests.detector.ingest.builders import write_series, write_volume_file
from tests.detector.ingest.segments import write_segmentation

BEFORE = "HCC-TACE-Seg/HCC_009/02-15-1998-NA-PP CAPLIVER PROTO.-10975"
AFTER = "HCC-TACE-Seg/HCC_009/04-02-1998-NA-CT ABDOMEN-20311"
SHAPE = (12, 40, 44)
SPACING, ORIGIN = (2.5, 2.0, 5.0), (-50.0, -40.0, -30.0)
GRID = VolumeGeometry(SHAPE, SPACING, ORIGIN)
LARGE = VoxelBox((4, 14, 12), (9, 22, 20))
SMALL = VoxelBox((2, 24, 26), (4, 27, 30))


def boxes() -> list[Box3D]:
    """The two tumours, the larger first."""
    return [GRID.box_from_voxels(LARGE), GRID.box_from_voxels(SMALL)]


def filled(*parts: VoxelBox) -> np.ndarray:
    """(Z, Y, X) uint8 with 1 within the boxes."""
    out = np.zeros(SHAPE, np.uint8)
    for part in parts:
        out[tuple(slice(int(a), int(b)) for a, b in zip(part.lo_zyx, part.hi_zyx, strict=True))] = 1
    return out


def body() -> np.ndarray:
    """(Z, Y, X) uint8: the liver with its tumours."""
    _z, y, x = np.indices(SHAPE)
    return ((((y - 20) / 16) ** 2 + ((x - 22) / 18) ** 2) < 1).astype(np.uint8)


def scan(seed: int, tumours: np.ndarray | None = None) -> np.ndarray:
    """(Z, Y, X) int16 HU; each seed has voxels of its own."""
    bright = filled(LARGE, SMALL) if tumours is None else tumours
    noise = np.random.default_rng(seed).integers(-5, 6, SHAPE)
    return (np.where(body() > 0, 90 + 60 * bright.astype(int), -1000) + noise).astype(np.int16)


def labels(*tumours: VoxelBox) -> np.ndarray:
    """0 background, 1 liver, 2 tumour."""
    return body() + filled(*tumours) * (body() > 0)


def volume(path: Path, array: np.ndarray, **options: object) -> Path:
    return write_volume_file(path, array, **{"spacing": SPACING, "origin": ORIGIN} | options)  # type: ignore[arg-type]


def lits(root: Path) -> Path:
    """Two training cases in two batches, the second without a tumour, and a test case."""
    volume(root / "Training Batch 1" / "volume-0.nii", scan(0))
    volume(root / "Training Batch 1" / "segmentation-0.nii", labels(LARGE, SMALL))
    volume(root / "Training Batch 2" / "volume-28.nii", scan(28, filled()))
    volume(root / "Training Batch 2" / "segmentation-28.nii", labels())
    volume(root / "LITS-Challenge-Test-Data" / "test-volume-0.nii", scan(100))
    return root


def msd(root: Path) -> Path:
    """Task03_Liver with a training and a test case, as a Mac packed it, converted anew."""
    task = root / "Task03_Liver"
    volume(task / "imagesTr" / "liver_0.nii.gz", scan(0).astype(np.float32))
    volume(task / "labelsTr" / "liver_0.nii.gz", labels(LARGE, SMALL))
    volume(task / "imagesTs" / "liver_132.nii.gz", scan(132))
    (task / "imagesTr" / "._liver_0.nii.gz").write_bytes(b"\0\5\x16\7")
    said = {
        "name": "Liver",
        "modality": {"0": "CT"},
        "labels": {"0": "background", "1": "liver", "2": "cancer"},
        "numTraining": 1,
        "numTest": 1,
        "training": [{"image": "./imagesTr/liver_0.nii.gz", "label": "./labelsTr/liver_0.nii.gz"}],
        "test": ["./imagesTs/liver_132.nii.gz"],
    }
    (task / "dataset.json").write_text(json.dumps(said))
    return root


def _masks(folder: Path, **masks: np.ndarray) -> None:
    for name, mask in masks.items():
        dicom(folder / name, mask.astype(np.int16) * 255, intercept=0.0)


def dicom(folder: Path, hu: np.ndarray, **options: object) -> None:
    """A series on GRID, named as 3D-IRCADb does."""
    known = {"z0": ORIGIN[2], "dz": SPACING[2], "name": "image_", "spacing": (SPACING[1], SPACING[0])}
    for path in write_series(folder, hu, **known | options):  # type: ignore[arg-type]
        _move(path)


def _move(path: Path) -> None:
    """write_series puts the first voxel at x -20, y -30; GRID has it elsewhere."""
    data = pydicom.dcmread(path)
    data.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], data.ImagePositionPatient[2]]
    data.save_as(path)


def ircad(root: Path, *, zipped: bool = False) -> Path:
    """Patient 1 with two tumours and a cyst, patient 5 with none; folders, or the zip files they come in."""
    for number in (1, 5):
        place = root / "3Dircadb1" / f"3Dircadb1.{number}"
        marks = {"study": f"1.{number}", "series": f"1.{number}.1", "patient": "", "SeriesDescription": ""}
        dicom(place / "PATIENT_DICOM", scan(number), **marks)
        dicom(place / "LABELLED_DICOM", labels(LARGE).astype(np.int16), **marks)
        masks = {"liver": body(), "bone": filled(SMALL)}
        if number == 1:
            cyst = VoxelBox((9, 15, 22), (11, 18, 25))
            masks |= {"livertumor01": filled(SMALL), "livertumor02": filled(LARGE), "livercyst": filled(cyst)}
        _masks(place / "MASKS_DICOM", **masks)
        if zipped:
            for name in ("PATIENT_DICOM", "MASKS_DICOM", "LABELLED_DICOM"):
                shutil.make_archive(str(place / name), "zip", place, name)
                shutil.rmtree(place / name)
    return root


def nndetection(root: Path, modalities: dict[str, str] | None = None) -> Path:
    """A task of one training case with two touching lesions of two classes, and a test case."""
    modalities = modalities or {"0": "CT"}
    raw = root / "raw_splitted"
    instances = filled(LARGE)
    instances[4:9, 22:24, 12:20] = 2
    for n in modalities:
        volume(raw / "imagesTr" / f"case_a_{int(n):04d}.nii.gz", scan(int(n)))
        volume(raw / "imagesTs" / f"case_b_{int(n):04d}.nii.gz", scan(50 + int(n)))
    volume(raw / "labelsTr" / "case_a.nii.gz", instances)
    (raw / "labelsTr" / "case_a.json").write_text(json.dumps({"instances": {"1": 0, "2": 1}}))
    said = {
        "task": "Task100_LiverLesions",
        "dim": 3,
        "target_class": None,
        "test_labels": False,
        "labels": {"0": "HCC", "1": "Cyst"},
        "modalities": modalities,
    }
    (root / "dataset.json").write_text(json.dumps(said))
    return root


def hcc_tace_seg(root: Path) -> Path:
    """A patient before and after treatment; of two series before it, the second one is segmented."""
    series = (
        (BEFORE, "4.000000-Recon 2 LIVER 3 PHASE CAP-85275", 4, "1.1", 1),
        (BEFORE, "103.000000-LIVER 3 PHASE CAP-83135", 103, "1.1", 2),
        (AFTER, "2.000000-ABDOMEN-55121", 2, "1.2", 3),
    )
    for study, name, number, uid, seed in series:
        dicom(
            root / study / name, scan(seed), study=uid, series=f"{uid}.{number}",
            patient="HCC_009", SeriesNumber=number, SeriesDescription="LIVER 3 PHASE (CAP)",
        )  # fmt: skip
    tumours = filled(LARGE, SMALL)
    vessels = filled(SMALL)
    segments = {
        "Liver": body() & ~tumours & 1,
        "Mass": tumours,
        "Portal vein": vessels,
        "Abdominal aorta": vessels,
    }
    write_segmentation(
        root / BEFORE / "300.000000-Segmentation-91221" / "1-1.dcm", segments, GRID,
        study="1.1", series="1.1.103", patient="HCC_009",
    )  # fmt: skip
    return root


def coco(root: Path) -> ExportStudy:
    """An export of one study with its images; what was exported."""
    study = ExportStudy(
        id="s1",
        subject="p1",
        split="pool",
        reference_phase="portal_venous",
        geometry=GRID,
        images={p: f"images/s1/{p}.nii.gz" for p in ("arterial", "portal_venous")},
        boxes=(
            ExportBox("b1", boxes()[0], "hcc", primary=True),
            ExportBox("b2", boxes()[1], absent_phases=("arterial",)),
        ),
    )
    for seed, name in enumerate(study.images.values()):
        volume(root / name, scan(seed))
    (root / "dataset.json").write_text(write_coco([study], {}))
    return study
