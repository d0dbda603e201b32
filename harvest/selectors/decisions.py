"""What the readings of a study come to: whose verdict on a candidate stands, and what the whole is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from harvest.consensus import ACCEPTING, Word, agreed, agreed_on_study
from harvest.domain import ADJUDICATION, CandidateKind, LesionSource, ReadingPolicy, Verdict
from harvest.models import Lesion, Reading, Review, RoundStudy
from harvest.selectors.verdicts import E, Verdicts, standing


@dataclass(frozen=True, slots=True)
class Decision:
    """Verdicts by candidate with the review that carries each (none where two readers differ and nobody
    decided), and the verdict on the whole study."""

    candidates: dict[UUID, Verdict] = field(default_factory=dict)
    carriers: dict[UUID, Review] = field(default_factory=dict)
    study: Verdict | None = None


def by_reading(
    policy: str, readings: Iterable[Reading], events: Iterable[Review]
) -> dict[int, Verdicts[Review]]:
    """The standing verdicts of each reading of one study, by its number. Where one reads, the latest word
    counts, whoever said it: a reader who left a study half read may have been followed by another."""
    events = list(events)
    if policy == ReadingPolicy.ONE:
        return {1: standing(events)}
    return {
        reading.number: standing([e for e in events if e.reader_id == reading.reader_id])
        for reading in readings
        if reading.reader_id
    }


def decide(policy: str, verdicts: Mapping[int, Verdicts[Review]]) -> Decision:
    """From the verdicts of each reading to those that stand."""
    first = verdicts.get(1, Verdicts())
    if policy == ReadingPolicy.ONE:
        said = {c: Verdict(r.verdict) for c, r in first.of_candidate.items()}
        return Decision(said, dict(first.of_candidate), first.study)
    second, judge = verdicts.get(2, Verdicts()), verdicts.get(ADJUDICATION, Verdicts())
    one, two = word(first), word(second)
    candidates: dict[UUID, Verdict] = {}
    carriers: dict[UUID, Review] = {}
    for id in first.of_candidate.keys() | second.of_candidate.keys() | judge.of_candidate.keys():
        decider = judge.of_candidate.get(id)
        candidates[id] = Verdict(decider.verdict) if decider else agreed(one.on(id), two.on(id))
        if decider is None and candidates[id] in ACCEPTING:
            of_both = (first.of_candidate.get(id), second.of_candidate.get(id))
            decider = next(r for r in of_both if r and r.verdict == candidates[id])
        if decider:
            carriers[id] = decider
    return Decision(candidates, carriers, judge.study or agreed_on_study(one, two))


def word(verdicts: Verdicts[E], lesions: Iterable[Lesion] = ()) -> Word:
    """A reading as the rules of consensus see it; `lesions` are those that its reader drew and that stand."""
    return Word(
        candidates={c: Verdict(r.verdict) for c, r in verdicts.of_candidate.items()},
        study=verdicts.study,
        boxes={lesion.pk: lesion.box for lesion in lesions if is_own_box(lesion)},
    )


def is_own_box(lesion: Lesion) -> bool:
    """Whether a standing lesion was drawn, and not as a correction of a candidate that was accepted."""
    corrects = lesion.replaces and lesion.replaces.review_id
    return lesion.source == LesionSource.DRAWN and lesion.retired_at is None and not corrects


def words(row: RoundStudy) -> dict[int, Word]:
    """What each reading of a study says, by its number."""
    readings = list(row.readings.all())
    verdicts = by_reading(ReadingPolicy.TWO, readings, row.reviews.all())
    drawn = list(row.lesions.filter(retired_at=None).select_related("replaces"))
    return {
        r.number: word(verdicts[r.number], [one for one in drawn if one.reader_id == r.reader_id])
        for r in readings
        if r.number in verdicts
    }


def shown_candidates(row: RoundStudy) -> list[UUID]:
    """Ids of the candidates that readers see, best first."""
    if row.from_scratch:
        return []
    rows = row.candidates.exclude(kind=CandidateKind.WITHHELD).order_by("rank")
    return list(rows.values_list("pk", flat=True))
