"""The cohort at a glance. A fixed number of queries, however much the cohort holds."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from harvest.domain import (
    ADJUDICATION,
    ImportOutcome,
    JobState,
    LesionSource,
    ModelKind,
    PreparationState,
    QueueState,
    Verdict,
)
from harvest.models import (
    Cohort,
    ImportItem,
    ImportJob,
    Labour,
    Lesion,
    ModelVersion,
    Reading,
    Review,
    RoundStudy,
    Study,
    TrainingRun,
)
from harvest.selectors.preparation import UNFINISHED
from harvest.selectors.versions import headline

VERSIONS, JOBS_OF_A_KIND = 50, 5


def dashboard(cohort: Cohort) -> dict[str, Any]:
    """{"strip", "needs", "lesions_by_class", "minutes_by_reader", "forecast_minutes", "versions", "jobs"}."""
    minutes = _minutes_by_reader(cohort)
    latest = cohort.rounds.order_by("-number").first()
    waiting = latest.readings - latest.readings_done if latest else 0
    seconds, studies = (sum(row[k] for row in minutes) for k in ("seconds", "studies"))
    return {
        "strip": _strip(cohort),
        "needs": _needs(cohort, waiting),
        "lesions_by_class": _lesions_by_class(cohort),
        "minutes_by_reader": [
            {
                "reader": row["reader"],
                "minutes": row["seconds"] / 60,
                "studies": row["studies"],
                "seconds_a_study": row["seconds"] / row["studies"] if row["studies"] else None,
            }
            for row in minutes
        ],
        "forecast_minutes": waiting * seconds / studies / 60 if studies else None,
        "versions": _versions(cohort),
        "jobs": _jobs(cohort),
    }


def _strip(cohort: Cohort) -> dict[str, int]:
    """Studies at each station of the loop; `trained` and `released` are those of the latest release that a
    training learned from, and of the latest release."""
    # One set of studies after the other: a condition for each study of one query is ten times as slow.
    in_rounds = RoundStudy.objects.filter(round__cohort=cohort, hidden="")
    lesions = Lesion.objects.filter(study__cohort=cohort, retired_at=None, settled=True)
    counted = {
        "imported": Study.objects.filter(cohort=cohort).count(),
        "proposed": _studies_of(in_rounds.filter(state=JobState.SUCCEEDED)),
        "reviewed": _studies_of(in_rounds.filter(settled_at__isnull=False)),
        "curated": _studies_of(lesions),
    }
    learned = cohort.training_runs.filter(state=JobState.SUCCEEDED).select_related("release")
    trained = learned.order_by("-release__number").first()
    released = cohort.releases.order_by("-number").first()
    return counted | {
        "trained": trained.release.counts["pool"] if trained and trained.release else 0,
        "released": released.counts["studies"] if released else 0,
    }


def _studies_of(rows: QuerySet[Any]) -> int:
    return rows.order_by().values("study").distinct().count()


def _needs(cohort: Cohort, waiting: int) -> list[dict[str, Any]]:
    """What a person has to do now; a count of 0 is left out."""
    items = ImportItem.objects.filter(job__cohort=cohort).aggregate(
        phases=Count("pk", filter=Q(outcome=ImportOutcome.PHASES_NEEDED)),
        refused=Count("pk", filter=Q(outcome=ImportOutcome.REFUSED, routine=False)),
    )
    drawn = Lesion.objects.filter(
        study=OuterRef("round_study__study"), source=LesionSource.DRAWN, retired_at=None
    )
    missed = Review.objects.filter(
        round_study__round__cohort=cohort,
        round_study__hidden="",
        verdict=Verdict.MISSED,
        undone_by__isnull=True,
    ).filter(~Exists(drawn))
    failed = cohort.training_runs.filter(state=JobState.FAILED)
    later = cohort.training_runs.filter(kind=OuterRef("kind"), created_at__gt=OuterRef("created_at"))
    newer = ModelVersion.objects.filter(
        release__cohort=cohort,
        promoted=False,
        experimental=False,
        number__gt=ModelVersion.objects.filter(kind=OuterRef("kind"), promoted=True).values("number")[:1],
    )
    broken = Study.objects.filter(cohort=cohort, preparation=PreparationState.FAILED)
    differ = Reading.objects.filter(round__cohort=cohort, number=ADJUDICATION).exclude(state=QueueState.DONE)
    counted = [
        {"kind": "phases", "count": items["phases"], "text": "series whose phase must be said"},
        {"kind": "review", "count": waiting, "text": "studies to review"},
        {"kind": "adjudicate", "count": differ.count(), "text": "studies whose readers differ: decide"},
        {
            "kind": "draw",
            "count": missed.values("round_study__study").distinct().count(),
            "text": "missed lesions to draw",
        },
        {
            "kind": "failed_import",
            "count": items["refused"],
            "text": "refused at import: look at the reasons",
        },
        {
            "kind": "failed_preparation",
            "count": broken.count(),
            "text": "studies could not be registered: look at the reasons",
        },
        {
            "kind": "failed_training",
            "count": failed.filter(~Exists(later)).count(),
            "text": "trainings failed",
        },
        {"kind": "promote", "count": newer.count(), "text": "new model versions to compare and promote"},
    ]
    return [need for need in counted if need["count"]]


def _lesions_by_class(cohort: Cohort) -> list[dict[str, Any]]:
    rows = Lesion.objects.filter(study__cohort=cohort, retired_at=None, settled=True).order_by()
    counted = rows.values("lesion_class", "study__lesion_class", "primary").annotate(count=Count("pk"))
    total: dict[str, int] = defaultdict(int)
    for row in counted:
        # The study's pathology is that of its primary lesion.
        named = row["lesion_class"] or (row["study__lesion_class"] if row["primary"] else "")
        total[named] += row["count"]
    return [{"lesion_class": name, "count": count} for name, count in sorted(total.items())]


def _minutes_by_reader(cohort: Cohort) -> list[dict[str, Any]]:
    """Active seconds by reader, with the studies they finished."""
    labour = Labour.objects.filter(reading__round__cohort=cohort).order_by()
    seconds: dict[str, float] = defaultdict(
        float, labour.values_list("reader__username").annotate(s=Sum("seconds"))
    )
    done = Reading.objects.filter(round__cohort=cohort, state=QueueState.DONE, reader__isnull=False)
    studies: dict[str, int] = defaultdict(
        int,
        done.order_by()
        .values_list("reader__username")
        .annotate(n=Count("round_study__study", distinct=True)),
    )
    for name in studies:
        seconds[name] += 0
    return [{"reader": name, "seconds": seconds[name], "studies": studies[name]} for name in sorted(seconds)]


def _versions(cohort: Cohort) -> list[dict[str, Any]]:
    """The versions this cohort made or used, and the promoted ones, oldest first."""
    rows = ModelVersion.objects.filter(
        Q(release__cohort=cohort) | Q(rounds__cohort=cohort) | Q(promoted=True), experimental=False
    ).distinct()
    newest = list(rows.order_by("-created_at", "-pk")[:VERSIONS])[::-1]
    used: dict[Any, list[int]] = defaultdict(list)
    for version, number in cohort.rounds.order_by("number").values_list("model_version", "number"):
        used[version].append(number)
    return [
        {
            "id": row.pk,
            "name": row.name,
            "kind": ModelKind(row.kind),
            "promoted": row.promoted,
            "round_numbers": used[row.pk],
            "created_at": row.created_at,
            **{name: headline(row.metrics, name) for name in ("p1td_1", "p1td_10", "mean_f1")},
        }
        for row in newest
    ]


def _jobs(cohort: Cohort) -> list[dict[str, Any]]:
    """Registration where studies wait for it, then the newest imports, rounds and trainings, newest first."""
    found: list[tuple[Any, dict[str, Any]]] = []

    def add(row: Any, kind: str, done: int, total: int, text: str) -> None:
        job = {"id": row.pk, "kind": kind, "state": row.state, "done": done, "total": total, "text": text}
        found.append((row.created_at, job))

    for job in ImportJob.objects.filter(cohort=cohort).order_by("-created_at")[:JOBS_OF_A_KIND]:
        add(job, "import", job.done, job.total, "Import")
    for round in cohort.rounds.order_by("-number")[:JOBS_OF_A_KIND]:
        add(round, "round", round.done, round.total, f"Round {round.number}")
    for run in TrainingRun.objects.filter(cohort=cohort).order_by("-created_at")[:JOBS_OF_A_KIND]:
        add(run, "training", run.step, run.total, f"Training of the {run.kind.replace('_', ' ')}")
    newest = [job for _, job in sorted(found, key=lambda pair: pair[0], reverse=True)]
    return [*_registration(cohort), *newest]


def _registration(cohort: Cohort) -> list[dict[str, Any]]:
    """How far the registration of the cohort's studies is, as a job; none where nothing waits for it."""
    counted = Study.objects.filter(cohort=cohort).aggregate(
        total=Count("pk"),
        waiting=Count("pk", filter=Q(preparation__in=UNFINISHED)),
        running=Count("pk", filter=Q(preparation=PreparationState.RUNNING)),
    )
    if not counted["waiting"]:
        return []
    return [
        {
            "id": cohort.pk,
            "kind": "registration",
            "state": JobState.RUNNING if counted["running"] else JobState.QUEUED,
            "done": counted["total"] - counted["waiting"],
            "total": counted["total"],
            "text": "Registration of the studies",
        }
    ]
