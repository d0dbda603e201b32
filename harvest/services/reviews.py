"""Verdicts: append-only events, stored exactly once, and the lesions that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from harvest.domain import (
    ADJUDICATION,
    CANDIDATE_VERDICTS,
    STUDY_VERDICTS,
    QueueState,
    ReadingMode,
    Verdict,
)
from harvest.errors import Conflict, HarvestError, NotFound
from harvest.models import Reading, Review, RoundStudy
from harvest.selectors.adjudication import to_decide
from harvest.selectors.decisions import shown_candidates
from harvest.selectors.verdicts import standing
from harvest.services import round_counts
from harvest.services.absence import check_absent_phases
from harvest.services.curation import check_no_contradiction, events_of, sync_lesions
from harvest.services.labour import record_activity
from harvest.services.readings import reading_to_write, renew
from harvest.services.settling import settle_if_read


@dataclass(frozen=True, slots=True)
class Seen:
    """The own verdict that stood on the reader's screen; None where none did."""

    review_id: UUID | None


def record_review(
    *,
    id: UUID,
    round_study_id: UUID,
    reader: User,
    verdict: Verdict,
    candidate_id: UUID | None,
    absent_phases: Sequence[str] = (),
    seen: Seen | None = None,
    waited_s: float = 0,
) -> tuple[Review, bool]:
    """Stores a verdict under the id that the reader's browser made; returns it and whether it is new.

    An accepting verdict makes a lesion with exactly the candidate's box in the same transaction; a new
    verdict on the same candidate retires the former one's lesion. `absent_phases` are those in which the
    candidate is not to be seen. `seen` is the revision that the reader
    saw, the own verdict on the same thing that stood on the screen; None overwrites whatever stands.
    `waited_s`: how long ago it was given.

    Raises:
        NotFound: no such study of a round, or the candidate is not one of it.
        Conflict: code id_reused for another content under the same id; stale where another own verdict
            stands than the one that was seen, with that in its details; leased or read where the study is
            not this reader's; contradiction where NO_LESION and a lesion would stand side by side.
        HarvestError: code wrong_verdict for a study's verdict on a candidate or the other way round;
            unknown_phase or nowhere for absent phases that cannot be.
    """
    wanted: dict[str, Any] = {
        "candidate_id": candidate_id,
        "verdict": verdict.value,
        "undoes_id": None,
        "absent_phases": sorted(set(absent_phases)),
    }

    def check(row: RoundStudy, own: list[Review]) -> None:
        if verdict not in (CANDIDATE_VERDICTS if candidate_id else STUDY_VERDICTS):
            raise HarvestError(
                f"{verdict.value} is no verdict on a {'candidate' if candidate_id else 'study'}.",
                code="wrong_verdict",
            )
        if candidate_id and candidate_id not in shown_candidates(row):
            raise NotFound("The study has no such candidate in this round.")
        check_absent_phases(row.study, absent_phases)
        if seen:
            _check_seen(own, candidate_id, seen)

    return _store(id, round_study_id, reader, wanted, check, waited_s)


def undo_review(
    *, id: UUID, round_study_id: UUID, reader: User, undoes_id: UUID, waited_s: float = 0
) -> tuple[Review, bool]:
    """Takes back an own verdict by a new event; the verdict before it stands again, with its lesion. A study
    that was done is open again.

    Raises:
        NotFound: no such study of a round, or no such review of this reader in it.
        Conflict: code id_reused, leased, read or contradiction as in record_review; already_undone.
    """
    wanted: dict[str, Any] = {"verdict": "", "undoes_id": undoes_id}

    def check(row: RoundStudy, own: list[Review]) -> None:
        former = next((r for r in own if r.pk == undoes_id and r.verdict), None)
        if former is None:
            raise NotFound("There is no such verdict of yours to take back.")
        if any(r.undoes_id == undoes_id for r in own):
            raise Conflict("This verdict was taken back already.", code="already_undone")
        wanted["candidate_id"] = former.candidate_id

    return _store(id, round_study_id, reader, wanted, check, waited_s)


@transaction.atomic
def complete_study(*, round_study_id: UUID, reader: User, waited_s: float = 0) -> None:
    """Marks the reader's reading as done; doing it again changes nothing. The last one settles the study, or
    calls for an adjudicator.

    Raises:
        NotFound: no such study of a round.
        Conflict: code unjudged where a candidate (or what two readers differ in) lacks the reader's verdict
            and none on the whole study stands; leased or read where the study is not this reader's.
    """
    reading = reading_to_write(round_study_id, reader)
    if reading.state == QueueState.DONE:
        return
    row = RoundStudy.objects.select_for_update(of=("self",)).select_related("round").get(pk=round_study_id)
    _check_judged(row, reading, reader)
    reading.state, reading.done_at, reading.leased_until = QueueState.DONE, timezone.now(), None
    reading.save(update_fields=["state", "done_at", "leased_until"])
    if reading.number != ADJUDICATION:
        round_counts.count(row.round_id, readings_done=1)
    record_activity(reading=reading, reader=reader, mode=ReadingMode.CLICK, waited_s=waited_s)
    settle_if_read(row)


@transaction.atomic
def beat(*, round_study_id: UUID, reader: User, mode: ReadingMode, waited_s: float = 0) -> None:
    """The reader is at the study: counts the time and keeps the lease. A study that is not the reader's
    (any more) is left alone."""
    reading = Reading.objects.filter(round_study_id=round_study_id, reader=reader).first()
    if reading is None:
        return
    if reading.state == QueueState.LEASED:
        renew(reading)
    record_activity(reading=reading, reader=reader, mode=mode, waited_s=waited_s)


def _check_judged(row: RoundStudy, reading: Reading, reader: User) -> None:
    verdicts = standing(row.reviews.filter(reader=reader))
    adjudicates = reading.number == ADJUDICATION
    candidates = to_decide(row).candidates if adjudicates else shown_candidates(row)
    left = [c for c in candidates if c not in verdicts.of_candidate]
    said = verdicts.of_study is not None or row.lesions.filter(reader=reader, retired_at=None).exists()
    if left and (adjudicates or verdicts.of_study is None):
        raise Conflict(
            f"{len(left)} candidates are not judged yet. Judge them, or say of the whole study that it "
            "has no lesion or that one was missed.",
            code="unjudged",
            details={"open": len(left)},
        )
    if not (candidates or adjudicates or said):
        raise Conflict(
            "Nothing is said of this study yet. Draw its lesions, or say that it has none.", code="unjudged"
        )


def _check_seen(own: list[Review], candidate_id: UUID | None, seen: Seen) -> None:
    """Raises Conflict, code stale, where the reader decided otherwise meanwhile, in another tab say."""
    verdicts = standing(own)
    stored = verdicts.of_candidate.get(candidate_id) if candidate_id else verdicts.of_study
    if stored is not None and stored.pk != seen.review_id:
        raise Conflict(
            "You have judged this in another window. Both versions are kept; say which is right.",
            code="stale",
            details={
                "stored": {
                    "id": str(stored.pk),
                    "verdict": stored.verdict,
                    "created_at": stored.created_at.isoformat(),
                }
            },
        )


def _store(
    id: UUID, round_study_id: UUID, reader: User, wanted: dict[str, Any], check: Any, waited_s: float
) -> tuple[Review, bool]:
    try:
        with transaction.atomic():
            reading = reading_to_write(round_study_id, reader)
            row = reading.round_study
            events = events_of(row, reader)
            own = [event for event in events if event.reader_id == reader.pk]
            there = next((r for r in own if r.pk == id), None)
            if there is None:
                check(row, own)
                review = Review.objects.create(id=id, round_study=row, reader=reader, **wanted)
                check_no_contradiction(row, reader, sync_lesions(row, reader, [*events, review]))
                renew(reading)
                record_activity(reading=reading, reader=reader, mode=ReadingMode.CLICK, waited_s=waited_s)
                return review, True
    except IntegrityError as error:
        # The same id for another study, or at the same moment.
        raise Conflict("Another verdict is stored under this id.", code="id_reused") from error
    if any(getattr(there, name) != value for name, value in wanted.items() if name != "candidate_id"):
        raise Conflict("Another verdict is stored under this id.", code="id_reused")
    if wanted["verdict"] and there.candidate_id != wanted["candidate_id"]:
        raise Conflict("Another verdict is stored under this id.", code="id_reused")
    return there, False
