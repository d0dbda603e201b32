"""Verdicts: append-only events, stored exactly once, and the lesions that follow from them.

Every write locks the study of the round first, so that two clicks are put one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from harvest.domain import CANDIDATE_VERDICTS, STUDY_VERDICTS, JobState, QueueState, Verdict
from harvest.errors import Conflict, HarvestError, InvalidTransition, NotFound
from harvest.models import Review, RoundStudy
from harvest.selectors.verdicts import standing
from harvest.services import round_counts
from harvest.services.absence import check_absent_phases
from harvest.services.curation import check_no_contradiction, sync_lesions

LEASE = timedelta(minutes=10)


@transaction.atomic
def record_review(
    *,
    id: UUID,
    round_study_id: UUID,
    reader: User,
    verdict: Verdict,
    candidate_id: UUID | None,
    active_seconds: float,
    absent_phases: Sequence[str] = (),
) -> tuple[Review, bool]:
    """Stores a verdict under the id that the reader's browser made; returns it and whether it is new.

    An accepting verdict makes a lesion with exactly the candidate's box in the same transaction; a new
    verdict on the same candidate retires the former one's lesion. `absent_phases` are those in which the
    candidate is not to be seen.

    Raises:
        NotFound: no such study of a round, or the candidate is not one of it.
        Conflict: code id_reused for another content under the same id; leased where another reader has
            the study; contradiction where NO_LESION and a lesion would stand side by side.
        HarvestError: code wrong_verdict for a study's verdict on a candidate or the other way round;
            unknown_phase or nowhere for absent phases that cannot be.
    """
    row = locked_round_study(round_study_id)
    wanted: dict[str, Any] = {
        "round_study_id": row.pk,
        "candidate_id": candidate_id,
        "reader_id": reader.pk,
        "verdict": verdict.value,
        "undoes_id": None,
        "absent_phases": sorted(set(absent_phases)),
    }
    if there := _stored(id, wanted):
        return there, False
    if verdict not in (CANDIDATE_VERDICTS if candidate_id else STUDY_VERDICTS):
        raise HarvestError(
            f"{verdict.value} is no verdict on a {'candidate' if candidate_id else 'study'}.",
            code="wrong_verdict",
        )
    if candidate_id and not row.candidates.filter(pk=candidate_id).exists():
        raise NotFound("The study has no such candidate in this round.")
    check_absent_phases(row.study, absent_phases)
    return _append(row, reader, id=id, active_seconds=active_seconds, **wanted), True


@transaction.atomic
def undo_review(
    *, id: UUID, round_study_id: UUID, reader: User, undoes_id: UUID, active_seconds: float
) -> tuple[Review, bool]:
    """Takes back an own verdict by a new event; the verdict before it stands again, with its lesion.

    Raises:
        NotFound: no such study of a round, or no such review of this reader in it.
        Conflict: code id_reused, leased or contradiction as in record_review; already_undone.
    """
    row = locked_round_study(round_study_id)
    wanted: dict[str, Any] = {
        "round_study_id": row.pk,
        "reader_id": reader.pk,
        "verdict": "",
        "undoes_id": undoes_id,
    }
    if there := _stored(id, wanted):
        return there, False
    former = row.reviews.filter(pk=undoes_id, reader=reader).exclude(verdict="").first()
    if former is None:
        raise NotFound("There is no such verdict of yours to take back.")
    if Review.objects.filter(undoes=former).exists():
        raise Conflict("This verdict was taken back already.", code="already_undone")
    wanted["candidate_id"] = former.candidate_id
    return _append(row, reader, id=id, active_seconds=active_seconds, **wanted), True


@transaction.atomic
def complete_study(*, round_study_id: UUID, reader: User, active_seconds: float = 0) -> None:
    """Marks a study as reviewed; doing it again changes nothing. `active_seconds` since the last verdict.

    Raises:
        NotFound: no such study of a round.
        Conflict: code unjudged where a candidate lacks the reader's verdict and no verdict on the whole
            study stands; leased where another reader has it.
    """
    row = locked_round_study(round_study_id)
    if row.queue_state == QueueState.DONE:
        return
    check_lease(row, reader)
    verdicts = standing(row.reviews.filter(reader=reader))
    open_candidates = row.candidates.exclude(pk__in=verdicts.of_candidate).count()
    judged = row.candidates.exists() and not open_candidates
    if not judged and verdicts.of_study is None:
        raise Conflict(
            f"{open_candidates} candidates are not judged yet. Judge them, or say of the whole study that it "
            "has no lesion or that one was missed.",
            code="unjudged",
            details={"open": open_candidates},
        )
    row.queue_state = QueueState.DONE
    row.reviewed_at = timezone.now()
    row.leased_by = reader
    row.leased_until = None
    row.active_seconds = active_seconds
    row.save(update_fields=["queue_state", "reviewed_at", "leased_by", "leased_until", "active_seconds"])
    round_counts.count(row.round_id, reviewed=1)


def locked_round_study(id: UUID) -> RoundStudy:
    """The row, locked; raises NotFound, and InvalidTransition where the round has not run on it (yet)."""
    row = (
        RoundStudy.objects.select_for_update(of=("self",)).select_related("study", "round").filter(pk=id)
    ).first()
    if row is None:
        raise NotFound("There is no such study in a round.")
    if row.state != JobState.SUCCEEDED:
        raise InvalidTransition("The round has not run on this study (yet).", code="not_reviewable")
    return row


def check_lease(row: RoundStudy, reader: User) -> None:
    """Raises Conflict, code leased, where another reader holds the study at this moment."""
    now = timezone.now()
    held = row.queue_state == QueueState.LEASED and row.leased_until and row.leased_until > now
    if held and row.leased_by_id != reader.pk:
        raise Conflict("Another reader has this study open. Go on to the next one.", code="leased")


def renew_lease(row: RoundStudy, reader: User) -> None:
    """Any activity keeps an open study with its reader for ten minutes more."""
    if row.queue_state == QueueState.DONE:
        return
    now = timezone.now()
    if row.leased_by_id != reader.pk:
        row.leased_at = now
    row.queue_state = QueueState.LEASED
    row.leased_by = reader
    row.leased_until = now + LEASE
    row.save(update_fields=["queue_state", "leased_by", "leased_at", "leased_until"])


def _stored(id: UUID, wanted: dict[str, Any]) -> Review | None:
    """The review under this id where it says the same; raises Conflict where it says something else."""
    there = Review.objects.filter(pk=id).first()
    if there and any(getattr(there, name) != value for name, value in wanted.items()):
        raise Conflict("Another verdict is stored under this id.", code="id_reused")
    return there


def _append(row: RoundStudy, reader: User, **fields: object) -> Review:
    check_lease(row, reader)
    try:
        with transaction.atomic():
            review = Review.objects.create(**fields)
    except IntegrityError as error:
        # The same id at the same moment for another study, or a second undo of one review.
        raise Conflict("Another verdict is stored under this id.", code="id_reused") from error
    sync_lesions(row)
    check_no_contradiction(row)
    renew_lease(row, reader)
    return review
