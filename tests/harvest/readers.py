"""Readers at work, for tests of figures about them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest
from django.contrib.auth.models import User

from harvest.domain import CandidateKind, LesionSource, Role, Split, Verdict
from harvest.models import Cohort, Lesion, RoundStudy, Study
from harvest.services.lesions import draw_lesion
from harvest.services.people import create_login
from harvest.services.reviews import complete_study, record_review
from tests.harvest.fixtures import BOXES, make_study


@pytest.fixture
def readers(db: None) -> list[User]:
    return [
        create_login(username=name, password="x" * 12, role=Role.CLINICIAN) for name in ("ann", "bea", "cid")
    ]


def say(row: RoundStudy, reader: User, verdict: Verdict, candidate: uuid.UUID | None = None) -> None:
    record_review(
        id=uuid.uuid4(), round_study_id=row.pk, reader=reader, verdict=verdict, candidate_id=candidate
    )


def draw(row: RoundStudy, reader: User, lo: Sequence[float], hi: Sequence[float]) -> Lesion:
    return draw_lesion(
        id=uuid.uuid4(),
        study_id=row.study_id,
        reader=reader,
        lo=lo,
        hi=hi,
        primary=False,
        lesion_class=None,
        absent_phases=[],
        round_study_id=row.pk,
        replaces_id=None,
    )[0]


def read(
    row: RoundStudy, reader: User, *said: Verdict, boxes: Sequence[tuple[Sequence[float], ...]] = ()
) -> None:
    """One verdict a candidate that is shown, the best first, or one on the whole study; boxes (lo, hi) drawn;
    and the study is done."""
    shown = [] if row.from_scratch else row.candidates.exclude(kind=CandidateKind.WITHHELD).order_by("rank")
    if len(said) == 1 and said[0] in (Verdict.NO_LESION, Verdict.MISSED):
        say(row, reader, said[0])
    else:
        for candidate, verdict in zip(shown, said, strict=True):
            say(row, reader, verdict, candidate.pk)
    for lo, hi in boxes:
        draw(row, reader, lo, hi)
    complete_study(round_study_id=row.pk, reader=reader)


def make_gold(cohort: Cohort) -> Study:
    """A gold study whose one lesion is where the fake detector's best candidate is."""
    study = make_study(cohort, split=Split.GOLD)
    study.complete = True
    study.save()
    Lesion.objects.create(
        study=study,
        source=LesionSource.IMPORTED,
        lo=BOXES[0]["lo"],
        hi=BOXES[0]["hi"],
        reference_phase="portal_venous",
        primary=True,
    )
    return study
