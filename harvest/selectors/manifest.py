"""What is curated now in a cohort, as a manifest (harvest.manifest). A fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from detector.geometry import Box3D, iou
from harvest.domain import LesionSource, PreparationState, ReadingPolicy, Split, Verdict
from harvest.manifest import FORMAT, LEFT_OUT, Manifest
from harvest.models import Candidate, Cohort, Lesion, Reading, Review, RoundStudy, Study
from harvest.selectors.decisions import by_reading, decide

CONTRADICTS_IOU = 0.1


@dataclass(slots=True)
class Judgements:
    """What stands of a cohort's reviews: verdicts by candidate and by study, and studies that are done."""

    candidates: dict[UUID, Verdict] = field(default_factory=dict)
    studies: dict[UUID, Verdict] = field(default_factory=dict)
    empty_rounds: set[UUID] = field(default_factory=set)
    done: set[UUID] = field(default_factory=set)


def judgements(cohort: Cohort) -> Judgements:
    """The standing judgements of a cohort, the latest word on each thing."""
    found = Judgements()
    events: dict[RoundStudy, list[Review]] = defaultdict(list)
    # What is said of hidden cases measures its readers; it is no truth.
    real = Q(round_study__round__cohort=cohort, round_study__hidden="")
    rows = Review.objects.filter(real).select_related("round_study__round")
    readings: dict[UUID, list[Reading]] = defaultdict(list)
    for reading in Reading.objects.filter(real):
        readings[reading.round_study_id].append(reading)
    for review in rows.order_by("sequence"):
        events[review.round_study].append(review)
    # Oldest round first, so that the word of the latest round on a study is the one that is kept.
    for round_study in sorted(events, key=lambda row: (row.created_at, row.pk)):
        policy = round_study.round.reading_policy
        if policy != ReadingPolicy.ONE and round_study.settled_at is None:
            continue  # what two readers differ in is not decided yet
        decision = decide(policy, by_reading(policy, readings[round_study.pk], events[round_study]))
        found.candidates |= decision.candidates
        if decision.study is None:
            continue
        found.studies[round_study.study_id] = decision.study
        if decision.study == Verdict.NO_LESION:
            found.empty_rounds.add(round_study.pk)
    done = RoundStudy.objects.filter(round__cohort=cohort, hidden="", settled_at__isnull=False)
    found.done = set(done.values_list("study_id", flat=True))
    return found


def manifest_of(cohort: Cohort) -> Manifest:
    """The cohort's studies that say something: with a lesion, reviewed to the end, or known to be whole."""
    judged = judgements(cohort)
    lesions = _lesions(cohort)
    marks = _marks(cohort, judged)
    entries, left_out = [], []
    studies = cohort.studies.select_related("subject").prefetch_related("series").order_by("ordinal")
    for study in studies:
        own = lesions.get(study.pk, [])
        if not (own or study.complete or study.pk in judged.done):
            continue
        if study.preparation == PreparationState.READY:
            entries.append(_entry(study, own, marks.get(study.pk, []), judged))
        else:
            left_out.append(study.ordinal)
    found = {"format": FORMAT, "cohort": cohort.name, "studies": entries}
    return found | {LEFT_OUT: left_out} if left_out else found


def unmarked_of(cohort: Cohort) -> Manifest:
    """The pool's prepared studies with a liver of which nobody has said anything: nothing is marked in them,
    and there may be lesions."""
    studies = unmarked(cohort.pk).select_related("subject").prefetch_related("series").order_by("ordinal")
    nothing = Judgements()
    entries = [_entry(study, [], [], nothing) for study in studies]
    return {"format": FORMAT, "cohort": cohort.name, "studies": entries}


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
        "phases": [
            {"phase": s.phase, "modality": s.modality, "source_sha256": s.source_sha256}
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
            for c in marks
            if not any(_contradicts(c.box, box) for box in boxes)
        ],
    }


def _contradicts(rejected: Box3D, lesion: Box3D) -> bool:
    """Whether a rejected box was a bad box on a lesion, not healthy tissue: it must not teach "nothing here".
    A small box in the middle of a large tumour hardly overlaps it by IoU, so its centre counts too."""
    inside = zip(lesion.lo, rejected.centre_mm, lesion.hi, strict=True)
    return iou(rejected, lesion) > CONTRADICTS_IOU or all(lo <= c <= hi for lo, c, hi in inside)


def _lesions(cohort: Cohort) -> dict[UUID, list[dict[str, Any]]]:
    rows = list(Lesion.objects.filter(study__cohort=cohort).select_related("review"))
    by_id = {row.pk: row for row in rows}

    def key(row: Lesion) -> str:
        while row.replaces_id:
            row = by_id[row.replaces_id]
        return f"candidate:{row.review.candidate_id}" if row.review else f"drawn:{row.pk}"

    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row.retired_at is None and row.settled:
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
                    "box": row.box,
                }
            )
    for lesions in found.values():
        lesions.sort(key=lambda lesion: lesion["key"])
    return found


def _marks(cohort: Cohort, judged: Judgements) -> dict[UUID, list[Candidate]]:
    """Candidates that are no lesion or unsure; in a study without lesion, also those nobody judged."""
    wanted = {id for id, v in judged.candidates.items() if v in (Verdict.NOT_A_LESION, Verdict.UNSURE)}
    found: dict[UUID, list[Candidate]] = defaultdict(list)
    rows = Candidate.objects.filter(round_study__round__cohort=cohort).select_related("round_study")
    for row in rows.order_by("id"):
        unjudged_in_empty = row.round_study_id in judged.empty_rounds and row.pk not in judged.candidates
        if row.pk in wanted or unjudged_in_empty:
            found[row.round_study.study_id].append(row)
    return found
