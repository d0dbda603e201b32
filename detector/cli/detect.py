"""`python -m detector detect`: candidates of one study, as JSON in mm."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detector.cli import study as studies
from detector.contracts import Candidate, StudyImages
from detector.errors import PlanError

HELP = "propose lesion candidates in one study"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    studies.add_arguments(parser)
    parser.add_argument("--weights", type=Path, required=True, help="weights file of a detector")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--max", type=int, default=10, help="most candidates to write (default 10)")
    parser.add_argument("--min-score", type=float, default=0.0, help="least score to write (default 0)")


def as_json(study: StudyImages, candidates: Sequence[Candidate], known: studies.Known) -> dict[str, Any]:
    """The document that `detect` writes: candidates best first."""
    return {
        **studies.head(study, known),
        "candidates": [
            {**c.box.as_json(), "score": c.score, "phases": dict(sorted(c.phase_scores.items()))}
            for c in candidates
        ],
    }


def run(arguments: argparse.Namespace) -> int:
    detector = studies.load_named(arguments.weights, "detector")
    study, known = studies.read_study(arguments)
    kept = [c for c in detector.detect(study) if c.score >= arguments.min_score][: max(arguments.max, 0)]
    try:
        arguments.out.write_text(json.dumps(as_json(study, kept, known), indent=1) + "\n")
    except OSError as error:
        raise PlanError(f"The candidates cannot be written: {error.strerror}.") from error
    told = [f"{phase} (series {k['series']}, {studies.told_in_words(k)})" for phase, k in known.items()]
    print(f"{len(kept)} candidates in {len(study.volumes)} phases: {', '.join(told)}")
    return 0
