"""How well phases are told on phantoms: each series alone, and all of a study together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from detector.phantom.parameters import Cohort
from detector.phantom.timing import timed_study
from detector.phaseid.assign import Observed, assign, best
from detector.phaseid.coarse import coarsen
from detector.phaseid.model import PHASES, PhaseModel, at_usual_voltage
from detector.phaseid.regions import find_regions

Measured = Mapping[str, Mapping[str, float]]  # HU by region of each phase of a study, in order of time
Order = Literal["alone", "unordered", "numbers", "clock"]


def measured_studies(
    cohort: Cohort, studies: int, seed: int, *, voltage_known: bool = True
) -> Iterator[Measured]:
    """Regions of phantoms with their own timing, tube voltage and cardiac output; a few seconds each.
    `voltage_known`: as from DICOM that says the voltage, else as from volume files."""
    for number in range(1, studies + 1):
        study = timed_study(seed, number, cohort)
        kv = study.drawn["tube_kv"] if voltage_known else None
        yield {
            phase: at_usual_voltage(find_regions(coarsen(volume)), kv)
            for phase, volume in study.volumes.items()
        }


@dataclass(frozen=True, slots=True)
class PhaseFigures:
    """`confusion` counts series by true and told phase; `sure` is the share of series at or above the
    threshold, `right_where_sure` the accuracy among them (NaN for none)."""

    confusion: Mapping[str, Mapping[str, int]]
    accuracy: float
    sure: float
    right_where_sure: float


def judge(
    model: PhaseModel,
    studies: Sequence[Measured],
    *,
    order: Order,
    threshold: float,
    phases: Sequence[str] = PHASES,
) -> PhaseFigures:
    """Tells the given phases of each study, by what is known of their order, and counts."""
    told: list[tuple[str, str, float]] = []
    for study in studies:
        observed = [
            Observed(
                model.log_likelihood(study[phase]),
                acquired_at=30.0 * i if order == "clock" else None,
                number=i if order == "numbers" else None,
                regions=study[phase],
            )
            for i, phase in enumerate(phases)
        ]
        rows = [assign([o])[0] for o in observed] if order == "alone" else assign(observed)
        told += [(phase, *best(row)) for phase, row in zip(phases, rows, strict=True)]
    confusion = {true: dict.fromkeys(PHASES, 0) for true in phases}
    for true, said, _ in told:
        confusion[true][said] += 1
    sure = [true == said for true, said, p in told if p >= threshold]
    return PhaseFigures(
        confusion=confusion,
        accuracy=sum(true == said for true, said, _ in told) / len(told),
        sure=len(sure) / len(told),
        right_where_sure=sum(sure) / len(sure) if sure else float("nan"),
    )
