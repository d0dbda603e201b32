"""What reviews come to: the current verdicts are read from the events, never stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from harvest.domain import Verdict
from harvest.models import Review


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The events that stand: by candidate, and of the study as a whole."""

    of_candidate: dict[UUID, Review] = field(default_factory=dict)
    of_study: Review | None = None

    @property
    def study(self) -> Verdict | None:
        return Verdict(self.of_study.verdict) if self.of_study else None


def standing(reviews: Iterable[Review]) -> Verdicts:
    """The latest event of each candidate (and of the study) that was not taken back.

    `reviews` are all events of one study of a round, in any order, by one reader or by all.
    """
    events = sorted(reviews, key=lambda r: r.sequence)
    undone = {r.undoes_id for r in events}
    of_candidate: dict[UUID, Review] = {}
    of_study: Review | None = None
    for event in events:
        if not event.verdict or event.pk in undone:
            continue
        if event.candidate_id is None:
            of_study = event
        else:
            of_candidate[event.candidate_id] = event
    return Verdicts(of_candidate, of_study)
