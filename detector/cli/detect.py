"""`python -m detector detect`: candidates of one study, as JSON in mm."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from detector.contracts import Candidate, StudyImages
from detector.errors import PhaseError, PlanError

HELP = "propose lesion candidates in one study"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, metavar="STUDY_DIR", help="folder of DICOM, or of NIfTI phases")
    parser.add_argument("--weights", type=Path, required=True, help="weights file of a detector")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument(
        "--phase",
        dest="phases",
        action="append",
        default=[],
        metavar="SERIES=PHASE",
        help="says which phase a series is, where neither names nor images tell it surely",
    )
    parser.add_argument(
        "--registration",
        choices=("deformable", "rigid"),
        default="deformable",
        help="how phases are brought onto portal venous (default deformable; rigid is faster)",
    )
    parser.add_argument("--max", type=int, default=10, help="most candidates to write (default 10)")
    parser.add_argument("--min-score", type=float, default=0.0, help="least score to write (default 0)")


def parse_phases(pairs: list[str]) -> dict[str, str]:
    """SERIES=PHASE pairs; the last `=` divides. Raises PhaseError where there is none.

    >>> parse_phases(["3=arterial"])
    {'3': 'arterial'}
    """
    phases = {}
    for pair in pairs:
        series, equals, phase = pair.rpartition("=")
        if not equals:
            raise PhaseError(f"--phase {pair} does not say a phase.", remedy="Write --phase SERIES=PHASE.")
        phases[series] = phase
    return phases


def as_json(
    study: StudyImages, candidates: Sequence[Candidate], phases: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The document that `detect` writes: boxes in LPS mm, best first; `phases` says of each phase its series
    and how it is known."""
    return {
        "frame": "LPS",
        "unit": "mm",
        "reference_phase": study.reference_phase,
        "frame_of_reference_uid": study.geometry.frame_of_reference_uid,
        "phases": {phase: dict(known) for phase, known in phases.items()},
        "candidates": [
            {**c.box.as_json(), "score": c.score, "phases": dict(sorted(c.phase_scores.items()))}
            for c in candidates
        ],
    }


def told_in_words(known: Mapping[str, Any]) -> str:
    """How a phase is known, shortly.

    >>> told_in_words({"assigned_by": "image", "confidence": 0.987})
    'by image, 0.99'
    """
    by = known["assigned_by"]
    return "as said" if by == "said" else f"by {by}, {known['confidence']:.2f}"


def run(arguments: argparse.Namespace) -> int:
    from detector import registry
    from detector.ingest.discover import discovered
    from detector.ingest.study import only_study, prepare_study
    from detector.weights import read_family

    name = read_family(arguments.weights)  # a wrong file is told before minutes of registration
    if registry.kind_of(name) != "detector":
        raise PlanError(f"{name} is not a detector.", remedy="Name the weights of a detector.")
    phases = parse_phases(arguments.phases)
    with discovered(arguments.study) as there:
        prepared = prepare_study(only_study(there), phases or None, registration=arguments.registration)
    study = prepared.images
    known = {
        phase: {
            "series": prepared.series[phase],
            "assigned_by": told.assigned_by,
            "confidence": told.confidence,
        }
        for phase, told in prepared.told.items()
    }
    found = registry.family(name).load(arguments.weights).detect(study)
    kept = [c for c in found if c.score >= arguments.min_score][: max(arguments.max, 0)]
    try:
        arguments.out.write_text(json.dumps(as_json(study, kept, known), indent=1) + "\n")
    except OSError as error:
        raise PlanError(f"The candidates cannot be written: {error.strerror}.") from error
    named = ", ".join(f"{phase} (series {k['series']}, {told_in_words(k)})" for phase, k in known.items())
    print(f"{len(kept)} candidates in {len(study.volumes)} phases: {named}")
    return 0
