"""Trainings as rows: asked for, claimed one at a time, followed, ended. Processes are elsewhere
(harvest.engine_training and the command supervise_training)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from harvest.domain import ENDED, FOUR_CLASS, JobState, ModelKind, Split, TrainingSource, in_view
from harvest.engine_release import case_list
from harvest.errors import Conflict, HarvestError, InvalidTransition, NotFound
from harvest.models import DatasetRelease, ModelVersion, TrainingRun
from harvest.queue import MODELS, enqueue
from harvest.selectors.releases import manifest
from harvest.selectors.versions import promoted
from harvest.services.releases import ensure_release
from harvest.services.turns import take_turn
from harvest.services.versions import register_version

FAMILIES = {
    ModelKind.DETECTOR: "centernet3d",
    ModelKind.KEY_SLICE_FILTER: "ksf",
    ModelKind.CHARACTERIZER: "sadt",
    ModelKind.LIVER_SEGMENTER: "liver-unet",
}
DEFAULT_SIZE = "small"
SILENT_AFTER = timedelta(seconds=60)
PLAIN = (str, int, float, bool)


def check_overrides(overrides: dict[str, Any]) -> None:
    """Raises HarvestError where an override is not a plain value or a list of them."""
    for name, value in overrides.items():
        values = value if isinstance(value, list) else [value]
        if not name.isidentifier() or not all(isinstance(v, PLAIN) for v in values):
            raise HarvestError(
                f"The setting {name} is not a plain value. Write steps=500, lr=0.001 and the like.",
                code="bad_override",
            )


def release_to_learn_from(*, cohort: UUID, owner: User | None) -> DatasetRelease:
    """The cohort's data as it is now, frozen; the latest release where nothing changed since."""
    return ensure_release(cohort=cohort, owner=owner, note="Frozen for training")


def obstacle(release: DatasetRelease, kind: ModelKind) -> str | None:
    """Why nothing can be learned from a release, in words; None where it can be tried."""
    cases = case_list(manifest(release), kind, Split.POOL, Path())
    if kind is ModelKind.LIVER_SEGMENTER:
        return (
            None if cases else "No curated study of the pool came with a liver mask. Import some with theirs."
        )
    positive = [(case, m) for case in cases for m in case.marks if m.role == "positive"]
    if not positive:
        return f"No study of the pool has a lesion for the {kind.replace('_', ' ')} yet. Review some first."
    if kind is ModelKind.CHARACTERIZER:
        named = {in_view(m.lesion_class or case.lesion_class, FOUR_CLASS) for case, m in positive} - {None}
        if len(named) < 2:
            return "The characterizer needs lesions of at least two classes. Give studies their class first."
    return None


def learned(release: DatasetRelease, kind: str, size: str, overrides: dict[str, Any]) -> bool:
    """Whether a training of this release with the same settings has already succeeded."""
    return TrainingRun.objects.filter(
        release__cohort=release.cohort_id,
        release__manifest_sha256=release.manifest_sha256,
        kind=kind,
        size=size,
        overrides=overrides,
        state=JobState.SUCCEEDED,
    ).exists()


@transaction.atomic
def request_training(
    *,
    cohort: UUID,
    kinds: Sequence[str],
    size: str = DEFAULT_SIZE,
    overrides: dict[str, Any] | None = None,
    owner: User | None = None,
    reason: str = "asked for",
) -> list[TrainingRun]:
    """Freezes the cohort's data and queues one training a kind; each starts when none other runs.

    Raises:
        NotFound: there is no such cohort.
        Conflict: nothing is curated, or nothing can be learned for one of the kinds; says which and why.
        HarvestError: an override is not a plain value.
    """
    check_overrides(overrides or {})
    release = release_to_learn_from(cohort=cohort, owner=owner)
    runs = []
    for kind in (k for k in ModelKind if k in kinds):
        if reason_not := obstacle(release, kind):
            raise Conflict(reason_not, code="nothing_to_learn", details={"kind": kind.value})
        runs.append(
            queue_training(
                cohort_id=cohort,
                kind=kind,
                size=size,
                overrides=overrides or {},
                release=release,
                owner=owner,
                reason=reason,
            )
        )
    return runs


def queue_training(*, kind: ModelKind, size: str, **values: Any) -> TrainingRun:
    """A run that waits for its turn, from the promoted version of its kind where that is of its size."""
    before = promoted(kind)
    # Weights of another size cannot be taken over; such a training starts from nothing.
    fits = before and before.registry_name == FAMILIES[kind] and before.plan.get("size") == size
    run = TrainingRun.objects.create(
        kind=kind,
        size=size,
        initial_version=before if fits else None,
        message="waiting for its turn",
        **values,
    )
    enqueue("start_training", run.pk, queue=MODELS)
    return run


@transaction.atomic
def claim(*, run: UUID) -> bool:
    """Takes the one place to train for a queued run; False where it is taken, or the run is not queued."""
    take_turn("training")
    row = TrainingRun.objects.select_for_update().filter(pk=run, state=JobState.QUEUED).first()
    if row is None or TrainingRun.objects.filter(state=JobState.RUNNING).exists():
        return False
    row.state = JobState.RUNNING
    row.started_at = row.heartbeat_at = timezone.now()
    row.message = "starting"
    row.save(update_fields=["state", "started_at", "heartbeat_at", "message"])
    return True


def beat(*, run: UUID, progress: dict[str, Any] | None = None) -> bool:
    """Writes the heartbeat, and the latest progress line where there is a new one; False where the run is no
    longer to go on (it was cancelled or given up)."""
    fields: dict[str, Any] = {"heartbeat_at": timezone.now()}
    if progress:
        fields |= {
            "step": int(progress["step"]),
            "total": int(progress["total"]),
            "values": progress.get("values") or {},
            "message": str(progress.get("message", ""))[:300],
        }
    return bool(TrainingRun.objects.filter(pk=run, state=JobState.RUNNING).update(**fields))


@transaction.atomic
def succeed(*, run: UUID, weights: Path, result: dict[str, Any]) -> ModelVersion | None:
    """Registers what a training left; None where the run had ended meanwhile.

    Raises:
        PlanError: the weights are not a weights file.
        StorageFull: the disk is full.
    """
    row = _running(run)
    if row is None:
        return None
    told = ("seed", "code_version", "environment", "cases_sha256", "gold_sha256", "initial_weights_sha256")
    initial = row.initial_version
    made = register_version(
        weights=weights,
        metrics=result.get("metrics", {}),
        provenance={
            **_data_of(row),
            "cohort": row.cohort.name,
            "initial_version": initial.name if initial else None,
            "size": row.size,
            "overrides": row.overrides,
            **{key: result.get(key) for key in told},
        },
        parent=initial or promoted(ModelKind(row.kind)),
        release=row.release,
    )
    row.result = made
    row.message = f"made {made.name}"
    _end(row, JobState.SUCCEEDED)
    return made


def _data_of(row: TrainingRun) -> dict[str, Any]:
    """What a run learnt from, in words, and the release that was its data or judged it."""
    release, data = row.release, None
    if row.learns_from == TrainingSource.SYNTHETIC:
        data = f"Synthetic lesions in unmarked studies of cohort {row.cohort.name}; nobody marked one."
    if release is None:
        return {"data": data}
    data = data or f"Release {release.number} of cohort {row.cohort.name} ({release.manifest_sha256})."
    return {"data": data, "release": release.number, "manifest_sha256": release.manifest_sha256}


@transaction.atomic
def fail(*, run: UUID, code: str, message: str, lines: Sequence[str] = ()) -> None:
    """Ends a run that has not ended, with what went wrong; `lines` are the last of its log, without paths."""
    row = TrainingRun.objects.select_for_update().filter(pk=run).exclude(state__in=ENDED).first()
    if row is not None:
        row.error = {"code": code, "message": message, "details": {"lines": list(lines)}}
        _end(row, JobState.FAILED)


@transaction.atomic
def cancel(*, run: UUID) -> TrainingRun:
    """Ends a run; its process notices within seconds. Raises NotFound, InvalidTransition."""
    row = TrainingRun.objects.select_for_update().filter(pk=run).first()
    if row is None:
        raise NotFound("There is no such training.")
    if row.state in ENDED:
        raise InvalidTransition(f"This training has already {row.state}.")
    _end(row, JobState.CANCELLED)
    return row


@transaction.atomic
def end_silent() -> list[UUID]:
    """Fails the runs whose process has not been heard of for a minute; returns them."""
    silent = TrainingRun.objects.select_for_update(skip_locked=True).filter(
        state=JobState.RUNNING, heartbeat_at__lt=timezone.now() - SILENT_AFTER
    )
    ids = list(silent.values_list("pk", flat=True))
    for id in ids:
        fail(
            run=id,
            code="silent",
            message="The training process stopped without a word: it was killed, or its machine went down. "
            "Start the training again.",
        )
    return ids


@transaction.atomic
def start_waiting() -> None:
    """Sends the oldest queued run to a worker, where no training runs."""
    take_turn("training")
    if TrainingRun.objects.filter(state=JobState.RUNNING).exists():
        return
    row = TrainingRun.objects.filter(state=JobState.QUEUED).order_by("created_at", "pk").first()
    if row is not None:
        enqueue("start_training", row.pk, queue=MODELS)


def _running(run: UUID) -> TrainingRun | None:
    return (
        TrainingRun.objects.select_for_update(of=("self",))
        .select_related("cohort", "release", "initial_version")
        .filter(pk=run, state=JobState.RUNNING)
        .first()
    )


def _end(row: TrainingRun, state: JobState) -> None:
    row.state = state
    row.finished_at = timezone.now()
    row.save(update_fields=["state", "finished_at", "error", "result", "message"])
