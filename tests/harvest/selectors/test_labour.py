"""The ledger of a cohort, from what its readers' activities came to."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from harvest.domain import HiddenCase, Role, Verdict
from harvest.models import Cohort, HarvestRound, ModelVersion, RoundStudy
from harvest.selectors.labour import ledger, table
from harvest.services.leases import hand_out
from harvest.services.rounds import create_round
from tests.harvest.fixtures import Clock, Work, make_study
from tests.harvest.readers import make_gold, read, readers

__all__ = ["readers"]


@pytest.fixture
def measured(cohort: Cohort, detector: ModelVersion, work: Work, clock: Clock) -> HarvestRound:
    """A round on six studies, three of them from scratch, and a hidden case."""
    for _ in range(6):
        make_study(cohort)
    make_gold(cohort)
    with work():
        made = create_round(cohort=cohort, scratch_share=0, hidden_share=1 / 6)
    for row in made.studies.filter(hidden="").order_by("study__ordinal")[:3]:
        RoundStudy.objects.filter(pk=row.pk).update(from_scratch=True)
    made.refresh_from_db()
    return made


def work_on(row: RoundStudy, reader: User, clock: Clock, seconds: float) -> None:
    """Opens the study, says after so many seconds that there is no lesion, and is done."""
    clock.tick(3600)
    hand_out(parent=row.round, reader=reader)
    clock.tick(seconds)
    read(row, reader, Verdict.NO_LESION)


def real(parent: HarvestRound, *, from_scratch: bool) -> list[RoundStudy]:
    return list(parent.studies.filter(hidden="", from_scratch=from_scratch).order_by("study__ordinal"))


def test_seconds_are_told_by_round_reader_and_mode(measured, cohort, readers, clock) -> None:
    ann, bea, _ = readers
    one, two, three = real(measured, from_scratch=False)
    work_on(one, ann, clock, 10)
    work_on(two, ann, clock, 20)
    work_on(three, bea, clock, 29)
    rows = ledger(cohort).rows
    assert [(r.round_number, r.reader, r.readings) for r in rows] == [(1, "ann", 2), (1, "bea", 1)]
    assert rows[0].seconds == {"click": 30, "draw": 0, "adjudicate": 0}
    assert (rows[0].a_reading["value"], rows[0].a_reading["n"]) == (15, 2)


def test_what_is_saved_is_the_control_arm_less_the_rest_without_hidden_cases(
    measured, cohort, readers, clock
) -> None:
    for seconds, row in zip((20, 24, 28), real(measured, from_scratch=True), strict=True):
        work_on(row, readers[0], clock, seconds)
    for seconds, row in zip((2, 4), real(measured, from_scratch=False), strict=False):
        work_on(row, readers[0], clock, seconds)
    work_on(measured.studies.exclude(hidden="").get(), readers[0], clock, 30)
    found = ledger(cohort)
    assert found.saved.seconds["value"] == 24 - 3
    assert found.saved.share["value"] == pytest.approx(21 / 24)
    assert (found.saved.scratch_mean["n"], found.saved.shown_mean["n"]) == (3, 2)
    assert [(r.round_number, r.saved.seconds) for r in found.saved_by_round] == [(1, found.saved.seconds)]


def test_the_forecast_is_of_the_latest_rounds_open_readings(measured, cohort, readers, clock) -> None:
    for row in real(measured, from_scratch=False)[:2]:
        work_on(row, readers[0], clock, 18)
    found = ledger(cohort).forecast
    assert found.remaining == 5
    assert found.hours["value"] == pytest.approx(5 * 18 / 3600)
    assert found.hours_a_day == pytest.approx(36 / 3600)
    assert found.days["value"] == pytest.approx(2.5)
    assert found.hours_by_mode == pytest.approx({"click": 5 * 18 / 3600})


def test_a_reader_sees_own_seconds_and_not_what_is_saved_before_the_round_is_read(
    measured, cohort, readers, clock
) -> None:
    ann, bea, _ = readers
    *most, last = measured.studies.order_by("hidden", "pk")  # the hidden case comes last
    for row in most:
        work_on(row, ann, clock, 10)
    before = ledger(cohort, own=ann)
    assert [r.reader for r in before.rows] == ["ann"]
    assert before.saved.shown_mean["n"] == 0
    assert ledger(cohort, own=bea).rows == []
    work_on(last, bea, clock, 10)
    assert ledger(cohort, own=ann).saved.shown_mean["n"] == 3


def lines(given: Any) -> list[dict[str, str]]:
    return list(csv.DictReader("".join(given).splitlines()))


def test_the_table_has_a_line_a_reading_and_tells_readers_no_hidden_case(
    measured, cohort, readers, clock, client_of: Callable[[Role | None], APIClient]
) -> None:
    hidden = measured.studies.exclude(hidden="").get()
    work_on(hidden, readers[0], clock, 12)
    work_on(real(measured, from_scratch=True)[0], readers[1], clock, 7)
    full = lines(table(cohort))
    assert [(r["reader"], r["click_s"], r["from_scratch"]) for r in full] == [
        ("bea", "7.0", "1"),
        ("ann", "12.0", "0"),
    ]
    assert [r["hidden"] in {case.value for case in HiddenCase} for r in full] == [False, True]
    (own,) = lines(table(cohort, own=readers[0]))
    assert "hidden" not in own
    assert own["click_s"] == "12.0"
    response = client_of(Role.DATA_MANAGER).get(f"/api/v1/cohorts/{cohort.pk}/labour.csv")
    assert lines(part.decode() for part in response.streaming_content) == full
    assert "attachment" in response["Content-Disposition"]


def test_the_command_writes_the_same_table(measured, cohort, readers, clock, tmp_path: Path) -> None:
    work_on(real(measured, from_scratch=True)[0], readers[1], clock, 7)
    call_command("export_labour", cohort=cohort.name, out=tmp_path / "labour.csv")
    assert (tmp_path / "labour.csv").read_bytes().decode() == "".join(table(cohort))


def test_an_empty_cohort_has_an_empty_ledger(cohort) -> None:
    found = ledger(cohort)
    assert (found.rows, found.saved_by_round, found.forecast.remaining) == ([], [], 0)
    assert found.saved.seconds["value"] is found.forecast.hours["value"] is None
    assert len(list(table(cohort))) == 1


def test_the_number_of_queries_does_not_grow(measured, cohort, readers, clock) -> None:
    counts = []
    for row in real(measured, from_scratch=True)[:2]:
        work_on(row, readers[0], clock, 5)
        with CaptureQueriesContext(connection) as queries:
            ledger(cohort)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6
