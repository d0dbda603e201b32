"""Agreement of a cohort's readers, from what they said."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from harvest.domain import LesionClass, ReadingPolicy, Verdict
from harvest.models import Cohort, HarvestRound, ModelVersion
from harvest.selectors.agreement import VERDICTS, CohortAgreement, Row, agreement
from harvest.services.rounds import create_round
from tests.harvest.fixtures import Work, make_study
from tests.harvest.readers import make_gold, read, readers

__all__ = ["readers"]

PRIMARY, OTHER, NOT = Verdict.PRIMARY_LESION, Verdict.OTHER_LESION, Verdict.NOT_A_LESION


@pytest.fixture
def twice(cohort: Cohort, detector: ModelVersion, work: Work) -> HarvestRound:
    """A round on four studies, two candidates each, of which two read each; one of them of a known class."""
    cohort.reading_policy = ReadingPolicy.TWO
    cohort.save()
    for n in range(4):
        study = make_study(cohort)
        if n == 0:
            study.lesion_class = LesionClass.HCC
            study.save()
    make_gold(cohort)
    with work():
        made = create_round(cohort=cohort, scratch_share=0, hidden_share=0.25)
    made.refresh_from_db()
    return made


def rows(parent: HarvestRound) -> list[Any]:
    return list(parent.studies.filter(hidden="").order_by("study__ordinal"))


def row_of(found: CohortAgreement, kind: str, name: str = "", other: str = "") -> Row:
    return next(r for r in found.rows if (r.kind, r.name, r.other) == (kind, name, other))


def test_verdicts_of_two_readers_are_compared_candidate_by_candidate(twice, cohort, readers) -> None:
    ann, bea, cid = readers
    first, second, third, _ = rows(twice)
    read(first, ann, PRIMARY, NOT)
    read(first, bea, PRIMARY, NOT)
    read(second, ann, PRIMARY, NOT)
    read(second, bea, OTHER, NOT)
    read(third, cid, NOT, NOT)  # read by one of two so far
    found = agreement(cohort)
    assert (found.read_twice, found.read_once) == (2, 1)
    pair = row_of(found, "pair", "ann", "bea").verdicts
    assert (pair.items, pair.studies) == (4, 2)
    assert pair.agreement.estimate["value"] == 0.75
    # By chance: primary 2/4 x 1/4, not 2/4 x 2/4; (0.75 - 0.375) / 0.625.
    assert pair.kappa["value"] == pytest.approx(0.6)
    assert pair.of_category[NOT].estimate["value"] == 1
    assert row_of(found, "class", LesionClass.HCC).verdicts.items == 2
    primary, other, not_one = (VERDICTS.index(v) for v in (PRIMARY, OTHER, NOT))
    ann_by_bea = row_of(found, "pair", "ann", "bea").confusion
    all = row_of(found, "all").confusion
    assert ann_by_bea[primary][primary] == ann_by_bea[primary][other] == 1
    assert ann_by_bea[not_one][not_one] == 2
    assert all[min(primary, other)][max(primary, other)] == 1
    assert sum(map(sum, all)) == 4
    assert row_of(found, "all").verdicts.items == row_of(found, "reader", "ann").verdicts.items == 4


def test_that_there_is_no_lesion_is_said_of_every_candidate(twice, cohort, readers) -> None:
    row = rows(twice)[0]
    read(row, readers[0], NOT, NOT)
    read(row, readers[1], Verdict.NO_LESION)
    assert row_of(agreement(cohort), "all").verdicts.agreement.estimate["value"] == 1


def test_boxes_are_compared_in_mm_and_those_taken_over_only_counted(twice, cohort, readers) -> None:
    row = rows(twice)[0]
    read(row, readers[0], PRIMARY, NOT, boxes=[((-20, 80, -90), (0, 100, -70))])
    read(
        row, readers[1], PRIMARY, NOT, boxes=[((-18, 80, -90), (2, 100, -70)), ((30, 20, -90), (40, 30, -80))]
    )
    boxes = row_of(agreement(cohort), "pair", "ann", "bea").boxes
    assert (boxes.pairs, boxes.only_a, boxes.only_b, boxes.drawn_pairs) == (2, 0, 1, 1)
    assert boxes.distance_mm["value"] == pytest.approx(2)
    assert boxes.iou["value"] == pytest.approx(18 / 22)
    assert boxes.detection.estimate["value"] == pytest.approx(4 / 5)


def test_hidden_cases_and_rounds_of_one_reader_are_no_part_of_it(twice, cohort, readers, work: Work) -> None:
    hidden = twice.studies.exclude(hidden="").get()
    for reader in readers[:2]:
        read(hidden, reader, Verdict.NO_LESION)
    cohort.reading_policy = ReadingPolicy.ONE
    cohort.save()
    with work():
        alone = create_round(cohort=cohort, hidden_share=0)
    read(alone.studies.first(), readers[0], PRIMARY, NOT)
    assert agreement(cohort) == CohortAgreement(0, 0, [])


def test_a_reader_is_told_own_figures_alone_and_none_while_the_round_is_read(twice, cohort, readers) -> None:
    ann, bea, cid = readers
    *most, last = twice.studies.all()
    for row in most:
        read(row, ann, Verdict.NO_LESION)
        read(row, bea, Verdict.NO_LESION)
    assert agreement(cohort, own=ann).rows == []
    read(last, ann, Verdict.NO_LESION)
    read(last, cid, Verdict.NO_LESION)
    mine, theirs = agreement(cohort, own=cid), agreement(cohort, own=ann)
    counted = 1 if last.hidden == "" else 0
    assert (mine.read_twice, theirs.read_twice) == (counted, 4)
    for found in (mine, theirs):
        assert {row.kind for row in found.rows} <= {"all", "class"}


def test_the_number_of_queries_does_not_grow(twice, cohort, readers) -> None:
    counts = []
    for row in rows(twice)[:2]:
        read(row, readers[0], PRIMARY, NOT)
        read(row, readers[1], NOT, NOT)
        with CaptureQueriesContext(connection) as queries:
            agreement(cohort)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5
