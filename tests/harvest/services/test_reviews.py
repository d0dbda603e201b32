"""Reviews: append-only, exactly once, and the lesions that follow from them."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from harvest.domain import QueueState, Role, Verdict
from harvest.errors import Conflict, HarvestError, NotFound
from harvest.models import Candidate, HarvestRound, Lesion, Review, RoundStudy
from harvest.services.curation import sync_lesions
from harvest.services.lesions import draw_lesion, retire_lesion
from harvest.services.people import create_login
from harvest.services.reviews import Seen, complete_study, record_review, undo_review
from tests.harvest.fixtures import BOXES

Says = Callable[..., Review]


@pytest.fixture
def reader(user_of: Callable[[Role], User]) -> User:
    return user_of(Role.CLINICIAN)


@pytest.fixture
def row(ready_round: HarvestRound) -> RoundStudy:
    found = ready_round.studies.order_by("study__ordinal").first()
    assert found is not None
    return found


@pytest.fixture
def says(row: RoundStudy, reader: User) -> Says:
    """Records a verdict on the candidate of a rank, or (rank 0) on the study."""

    def say(
        rank: int,
        verdict: Verdict,
        *,
        id: uuid.UUID | None = None,
        by: User | None = None,
        seen: Seen | None = None,
    ) -> Review:
        candidate = row.candidates.filter(rank=rank).first()
        return record_review(
            id=id or uuid.uuid4(),
            round_study_id=row.pk,
            reader=by or reader,
            verdict=verdict,
            candidate_id=candidate.pk if candidate else None,
            seen=seen,
        )[0]

    return say


def undo(row: RoundStudy, reader: User, review: Review, id: uuid.UUID | None = None) -> Review:
    return undo_review(id=id or uuid.uuid4(), round_study_id=row.pk, reader=reader, undoes_id=review.pk)[0]


def current() -> list[tuple[list[float], bool]]:
    return [(m.lo, m.primary) for m in Lesion.objects.filter(retired_at=None).order_by("-primary")]


def test_accepting_makes_a_lesion_with_the_candidates_very_numbers(row: RoundStudy, says: Says) -> None:
    review = says(1, Verdict.PRIMARY_LESION)
    lesion = review.lesion
    assert (lesion.lo, lesion.hi) == (BOXES[0]["lo"], BOXES[0]["hi"])
    assert (lesion.primary, lesion.source, lesion.reference_phase) == (True, "review", "portal_venous")
    assert lesion.frame_of_reference_uid == "2.25.1"


def test_the_same_id_again_stores_nothing(row: RoundStudy, says: Says) -> None:
    id = uuid.uuid4()
    assert says(1, Verdict.OTHER_LESION, id=id) == says(1, Verdict.OTHER_LESION, id=id)
    assert (Review.objects.count(), Lesion.objects.count()) == (1, 1)


def test_another_content_under_the_same_id_is_refused(row: RoundStudy, says: Says) -> None:
    id = uuid.uuid4()
    says(1, Verdict.OTHER_LESION, id=id)
    with pytest.raises(Conflict) as refused:
        says(2, Verdict.OTHER_LESION, id=id)
    assert refused.value.code == "id_reused"


def test_a_new_verdict_retires_the_lesion_of_the_former(row: RoundStudy, says: Says) -> None:
    says(1, Verdict.PRIMARY_LESION)
    says(1, Verdict.NOT_A_LESION)
    assert current() == []
    assert Lesion.objects.count() == 1
    says(1, Verdict.OTHER_LESION)
    assert current() == [(BOXES[0]["lo"], False)]


def test_undo_restores_the_verdict_before_and_its_lesion(row: RoundStudy, reader: User, says: Says) -> None:
    says(1, Verdict.PRIMARY_LESION)
    slip = says(1, Verdict.NOT_A_LESION)
    undone = undo(row, reader, slip)
    assert (undone.verdict, undone.undoes_id, undone.candidate_id) == ("", slip.pk, slip.candidate_id)
    assert current() == [(BOXES[0]["lo"], True)]
    assert Review.objects.count() == 3


def test_undo_happens_once_and_only_to_own_verdicts(row: RoundStudy, reader: User, says: Says) -> None:
    review, id = says(1, Verdict.PRIMARY_LESION), uuid.uuid4()
    assert undo(row, reader, review, id) == undo(row, reader, review, id)
    with pytest.raises(Conflict) as twice:
        undo(row, reader, review)
    assert twice.value.code == "already_undone"
    row.readings.update(reader=None, state=QueueState.PENDING)
    with pytest.raises(NotFound):
        undo(row, create_login(username="b", password="x" * 12, role=Role.CLINICIAN), review)


def test_no_lesion_contradicts_an_accepted_candidate_either_way_round(row: RoundStudy, says: Says) -> None:
    accepted = says(1, Verdict.PRIMARY_LESION)
    with pytest.raises(Conflict) as first:
        says(0, Verdict.NO_LESION)
    assert first.value.code == "contradiction"
    undo(row, accepted.reader, accepted)
    says(0, Verdict.NO_LESION)
    with pytest.raises(Conflict) as second:
        says(1, Verdict.PRIMARY_LESION)
    assert second.value.code == "contradiction"
    assert current() == []


def test_a_refused_verdict_leaves_no_event(row: RoundStudy, says: Says) -> None:
    says(1, Verdict.PRIMARY_LESION)
    with pytest.raises(Conflict):
        says(0, Verdict.NO_LESION)
    assert Review.objects.count() == 1


@pytest.mark.parametrize(("rank", "verdict"), [(0, Verdict.PRIMARY_LESION), (1, Verdict.MISSED)])
def test_a_verdict_on_the_wrong_thing_is_refused(says: Says, rank: int, verdict: Verdict) -> None:
    with pytest.raises(HarvestError) as refused:
        says(rank, verdict)
    assert refused.value.code == "wrong_verdict"


def test_a_candidate_of_another_study_is_refused(row: RoundStudy, reader: User) -> None:
    other = Candidate.objects.exclude(round_study=row).first()
    assert other is not None
    with pytest.raises(NotFound):
        record_review(
            id=uuid.uuid4(),
            round_study_id=row.pk,
            reader=reader,
            verdict=Verdict.UNSURE,
            candidate_id=other.pk,
        )


def test_another_readers_open_study_takes_no_verdict(row: RoundStudy, says: Says) -> None:
    says(1, Verdict.UNSURE)
    with pytest.raises(Conflict) as refused:
        says(1, Verdict.UNSURE, by=create_login(username="b", password="x" * 12, role=Role.CLINICIAN))
    assert refused.value.code == "leased"


def test_a_study_is_complete_once_all_is_judged(row: RoundStudy, reader: User, says: Says) -> None:
    says(1, Verdict.PRIMARY_LESION)
    with pytest.raises(Conflict) as unjudged:
        complete_study(round_study_id=row.pk, reader=reader)
    assert (unjudged.value.code, unjudged.value.details) == ("unjudged", {"open": 1})
    says(2, Verdict.NOT_A_LESION)
    for _ in range(2):
        complete_study(round_study_id=row.pk, reader=reader)
    reading = row.readings.get()
    assert (reading.state, reading.reader) == (QueueState.DONE, reader)
    row.refresh_from_db()
    assert reading.done_at is not None
    assert row.settled_at is not None


def test_an_undone_verdict_opens_a_study_that_was_done(row: RoundStudy, reader: User, says: Says) -> None:
    says(1, Verdict.PRIMARY_LESION)
    last = says(2, Verdict.NOT_A_LESION)
    complete_study(round_study_id=row.pk, reader=reader)
    undo(row, reader, last)
    row.refresh_from_db()
    assert (row.readings.get().state, row.settled_at) == (QueueState.LEASED, None)
    row.round.refresh_from_db()
    assert (row.round.readings_done, row.round.reviewed) == (0, 0)
    says(2, Verdict.UNSURE)
    complete_study(round_study_id=row.pk, reader=reader)
    row.round.refresh_from_db()
    assert (row.round.readings_done, row.round.reviewed) == (1, 1)


def test_a_study_that_was_read_takes_no_verdict_of_another(row: RoundStudy, reader: User, says: Says) -> None:
    says(0, Verdict.NO_LESION)
    complete_study(round_study_id=row.pk, reader=reader)
    with pytest.raises(Conflict) as refused:
        says(1, Verdict.UNSURE, by=create_login(username="b", password="x" * 12, role=Role.CLINICIAN))
    assert refused.value.code == "read"


def test_a_verdict_on_what_another_window_has_changed_is_a_question(row: RoundStudy, says: Says) -> None:
    first = says(1, Verdict.PRIMARY_LESION, seen=Seen(None))
    second = says(1, Verdict.UNSURE, seen=Seen(first.pk))
    with pytest.raises(Conflict) as stale:
        says(1, Verdict.NOT_A_LESION, seen=Seen(first.pk))
    assert stale.value.code == "stale"
    assert stale.value.details["stored"]["id"] == str(second.pk)
    assert stale.value.details["stored"]["verdict"] == "unsure"
    assert says(2, Verdict.UNSURE, seen=Seen(None)).verdict == "unsure"


def test_a_verdict_on_the_study_completes_it(row: RoundStudy, reader: User, says: Says) -> None:
    says(0, Verdict.MISSED)
    complete_study(round_study_id=row.pk, reader=reader)
    assert row.readings.get().state == QueueState.DONE


def test_a_study_without_candidates_needs_a_verdict_of_its_own(row: RoundStudy, reader: User) -> None:
    row.candidates.all().delete()
    with pytest.raises(Conflict) as unjudged:
        complete_study(round_study_id=row.pk, reader=reader)
    assert unjudged.value.code == "unjudged"


def test_the_lesions_can_be_rebuilt_from_the_events(row: RoundStudy, reader: User, says: Says) -> None:
    says(1, Verdict.PRIMARY_LESION)
    slip = says(1, Verdict.NOT_A_LESION)
    says(2, Verdict.OTHER_LESION)
    undo(row, reader, slip)
    undo(row, reader, says(2, Verdict.UNSURE))
    stored = current()
    Lesion.objects.all().delete()
    sync_lesions(row, reader)
    assert current() == stored == [(BOXES[0]["lo"], True), (BOXES[1]["lo"], False)]


def test_a_redrawn_lesion_stands_for_the_accepted_one_until_it_is_taken_back(
    row: RoundStudy, reader: User, says: Says
) -> None:
    accepted = says(1, Verdict.PRIMARY_LESION).lesion
    drawn, _ = draw_lesion(
        id=uuid.uuid4(),
        study_id=row.study_id,
        reader=reader,
        lo=(-10, 30, -90),
        hi=(0, 50, -80),
        primary=True,
        lesion_class=None,
        absent_phases=[],
        round_study_id=row.pk,
        replaces_id=accepted.pk,
    )
    says(2, Verdict.NOT_A_LESION)
    assert current() == [([-10.0, 30.0, -90.0], True)]
    retire_lesion(lesion_id=drawn.pk)
    assert current() == [(BOXES[0]["lo"], True)]
