"""What a training would learn from, how long it may take and why it would start, without starting it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from harvest.domain import (
    ENDED,
    FOUR_CLASS,
    CandidateKind,
    Condition,
    JobState,
    ModelKind,
    Split,
    Verdict,
    in_view,
    is_quiet,
)
from harvest.engine_release import case_list
from harvest.manifest import Manifest, counts_of, sha256_of, snapshot
from harvest.models import (
    Activity,
    Candidate,
    Review,
    RoundStudy,
    TrainingHost,
    TrainingRun,
    TrainingSchedule,
)
from harvest.selectors.cohorts import cohort_row
from harvest.selectors.manifest import manifest_of
from harvest.selectors.studies import lesions_that_stand

LOOKED_AT = 50  # studies that readers were last done with
FEWEST_LOOKED_AT = 20  # fewer say little about agreement
HOST_SEEN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a schedule's condition is: `why` is a sentence either way."""

    due: bool
    why: str
    have: float | None = None
    need: float | None = None


def standing(schedule: TrainingSchedule) -> Standing:
    """Whether what a schedule waits for has come since it last started, or since it was made."""
    since = schedule.last_started_at or schedule.created_at
    need = schedule.amount or 0.0
    match Condition(schedule.condition):
        case Condition.EVERY:
            return Standing(True, "Its time has come.")
        case Condition.LESIONS:
            rows = lesions_that_stand().filter(
                study__cohort=schedule.cohort, study__subject__split=Split.POOL, created_at__gt=since
            )
            count = rows.count()
            return Standing(count >= need, f"{count} of {need:g} new lesions have come.", count, need)
        case Condition.REVIEW_HOURS:
            seen = Activity.objects.filter(reading__round__cohort=schedule.cohort, at__gt=since)
            hours = round((seen.aggregate(total=Sum("seconds"))["total"] or 0) / 3600, 2)
            return Standing(hours >= need, f"{hours:g} of {need:g} hours of review have come.", hours, need)
        case Condition.AGREEMENT:
            return _agreement(schedule, since, need)


def _agreement(schedule: TrainingSchedule, since: datetime, need: float) -> Standing:
    """The share of the studies read last whose best candidate was taken for a lesion."""
    done = RoundStudy.objects.filter(
        round__cohort=schedule.cohort, settled_at__gt=since, hidden="", from_scratch=False
    )
    last = list(done.order_by("-settled_at").values_list("pk", flat=True)[:LOOKED_AT])
    best = Candidate.objects.filter(round_study__in=last, rank=1, kind=CandidateKind.MODEL)
    said = Review.objects.filter(candidate__in=best, undone_by=None).exclude(verdict="")
    verdicts = dict(said.order_by("sequence").values_list("candidate", "verdict"))
    if len(verdicts) < FEWEST_LOOKED_AT:
        why = f"{len(verdicts)} of {FEWEST_LOOKED_AT} studies that it takes to tell agreement have been read."
        return Standing(False, why, None, need)
    lesions = sum(v in (Verdict.PRIMARY_LESION, Verdict.OTHER_LESION) for v in verdicts.values())
    share = round(lesions / len(verdicts), 3)
    why = (
        f"Readers took the best candidate for a lesion in {share:.0%} of {len(verdicts)} studies; "
        f"{need:.0%} is the least."
    )
    return Standing(share < need, why, share, need)


def quiet_until(schedule: TrainingSchedule) -> str | None:
    """When the quiet hours of now end, as 18:00; None where it is not quiet."""
    now = timezone.localtime().time()
    if not is_quiet(now, schedule.quiet_from, schedule.quiet_until):
        return None
    return schedule.quiet_until.strftime("%H:%M") if schedule.quiet_until else None


def obstacle(frozen: Manifest, kind: ModelKind) -> str | None:
    """Why nothing can be learned from a manifest, in words; None where it can be tried."""
    cases = case_list(frozen, kind, Split.POOL, Path())
    if kind is ModelKind.LIVER_SEGMENTER:
        return (
            None if cases else "No curated study of the pool came with a liver mask. Import some with theirs."
        )
    positive = [(case, m) for case in cases for m in case.marks if m.role == "positive"]
    if not positive:
        return f"No study of the pool has a lesion for the {kind.replace('_', ' ')} yet. Review some first."
    if kind is ModelKind.CHARACTERIZER:
        named = {in_view(m.lesion_class or case.lesion_class, FOUR_CLASS) for case, m in positive} - {None}
        if len(named) < 2:
            return "The characterizer needs lesions of at least two classes. Give studies their class first."
    return None


def learned(cohort: UUID, manifest_sha256: str, kind: str, size: str, overrides: Mapping[str, Any]) -> bool:
    """Whether a training of this data with the same settings has already succeeded."""
    return TrainingRun.objects.filter(
        release__cohort=cohort,
        release__manifest_sha256=manifest_sha256,
        kind=kind,
        size=size,
        overrides=overrides,
        state=JobState.SUCCEEDED,
    ).exists()


def dry_run(*, cohort: UUID, kinds: Sequence[str], size: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What a training asked for now would do: {"counts", "kinds": [{"kind", "obstacle", "cases",
    "positives", "gold_cases", "minutes"}], "hosts", "waiting"}; nothing is frozen or queued.

    Raises:
        NotFound: there is no such cohort.
    """
    row = cohort_row(cohort)
    now = snapshot(manifest_of(row))
    sha256 = sha256_of(now)
    seen = TrainingHost.objects.filter(seen_at__gt=timezone.now() - HOST_SEEN)
    return {
        "counts": counts_of(now),
        "kinds": [
            _outlook(now, ModelKind(kind), size, overrides, learned(cohort, sha256, kind, size, overrides))
            for kind in kinds
        ],
        "hosts": [{"name": host.name, "devices": host.devices} for host in seen.order_by("name")],
        "waiting": TrainingRun.objects.exclude(state__in=ENDED).count(),
    }


def dry_run_of(schedule: TrainingSchedule) -> dict[str, Any]:
    """dry_run of a schedule, and whether it would start: {"due", "why", "have", "need", "quiet_until"}."""
    told = dry_run(
        cohort=schedule.cohort_id,
        kinds=schedule.kinds,
        size=schedule.size,
        overrides=schedule.overrides,
    )
    return told | asdict(standing(schedule)) | {"quiet_until": quiet_until(schedule)}


def _outlook(
    now: Manifest, kind: ModelKind, size: str, overrides: Mapping[str, Any], is_learned: bool
) -> dict[str, Any]:
    cases, gold = (case_list(now, kind, split, Path()) for split in (Split.POOL, Split.GOLD))
    curated = next(iter(now.studies), None)
    what = obstacle(now, kind) if curated else "Nothing is curated yet."
    if what is None and is_learned:
        what = "Nothing new was curated since it was last trained with these settings."
    return {
        "kind": kind,
        "obstacle": what,
        "cases": len(cases),
        "positives": sum(m.role == "positive" for case in cases for m in case.marks),
        "gold_cases": len(gold),
        "minutes": _minutes(kind, size, overrides),
    }


def _minutes(kind: ModelKind, size: str, overrides: Mapping[str, Any]) -> float | None:
    """The median of what trainings of this kind, size and settings took; None before the first."""
    rows = TrainingRun.objects.filter(kind=kind, size=size, overrides=overrides, state=JobState.SUCCEEDED)
    times = rows.values_list("started_at", "finished_at")[:20]
    took = [(ended - begun).total_seconds() / 60 for begun, ended in times if begun and ended]
    return round(statistics.median(took), 1) if took else None
