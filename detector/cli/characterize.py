"""`python -m detector characterize`: what a lesion is, of a reader's box or of what a detector finds."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.cli import study as studies
from detector.errors import PlanError
from detector.geometry import Box3D

if TYPE_CHECKING:
    from detector.contracts import StudyImages

HELP = "say what a lesion of one study is, with evidence"
BOX = ("X0", "Y0", "Z0", "X1", "Y1", "Z1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    studies.add_arguments(parser)
    parser.add_argument(
        "--weights",
        type=Path,
        action="append",
        required=True,
        help="weights file of a characterizer; several times for several of them",
    )
    parser.add_argument(
        "--box",
        type=float,
        nargs=6,
        metavar=BOX,
        action="append",
        default=[],
        help="a lesion's box in mm (LPS), its lowest corner first; several times for several lesions",
    )
    parser.add_argument(
        "--detector", type=Path, help="without --box: weights of the detector to find it with"
    )
    parser.add_argument(
        "--ksf",
        type=Path,
        help="weights of the key slice filter that chooses the primary lesion and its slice",
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--pictures", type=Path, help="folder for a picture of each answer's evidence")


def box_of(numbers: list[float]) -> Box3D:
    """Raises PlanError where a corner is not below the other.

    >>> box_of([0, 0, 0, 1, 2, 3]).size_mm
    (1.0, 2.0, 3.0)
    """
    lo, hi = numbers[:3], numbers[3:]
    if not all(a < b for a, b in zip(lo, hi, strict=True)):
        raise PlanError(
            "A --box has no size.", remedy=f"Give {' '.join(BOX)} in mm, the lowest corner first."
        )
    return Box3D((lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2]))


def _meets(box: Box3D, extent: Box3D) -> bool:
    return all(a < d and c < b for a, b, c, d in zip(box.lo, box.hi, extent.lo, extent.hi, strict=True))


def run(arguments: argparse.Namespace) -> int:
    if bool(arguments.box) == bool(arguments.detector):
        raise PlanError("Which lesion is not said.", remedy="Give --box, or --detector to find it with.")
    boxes = [box_of(numbers) for numbers in arguments.box]
    named = {_name(path, arguments.weights): path for path in arguments.weights}
    models = {name: studies.load_named(path, "characterizer") for name, path in named.items()}
    detector = arguments.detector and studies.load_named(arguments.detector, "detector")
    ksf = arguments.ksf and studies.load_named(arguments.ksf, "key_slice_filter")
    study, known = studies.read_study(arguments)
    for box in boxes:
        if not _meets(box, study.geometry.extent):
            raise PlanError(
                "A --box lies outside the images.", remedy="Give it in mm (LPS), as `detect` writes boxes."
            )
    lesions = _given(study, boxes, ksf) if boxes else _found(study, detector, ksf)
    rows = []
    for number, (box, z_index, about) in enumerate(lesions, start=1):
        answers = {}
        for name, model in models.items():
            said = model.characterize(study, box, z_index=z_index)
            answers[name] = {
                "outputs": said.outputs,
                "calibrated": said.calibrated,
                "evidence": said.evidence,
            }
            for output, values in said.outputs.items():
                first = max(values, key=values.get)
                kind = "" if said.calibrated else ", not a probability"
                print(f"lesion {number}: {name}: {output} {first} {values[first]:.2f}{kind}")
            if arguments.pictures:
                _draw(study, box, said, arguments.pictures / f"lesion-{number}-{name}.png")
        rows.append({**box.as_json(), **about, "answers": answers})
    try:
        arguments.out.write_text(json.dumps({**studies.head(study, known), "lesions": rows}, indent=1) + "\n")
    except OSError as error:
        raise PlanError(f"The answers cannot be written: {error.strerror}.") from error
    if not rows:
        print("no lesion was found")
    return 0


def _name(path: Path, all: list[Path]) -> str:
    """A file's name; where two are called alike, with their folders."""
    return (
        path.stem if sum(other.stem == path.stem for other in all) == 1 else f"{path.parent.name}-{path.stem}"
    )


def _given(
    study: StudyImages, boxes: list[Box3D], ksf: Any
) -> list[tuple[Box3D, int | None, dict[str, Any]]]:
    slices = [k.z_index for k in ksf.key_slices(study, boxes)] if ksf else [None] * len(boxes)
    return [(box, z, {"by": "reader"}) for box, z in zip(boxes, slices, strict=True)]


def _found(study: StudyImages, detector: Any, ksf: Any) -> list[tuple[Box3D, int | None, dict[str, Any]]]:
    """The primary lesion as the key slice filter has it, else the candidate of the highest score; none where
    nothing is found."""
    candidates = detector.detect(study)
    if not candidates:
        return []
    if not ksf:
        return [(candidates[0].box, None, {"by": "detector", "score": candidates[0].score})]
    keys = ksf.key_slices(study, [c.box for c in candidates])
    best = max(range(len(candidates)), key=lambda i: keys[i].primary_score)
    about = {"by": "detector", "score": candidates[best].score, "primary_score": keys[best].primary_score}
    return [(candidates[best].box, keys[best].z_index, about)]


def _draw(study: StudyImages, box: Box3D, said: Any, path: Path) -> None:
    from detector.sadt.picture import picture

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(study, box, said).save(path)
    except OSError as error:
        raise PlanError(f"The picture cannot be written: {error.strerror}.") from error
