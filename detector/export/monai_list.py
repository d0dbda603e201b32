"""A data list of MONAI in the Decathlon's style, for its detection tutorial: datalist.json.

`training` holds the pool, `test` the gold split. `image` lists a study's phases, which `phases` names. A
`box` is [x0, y0, z0, x1, y1, z1] in mm, LPS, outer faces of its voxels: in the tutorial's terms gt_box_mode
"xyzxyz" with affine_lps_to_ras true. `label` is the class of each box, from 0; `fold` is by subject.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from monai.data import load_decathlon_datalist

from detector.errors import GeometryError
from detector.export.dataset import ExportBox, ExportData, ExportError, ExportStudy, check_read_back
from detector.export.images import check_images, write_images
from detector.export.json_stream import document_text
from detector.export.plan import GOLD, category_numbers, folds, phase_order
from detector.geometry import Box3D

FILE = "datalist.json"


def write(data: ExportData, out: Path) -> None:
    """datalist.json, and the images where there are voxels; raises OSError where they cannot be written."""
    numbers = category_numbers(data.studies, first=0)
    order, fold = phase_order(data.studies), folds(data.studies, data.info)

    def items(gold: bool) -> Iterator[dict[str, Any]]:
        for study in data.studies:
            if (study.split == GOLD) is gold:
                yield _item(study, order, numbers) | ({} if gold else {"fold": fold[study.subject]})

    gold = sum(s.split == GOLD for s in data.studies)
    training = sum(1 for _ in data.studies) - gold
    plain = {
        "name": str(data.info.get("cohort", "")),
        "description": str(data.info.get("description", "")),
        "licence": str(data.info.get("licence", "")),
        "release": data.info.get("release"),
        "manifest_sha256": data.info.get("manifest_sha256"),
        "box_frame": "LPS",
        "box_mode": "xyzxyz",
        "box_unit": "mm",
        "labels": {str(n): name for name, n in numbers.items()},
        "modality": {str(n): "CT" for n in range(len(order))},
        "numTraining": training,
        "numTest": gold,
    }
    # MONAI stumbles over an empty list of test cases.
    arrays = {"training": items(False)} | ({"test": items(True)} if gold else {})
    with (out / FILE).open("w", encoding="utf-8", newline="") as file:
        file.writelines(document_text(plain, arrays))
    write_images(data, out)


def _item(study: ExportStudy, order: Sequence[str], numbers: dict[str, int]) -> dict[str, Any]:
    phases = [p for p in order if p in study.images]
    return {
        "image": [study.images[p] for p in phases],
        "phases": phases,
        "box": [[*b.box.lo, *b.box.hi] for b in study.boxes],
        "label": [numbers[b.category] for b in study.boxes],
        "study": study.id,
        "subject": study.subject,
        "split": study.split,
        "reference_phase": study.reference_phase,
        "lesions": [b.id for b in study.boxes],
        "primary": [b.primary for b in study.boxes],
        "absent_phases": [list(b.absent_phases) for b in study.boxes],
        "nudges_mm": {phase: list(mm) for phase, mm in sorted(study.nudges_mm.items())},
    }


def check(data: ExportData, out: Path) -> None:
    """Reads the list as MONAI does, and the images; raises ExportError where they differ."""
    names = {n: name for name, n in category_numbers(data.studies, first=0).items()}
    for key, gold in (("training", False), ("test", True)):
        written = [s for s in data.studies if (s.split == GOLD) is gold]
        if not gold or written:
            check_read_back(written, _read(out, key, written, names))
    check_images(data, out)


def _read(
    out: Path, key: str, written: Sequence[ExportStudy], names: dict[int, str]
) -> Iterator[ExportStudy]:
    try:
        items = load_decathlon_datalist(out / FILE, is_segmentation=False, data_list_key=key)
        if len(items) != len(written):
            raise ExportError("The export does not hold the studies of the release.")
        for item, study in zip(items, written, strict=True):
            paths = [Path(p).relative_to(out).as_posix() for p in item["image"]]
            yield ExportStudy(
                id=item["study"],
                subject=item["subject"],
                split=item["split"],
                reference_phase=item["reference_phase"],
                geometry=study.geometry,
                images=dict(zip(item["phases"], paths, strict=True)),
                boxes=tuple(
                    ExportBox(id, Box3D(tuple(box[:3]), tuple(box[3:])), names[label], primary, tuple(absent))
                    for id, box, label, primary, absent in zip(
                        item["lesions"],
                        item["box"],
                        item["label"],
                        item["primary"],
                        item["absent_phases"],
                        strict=True,
                    )
                ),
                nudges_mm={phase: tuple(mm) for phase, mm in item["nudges_mm"].items()},
            )
    except (ValueError, KeyError, TypeError, GeometryError) as error:
        raise ExportError("MONAI cannot read the data list.") from error
