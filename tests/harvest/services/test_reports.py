"""What a round bought: trainings on what stood after each round, alike in all else."""

from __future__ import annotations

import pytest

from harvest.domain import JobState, LesionSource, ReportArm, Role, Split, Strategy, Verdict
from harvest.errors import Conflict
from harvest.models import Judgement, RoundReport, TrainingRun
from harvest.selectors.releases import manifest, releases
from harvest.selectors.versions import promoted, versions
from harvest.services import reports, supervision
from harvest.services.releases import freeze_for_report
from tests.harvest.curated import (
    TUMOUR,
    finish,
    judge,
    make_round,
    make_study,
    mark_lesion,
    propose,
    weights_file,
)
from tests.harvest.states import put

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(user_of):
    return user_of(Role.CLINICIAN)


@pytest.fixture
def read(cohort, reader):
    """Two rounds of three studies, each read with a lesion found; in each round chance drew the first."""
    mark_lesion(make_study(cohort, split=Split.GOLD, complete=True), source=LesionSource.IMPORTED)
    rounds = []
    for _ in range(2):
        made = make_round(cohort)
        for place in range(3):
            row = propose(made, make_study(cohort), TUMOUR)
            row.arm = Strategy.RANDOM if place == 0 else Strategy.SCORE
            row.save()
            judge(row, reader, Verdict.PRIMARY_LESION, row.candidates.get())
            mark_lesion(row.study, source=LesionSource.REVIEW, round_study=row)
            finish(row, reader, seconds=60)
        rounds.append(made)
    return rounds


def points(report: RoundReport) -> dict[tuple[str, int], tuple[int, int, float]]:
    return {(p.arm, p.upto): (p.studies, p.lesions, p.minutes) for p in report.points.all()}


def test_a_point_holds_what_stood_after_its_round_and_no_more(cohort, read):
    def frozen(rounds, chance=False):
        return freeze_for_report(cohort=cohort.pk, rounds=rounds, chance=chance)

    assert [frozen(n).counts["lesions"] for n in (0, 1, 2)] == [1, 4, 7]
    assert [frozen(n, chance=True).counts["pool"] for n in (1, 2)] == [1, 2]
    assert all(v["round"] == 1 for s in manifest(frozen(1)).studies for v in s["verdicts"])
    assert list(releases(cohort.pk)) == []


def test_a_report_trains_alike_on_each_point(cohort, read):
    report = reports.request_report(round_id=read[1].pk, size="tiny", overrides={"steps": 3})
    assert points(report) == {
        (ReportArm.ALL, 0): (0, 1, 0),
        (ReportArm.ALL, 1): (3, 4, 3.0),
        (ReportArm.ALL, 2): (6, 7, 6.0),
        (ReportArm.RANDOM, 1): (1, 2, 1.0),
        (ReportArm.RANDOM, 2): (2, 3, 2.0),
    }
    nothing = report.points.get(upto=0)
    assert (nothing.run, "No study of the pool has a lesion" in nothing.message) == (None, True)
    runs = TrainingRun.objects.filter(report_point__report=report)
    assert {(r.size, r.overrides["steps"], r.initial_version) for r in runs} == {("tiny", 3, None)}


def end(run: TrainingRun, tmp_path) -> None:
    put(run, state=JobState.RUNNING, attempt=1)
    weights = weights_file(tmp_path / f"{run.pk}.safetensors", salt=str(run.pk))
    supervision.succeed(run=run.pk, attempt=1, weights=weights, result={"metrics": {}})


def test_its_detectors_are_never_used_and_the_last_two_are_judged_beside_each_other(cohort, read, tmp_path):
    report = reports.request_report(round_id=read[1].pk, size="tiny")
    for run in TrainingRun.objects.filter(report_point__report=report):
        end(run, tmp_path)
    used = promoted("detector")
    assert list(versions()) == [used]
    reports.move_reports_on()
    report.refresh_from_db()
    assert (report.state, report.message) == (JobState.RUNNING, "judging on the gold studies")
    made = {(p.arm, p.upto): p.run.result for p in report.points.exclude(run=None)}
    judged = report.with_without
    assert (judged.version, judged.against) == (made["all", 2], made["all", 1])
    assert report.with_random.against == made["random", 2]
    for judgement in Judgement.objects.all():
        put(judgement, state=JobState.SUCCEEDED, comparison={"metrics": {}})
    reports.move_reports_on()
    report.refresh_from_db()
    assert (report.state, report.message) == (JobState.SUCCEEDED, "")


def test_a_training_that_fails_is_told_and_the_rest_counts(cohort, read, tmp_path):
    report = reports.request_report(round_id=read[0].pk, size="tiny")
    lost, *others = TrainingRun.objects.filter(report_point__report=report).order_by("created_at")
    put(lost, state=JobState.FAILED)
    for run in others:
        end(run, tmp_path)
    reports.move_reports_on()
    report.refresh_from_db()
    assert (report.state, report.message) == (JobState.SUCCEEDED, "1 trainings did not end well.")
    assert report.with_without is None


def test_cancelling_it_cancels_its_trainings(cohort, read):
    report = reports.request_report(round_id=read[0].pk, size="tiny")
    reports.cancel_report(report=report.pk)
    states = set(TrainingRun.objects.values_list("state", flat=True))
    assert states == {JobState.CANCELLED}
    with pytest.raises(Conflict, match="ended already"):
        reports.cancel_report(report=report.pk)


def test_a_round_that_nobody_read_bought_nothing(cohort):
    with pytest.raises(Conflict, match="bought nothing"):
        reports.request_report(round_id=make_round(cohort).pk)
