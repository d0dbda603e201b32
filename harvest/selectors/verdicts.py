"""What reviews come to: the current verdicts are read from the events, never stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from harvest.domain import Verdict
from harvest.models import Review


class Event(NamedTuple):
    """What tells a review's standing, without the row: of a large cohort they are many."""

    pk: UUID
    sequence: int
    candidate_id: UUID | None
    verdict: str
    undoes_id: UUID | None


E = TypeVar("E", Review, Event)


@dataclass(frozen=True, slots=True)
class Verdicts(Generic[E]):
    """The events that stand: by candidate, and of the study as a whole."""

    of_candidate: dict[UUID, E] = field(default_factory=dict)
    of_study: E | None = None

    @property
    def study(self) -> Verdict | None:
        return Verdict(self.of_study.verdict) if self.of_study else None


def standing(reviews: Iterable[E]) -> Verdicts[E]:
    """The latest event of each candidate (and of the study) that was not taken back.

    `reviews` are all events of one study of a round, in any order, by one reader or by all.
    """
    events = sorted(reviews, key=lambda r: r.sequence)
    undone = {r.undoes_id for r in events}
    of_candidate: dict[UUID, E] = {}
    of_study: E | None = None
    for event in events:
        if not event.verdict or event.pk in undone:
            continue
        if event.candidate_id is None:
            of_study = event
        else:
            of_candidate[event.candidate_id] = event
    return Verdicts(of_candidate, of_study)
