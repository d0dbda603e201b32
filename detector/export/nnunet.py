"""A raw dataset of nnU-Net v2: DatasetNNN_NAME with dataset.json, imagesTr, labelsTr, imagesTs, labelsTs.

Boxes are filled: a voxel holds the class (from 1) of the smallest box whose inside it is in, else 0. The gold
split is imagesTs. splits_final.json keeps a subject's studies in one fold; nnU-Net looks for it in the
dataset's folder below nnUNet_preprocessed, so it is copied there after planning.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from detector.export.channels import (
    CASES,
    MISSING,
    check_channels,
    label_name,
    small_last,
    volumes,
    with_channels,
    write_cases,
    write_channels,
)
from detector.export.csv_boxes import FILE as TABLE
from detector.export.csv_boxes import check_table, write_table
from detector.export.dataset import ExportData, ExportError, ExportStudy, on_voxels
from detector.export.images import check_grid, read_nifti
from detector.export.nifti import write_nifti
from detector.export.plan import FOLDS, GOLD, case_name, category_numbers, folds, phase_order, task_name
from detector.volume import Volume

SPLITS = "splits_final.json"
_MOST_CLASSES = 255


def write(data: ExportData, out: Path) -> None:
    """The dataset below `out`.

    Raises:
        ExportError: the export has no voxels, more classes than labels can hold, or ids no file can have.
        OSError: a file cannot be written.
    """
    volumes(data)
    folder = out / task_name("Dataset", data.info)
    for name in ("imagesTr", "labelsTr", "imagesTs", "labelsTs"):
        (folder / name).mkdir(parents=True)
    order, numbers = phase_order(data.studies), category_numbers(data.studies, first=1)
    if len(numbers) > _MOST_CLASSES:
        raise ExportError(f"nnU-Net's labels hold {_MOST_CLASSES} classes; this release has {len(numbers)}.")
    write_channels(data, order, folder)
    for study in data.studies:
        write_nifti(_painted(study, numbers), folder / label_name(study))
    _write_json(folder / "dataset.json", _described(data, order, numbers))
    if splits := _splits(data):
        _write_json(folder / SPLITS, splits)
    write_cases(data, folder / CASES)
    write_table((with_channels(s, order) for s in data.studies), folder / TABLE)


def _painted(study: ExportStudy, numbers: dict[str, int]) -> Volume:
    labels = np.zeros(study.geometry.shape_zyx, np.uint8)
    for place in small_last(on_voxels(study).boxes):
        box = study.boxes[place]
        labels[study.geometry.slices_from_box(box.box)] = numbers[box.category]
    return Volume(labels, study.geometry)


def _described(data: ExportData, order: tuple[str, ...], numbers: dict[str, int]) -> dict[str, Any]:
    return {
        # nnU-Net chooses the normalisation by the channel's name, so each is called CT; phases say which.
        "channel_names": {str(n): "CT" for n in range(len(order))},
        "phases": {str(n): phase for n, phase in enumerate(order)},
        "labels": {"background": 0, **numbers},
        "numTraining": sum(s.split != GOLD for s in data.studies),
        "file_ending": ".nii.gz",
        "overwrite_image_reader_writer": "SimpleITKIO",
        "name": str(data.info.get("cohort", "")),
        "description": str(data.info.get("description", "")),
        "licence": str(data.info.get("licence", "")),
        "release": data.info.get("release"),
        "manifest_sha256": data.info.get("manifest_sha256"),
        "missing_phases": MISSING,
    }


def _splits(data: ExportData) -> list[dict[str, list[str]]]:
    """The folds, none where there are too few subjects for two."""
    fold = folds(data.studies, data.info)
    cases = [(case_name(s), fold[s.subject]) for s in data.studies if s.split != GOLD]
    count = min(FOLDS, len(fold))
    return [
        {"train": [c for c, f in cases if f != n], "val": [c for c, f in cases if f == n]}
        for n in range(count if count > 1 else 0)
    ]


def _write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8", newline="")


def check(data: ExportData, out: Path) -> None:
    """Reads images and labels with SimpleITK, as nnU-Net's SimpleITKIO does, and compares every voxel's
    centre in mm with the boxes.

    Raises:
        ExportError: something differs.
        OSError: a file cannot be read.
    """
    folder = out / task_name("Dataset", data.info)
    try:
        said = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        numbers = {str(k): int(v) for k, v in said["labels"].items()}
        order = tuple(said["phases"][str(n)] for n in range(len(said["channel_names"])))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExportError("The dataset does not describe itself.") from error
    count = len(list((folder / "imagesTr").glob("*_0000.nii.gz")))
    if count != said["numTraining"] or order != phase_order(data.studies):
        raise ExportError("The export does not hold the studies of the release.")
    check_table((with_channels(s, order) for s in data.studies), folder / TABLE)
    check_channels(data, order, folder)
    for study in data.studies:
        _check_labels(study, read_nifti(folder / label_name(study), study=study.id), numbers)


def _check_labels(study: ExportStudy, read: Volume, numbers: dict[str, int]) -> None:
    check_grid(study.geometry, read.geometry, study=study.id)
    (sx, sy, sz), (ox, oy, oz) = read.geometry.spacing_xyz_mm, read.geometry.origin_xyz_mm
    depth, height, width = read.geometry.shape_zyx
    z, y, x = oz + np.arange(depth) * sz, oy + np.arange(height) * sy, ox + np.arange(width) * sx
    expected = np.zeros(read.geometry.shape_zyx, read.array_zyx.dtype)
    boxes = on_voxels(study).boxes
    for place in small_last(boxes):
        lo, hi = boxes[place].box.lo, boxes[place].box.hi
        inside = ((z > lo[2]) & (z < hi[2]), (y > lo[1]) & (y < hi[1]), (x > lo[0]) & (x < hi[0]))
        expected[np.ix_(*inside)] = numbers.get(boxes[place].category, 0)
    if not np.array_equal(expected, read.array_zyx):
        raise ExportError("The labels of a study are not its boxes.", details={"study": study.id})
