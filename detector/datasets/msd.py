"""Medical Segmentation Decathlon, Task03_Liver: dataset.json names imagesTr/liver_N.nii.gz with
labelsTr/liver_N.nii.gz (1 liver, 2 cancer), and imagesTs without labels."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from detector.datasets.contract import Asked, wrong_layout
from detector.datasets.files import scan_study
from detector.datasets.lits import drawn, subject_of
from detector.ingest.found import Discovery, FoundStudy
from detector.ingest.problems import unreadable
from detector.ingest.refusals import Refusals, below

_NAME = re.compile(r"liver_(\d+)\.nii(?:\.gz)?")


def find(root: Path, asked: Asked) -> Discovery:
    """A study a volume that dataset.json names, in its order of numbers."""
    task = next((p for p in (root, root / "Task03_Liver") if (p / "dataset.json").is_file()), None)
    if task is None:
        raise wrong_layout("Task03_Liver", "dataset.json, imagesTr and labelsTr")
    listed = _listed(task / "dataset.json")
    refusals = Refusals(root)
    studies: list[FoundStudy | None] = []
    for number, image, label in sorted(listed, key=lambda row: row[0]):
        paths = [below(task, name) for name in (image, label) if name]
        missing = next((p for p in paths if not p.is_file()), None)
        if missing:
            refusals.add(
                missing, "missing", "dataset.json names a file that is not here.", "Unpack the set again."
            )
            continue
        lesions, liver = drawn(paths[1], paths[0]) if label else (None, None)
        studies.append(
            scan_study(
                root,
                {paths[0]: asked.phase},
                refusals,
                subject=subject_of(number) if label else f"msd-liver-test-{number}",
                lesions=lesions,
                liver=liver,
            )
        )
    return Discovery([s for s in studies if s], refusals.listed())


def _listed(path: Path) -> list[tuple[int, str, str]]:
    """(number, image, label or "") of every case."""
    try:
        data: dict[str, Any] = json.loads(path.read_text())
        names = {str(name).lower() for name in data["labels"].values()}
        if not {"liver", "cancer"} <= names:
            raise ValueError
        training = [(str(c["image"]), str(c["label"])) for c in data["training"]]
        rows = training + [(str(image), "") for image in data.get("test", [])]
        return [(_number(image), image, label) for image, label in rows]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable(
            "wrong_layout", "dataset.json is not that of Task03_Liver.", "Unpack the set again."
        ) from error


def _number(image: str) -> int:
    match = _NAME.fullmatch(image.rpartition("/")[2])
    if match is None:
        raise ValueError
    return int(match[1])
