"""What is curated now in a cohort, as a manifest (harvest.manifest). A fixed number of queries for every some
hundred studies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from detector.geometry import Box3D, iou
from harvest.domain import (
    ADJUDICATION,
    LesionSource,
    PreparationState,
    QueueState,
    ReadingPolicy,
    Split,
    Strategy,
    Verdict,
)
from harvest.manifest import Manifest
from harvest.models import Candidate, Cohort, Labour, Lesion, Reading, Review, RoundStudy, Study
from harvest.release_policy import ReleasePolicy, chosen
from harvest.selectors.decisions import by_reading, decide, word
from harvest.selectors.verdicts import Verdicts

EVERYTHING = ReleasePolicy()

CONTRADICTS_IOU = 0.1
AT_ONCE = 400  # studies in memory
Ids = Sequence[UUID]


@dataclass(slots=True)
class Judgements:
    """What stands of the reviews of some studies: verdicts by candidate and by study, studies that are done,
    and of each study everything that was said and stands, how many read it and how far two of them agree."""

    candidates: dict[UUID, Verdict] = field(default_factory=dict)
    studies: dict[UUID, Verdict] = field(default_factory=dict)
    empty_rounds: set[UUID] = field(default_factory=set)
    done: set[UUID] = field(default_factory=set)
    said: dict[UUID, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    readings: dict[UUID, int] = field(default_factory=dict)
    agreement: dict[UUID, float] = field(default_factory=dict)


def judgements(cohort: Cohort, studies: Ids | None = None, *, upto: int | None = None) -> Judgements:
    """The standing judgements of a cohort, or of some of its studies: the latest word on each thing, of the
    rounds up to a number where one is given."""
    found = Judgements()
    events: dict[RoundStudy, list[Review]] = defaultdict(list)
    # What is said of hidden cases measures its readers; it is no truth.
    real = Q(round_study__round__cohort=cohort, round_study__hidden="")
    settled = Q(round__cohort=cohort, hidden="", settled_at__isnull=False)
    if studies is not None:
        real &= Q(round_study__study__in=studies)
        settled &= Q(study__in=studies)
    if upto is not None:
        real &= Q(round_study__round__number__lte=upto)
        settled &= Q(round__number__lte=upto)
    # A study of a round, a round and a reader have many reviews: each is made once, not once a review.
    rows = Review.objects.filter(real).prefetch_related("round_study__round", "reader")
    readings: dict[UUID, list[Reading]] = defaultdict(list)
    for reading in Reading.objects.filter(real):
        readings[reading.round_study_id].append(reading)
    for review in rows.order_by("sequence"):
        events[review.round_study].append(review)
    # Oldest round first, so that the word of the latest round on a study is the one that is kept.
    for round_study in sorted(events, key=lambda row: (row.created_at, row.pk)):
        policy = round_study.round.reading_policy
        _keep_what_was_said(found, round_study, events[round_study])
        if policy != ReadingPolicy.ONE and round_study.settled_at is None:
            continue  # what two readers differ in is not decided yet
        verdicts = by_reading(policy, readings[round_study.pk], events[round_study])
        decision = decide(policy, verdicts)
        found.candidates |= decision.candidates
        _keep_how_it_was_read(found, round_study, verdicts, readings[round_study.pk])
        if decision.study is None:
            continue
        found.studies[round_study.study_id] = decision.study
        if decision.study == Verdict.NO_LESION:
            found.empty_rounds.add(round_study.pk)
    found.done = set(RoundStudy.objects.filter(settled).values_list("study_id", flat=True))
    return found


def _keep_what_was_said(found: Judgements, row: RoundStudy, events: Sequence[Review]) -> None:
    undone = {event.undoes_id for event in events}
    found.said[row.study_id] += [
        {
            "round": row.round.number,
            "candidate": str(event.candidate_id) if event.candidate_id else None,
            "verdict": event.verdict,
            "reader": event.reader.get_username(),
            "at": event.created_at.isoformat(),
        }
        for event in events
        if event.verdict and event.pk not in undone
    ]


def _keep_how_it_was_read(
    found: Judgements,
    row: RoundStudy,
    verdicts: Mapping[int, Verdicts[Review]],
    readings: Iterable[Reading],
) -> None:
    blind = [r for r in readings if r.number != ADJUDICATION and r.state == QueueState.DONE]
    found.readings[row.study_id] = len(blind)
    found.agreement.pop(row.study_id, None)
    if {1, 2} <= verdicts.keys():
        one, two = word(verdicts[1]), word(verdicts[2])
        if about := one.candidates.keys() | two.candidates.keys():
            found.agreement[row.study_id] = round(sum(one.on(c) == two.on(c) for c in about) / len(about), 6)


def manifest_of(cohort: Cohort, policy: ReleasePolicy = EVERYTHING, without: Ids = ()) -> Manifest:
    """The cohort's studies that say something (with a lesion, reviewed to the end, or known to be whole), as
    a policy takes them; `without` some that leak. Read anew whenever its studies are gone through."""
    excluded: Counter[str] = Counter()
    studies = _Live(cohort, policy, frozenset(without), excluded)
    head = {"cohort": cohort.name, "policy": policy.as_json()}
    return Manifest(head, studies, _unregistered(cohort), excluded, _labour_s(cohort, policy.rounds))


def unmarked_of(cohort: Cohort) -> Manifest:
    """The pool's prepared studies with a liver of which nobody has said anything: nothing is marked in them,
    and there may be lesions."""
    studies = unmarked(cohort.pk).select_related("subject").prefetch_related("series").order_by("ordinal")
    nothing = Judgements()
    entries = [_entry(study, [], [], nothing) for study in studies]
    return Manifest({"cohort": cohort.name, "policy": EVERYTHING.as_json()}, entries)


@dataclass(frozen=True, slots=True)
class _Live:
    """The entries of a cohort as it is, in the order of their numbers, some studies in memory at a time."""

    cohort: Cohort
    policy: ReleasePolicy
    without: frozenset[UUID]
    excluded: Counter[str]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self.excluded.clear()
        ids = list(_curated(self.cohort).order_by("ordinal").values_list("pk", flat=True))
        for start in range(0, len(ids), AT_ONCE):
            for entry in _entries(self.cohort, ids[start : start + AT_ONCE], self.policy):
                taken = "leak" if UUID(entry["id"]) in self.without else chosen(entry, self.policy)
                if isinstance(taken, str):
                    self.excluded[taken] += 1
                else:
                    yield taken


def _labour_s(cohort: Cohort, upto: int | None) -> dict[str, float]:
    """Active seconds by reader, but for those spent on hidden cases."""
    spent = Labour.objects.filter(reading__round__cohort=cohort, reading__round_study__hidden="").order_by()
    if upto is not None:
        spent = spent.filter(reading__round__number__lte=upto)
    return {
        name: round(seconds, 1)
        for name, seconds in spent.values_list("reader__username").annotate(total=Sum("seconds"))
    }


def _curated(cohort: Cohort) -> QuerySet[Study]:
    """What may say something, and lies on one grid."""
    return _speaking(cohort).filter(preparation=PreparationState.READY)


def _speaking(cohort: Cohort) -> QuerySet[Study]:
    marked = Lesion.objects.filter(study=OuterRef("pk"), retired_at=None, settled=True)
    done = RoundStudy.objects.filter(study=OuterRef("pk"), hidden="", settled_at__isnull=False)
    return cohort.studies.filter(Exists(marked) | Exists(done) | Q(complete=True))


def _unregistered(cohort: Cohort) -> list[int]:
    waits = _speaking(cohort).exclude(preparation=PreparationState.READY)
    return list(waits.order_by("ordinal").values_list("ordinal", flat=True))


def _entries(cohort: Cohort, ids: Ids, policy: ReleasePolicy) -> Iterator[dict[str, Any]]:
    upto = policy.rounds
    if policy.chance:
        ids = _by_chance(cohort, ids, upto)
    judged = judgements(cohort, ids, upto=upto)
    lesions = _lesions(ids, upto)
    marks = _marks(ids, judged)
    studies = Study.objects.filter(pk__in=ids).select_related("subject").prefetch_related("series")
    for study in studies.order_by("ordinal"):
        own = lesions.get(study.pk, [])
        if own or study.complete or study.pk in judged.done:
            yield _entry(study, own, marks.get(study.pk, []), judged)


def _by_chance(cohort: Cohort, ids: Ids, upto: int | None) -> Ids:
    """Of some studies those that were drawn by chance to be read, and those that are in no round."""
    rows = RoundStudy.objects.filter(round__cohort=cohort, study__in=ids, hidden="")
    if upto is not None:
        rows = rows.filter(round__number__lte=upto)
    drawn = set(rows.filter(arm=Strategy.RANDOM).values_list("study", flat=True))
    others = set(rows.exclude(arm=Strategy.RANDOM).values_list("study", flat=True)) - drawn
    return [id for id in ids if id not in others]


def unmarked(cohort: UUID) -> QuerySet[Study]:
    """The studies of unmarked_of."""
    spoken_of = Review.objects.filter(round_study__study=OuterRef("pk"))
    marked = Lesion.objects.filter(study=OuterRef("pk"), retired_at=None)
    return Study.objects.filter(
        ~Exists(spoken_of),
        ~Exists(marked),
        cohort_id=cohort,
        subject__split=Split.POOL,
        preparation=PreparationState.READY,
        has_liver=True,
    )


def is_complete(study: Study, lesions: Iterable[Mapping[str, Any]], judged: Judgements) -> bool:
    """Whether no lesion is left unmarked: known from the import, or a reader who was done says so.

    A reader who called the study MISSED says so by drawing; one who only rejected candidates does not, since
    nobody said that there is nothing else.
    """
    if study.complete:
        return True
    sources = {lesion["source"] for lesion in lesions}
    match judged.studies.get(study.pk):
        case Verdict.MISSED:
            return study.pk in judged.done and LesionSource.DRAWN in sources
        case Verdict.NO_LESION:
            return study.pk in judged.done
        case _:
            return study.pk in judged.done and bool(sources)


def _entry(
    study: Study, lesions: list[dict[str, Any]], marks: list[Candidate], judged: Judgements
) -> dict[str, Any]:
    boxes = [lesion.pop("box") for lesion in lesions]
    kept = [c for c in marks if not _contradicts(c.box, boxes)]
    return {
        "id": str(study.pk),
        "ordinal": study.ordinal,
        "subject": study.subject.pseudonym,
        "split": study.subject.split,
        "lesion_class": study.lesion_class,
        "site": study.site,
        "reference_phase": study.reference_phase,
        "geometry": study.geometry,
        "complete": is_complete(study, lesions, judged),
        "store_key": study.store_key,
        "has_liver": study.has_liver,
        "liver_source": study.liver_source,
        "source_sha256": study.source_sha256,
        "readings": judged.readings.get(study.pk, 0),
        "agreement": judged.agreement.get(study.pk),
        "phases": [
            {
                "phase": s.phase,
                "modality": s.modality,
                "source_sha256": s.source_sha256,
                "image_sha256": s.image_sha256,
            }
            | ({"nudge_mm": s.nudge_mm} if any(s.nudge_mm) else {})
            for s in sorted(study.series.all(), key=lambda s: s.phase)
        ],
        "lesions": lesions,
        "marks": [
            {
                "candidate": str(c.pk),
                "lo": c.lo,
                "hi": c.hi,
                "verdict": judged.candidates.get(c.pk, Verdict.NOT_A_LESION),
            }
            for c in kept
        ],
        "verdicts": judged.said.get(study.pk, []),
    }


def _contradicts(rejected: Box3D, lesions: Iterable[Box3D]) -> bool:
    """Whether a rejected box was a bad box on a lesion, not healthy tissue: it must not teach "nothing here".
    A small box in the middle of a large tumour hardly overlaps it by IoU, so its centre counts too."""
    x, y, z = rejected.centre_mm
    return any(
        iou(rejected, lesion) > CONTRADICTS_IOU
        or (
            lesion.lo[0] <= x <= lesion.hi[0]
            and lesion.lo[1] <= y <= lesion.hi[1]
            and lesion.lo[2] <= z <= lesion.hi[2]
        )
        for lesion in lesions
    )


def _lesions(studies: Ids, upto: int | None) -> dict[UUID, list[dict[str, Any]]]:
    every = Lesion.objects.filter(study__in=studies).annotate(
        candidate=F("review__candidate_id"), came_in=F("round_study__round__number")
    )
    rows = list(every.prefetch_related("reader"))
    by_id = {row.pk: row for row in rows}

    def key(row: Any) -> str:
        while row.replaces_id:
            row = by_id[row.replaces_id]
        return f"candidate:{row.candidate}" if row.review_id else f"drawn:{row.pk}"

    def came_in(row: Any) -> int:
        """The number of the round that it came in, 0 where it came with its study."""
        while row.replaces_id:
            row = by_id[row.replaces_id]
        return int(row.came_in or 0)

    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row.retired_at is None and row.settled and (upto is None or came_in(row) <= upto):
            found[row.study_id].append(
                {
                    "id": str(row.pk),
                    "key": key(row),
                    "source": row.source,
                    "lo": row.lo,
                    "hi": row.hi,
                    "primary": row.primary,
                    "lesion_class": row.lesion_class,
                    "absent_phases": sorted(row.absent_phases),
                    "reader": row.reader.get_username() if row.reader else "",
                    "at": row.created_at.isoformat(),
                    "box": row.box,
                }
            )
    for lesions in found.values():
        lesions.sort(key=lambda lesion: lesion["key"])
    return found


def _marks(studies: Ids, judged: Judgements) -> dict[UUID, list[Candidate]]:
    """Candidates that are no lesion or unsure; in a study without lesion, also those nobody judged."""
    wanted = {id for id, v in judged.candidates.items() if v in (Verdict.NOT_A_LESION, Verdict.UNSURE)}
    found: dict[UUID, list[Candidate]] = defaultdict(list)
    in_empty = Q(round_study__in=judged.empty_rounds)
    rows = Candidate.objects.filter(Q(pk__in=wanted) | in_empty, round_study__study__in=studies)
    rows = rows.only("lo", "hi", "round_study").annotate(study=F("round_study__study_id"))
    for row in rows.order_by("id"):
        if row.pk in wanted or row.pk not in judged.candidates:
            found[row.study].append(row)
    return found
