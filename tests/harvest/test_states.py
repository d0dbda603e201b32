"""Every transition of every state, asked of the database itself; and the drawings of them."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from harvest import transitions
from harvest.domain import ImportSource, ModelKind
from harvest.models import (
    DatasetRelease,
    GoldAnswer,
    HarvestRound,
    ImportJob,
    Judgement,
    ReleaseExport,
    RoundReport,
    RoundStudy,
    TrainingChain,
    TrainingRun,
)
from tests.harvest.curated import make_study, make_version

DRAWINGS = Path(__file__).resolve().parents[2] / "docs" / "reference" / "states.md"


def make_release(cohort):
    return DatasetRelease.objects.create(cohort=cohort, number=1, manifest_sha256="0" * 64)


# drawn as -> (how a row of it is made, its column, what may follow what)
GUARDED = {
    "Training": (
        lambda cohort: TrainingRun.objects.create(cohort=cohort, kind=ModelKind.DETECTOR),
        "state",
        transitions.TRAINING_TRANSITIONS,
    ),
    "Round": (
        lambda cohort: HarvestRound.objects.create(cohort=cohort, number=1, model_version=make_version()),
        "state",
        transitions.ROUND_TRANSITIONS,
    ),
    "Study of a round": (
        lambda cohort: RoundStudy.objects.create(
            round=HarvestRound.objects.create(cohort=cohort, number=1, model_version=make_version()),
            study=make_study(cohort),
        ),
        "state",
        transitions.ROUND_STUDY_TRANSITIONS,
    ),
    "Import": (
        lambda cohort: ImportJob.objects.create(cohort=cohort, source=ImportSource.UPLOAD),
        "state",
        transitions.IMPORT_TRANSITIONS,
    ),
    "Chain of trainings": (
        lambda cohort: TrainingChain.objects.create(
            cohort=cohort, release=make_release(cohort), kinds=["detector"], size="tiny"
        ),
        "state",
        transitions.CHAIN_TRANSITIONS,
    ),
    "Judgement": (
        lambda cohort: Judgement.objects.create(
            version=make_version(),
            against=make_version(promoted=False),
            release=make_release(cohort),
            margin=-0.05,
        ),
        "state",
        transitions.JUDGEMENT_TRANSITIONS,
    ),
    "Answer to a gold case": (
        lambda cohort: GoldAnswer.objects.create(version=make_version(), case_sha256="0", case={}),
        "state",
        transitions.ANSWER_TRANSITIONS,
    ),
    "Report of a round": (
        lambda cohort: RoundReport.objects.create(
            round=HarvestRound.objects.create(cohort=cohort, number=1, model_version=make_version()),
            size="tiny",
        ),
        "state",
        transitions.REPORT_TRANSITIONS,
    ),
    "Export of a release": (
        lambda cohort: ReleaseExport.objects.create(release=make_release(cohort), format="csv"),
        "state",
        transitions.EXPORT_TRANSITIONS,
    ),
    "Preparation of a study": (make_study, "preparation", transitions.PREPARATION_TRANSITIONS),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", GUARDED)
def test_the_database_refuses_every_transition_that_is_not_allowed(cohort, name):
    make, column, allowed = GUARDED[name]
    row = make(cohort)
    rows = type(row).objects.filter(pk=row.pk)
    for before, after in product(allowed, allowed):
        rows.delete()
        setattr(row, column, before)
        row.save(force_insert=True)
        try:
            with transaction.atomic():
                rows.update(**{column: after})
            passed = True
        except IntegrityError:
            passed = False
        assert passed == (after == before or after in allowed[before]), (before, after)


@pytest.mark.parametrize("name", GUARDED)
def test_the_drawing_shows_what_is_allowed_and_nothing_else(name):
    section = DRAWINGS.read_text().split(f"\n## {name}\n")[1].split("\n## ")[0]
    drawn = set(re.findall(r"^    (\w+) --> (\w+)", section, re.MULTILINE))
    *_, allowed = GUARDED[name]
    assert drawn == {(str(a), str(b)) for a, following in allowed.items() for b in following}
