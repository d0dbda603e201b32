"""A raw task of nnDetection: TaskNNN_NAME with dataset.json and, below raw_splitted, imagesTr and labelsTr;
the gold split in imagesTs and labelsTs.

labelsTr/CASE.nii.gz numbers a study's lesions from 1, filled boxes; labelsTr/CASE.json says their classes,
from 0. nnDetection takes the extent of each number as its box, so every lesion keeps its full extent where
boxes overlap: small ones are painted over large ones, and a lesion that would lose a side keeps two voxels
at opposite corners of its own box.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

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
from detector.export.dataset import (
    ExportBox,
    ExportData,
    ExportError,
    ExportStudy,
    check_read_back,
    on_voxels,
)
from detector.export.images import check_grid, read_nifti
from detector.export.nifti import write_nifti
from detector.export.plan import GOLD, category_numbers, phase_order, task_name
from detector.geometry import VoxelBox
from detector.volume import Volume

RAW = "raw_splitted"
Labels = npt.NDArray[np.uint16]
Slices = tuple[slice, slice, slice]


def write(data: ExportData, out: Path) -> None:
    """The task below `out`.

    Raises:
        ExportError: the export has no voxels, an id no file can have, or boxes of one study that hide each
            other wholly.
        OSError: a file cannot be written.
    """
    volumes(data)
    folder = out / task_name("Task", data.info)
    for name in ("imagesTr", "labelsTr", "imagesTs", "labelsTs"):
        (folder / RAW / name).mkdir(parents=True)
    order, numbers = phase_order(data.studies), category_numbers(data.studies, first=0)
    write_channels(data, order, folder / RAW)
    for study in data.studies:
        write_nifti(Volume(instances(study), study.geometry), folder / RAW / label_name(study))
        classes = {str(n): numbers[b.category] for n, b in enumerate(study.boxes, start=1)}
        _write_json(folder / RAW / label_name(study, ".json"), {"instances": classes})
    _write_json(folder / "dataset.json", _described(data, order, numbers))
    write_cases(data, folder / CASES)
    write_table(_placed(data, order), folder / TABLE)


def _placed(data: ExportData, order: tuple[str, ...]) -> Iterator[ExportStudy]:
    return (with_channels(s, order, f"{RAW}/") for s in data.studies)


def _described(data: ExportData, order: tuple[str, ...], numbers: dict[str, int]) -> dict[str, Any]:
    return {
        "task": task_name("Task", data.info),
        "name": str(data.info.get("cohort", "")),
        "dim": 3,
        "target_class": None,
        "test_labels": any(s.split == GOLD for s in data.studies),
        "labels": {str(n): name for name, n in numbers.items()},
        # nnDetection chooses the normalisation by the modality's name, so each is CT; phases say which.
        "modalities": {str(n): "CT" for n in range(len(order))},
        "phases": {str(n): phase for n, phase in enumerate(order)},
        "description": str(data.info.get("description", "")),
        "licence": str(data.info.get("licence", "")),
        "release": data.info.get("release"),
        "manifest_sha256": data.info.get("manifest_sha256"),
        "missing_phases": MISSING,
    }


def _write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8", newline="")


def instances(study: ExportStudy) -> Labels:
    """The study's lesions as numbers from 1 in (Z, Y, X), each with the extent of its box.

    Raises:
        ExportError: two boxes leave no room for each other, such as the same single voxel.
    """
    labels: Labels = np.zeros(study.geometry.shape_zyx, np.uint16)
    places = [study.geometry.slices_from_box(b.box) for b in study.boxes]
    for place in small_last(on_voxels(study).boxes):
        labels[places[place]] = place + 1
    for number in _lost(labels, places):
        _give_corners(labels, places, number)
    if lost := _lost(labels, places):
        raise ExportError(
            "Two lesions of a study lie so that one hides the other.",
            remedy="Correct one of their boxes, or choose a format that keeps boxes as numbers.",
            details={"study": study.id, "lesions": [study.boxes[n - 1].id for n in lost]},
        )
    return labels


def _lost(labels: Labels, places: list[Slices]) -> list[int]:
    """The numbers whose extent is not their box's."""
    found = ndimage.find_objects(labels, max_label=len(places))
    return [n for n, (seen, place) in enumerate(zip(found, places, strict=True), start=1) if seen != place]


def _give_corners(labels: Labels, places: list[Slices], number: int) -> None:
    """Paints the first two opposite corners of a box that cost no other lesion its extent."""
    lost_before = set(_lost(labels, places)) - {number}
    sides = places[number - 1]
    for ends in product((0, 1), repeat=3):
        corner = tuple((s.start, s.stop - 1)[end] for s, end in zip(sides, ends, strict=True))
        opposite = tuple((s.start, s.stop - 1)[1 - end] for s, end in zip(sides, ends, strict=True))
        kept = labels[corner], labels[opposite]
        labels[corner] = labels[opposite] = number
        if set(_lost(labels, places)) <= lost_before:
            return
        labels[corner], labels[opposite] = kept


def check(data: ExportData, out: Path) -> None:
    """Reads images and labels with SimpleITK, as nnDetection does, and takes the extent of each number.

    Raises:
        ExportError: something differs.
        OSError: a file cannot be read.
    """
    folder = out / task_name("Task", data.info)
    try:
        said = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        names = {int(n): str(name) for n, name in said["labels"].items()}
        order = tuple(said["phases"][str(n)] for n in range(len(said["modalities"])))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExportError("The task does not describe itself.") from error
    count = sum(1 for _ in (folder / RAW).glob("labelsT?/*.json"))
    if count != sum(1 for _ in data.studies) or order != phase_order(data.studies):
        raise ExportError("The export does not hold the studies of the release.")
    check_table(_placed(data, order), folder / TABLE)
    check_channels(data, order, folder / RAW)
    check_read_back(
        (on_voxels(s) for s in data.studies), (_read(s, folder / RAW, names) for s in data.studies)
    )


def _read(study: ExportStudy, raw: Path, names: dict[int, str]) -> ExportStudy:
    labels = read_nifti(raw / label_name(study), study=study.id)
    check_grid(study.geometry, labels.geometry, study=study.id)
    try:
        said = json.loads((raw / label_name(study, ".json")).read_text(encoding="utf-8"))["instances"]
        classes = {int(n): names[c] for n, c in said.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExportError("A case's classes cannot be read.", details={"study": study.id}) from error
    boxes: list[ExportBox] = []
    for number, seen in enumerate(ndimage.find_objects(labels.array_zyx), start=1):
        if seen is not None and number in classes and number <= len(study.boxes):
            edges = VoxelBox(tuple(s.start for s in seen), tuple(s.stop for s in seen))
            box = labels.geometry.box_from_voxels(edges)
            boxes.append(replace(study.boxes[number - 1], box=box, category=classes[number]))
    if set(classes) != set(np.unique(labels.array_zyx).tolist()) - {0}:
        raise ExportError("A case's classes are not those of its labels.", details={"study": study.id})
    return replace(study, boxes=tuple(boxes))
