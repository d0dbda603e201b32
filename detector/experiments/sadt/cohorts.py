"""The experiment's studies: phantoms of five parts, and what harvesting makes of the pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from detector import registry
from detector.contracts import Candidate
from detector.data.cases import Case, Mark, read_cases
from detector.data.images import load_case
from detector.evaluation.oracle import DRAW_S, Errors, read_study
from detector.evaluation.phantom_cases import CASES_NAME, write_phantom_cases
from detector.experiments.cells import Cells
from detector.experiments.sadt.settings import Settings
from detector.geometry import Box3D

SHOWN = 10
MEASURED_SHARE = 0.5  # of the lesions; DeepLesion's readers left about as many unmarked
MIN_SCORE = 0.05


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Case lists; `gold` lies outside the training ranges, and nothing learns from it."""

    marked: list[Case]
    public: list[Case]
    measured: list[Case]
    pool: list[Case]
    gold: list[Case]


def draw(cells: Cells, settings: Settings) -> Cohorts:
    """The parts, drawn once."""
    parts: dict[str, list[Case]] = {}
    for number, (name, cohort, studies) in enumerate(
        (
            ("marked", "training", settings.marked),
            ("public", "training", settings.public),
            ("pool", "training", settings.pool),
            ("gold", "evaluation", settings.gold),
            ("measured", "training", settings.measured),
        ),
        start=1,
    ):
        folder = cells.folder / "studies" / name
        if not (folder / CASES_NAME).exists():  # written last
            cells.say(f"{name}: drawing {studies} phantoms")
            write_phantom_cases(
                folder,
                cohort=cohort,  # type: ignore[arg-type]
                studies=studies,
                seed=1000 * number + settings.seed,
                matrix=settings.matrix,
                slices=settings.slices,
                difficulty=settings.difficulty,
            )
        # Study names repeat from part to part, and a case list needs one name a study.
        parts[name] = [
            c.model_copy(update={"study": f"{name}-{c.study}"}) for c in read_cases(folder / CASES_NAME)
        ]
    rng = np.random.default_rng(settings.seed)
    return Cohorts(
        marked=parts["marked"],
        public=[_public(c) for c in parts["public"]],
        measured=[measured_on_one_slice(_public(c), rng) for c in parts["measured"]],
        pool=parts["pool"],
        gold=parts["gold"],
    )


def _public(case: Case) -> Case:
    """One phase and no pathology, as public sets have it."""
    return case.model_copy(
        update={
            "images": {case.reference_phase: case.images[case.reference_phase]},
            "lesion_class": None,
            "marks": tuple(
                m.model_copy(update={"lesion_class": None, "absent_phases": ()}) for m in case.marks
            ),
        }
    )


def measured_on_one_slice(case: Case, rng: np.random.Generator) -> Case:
    """A case as a set of measurements has it: some of its lesions, as deep as they are wide where they are
    narrowest, none of them called primary; the rest unmarked."""
    kept = [mark for mark in case.marks if mark.role == "positive" and rng.random() < MEASURED_SHARE]
    marks = tuple(_as_measured(mark) for mark in kept)
    return case.model_copy(update={"marks": marks, "complete": False})


def _as_measured(mark: Mark) -> Mark:
    box = mark.box
    half, middle = min(box.size_mm[:2]) / 2, box.centre_mm[2]
    lo, hi = (*box.lo[:2], middle - half), (*box.hi[:2], middle + half)
    return mark.model_copy(update={"lo": lo, "hi": hi, "primary": False})


@dataclass(frozen=True, slots=True)
class Harvest:
    """The pool as it was read, study by study, with whether it was drawn in and the seconds it took."""

    cases: list[Case]
    drawn: list[bool]
    seconds: list[float]

    def first(self, share: float) -> Harvest:
        """The first of them, by the share."""
        n = max(1, round(share * len(self.cases)))
        return Harvest(self.cases[:n], self.drawn[:n], self.seconds[:n])

    @property
    def minutes(self) -> float:
        return sum(self.seconds) / 60


def harvest(
    cells: Cells, settings: Settings, pool: Sequence[Case], weights: Path
) -> tuple[Harvest, dict[str, Any]]:
    """Reads the pool with a detector's candidates; returns it and the labour ledger.

    {"studies", "accepted", "rejected", "undecided", "drawn", "minutes", "minutes_from_scratch", "saved"}.
    Seconds are the paper's, a minute a study to click and fifteen to draw: stated, not measured.
    """
    errors = Errors(settings.missed, settings.accepted_wrongly, settings.seed)

    def compute() -> dict[str, Any]:
        detector = registry.family("centernet3d").load(weights)
        rows = []
        for case in pool:
            found = [c for c in detector.detect(load_case(case)) if c.score >= MIN_SCORE][:SHOWN]
            rows.append([{**c.box.as_json(), "score": c.score} for c in found])
        return {"candidates": rows}

    shown = cells.cell("harvest-candidates", compute)["candidates"]
    reads = [
        read_study(case, [_candidate(row) for row in rows], errors=errors)
        for case, rows in zip(pool, shown, strict=True)
    ]
    found = Harvest([r.case for r in reads], [r.drawn for r in reads], [r.seconds for r in reads])
    roles = [m.role for r in reads for m in r.case.marks]
    drawn = sum(found.drawn)
    scratch = len(pool) * DRAW_S / 60
    return found, {
        "studies": len(pool),
        "accepted": roles.count("positive") - drawn,
        "rejected": roles.count("negative"),
        "undecided": roles.count("ignored"),
        "drawn": drawn,
        "minutes": found.minutes,
        "minutes_from_scratch": scratch,
        "saved": 1 - found.minutes / scratch,
    }


def _candidate(row: dict[str, Any]) -> Candidate:
    return Candidate(Box3D(tuple(row["lo"]), tuple(row["hi"])), row["score"])


def drawn_for(pool: Sequence[Case], minutes: float) -> list[Case]:
    """What the same minutes give where every lesion is drawn from scratch: whole studies, as many as fit."""
    return list(pool[: max(1, int(minutes * 60 // DRAW_S))])


def positives(case: Case) -> list[Mark]:
    return [m for m in case.marks if m.role == "positive"]
