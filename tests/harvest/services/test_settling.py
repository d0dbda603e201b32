"""Two readers and an adjudicator: what each sees, what differs, and which lesions are truth in the end."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from harvest.domain import QueueState, ReadingPolicy, Role, Verdict
from harvest.errors import Conflict, NotFound
from harvest.models import Cohort, HarvestRound, Lesion, ModelVersion, Reading, RoundStudy
from harvest.selectors.adjudication import case_of
from harvest.selectors.manifest import judgements, manifest_of
from harvest.selectors.reviews import review_studies
from harvest.services.leases import hand_out
from harvest.services.people import create_login
from harvest.services.reviews import complete_study, record_review, undo_review
from harvest.services.rounds import create_round
from tests.harvest.fixtures import BOXES, Work, make_study
from tests.harvest.readers import draw as draw_box
from tests.harvest.readers import read

PRIMARY, OTHER, NOT = Verdict.PRIMARY_LESION, Verdict.OTHER_LESION, Verdict.NOT_A_LESION


@pytest.fixture
def readers(db: None) -> list[User]:
    return [create_login(username=name, password="x" * 12, role=Role.CLINICIAN) for name in ("a", "b", "c")]


@pytest.fixture
def blind_round(cohort: Cohort, detector: ModelVersion, work: Work) -> Callable[[ReadingPolicy], RoundStudy]:
    """One study of a round with a policy, two candidates."""

    def make(policy: ReadingPolicy) -> RoundStudy:
        cohort.reading_policy = policy
        cohort.save()
        make_study(cohort)
        with work():
            made = create_round(cohort=cohort)
        return made.studies.get()

    return make


def draw(row: RoundStudy, reader: User, x: float = -10.0) -> Lesion:
    return draw_box(row, reader, (x, 30, -90), (x + 15, 50, -80))


def truth() -> list[tuple[list[float], bool]]:
    rows = Lesion.objects.filter(settled=True, retired_at=None).order_by("-primary", "created_at")
    return [(m.lo, m.primary) for m in rows]


def test_one_reader_settles_a_study_alone(blind_round, readers) -> None:
    row = blind_round(ReadingPolicy.ONE)
    assert row.readings.count() == 1
    read(row, readers[0], PRIMARY, NOT)
    row.refresh_from_db()
    assert row.settled_at is not None
    assert truth() == [(BOXES[0]["lo"], True)]


def test_a_second_reader_sees_nothing_of_the_first(blind_round, readers) -> None:
    row = blind_round(ReadingPolicy.TWO)
    read(row, readers[0], PRIMARY, NOT)
    draw(row, readers[0])
    seen = review_studies([row.pk], readers[1])[0]
    assert [c.review for c in seen.candidates] == [None, None]
    assert (seen.lesions, seen.verdicts.of_study) == ([], None)
    # Nor by what is refused: that there is no lesion contradicts nothing that this reader knows of.
    record_review(
        id=uuid.uuid4(),
        round_study_id=row.pk,
        reader=readers[1],
        verdict=Verdict.NO_LESION,
        candidate_id=None,
    )


def test_a_blind_readers_lesions_are_no_truth_before_the_study_is_settled(
    blind_round, readers, cohort
) -> None:
    row = blind_round(ReadingPolicy.TWO)
    read(row, readers[0], PRIMARY, NOT)
    assert truth() == []
    assert list(manifest_of(cohort).studies) == []
    read(row, readers[1], OTHER, NOT)
    # Both see a lesion; that it is the primary one, only one of them says.
    assert truth() == [(BOXES[0]["lo"], False)]
    assert sorted(judgements(cohort).candidates.values()) == [NOT, OTHER]


def test_two_readers_who_differ_teach_nothing(blind_round, readers, cohort) -> None:
    row = blind_round(ReadingPolicy.TWO)
    read(row, readers[0], PRIMARY, NOT)
    read(row, readers[1], NOT, NOT)
    row.refresh_from_db()
    assert (truth(), row.settled_at is not None) == ([], True)
    assert sorted(judgements(cohort).candidates.values()) == [NOT, Verdict.UNSURE]


def test_the_same_study_is_never_handed_to_one_reader_twice(blind_round, readers) -> None:
    row = blind_round(ReadingPolicy.TWO)
    assert hand_out(parent=row.round, reader=readers[0]).now == row.pk
    read(row, readers[0], PRIMARY, NOT)
    assert hand_out(parent=row.round, reader=readers[0]).now is None
    assert hand_out(parent=row.round, reader=readers[1]).now == row.pk
    assert hand_out(parent=row.round, reader=readers[2]).now is None


def test_readers_who_agree_need_no_adjudicator(blind_round, readers) -> None:
    row = blind_round(ReadingPolicy.TWO_ADJUDICATED)
    read(row, readers[0], PRIMARY, NOT)
    read(row, readers[1], PRIMARY, NOT)
    assert truth() == [(BOXES[0]["lo"], True)]
    assert row.readings.count() == 2


def test_an_adjudicator_decides_what_differs_and_sees_only_that(blind_round, readers, cohort) -> None:
    row = blind_round(ReadingPolicy.TWO_ADJUDICATED)
    first, second = row.candidates.order_by("rank")
    read(row, readers[0], PRIMARY, OTHER)
    draw(row, readers[1])
    read(row, readers[1], PRIMARY, NOT)
    row.refresh_from_db()
    assert (row.settled_at, truth()) == (None, [])
    for reader in readers[:2]:  # nobody decides on an own reading
        assert hand_out(parent=row.round, reader=reader, adjudicate=True).now is None
    with pytest.raises(NotFound):
        case_of(row.pk, readers[2])
    judge = readers[2]
    assert hand_out(parent=row.round, reader=judge, adjudicate=True).now == row.pk
    case = case_of(row.pk, judge)
    assert [c.candidate.pk for c in case.seen.candidates] == [second.pk]
    assert sorted(case.said[second.pk].values()) == [NOT, OTHER]
    assert (len(case.boxes), case.agreed) == (1, 1)
    with pytest.raises(Conflict) as unjudged:
        complete_study(round_study_id=row.pk, reader=judge)
    assert unjudged.value.code == "unjudged"
    record_review(id=uuid.uuid4(), round_study_id=row.pk, reader=judge, verdict=OTHER, candidate_id=second.pk)
    kept = draw(row, judge)
    complete_study(round_study_id=row.pk, reader=judge)
    assert truth() == [(BOXES[0]["lo"], True), (BOXES[1]["lo"], False), (kept.lo, False)]
    assert judgements(cohort).candidates == {first.pk: PRIMARY, second.pk: OTHER}


def test_a_box_that_both_drew_stands_as_the_first_drew_it(blind_round, readers) -> None:
    row = blind_round(ReadingPolicy.TWO_ADJUDICATED)
    first = draw(row, readers[0])
    read(row, readers[0], NOT, NOT)
    draw(row, readers[1], x=-11.0)
    read(row, readers[1], NOT, NOT)
    assert truth() == [(first.lo, False)]


def test_a_reader_may_open_a_study_again_until_an_adjudicator_has_it(blind_round, readers) -> None:
    row = blind_round(ReadingPolicy.TWO_ADJUDICATED)
    read(row, readers[0], PRIMARY, NOT)
    read(row, readers[1], NOT, NOT)
    slip = row.reviews.get(reader=readers[1], candidate__rank=1)
    undo_review(id=uuid.uuid4(), round_study_id=row.pk, reader=readers[1], undoes_id=slip.pk)
    assert not row.readings.filter(number=0).exists()
    read(row, readers[1], OTHER, NOT)
    hand_out(parent=row.round, reader=readers[2], adjudicate=True)
    slip = row.reviews.filter(reader=readers[1], candidate__rank=1).last()
    with pytest.raises(Conflict) as refused:
        undo_review(id=uuid.uuid4(), round_study_id=row.pk, reader=readers[1], undoes_id=slip.pk)
    assert refused.value.code == "adjudicated"


def test_a_settled_study_that_is_opened_again_takes_its_truth_back(blind_round, readers) -> None:
    row = blind_round(ReadingPolicy.TWO)
    for reader in readers[:2]:
        read(row, reader, PRIMARY, NOT)
    assert len(truth()) == 1
    slip = row.reviews.get(reader=readers[0], candidate__rank=1)
    undo_review(id=uuid.uuid4(), round_study_id=row.pk, reader=readers[0], undoes_id=slip.pk)
    row.refresh_from_db()
    assert (row.settled_at, truth()) == (None, [])
    assert row.readings.get(reader=readers[0]).state == QueueState.LEASED
    assert (
        HarvestRound.objects.get().readings_done == Reading.objects.filter(state=QueueState.DONE).count() == 1
    )
