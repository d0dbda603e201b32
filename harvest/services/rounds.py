"""Harvest rounds: asked for and cancelled. services/round_runs.py does the work."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from harvest import queue
from harvest.domain import ENDED, JobState, ModelKind, Split, Strategy
from harvest.errors import HarvestError, InvalidTransition, NotFound
from harvest.models import Cohort, HarvestRound, ModelVersion, RoundStudy, Study
from harvest.sampling.arms import is_stratified, random_arm
from harvest.services import round_counts

START, RUN = "start_round", "run_round_study"
# Without a random arm nobody can say what a strategy brings, so there always is one.
LEAST_SHARE, RANDOM_SHARE = 0.02, 0.1


@transaction.atomic
def create_round(
    *,
    cohort: Cohort,
    owner: User | None = None,
    model_version: ModelVersion | None = None,
    strategy: Strategy = Strategy.SCORE,
    random_share: float = RANDOM_SHARE,
) -> HarvestRound:
    """Asks for a round of a detector version (the promoted one by default) over the cohort's pool, without
    the studies whose lesions came with them, all of them: there is nothing to harvest.

    `strategy` orders the review; `random_share` in [LEAST_SHARE, 1] of the studies are drawn for the random
    arm beside it.

    Raises:
        HarvestError: code no_model where no detector is promoted, empty_cohort where there is no pool
            study, unknown_model where the version is no detector, random_share where that is out of range.
    """
    if not LEAST_SHARE <= random_share <= 1:
        raise HarvestError(
            f"The random arm's share must lie between {LEAST_SHARE:g} and 1.", code="random_share"
        )
    version = model_version or _promoted(ModelKind.DETECTOR)
    if version is None:
        raise HarvestError(
            "No detector is promoted yet. Train one, or promote a version on the models page.",
            code="no_model",
        )
    if version.kind != ModelKind.DETECTOR:
        raise HarvestError(f"{version.name} is no detector. Choose a detector version.", code="unknown_model")
    Cohort.objects.select_for_update(no_key=True).get(pk=cohort.pk)
    pool = list(
        Study.objects.filter(cohort=cohort, subject__split=Split.POOL, complete=False).order_by("ordinal")
    )
    if not pool:
        raise HarvestError(
            f"Cohort {cohort.name} has no study to harvest. Import some first "
            "(gold studies are only judged on, and complete ones need no harvest).",
            code="empty_cohort",
        )
    made = HarvestRound.objects.create(
        cohort=cohort,
        number=(cohort.rounds.aggregate(last=Max("number"))["last"] or 0) + 1,
        model_version=version,
        key_slice_version=_promoted(ModelKind.KEY_SLICE_FILTER),
        owner=owner,
        strategy=strategy,
        random_share=random_share,
        total=len(pool),
    )
    drawn = random_arm((str(study.pk) for study in pool), share=random_share, seed=str(made.pk))
    RoundStudy.objects.bulk_create(
        (_placed(RoundStudy(round=made, study=study), strategy, str(study.pk) in drawn) for study in pool),
        batch_size=1000,
    )
    queue.enqueue(START, made.pk, queue=queue.IO)
    return made


def _placed(row: RoundStudy, strategy: Strategy, drawn: bool) -> RoundStudy:
    row.arm = Strategy.RANDOM if drawn else strategy
    row.stratum = row.study.lesion_class if is_stratified(row.arm) else ""
    return row


def detector_version(*, id: UUID | None = None, name: str = "") -> ModelVersion:
    """A detector version by id or name; raises NotFound, code unknown_model, naming those there are."""
    detectors = ModelVersion.objects.filter(kind=ModelKind.DETECTOR)
    found = detectors.filter(pk=id).first() if id else detectors.filter(name=name).first()
    if found is None:
        known = ", ".join(detectors.order_by("number").values_list("name", flat=True)) or "none yet"
        raise NotFound(
            f"There is no detector version {id or name}. Choose one of: {known}.", code="unknown_model"
        )
    return found


@transaction.atomic
def cancel_round(*, round_id: UUID) -> HarvestRound:
    """Stops a round: studies that wait are not run; candidates that were found stay reviewable.

    Raises:
        NotFound: there is no such round.
        InvalidTransition: it has ended.
    """
    row = locked_round(round_id)
    if row.state in ENDED:
        raise InvalidTransition("This round has ended already.")
    row.state = JobState.CANCELLED
    row.finished_at = timezone.now()
    row.save(update_fields=["state", "finished_at"])
    cancelled = row.studies.filter(state=JobState.QUEUED).update(state=JobState.CANCELLED)
    round_counts.count(round_id, done=cancelled)
    return row


@transaction.atomic
def send_studies(*, round_id: UUID) -> None:
    """Hands every study that waits to the workers; a study sent twice runs once."""
    row = locked_round(round_id)
    if row.state in ENDED:
        return
    for id in (
        row.studies.filter(state=JobState.QUEUED).order_by("study__ordinal").values_list("pk", flat=True)
    ):
        queue.enqueue(RUN, id, queue=queue.MODELS)


@transaction.atomic
def end_round_if_done(*, round_id: UUID) -> None:
    """Ends a round whose studies have all ended: failed only where every one of them failed."""
    row = locked_round(round_id)
    if row.state in ENDED or row.done < row.total:
        return
    worked = row.reviewable > 0
    row.state = JobState.SUCCEEDED if worked else JobState.FAILED
    if not worked:
        first = row.studies.filter(state=JobState.FAILED).order_by("study__ordinal").first()
        row.error = first.error if first else None
    row.finished_at = timezone.now()
    row.save(update_fields=["state", "error", "finished_at"])


def locked_round(round_id: UUID) -> HarvestRound:
    row = HarvestRound.objects.select_for_update().filter(pk=round_id).first()
    if row is None:
        raise NotFound("There is no such round.")
    return row


def _promoted(kind: ModelKind) -> ModelVersion | None:
    return ModelVersion.objects.filter(kind=kind, promoted=True).first()
