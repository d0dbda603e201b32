"""The study that a command is run on: a folder of DICOM or NIfTI, its phases, and how they are registered."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.errors import PhaseError, PlanError

if TYPE_CHECKING:
    from detector.contracts import StudyImages

Known = Mapping[str, Mapping[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, metavar="STUDY_DIR", help="folder of DICOM, or of NIfTI phases")
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


def read_study(arguments: argparse.Namespace) -> tuple[StudyImages, Known]:
    """The registered phases of the one study of a folder, and of each its series and how it is known."""
    from detector.ingest.discover import discovered
    from detector.ingest.study import only_study, prepare_study

    phases = parse_phases(arguments.phases)
    with discovered(arguments.study) as there:
        prepared = prepare_study(only_study(there), phases or None, registration=arguments.registration)
    known = {
        phase: {
            "series": prepared.series[phase],
            "assigned_by": told.assigned_by,
            "confidence": told.confidence,
        }
        for phase, told in prepared.told.items()
    }
    return prepared.images, known


def head(study: StudyImages, known: Known) -> dict[str, Any]:
    """What every document about a study begins with: boxes in LPS mm, and of each phase how it is known."""
    return {
        "frame": "LPS",
        "unit": "mm",
        "reference_phase": study.reference_phase,
        "frame_of_reference_uid": study.geometry.frame_of_reference_uid,
        "phases": {phase: dict(one) for phase, one in known.items()},
    }


def told_in_words(known: Mapping[str, Any]) -> str:
    """How a phase is known, shortly.

    >>> told_in_words({"assigned_by": "image", "confidence": 0.987})
    'by image, 0.99'
    """
    by = known["assigned_by"]
    return "as said" if by == "said" else f"by {by}, {known['confidence']:.2f}"


def load_named(weights: Path, kind: str) -> Any:
    """The model of a weights file whose family is of a kind; raises PlanError where it is of another. To be
    called before a study is read: a wrong file is told before minutes of registration."""
    from detector import registry
    from detector.weights import read_family

    name = read_family(weights)
    if registry.kind_of(name) != kind:
        words = kind.replace("_", " ")
        raise PlanError(f"{name} is not a {words}.", remedy=f"Name the weights of a {words}.")
    return registry.family(name).load(weights)
