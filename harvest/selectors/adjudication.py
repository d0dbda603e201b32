"""What an adjudicator sees: only what two blind readers differ in, and who said what as A and B."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from django.contrib.auth.models import User

from harvest.consensus import Differences, Word, differences
from harvest.domain import ADJUDICATION, QueueState, Verdict
from harvest.errors import NotFound
from harvest.models import HarvestRound, Lesion, Reading, RoundStudy
from harvest.selectors.decisions import shown_candidates, words
from harvest.selectors.reviews import ReviewStudy, review_studies
from harvest.selectors.studies import lesions_that_stand

READERS = ("A", "B")


@dataclass(frozen=True, slots=True)
class ReaderBox:
    """A box that one of the two drew, and whether the adjudicator has taken it over."""

    lesion: Lesion
    reader: str


@dataclass(frozen=True, slots=True)
class Case:
    """A study to be decided on: the candidates that differ with what A and B said of each, their boxes that
    the other did not draw, what each said of the whole study, and how many candidates they agree on."""

    seen: ReviewStudy
    said: dict[UUID, dict[str, Verdict | None]]
    of_study: dict[str, Verdict | None]
    boxes: list[ReaderBox] = field(default_factory=list)
    agreed: int = 0


def to_decide(row: RoundStudy) -> Differences:
    """What the two readers of a study differ in."""
    said = words(row)
    return differences(shown_candidates(row), said.get(1, Word()), said.get(2, Word()))


def undecided(parent: HarvestRound) -> int:
    """How many studies of a round await a decision."""
    waiting = Reading.objects.filter(round=parent, number=ADJUDICATION).exclude(state=QueueState.DONE)
    return waiting.count()


def case_of(round_study: UUID, adjudicator: User) -> Case:
    """A study of a round as its adjudicator sees it. Raises NotFound where it is not the adjudicator's: what
    the readers of a study said is for nobody else before it is settled."""
    mine = Reading.objects.filter(number=ADJUDICATION, reader=adjudicator, round_study=round_study)
    reading = mine.select_related("round_study").first()
    if reading is None:
        raise NotFound("There is no such study for you to decide on.")
    row = reading.round_study
    said = words(row)
    in_order = [said.get(1, Word()), said.get(2, Word())]
    # Who read first must not show: which of them is A is drawn for each study, and stays.
    if row.pk.int % 2:
        in_order.reverse()
    shown = shown_candidates(row)
    differ = differences(shown, *in_order)
    seen = review_studies([row.pk], adjudicator)[0]
    wanted = set(differ.candidates)
    own = [lesion for lesion in seen.lesions if lesion.reader_id == adjudicator.pk]
    seen = ReviewStudy(
        row=seen.row,
        reading=seen.reading,
        candidates=[c for c in seen.candidates if c.candidate.pk in wanted],
        verdicts=seen.verdicts,
        lesions=own,
    )
    lesions = {one.pk: one for one in lesions_that_stand().filter(pk__in=differ.boxes)}
    return Case(
        seen=seen,
        said={
            c: {name: w.on(c) for name, w in zip(READERS, in_order, strict=True)} for c in differ.candidates
        },
        of_study={name: w.study for name, w in zip(READERS, in_order, strict=True)},
        boxes=[
            ReaderBox(lesions[id], name)
            for name, w in zip(READERS, in_order, strict=True)
            for id in w.boxes
            if id in lesions
        ],
        agreed=len(shown) - len(wanted),
    )
