"""Where a phase was moved by hand, and whether its image shows it already."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from harvest.domain import NudgeState
from harvest.errors import NotFound
from harvest.models import PhaseNudge, Series


@dataclass(frozen=True, slots=True)
class Nudged:
    """A phase with its latest event, None where nobody moved it."""

    series: Series
    event: PhaseNudge | None

    @property
    def revision(self) -> int:
        return self.event.revision if self.event else 0

    @property
    def offset_mm(self) -> list[float]:
        return self.event.offset_mm if self.event else [0.0, 0.0, 0.0]

    @property
    def state(self) -> NudgeState:
        if self.event is None or self.event.revision == self.series.image_revision:
            return NudgeState.SHOWN
        return NudgeState.FAILED if self.series.nudge_error else NudgeState.PENDING


def phase_nudge(study_id: UUID, phase: str) -> Nudged:
    """A study's phase and its latest nudge; raises NotFound."""
    series = Series.objects.filter(study_id=study_id, phase=phase).first()
    if series is None:
        raise NotFound(f"There is no such study, or it has no {phase} phase.", code="phase_absent")
    return Nudged(series, series.nudges.select_related("by").last())
