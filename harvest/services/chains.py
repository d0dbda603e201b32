"""Chains of trainings: detector, key slice filter on what detectors found in studies that they had not seen,
characterizer; after each the gate decides whether it goes on.

Where a chain stands follows from its rows alone, so moving it on twice, or late, does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from harvest.domain import ENDED, LESION_KINDS, ChainOutcome, JobState, ModelKind, TrainingSource
from harvest.errors import Conflict, GateRefused, InvalidTransition, NotFound
from harvest.models import Judgement, ModelVersion, TrainingChain, TrainingRun
from harvest.selectors.judgements import judgement_against
from harvest.selectors.outlook import obstacle
from harvest.selectors.releases import manifest
from harvest.selectors.versions import promoted
from harvest.services import supervision
from harvest.services.promotion import promote
from harvest.services.training import (
    DEFAULT_SIZE,
    check_devices,
    check_overrides,
    queue_training,
    release_to_learn_from,
)


@transaction.atomic
def request_chain(
    *,
    cohort: UUID,
    kinds: Sequence[str] = LESION_KINDS,
    size: str = DEFAULT_SIZE,
    overrides: dict[str, Any] | None = None,
    devices: int = 1,
    owner: User | None = None,
    reason: str = "asked for",
) -> TrainingChain:
    """Freezes the cohort's data and queues the first training; the others follow where the gate lets the one
    before through, which comes into use in the owner's name.

    Raises:
        NotFound: there is no such cohort.
        Conflict: nothing is curated, nothing can be learned for one of the kinds, or a chain of this cohort
            is under way.
        HarvestError: an override is not a plain value.
    """
    check_overrides(overrides or {})
    check_devices(devices)
    ordered = [kind for kind in LESION_KINDS if kind in kinds]
    if not ordered:
        raise Conflict("A chain trains at least one of: detector, key slice filter, characterizer.")
    if TrainingChain.objects.filter(cohort=cohort).exclude(state__in=ENDED).exists():
        raise Conflict(
            "A chain of trainings of this cohort is under way. Wait for its end, or cancel it.",
            code="already_running",
        )
    release = release_to_learn_from(cohort=cohort, owner=owner)
    frozen = manifest(release)
    for kind in ordered:
        if reason_not := obstacle(frozen, kind):
            raise Conflict(reason_not, code="nothing_to_learn", details={"kind": kind.value})
    chain = TrainingChain.objects.create(
        cohort_id=cohort,
        release=release,
        kinds=[kind.value for kind in ordered],
        size=size,
        overrides=overrides or {},
        devices=devices,
        owner=owner,
        reason=reason[:200],
    )
    _train(chain, ordered[0])
    return chain


def move_chains_on() -> None:
    """Every chain that is under way, as far as its trainings and judgements let it go."""
    for id in TrainingChain.objects.exclude(state__in=ENDED).values_list("pk", flat=True):
        move_on(id)


@transaction.atomic
def move_on(id: UUID) -> None:
    """One chain; nothing happens where it waits, or has ended."""
    chain = TrainingChain.objects.select_for_update().get(pk=id)
    if chain.state in ENDED:
        return
    run = chain.runs.select_related("result").order_by("-created_at").first()
    if run is None:
        _train(chain, ModelKind(chain.kinds[0]))
    elif run.state == JobState.RUNNING and chain.state == JobState.QUEUED:
        _say(chain, JobState.RUNNING, f"training the {_words(run.kind)}")
    elif run.state == JobState.FAILED:
        why = (run.error or {}).get("message", "")
        _end(chain, ChainOutcome.FAILED, f"The training of the {_words(run.kind)} failed: {why}")
    elif run.state == JobState.CANCELLED:
        _end(chain, ChainOutcome.CANCELLED, f"The training of the {_words(run.kind)} was cancelled.")
    elif run.state == JobState.SUCCEEDED and run.result:
        _after(chain, run, run.result)


@transaction.atomic
def cancel_chain(*, chain: UUID) -> TrainingChain:
    """Ends a chain, with the training that is under way. Raises NotFound, InvalidTransition."""
    row = TrainingChain.objects.select_for_update().filter(pk=chain).first()
    if row is None:
        raise NotFound("There is no such chain of trainings.")
    if row.state in ENDED:
        raise InvalidTransition(f"This chain has already {row.state}.")
    for run in row.runs.exclude(state__in=ENDED).values_list("pk", flat=True):
        supervision.cancel(run=run)
    _end(row, ChainOutcome.CANCELLED, "It was cancelled.")
    return row


def _after(chain: TrainingChain, run: TrainingRun, made: ModelVersion) -> None:
    """What follows from a training that made a version: the next one, or the end."""
    rival = promoted(ModelKind(made.kind))
    if made.promoted or made.promotions.exists() or rival is None:
        return _next(chain, run)
    judgement = judgement_against(made, rival)
    if judgement is None:
        return _end(
            chain,
            ChainOutcome.NOT_JUDGED,
            f"There is no gold study to judge {made.name} on; a person has to say whether it is used.",
        )
    if judgement.state in (JobState.QUEUED, JobState.RUNNING):
        return _say(chain, JobState.RUNNING, f"judging {made.name} beside {rival.name}")
    if judgement.state != JobState.SUCCEEDED:
        why = (judgement.error or {}).get("message", "")
        return _end(chain, ChainOutcome.FAILED, f"{made.name} could not be judged: {why}")
    if not judgement.passed:
        return _end(chain, ChainOutcome.REFUSED, _refused_by(made, rival, judgement))
    try:
        promote(version=made.pk, approver=chain.owner)
    except GateRefused as refused:  # another came into use at this moment: it has to be judged beside that
        return _end(chain, ChainOutcome.NOT_JUDGED, refused.message)
    return _next(chain, run)


def _next(chain: TrainingChain, run: TrainingRun) -> None:
    place = chain.kinds.index(run.kind) + 1
    if place == len(chain.kinds):
        return _end(chain, ChainOutcome.COMPLETE, "Every model was trained, and the gate let each through.")
    return _train(chain, ModelKind(chain.kinds[place]))


def _train(chain: TrainingChain, kind: ModelKind) -> None:
    filters = kind is ModelKind.KEY_SLICE_FILTER
    # The settings are the detector's; what else has its own keeps them.
    overrides = chain.overrides if filters or kind is ModelKind.DETECTOR else {}
    queue_training(
        kind=kind,
        size=chain.size,
        cohort_id=chain.cohort_id,
        chain=chain,
        release=chain.release,
        learns_from=TrainingSource.OUT_OF_FOLD if filters else TrainingSource.RELEASE,
        overrides=overrides,
        devices=1 if filters else chain.devices,  # its detectors are many, and train one after the other
        owner=chain.owner,
        reason=chain.reason,
    )
    state = JobState.QUEUED if chain.state == JobState.QUEUED else JobState.RUNNING
    _say(chain, state, f"training the {_words(kind)}")


def _refused_by(made: ModelVersion, rival: ModelVersion, judgement: Judgement) -> str:
    worst = judgement.refusals[0]
    where = f" in {worst['stratum']}" if worst["stratum"] else ""
    if worst["lo"] is None:
        return f"The gate refused {made.name} beside {rival.name}: {worst['metric']} could not be measured."
    low = f"{worst['metric']}{where} {worst['lo']:+.3f}"
    return f"The gate refused {made.name} beside {rival.name}: {low} at worst."


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _say(chain: TrainingChain, state: JobState, message: str) -> None:
    chain.state = state
    chain.message = message
    chain.save(update_fields=["state", "message"])


_ENDS = {ChainOutcome.FAILED: JobState.FAILED, ChainOutcome.CANCELLED: JobState.CANCELLED}


def _end(chain: TrainingChain, outcome: ChainOutcome, message: str) -> None:
    if chain.state == JobState.QUEUED:
        _say(chain, JobState.RUNNING, message)
    chain.state = _ENDS.get(outcome, JobState.SUCCEEDED)
    chain.outcome = outcome
    chain.message = message[:300]
    chain.finished_at = timezone.now()
    chain.save(update_fields=["state", "outcome", "message", "finished_at"])
