"""Harvest rounds: asked for and cancelled. services/round_runs.py does the work."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from harvest import queue
from harvest.domain import ENDED, JobState, ModelKind, Split, Strategy
from harvest.errors import HarvestError, InvalidTransition, NotFound
from harvest.models import Cohort, HarvestRound, ModelVersion, RoundStudy, Study
from harvest.sampling.arms import chance, drawn, is_stratified, random_arm
from harvest.sampling.hidden import kind_of
from harvest.services import round_counts
from harvest.services.locks import one_at_a_time

START, RUN = "start_round", "run_round_study"
# Without a random arm nobody can say what a strategy brings, so there always is one.
LEAST_SHARE, RANDOM_SHARE = 0.02, 0.1
# Without a control arm nobody can say what candidates save, and without hidden cases how they mislead; more
# than the limit would be a waste of the readers' time.
SCRATCH_SHARE, HIDDEN_SHARE, MOST_SHARE = 0.02, 0.05, 0.5


@transaction.atomic
def create_round(
    *,
    cohort: Cohort,
    owner: User | None = None,
    model_version: ModelVersion | None = None,
    strategy: Strategy = Strategy.SCORE,
    random_share: float = RANDOM_SHARE,
    scratch_share: float = SCRATCH_SHARE,
    hidden_share: float = HIDDEN_SHARE,
) -> HarvestRound:
    """Asks for a round of a detector version (the promoted one by default) over the cohort's pool, without
    the studies whose lesions came with them, all of them: there is nothing to harvest.

    `strategy` orders the review; `random_share` in [LEAST_SHARE, 1] of the studies are drawn for the random
    arm beside it. `scratch_share` of the studies are read without candidates, and as many gold studies as
    are `hidden_share` of them are read among them (sampling/hidden.py), both in [0, MOST_SHARE]. How many
    read each study is the cohort's policy at this moment.

    Raises:
        HarvestError: code no_model where no detector is promoted, empty_cohort where there is no pool
            study, unknown_model where the version is no detector, random_share or share where one is out of
            range.
    """
    if not LEAST_SHARE <= random_share <= 1:
        raise HarvestError(
            f"The random arm's share must lie between {LEAST_SHARE:g} and 1.", code="random_share"
        )
    if not (0 <= scratch_share <= MOST_SHARE and 0 <= hidden_share <= MOST_SHARE):
        raise HarvestError(
            "The shares of studies drawn from scratch and of hidden gold studies must lie between 0 and "
            f"{MOST_SHARE:g}.",
            code="share",
        )
    version = model_version or _promoted(ModelKind.DETECTOR)
    if version is None:
        raise HarvestError(
            "No detector is promoted yet. Train one, or promote a version on the models page.",
            code="no_model",
        )
    if version.kind != ModelKind.DETECTOR:
        raise HarvestError(f"{version.name} is no detector. Choose a detector version.", code="unknown_model")
    cohort = Cohort.objects.select_for_update(no_key=True).get(pk=cohort.pk)
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
        scratch_share=scratch_share,
        hidden_share=hidden_share,
        reading_policy=cohort.reading_policy,
    )
    rows = [RoundStudy(round=made, study=study) for study in pool]
    rows += hidden_cases(made, count=round(hidden_share * len(pool)))
    _draw(made, rows)
    RoundStudy.objects.bulk_create(rows, batch_size=1000)
    made.total = len(rows)
    made.save(update_fields=["total"])
    queue.enqueue(START, made.pk, queue=queue.IO)
    return made


def hidden_cases(parent: HarvestRound, *, count: int) -> list[RoundStudy]:
    """Unsaved hidden cases from the cohort's gold studies whose lesions are all known; those that were
    hidden least often come first, so that few readers meet one twice. Fewer than `count` where there are
    fewer."""
    gold = Study.objects.filter(cohort=parent.cohort, subject__split=Split.GOLD, complete=True)
    times = Count("rounds", filter=~Q(rounds__hidden=""))
    ranked = sorted(gold.annotate(times=times), key=lambda s: (s.times, chance(str(s.pk), str(parent.pk))))
    return [
        RoundStudy(round=parent, study=study, hidden=kind_of(parent.number + place))
        for place, study in enumerate(ranked[:count])
    ]


def _draw(parent: HarvestRound, rows: list[RoundStudy]) -> None:
    """Draws who is in the random arm and who is read from scratch; hidden cases like all others."""
    ids = [str(row.study_id) for row in rows]
    by_chance = random_arm(ids, share=parent.random_share, seed=str(parent.pk))
    scratch = drawn(ids, count=round(parent.scratch_share * len(ids)), seed=f"{parent.pk}/scratch")
    for row in rows:
        row.arm = Strategy.RANDOM if str(row.study_id) in by_chance else Strategy(parent.strategy)
        row.stratum = row.study.lesion_class if is_stratified(Strategy(row.arm)) else ""
        row.from_scratch = str(row.study_id) in scratch


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
        queue.enqueue(RUN, id, queue=queue.INFER)


def resend_lost_studies() -> None:
    """Sends again what lost its worker or its message: studies that run though nobody holds them, and all
    that wait while no message does."""
    lost = []
    for id in RoundStudy.objects.filter(state=JobState.RUNNING).values_list("pk", flat=True):
        with one_at_a_time(id) as free:
            pass
        if free:
            lost.append(id)
    waits = RoundStudy.objects.exclude(round__state__in=ENDED).filter(state=JobState.QUEUED)
    if waits.exists() and queue.waiting(queue.INFER) == 0:
        lost += waits.order_by("round__created_at", "study__ordinal").values_list("pk", flat=True)
    for id in lost:
        queue.enqueue(RUN, id, queue=queue.INFER)


@transaction.atomic
def end_round_if_done(*, round_id: UUID) -> None:
    """Ends a round whose studies have all ended: failed only where every one of them failed."""
    row = locked_round(round_id)
    if row.state in ENDED or row.done < row.total:
        return
    worked = row.failed < row.total
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
