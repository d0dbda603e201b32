"""What a promotion would change, before it does: a round of the new detector over studies that the one in use
has proposed in, whose queue holds only those where a reader would see something else."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from harvest import queue
from harvest.domain import CandidateKind, JobState, ModelKind, Split, Strategy, Verdict
from harvest.errors import Conflict
from harvest.models import Candidate, Cohort, HarvestRound, Lesion, RoundStudy
from harvest.preview import Change, changes
from harvest.selectors.manifest import judgements
from harvest.selectors.versions import promoted, version
from harvest.services.rounds import START

MOST_STUDIES = 200


@transaction.atomic
def create_preview(*, version_id: UUID, cohort: Cohort, owner: User | None = None) -> HarvestRound:
    """Asks for a preview of a detector on the studies of a cohort that the one in use last proposed in.

    Raises:
        NotFound: there is no such version.
        Conflict: it is no detector, is in use itself, or nothing was proposed yet in this cohort.
    """
    row, used = version(version_id), promoted(ModelKind.DETECTOR)
    if row.kind != ModelKind.DETECTOR or used is None or used == row:
        raise Conflict(
            "Only a detector that is not in use can be previewed beside the one that is.", code="no_preview"
        )
    cohort = Cohort.objects.select_for_update(no_key=True).get(pk=cohort.pk)
    latest = _proposed(cohort, used.pk)[:MOST_STUDIES]
    if not latest:
        raise Conflict(
            f"{used.name} has proposed nothing in cohort {cohort.name} yet. Run a round with it first.",
            code="nothing_to_preview",
        )
    made = HarvestRound.objects.create(
        cohort=cohort,
        number=(cohort.rounds.aggregate(last=Max("number"))["last"] or 0) + 1,
        model_version=row,
        against=used,
        key_slice_version=promoted(ModelKind.KEY_SLICE_FILTER),
        owner=owner,
        strategy=Strategy.SCORE,
        random_share=0,
        reading_policy=cohort.reading_policy,
        total=len(latest),
    )
    RoundStudy.objects.bulk_create(
        RoundStudy(round=made, study_id=before.study_id, arm=Strategy.SCORE) for before in latest
    )
    queue.enqueue(START, made.pk, queue=queue.IO)
    return made


def changes_in(row: RoundStudy, candidates: list[Candidate]) -> list[Change]:
    """What the round's detector changes in a study beside the one in use; the candidates are its own."""
    cohort = row.round.cohort
    before = next(iter(_proposed(cohort, row.round.against_id, study=row.study_id)), None)
    old = before.candidates.filter(kind=CandidateKind.MODEL).order_by("rank") if before else []
    judged = judgements(cohort, [row.study_id])
    no_lesion = [id for id, verdict in judged.candidates.items() if verdict == Verdict.NOT_A_LESION]
    lesions = Lesion.objects.filter(study=row.study_id, retired_at=None, settled=True)
    return changes(
        [c.box for c in old],
        [c.box for c in candidates],
        lesions=[lesion.box for lesion in lesions],
        rejected=[c.box for c in Candidate.objects.filter(pk__in=no_lesion)],
    )


def _proposed(cohort: Cohort, version: UUID | None, **only: UUID) -> list[RoundStudy]:
    """The latest study of a round for each study of the pool that a version proposed in, newest first."""
    rows = RoundStudy.objects.filter(
        round__cohort=cohort,
        round__model_version=version,
        state=JobState.SUCCEEDED,
        hidden="",
        study__subject__split=Split.POOL,
        **only,
    )
    latest = rows.order_by("study_id", "-created_at").distinct("study_id")
    return sorted(latest, key=lambda r: (r.created_at, r.pk), reverse=True)
