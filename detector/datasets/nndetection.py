"""A raw task of nnDetection: dataset.json (or .yaml), and below raw_splitted images, labels and instances.

imagesTr/CASE_0000.nii.gz holds the first modality, labelsTr/CASE.nii.gz numbers the lesions from 1, and
labelsTr/CASE.json says the class of each: {"instances": {"1": 0, "2": 1}}. nnDetection normalises by the
modality's name, so modalities may all be called CT; then `phases` of the dataset file can say which is which.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy import ndimage

from detector.datasets.classes import class_named
from detector.datasets.contract import Asked, wrong_layout
from detector.datasets.files import scan_study
from detector.geometry import VoxelBox
from detector.ingest.found import Discovery, FoundStudy
from detector.ingest.nifti import read_labels
from detector.ingest.phases import hint_from_text
from detector.ingest.problems import unreadable
from detector.ingest.refusals import Refusals
from detector.ingest.truth import Truth, TruthLesion, with_primary


@dataclass(frozen=True, slots=True)
class Instances:
    """Numbered lesions of a label file: each number is one lesion, in however many parts it lies."""

    labels: Path
    said: Path
    scan: Path
    names: dict[str, str]

    def read(self) -> Truth:
        """The lesions, each with its class where the task's name for it is one.

        Raises:
            ReadError: what reading labels raises; code instances where the table of classes does not fit.
        """
        volume = read_labels(self.labels, scan=self.scan)
        classes = self._classes()
        there = {int(n) for n in np.unique(volume.array_zyx)} - {0}
        if there != set(classes):
            raise unreadable(
                "instances",
                f"The labels hold {len(there)} lesions and their table names {len(classes)} "
                "(or other numbers).",
                "Prepare the task again.",
            )
        lesions = []
        for number, place in enumerate(ndimage.find_objects(volume.array_zyx), start=1):
            if place is not None:
                edges = VoxelBox(tuple(s.start for s in place), tuple(s.stop for s in place))
                box = volume.geometry.box_from_voxels(edges)
                lesions.append(TruthLesion(box, classes[number], primary=False))
        return Truth(with_primary(lesions), complete=True)

    def _classes(self) -> dict[int, str | None]:
        try:
            table = json.loads(self.said.read_text())["instances"]
            return {int(n): class_named(self.names.get(str(c), "")) for n, c in table.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise unreadable(
                "instances", "The table of a case's lesions cannot be read.", "Prepare the task again."
            ) from error


def find(root: Path, asked: Asked) -> Discovery:
    """A study a case, training and test."""
    raw = next((p for p in (root / "raw_splitted", root) if (p / "imagesTr").is_dir()), None)
    if raw is None:
        raise wrong_layout("a raw task of nnDetection", "dataset.json and raw_splitted/imagesTr")
    task = raw.parent if raw.name == "raw_splitted" else raw
    described = _described(task)
    phases = {
        str(n): hint_from_text(str(name)) or (asked.phase if len(described["modalities"]) == 1 else None)
        for n, name in (described["modalities"] | described["phases"]).items()
    }
    refusals = Refusals(root)
    studies: list[FoundStudy | None] = []
    for part in ("Tr", "Ts"):
        cases: dict[str, dict[Path, str | None]] = {}
        for path in sorted((raw / f"images{part}").glob("[!.]*_[0-9][0-9][0-9][0-9].nii.gz")):
            case, _, modality = path.name.removesuffix(".nii.gz").rpartition("_")
            cases.setdefault(case, {})[path] = phases.get(str(int(modality)))
        for case, scans in cases.items():
            labels = raw / f"labels{part}" / f"{case}.nii.gz"
            drawn = Instances(labels, labels.parent / f"{case}.json", next(iter(scans)), described["labels"])
            studies.append(
                scan_study(
                    root,
                    scans,
                    refusals,
                    subject=f"nndetection-{described['task']}-{case}",
                    lesions=drawn if labels.is_file() else None,
                )
            )
    return Discovery([s for s in studies if s], refusals.listed())


def _described(task: Path) -> dict[str, Any]:
    path = next((p for n in ("json", "yaml", "yml") if (p := task / f"dataset.{n}").is_file()), None)
    if path is None:
        raise wrong_layout("a raw task of nnDetection", "dataset.json and raw_splitted/imagesTr")
    try:
        data = yaml.safe_load(path.read_text())  # JSON is YAML, too
        return {
            "task": str(data["task"]),
            "labels": {str(n): str(name) for n, name in data["labels"].items()},
            "modalities": {str(n): str(name) for n, name in (data.get("modalities") or {"0": "CT"}).items()},
            "phases": {str(n): str(name) for n, name in (data.get("phases") or {}).items()},
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise unreadable(
            "wrong_layout",
            "The task's dataset file does not say its task, labels and modalities.",
            "Name the folder of a raw task of nnDetection.",
        ) from error
