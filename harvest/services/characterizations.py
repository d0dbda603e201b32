"""The promoted characterizer applied to the lesions that stand.

Workers come back to this every half minute instead of being sent here by a click: a verdict waits for no
broker, what was missed is caught up with, and a newly promoted version reaches the lesions of before.
"""

from __future__ import annotations

import logging
import time
from itertools import groupby

from django.db import DatabaseError
from django.db.models import QuerySet

from detector.contracts import StudyImages
from detector.errors import DetectorError
from harvest import engine
from harvest.domain import ModelKind, PreparationState
from harvest.errors import HarvestError
from harvest.models import Characterization, Lesion, ModelVersion, Study
from harvest.selectors.versions import promoted
from harvest.services.locks import one_at_a_time

log = logging.getLogger(__name__)

# A turn gives the worker back for rounds; the next one goes on.
TURN_SECONDS = 10.0
TURN_LESIONS = 1000


def characterize_lesions(*, seconds: float = TURN_SECONDS) -> int:
    """Characterizes standing lesions that the promoted characterizer has not seen, study by study, for so
    long at most (one study at least); returns how many. Nothing to do where no version is promoted."""
    version = promoted(ModelKind.CHARACTERIZER)
    if version is None:
        return 0
    with one_at_a_time(version.pk) as held:
        return _characterize(version, time.monotonic() + seconds) if held else 0


def _characterize(version: ModelVersion, until: float) -> int:
    done = 0
    for study, lesions in groupby(_waiting(version), key=lambda lesion: lesion.study):
        made = _of_study(version, study, list(lesions))
        done += len(Characterization.objects.bulk_create(made, ignore_conflicts=True))
        if time.monotonic() >= until:
            break
    return done


def _waiting(version: ModelVersion) -> QuerySet[Lesion]:
    return (
        Lesion.objects.filter(retired_at=None, study__preparation=PreparationState.READY)
        .exclude(characterizations__model_version=version)
        .select_related("study", "review__candidate")
        .prefetch_related("study__series")
        .order_by("study_id", "created_at")[:TURN_LESIONS]
    )


def _of_study(version: ModelVersion, study: Study, lesions: list[Lesion]) -> list[Characterization]:
    try:
        images = engine.study_images(study)
    except DatabaseError:
        raise
    except Exception as error:
        return [_failed(version, lesion, error) for lesion in lesions]
    return [_of_lesion(version, lesion, images) for lesion in lesions]


def _of_lesion(version: ModelVersion, lesion: Lesion, images: StudyImages) -> Characterization:
    try:
        found = engine.characterize(version, images, lesion.box, z_index=_key_slice(lesion))
    except Exception as error:  # one lesion must not keep the turn from all others
        return _failed(version, lesion, error)
    return Characterization(
        lesion=lesion,
        model_version=version,
        outputs={name: dict(values) for name, values in found.outputs.items()},
        evidence=dict(found.evidence),
        calibrated=found.calibrated,
    )


def _key_slice(lesion: Lesion) -> int | None:
    """The key slice of an accepted candidate, whose very box the lesion has; none of one that was drawn."""
    candidate = lesion.review.candidate if lesion.review else None
    return candidate.key_z_index if candidate else None


def _failed(version: ModelVersion, lesion: Lesion, error: Exception) -> Characterization:
    if isinstance(error, HarvestError | DetectorError):
        told = {"code": error.code, "message": str(error)}
    else:
        # The text of an unforeseen error may quote data; its type is enough to find it in the code.
        told = {"code": "internal", "message": f"The model could not be run on it ({type(error).__name__})."}
    log.error("lesion %s was not characterized: %s", lesion.pk, told["code"])
    return Characterization(lesion=lesion, model_version=version, error=told)
