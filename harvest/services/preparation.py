"""Preparation: a stored study's phases brought onto one grid and its liver found, one study at a time.

The rows are the queue: workers take up whatever waits, so no message can be lost, and a round that comes to a
study first makes it ready itself. Nothing reads what is written here before the row says READY, so an
attempt that was cut off is simply made again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from detector.errors import DetectorError
from detector.ingest.liver import FoundLiver
from detector.registration.transform import write_transform
from detector.volume import Volume, write_volume
from harvest import engine, store
from harvest.domain import MAX_TRIES, LiverSource, ModelKind, PreparationState
from harvest.errors import HarvestError, InvalidTransition, NotFound, StoreUnreachable
from harvest.models import Series, Study
from harvest.selectors.preparation import UNFINISHED
from harvest.selectors.versions import promoted
from harvest.services.carrying import carry_over
from harvest.services.locks import in_turn, one_at_a_time
from harvest.services.processes import each_in_processes

log = logging.getLogger(__name__)

# A turn gives the process back for what else came; beat sends the next one.
TURN_SECONDS = 600.0
# At most as many are being prepared elsewhere as there are processes.
_LOOKED_AT = 256


def prepare_study(*, study_id: UUID) -> Study:
    """Makes a study ready, or waits for whoever is at it; one that is ready stays as it is, and one that
    failed is tried again. A failure is kept with the study by name.

    Raises:
        NotFound: there is no such study.
    """
    with in_turn(study_id):
        _prepare(study_id, tries_again=True)
    row = Study.objects.filter(pk=study_id).first()
    if row is None:
        raise NotFound("There is no such study.")
    return row


def prepare_studies(
    *, study_ids: Sequence[UUID], workers: int = 1, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """prepare_study of each, in so many processes; `meanwhile` is called now and then. A process that is
    killed leaves its study to be tried again, MAX_TRIES times at most."""
    for _ in range(MAX_TRIES + 1):
        left = list(
            Study.objects.filter(pk__in=study_ids, preparation__in=UNFINISHED)
            .order_by("created_at", "pk")
            .values_list("pk", flat=True)
        )
        if min(workers, len(left)) > 1:
            each_in_processes(prepare_here, left, workers=min(workers, len(left)), meanwhile=meanwhile)
            continue
        for id in left:
            prepare_here(id)
            meanwhile()
        break


def prepare_here(id: UUID) -> None:
    """prepare_study, as a process of a pool calls it."""
    prepare_study(study_id=id)


def prepare_waiting(*, seconds: float = TURN_SECONDS) -> int:
    """Makes studies ready for so long, or until none waits that nobody is at; returns how many it took up."""
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until and _prepare_next():
        done += 1
    return done


@transaction.atomic
def retry_preparation(*, study_id: UUID) -> Study:
    """Lets a study that could not be registered wait for it again, in the way the installation does it now.

    Raises:
        NotFound: there is no such study.
        InvalidTransition: it did not fail.
    """
    row = Study.objects.select_for_update().filter(pk=study_id).first()
    if row is None:
        raise NotFound("There is no such study.")
    if row.preparation != PreparationState.FAILED:
        raise InvalidTransition("The registration of this study did not fail.")
    row.preparation = PreparationState.WAITING
    row.preparation_error = None
    row.preparation_tries = 0
    row.registration = settings.REGISTRATION
    row.save(update_fields=["preparation", "preparation_error", "preparation_tries", "registration"])
    return row


def _prepare_next() -> bool:
    rows: QuerySet[Study] = Study.objects.filter(preparation__in=UNFINISHED).order_by("created_at", "pk")
    for id in rows.values_list("pk", flat=True)[:_LOOKED_AT]:
        with one_at_a_time(id) as held:
            if held and _prepare(id, tries_again=False):
                return True
    return False


def _prepare(id: UUID, *, tries_again: bool) -> bool:
    """Prepares the study whose lock the caller holds; False where there is nothing to be done."""
    study = _begin(id, tries_again=tries_again)
    if study is None:
        return False
    try:
        if study.preparation_tries > MAX_TRIES:
            raise HarvestError(
                "Its worker was lost each time it was tried; memory may have run out.", code="worker_lost"
            )
        _make(study)
    except DatabaseError:
        raise
    except Exception as error:
        if isinstance(error, StoreUnreachable) and study.preparation_tries < MAX_TRIES:
            raise  # it is taken up again
        _fail(study, error)
    return True


@transaction.atomic
def _begin(id: UUID, *, tries_again: bool) -> Study | None:
    states = (*UNFINISHED, PreparationState.FAILED) if tries_again else UNFINISHED
    row = Study.objects.select_for_update().filter(pk=id, preparation__in=states).first()
    if row is None:
        return None
    first = row.preparation == PreparationState.FAILED
    row.preparation_tries = 1 if first else row.preparation_tries + 1
    row.preparation = PreparationState.RUNNING
    row.save(update_fields=["preparation", "preparation_tries"])
    return row


def _make(study: Study) -> None:
    series = list(study.series.all())
    grid = engine.geometry_of(study)
    z, y, x = grid.shape_zyx
    store.require_space(z * y * x * (2 * len(series) + 1))
    if study.liver_source == LiverSource.SUPPLIED:
        liver = FoundLiver(engine.liver_mask(study), "supplied")
    else:
        finder = engine.liver_finder(promoted(ModelKind.LIVER_SEGMENTER))
        liver = engine.find_liver(study, finder)
    with store.pending_folder() as folder:
        registered, transforms = folder / engine.REGISTERED, folder / engine.TRANSFORMS
        registered.mkdir()
        transforms.mkdir()
        for one in series:
            one.registration = _bring(study, one.phase, liver, registered, transforms)
        store.move_in(transforms, f"{study.store_key}/{engine.TRANSFORMS}")
        if liver.source != LiverSource.SUPPLIED and liver.mask is not None:
            write_volume(Volume(liver.mask, grid), folder / engine.LIVER)
            beside = Path(engine.LIVER).with_suffix(".json").name
            for name in (engine.LIVER, beside):
                store.move_in(folder / name, f"{study.store_key}/{name}")
        store.move_in(registered, f"{study.store_key}/{engine.REGISTERED}")
    for one in series:
        one.image_sha256 = store.digest(store.path(engine.registered_key(study.store_key, one.phase)))
    _keep(study, series, liver)


def _bring(study: Study, phase: str, liver: FoundLiver, registered: Path, transforms: Path) -> dict[str, Any]:
    """Writes one phase on the reference grid; returns the figures of its way there."""
    if phase == study.reference_phase:
        write_volume(engine.original_volume(study.store_key, phase), registered / f"{phase}.npy")
        return {}
    found = engine.find_transform(study, phase, liver.mask)
    write_transform(found.transform, transforms / f"{phase}.json")
    write_volume(
        engine.derive_registered(study.store_key, phase, found.transform, engine.geometry_of(study)),
        registered / f"{phase}.npy",
    )
    return found.quality.as_json()


@transaction.atomic
def _keep(study: Study, series: list[Series], liver: FoundLiver) -> None:
    Series.objects.bulk_update(series, ["registration", "image_sha256"])
    carry_over(study)
    Study.objects.filter(pk=study.pk).update(
        preparation=PreparationState.READY,
        preparation_error=None,
        preparation_tries=0,
        has_liver=liver.mask is not None,
        liver_source=liver.source,
    )
    log.info("study %s is ready, liver %s", study.pk, liver.source)


def _fail(study: Study, error: Exception) -> None:
    if isinstance(error, HarvestError | DetectorError):
        told = {"code": error.code, "message": str(error)}
    else:
        # The text of an unforeseen error may quote data; its type is enough to find it in the code.
        told = {"code": "internal", "message": f"Something unforeseen went wrong ({type(error).__name__})."}
    log.error("study %s was not prepared: %s", study.pk, told["code"])
    Study.objects.filter(pk=study.pk).update(preparation=PreparationState.FAILED, preparation_error=told)
