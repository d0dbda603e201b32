"""What a round bought: detectors trained on what stood after each round, alike in all else, judged on gold.

Where a report stands follows from its trainings and judgements alone, so moving it on twice does no harm.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from harvest.domain import ENDED, JobState, ModelKind, ReportArm, Strategy
from harvest.errors import Conflict, NotFound
from harvest.models import (
    HarvestRound,
    Judgement,
    Labour,
    ModelVersion,
    ReportPoint,
    RoundReport,
    TrainingRun,
)
from harvest.selectors.outlook import obstacle
from harvest.selectors.releases import manifest
from harvest.services import supervision
from harvest.services.judging import request_judgement
from harvest.services.releases import freeze_for_report
from harvest.services.training import DEFAULT_SIZE, check_overrides, queue_training

MOST_ROUNDS = 5  # of the curve, the latest


@transaction.atomic
def request_report(
    *,
    round_id: UUID,
    size: str = DEFAULT_SIZE,
    overrides: dict[str, Any] | None = None,
    owner: User | None = None,
) -> RoundReport:
    """Queues the trainings of a report: on what stood after each of the last rounds up to this one and before
    them, in all that was read and in what chance drew.

    Raises:
        NotFound: there is no such round.
        Conflict: it is a preview, nothing of it was read, or a report of it is under way.
        HarvestError: an override is not a plain value.
    """
    check_overrides(overrides or {})
    row = HarvestRound.objects.select_for_update(no_key=True).filter(pk=round_id).first()
    if row is None:
        raise NotFound("There is no such round.")
    if row.against_id or not row.readings_done:
        raise Conflict("Nothing of this round was read yet, so it bought nothing.", code="nothing_read")
    if row.reports.exclude(state__in=ENDED).exists():
        raise Conflict("A report of this round is under way.", code="already_running")
    report = RoundReport.objects.create(
        round=row, owner=owner, size=size, overrides=overrides or {}, message="training"
    )
    before = row.cohort.rounds.filter(number__lte=row.number, against=None, readings_done__gt=0)
    numbers = sorted(before.values_list("number", flat=True))[-MOST_ROUNDS:]
    earlier = row.cohort.rounds.filter(number__lt=numbers[0], against=None).order_by("-number").first()
    for upto in [earlier.number if earlier else 0, *numbers]:
        _add(report, ReportArm.ALL, upto)
        if upto:
            _add(report, ReportArm.RANDOM, upto)
    if not report.points.filter(run__isnull=False).exists():
        raise Conflict(
            "Nothing can be learned from this cohort yet: no study of the pool has a lesion.",
            code="nothing_to_learn",
        )
    return report


def move_reports_on() -> None:
    """Every report that is under way, as far as its trainings and judgements let it go."""
    for id in RoundReport.objects.exclude(state__in=ENDED).values_list("pk", flat=True):
        move_on(id)


@transaction.atomic
def move_on(id: UUID) -> None:
    """One report; nothing happens where it waits, or has ended."""
    report = RoundReport.objects.select_for_update(of=("self",)).select_related("round").get(pk=id)
    if report.state in ENDED:
        return
    runs = [p.run for p in report.points.select_related("run__result") if p.run]
    if any(run.state not in ENDED for run in runs):
        if report.state == JobState.QUEUED and any(run.state != JobState.QUEUED for run in runs):
            report.state = JobState.RUNNING
            report.save(update_fields=["state"])
        return
    if report.state == JobState.QUEUED:
        report.state = JobState.RUNNING
        report.save(update_fields=["state"])
    judged = [_judged(report, name) for name in ("with_without", "with_random")]
    if any(one is not None and one.state not in ENDED for one in judged):
        report.message = "judging on the gold studies"
        report.save(update_fields=["message", "with_without", "with_random"])
        return
    failed = sum(run.state != JobState.SUCCEEDED for run in runs)
    report.state = JobState.SUCCEEDED if failed < len(runs) else JobState.FAILED
    report.message = f"{failed} trainings did not end well." if failed else ""
    report.finished_at = timezone.now()
    report.save(update_fields=["state", "message", "finished_at", "with_without", "with_random"])


@transaction.atomic
def cancel_report(*, report: UUID) -> RoundReport:
    """Ends a report, with its trainings. Raises NotFound, Conflict."""
    row = RoundReport.objects.select_for_update().filter(pk=report).first()
    if row is None:
        raise NotFound("There is no such report.")
    if row.state in ENDED:
        raise Conflict("This report has ended already.")
    for run in TrainingRun.objects.filter(report_point__report=row).exclude(state__in=ENDED):
        supervision.cancel(run=run.pk)
    row.state, row.message, row.finished_at = JobState.CANCELLED, "", timezone.now()
    row.save(update_fields=["state", "message", "finished_at"])
    return row


def _add(report: RoundReport, arm: ReportArm, upto: int) -> None:
    cohort = report.round.cohort_id
    release = freeze_for_report(cohort=cohort, rounds=upto, chance=arm is ReportArm.RANDOM)
    what = obstacle(manifest(release), ModelKind.DETECTOR) if release else "Nothing was curated then."
    run = None
    if release and what is None:
        run = queue_training(
            kind=ModelKind.DETECTOR,
            size=report.size,
            anew=True,
            cohort_id=cohort,
            release=release,
            overrides=report.overrides,
            owner=report.owner,
            reason=f"Report of round {report.round.number}.",
        )
    counts = release.counts if release else {"pool": 0, "lesions": 0}
    ReportPoint.objects.create(
        report=report,
        arm=arm,
        upto=upto,
        release=release,
        run=run,
        studies=counts["pool"],
        lesions=counts["lesions"],
        minutes=_minutes(report, arm, upto),
        message=what or "",
    )


def _minutes(report: RoundReport, arm: ReportArm, upto: int) -> float:
    spent = Labour.objects.filter(
        reading__round__cohort=report.round.cohort_id,
        reading__round__number__lte=upto,
        reading__round_study__hidden="",
    )
    if arm is ReportArm.RANDOM:
        spent = spent.filter(reading__round_study__arm=Strategy.RANDOM)
    return round((spent.aggregate(s=Sum("seconds"))["s"] or 0) / 60, 2)


def _judged(report: RoundReport, name: str) -> Judgement | None:
    """The comparison of that name, asked for where both sides of it are there; None where it cannot be."""
    there: Judgement | None = getattr(report, name)
    if there is not None:
        return there
    last = report.round.number
    ours = _made(report, ReportArm.ALL, last)
    if name == "with_without":
        before = report.points.filter(arm=ReportArm.ALL, upto__lt=last).order_by("-upto").first()
        theirs = before.run.result if before and before.run else None
    else:
        theirs = _made(report, ReportArm.RANDOM, last)
    if ours is None or theirs is None:
        return None
    with suppress(Conflict, NotFound), transaction.atomic():
        point = report.points.get(arm=ReportArm.ALL, upto=last)
        setattr(report, name, request_judgement(version_id=ours.pk, rival=theirs, release=point.release))
    return getattr(report, name)


def _made(report: RoundReport, arm: ReportArm, upto: int) -> ModelVersion | None:
    point = report.points.select_related("run__result").filter(arm=arm, upto=upto).first()
    return point.run.result if point and point.run else None
