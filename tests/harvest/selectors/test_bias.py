"""Automation bias of a cohort's readers, from hidden cases."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from harvest.domain import HiddenCase, Verdict
from harvest.models import Cohort, HarvestRound, ModelVersion, RoundStudy
from harvest.selectors.bias import automation_bias
from harvest.services.reviews import complete_study
from harvest.services.rounds import create_round
from tests.harvest.fixtures import BOXES, Work, make_study
from tests.harvest.readers import draw, make_gold, read, readers

__all__ = ["readers"]

PRIMARY, NOT = Verdict.PRIMARY_LESION, Verdict.NOT_A_LESION
LESION = (BOXES[0]["lo"], BOXES[0]["hi"])


@pytest.fixture
def hiding(cohort: Cohort, detector: ModelVersion, work: Work) -> HarvestRound:
    """A round on six studies with a hidden case of each kind among them."""
    for _ in range(6):
        make_study(cohort)
    for _ in range(3):
        make_gold(cohort)
    with work():
        made = create_round(cohort=cohort, scratch_share=0, hidden_share=0.5)
    made.refresh_from_db()
    return made


def case(parent: HarvestRound, kind: HiddenCase) -> RoundStudy:
    return parent.studies.get(hidden=kind)


def kinds(row: RoundStudy) -> list[str]:
    return list(row.candidates.exclude(kind="withheld").order_by("rank").values_list("kind", flat=True))


def test_an_invented_candidate_that_is_accepted_is_commission(hiding, cohort, readers) -> None:
    row = case(hiding, HiddenCase.INVENTED)
    read(row, readers[0], *[PRIMARY if kind == "invented" else NOT for kind in kinds(row)])
    found = automation_bias(cohort).everybody.commission
    assert (found.led.hits, found.led.cases) == (1, 1)
    # Of the model's own two candidates, one is on no lesion; it was rejected.
    assert (found.unled.hits, found.unled.cases) == (0, 1)


def test_a_withheld_lesion_is_omitted_until_it_is_drawn(hiding, cohort, readers) -> None:
    row = case(hiding, HiddenCase.WITHHELD)
    read(row, readers[0], *[NOT for _ in kinds(row)])
    found = automation_bias(cohort).everybody.omission.led
    assert (found.hits, found.cases) == (1, 1)
    draw(row, readers[0], LESION[0], (*LESION[1][:2], -60))
    complete_study(round_study_id=row.pk, reader=readers[0])
    found = automation_bias(cohort).everybody.omission.led
    assert (found.hits, found.cases) == (0, 1)


def test_to_say_that_a_lesion_was_missed_is_to_have_found_it(hiding, cohort, readers) -> None:
    row = case(hiding, HiddenCase.WITHHELD)
    read(row, readers[0], Verdict.MISSED)
    found = automation_bias(cohort).everybody.omission.led
    assert (found.hits, found.cases) == (0, 1)


def test_accuracy_is_of_plain_cases(hiding, cohort, readers) -> None:
    read(case(hiding, HiddenCase.PLAIN), readers[0], PRIMARY, PRIMARY)
    bias = automation_bias(cohort).everybody
    assert (bias.studies, bias.unaltered) == (1, 1)
    assert bias.sensitivity.estimate["value"] == 1
    assert bias.on_nothing["value"] == 1  # the second candidate is on no lesion


def test_a_case_from_scratch_is_what_omission_is_held_against(cohort, detector, work, readers) -> None:
    for _ in range(4):
        make_study(cohort)
    make_gold(cohort)
    with work():
        made = create_round(cohort=cohort, scratch_share=0.5, hidden_share=0.25)
    row = made.studies.exclude(hidden="").get()
    RoundStudy.objects.filter(pk=row.pk).update(from_scratch=True, hidden=HiddenCase.PLAIN)
    row.refresh_from_db()
    read(row, readers[0], Verdict.NO_LESION)
    omission = automation_bias(cohort).everybody.omission
    assert (omission.unled.hits, omission.unled.cases, omission.led.cases) == (1, 1, 0)


def test_readers_are_told_apart_and_what_is_not_hidden_counts_for_nothing(hiding, cohort, readers) -> None:
    read(case(hiding, HiddenCase.PLAIN), readers[0], PRIMARY, NOT)
    read(case(hiding, HiddenCase.INVENTED), readers[1], Verdict.NO_LESION)
    read(hiding.studies.filter(hidden="").first(), readers[2], PRIMARY, NOT)
    found = automation_bias(cohort)
    assert [r.reader for r in found.readers] == ["ann", "bea"]
    assert found.cases == {"plain": 1, "withheld": 1, "invented": 1}


def test_a_reader_is_told_nothing_while_the_round_is_read(hiding, cohort, readers) -> None:
    ann, bea, _ = readers
    read(case(hiding, HiddenCase.PLAIN), bea, PRIMARY, NOT)
    for row in hiding.studies.exclude(hidden=HiddenCase.PLAIN):
        assert automation_bias(cohort, own=ann).everybody.studies == 0
        read(row, ann, Verdict.NO_LESION)
    found = automation_bias(cohort, own=ann)
    assert [r.reader for r in found.readers] == ["ann"]
    assert found.everybody.studies == 2
    assert set(found.cases.values()) == {0}


def test_the_number_of_queries_does_not_grow(hiding, cohort, readers) -> None:
    counts = []
    for kind in (HiddenCase.PLAIN, HiddenCase.INVENTED):
        read(case(hiding, kind), readers[0], Verdict.NO_LESION)
        with CaptureQueriesContext(connection) as queries:
            automation_bias(cohort)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6
