"""Rows to detector contracts and back: the images of a study, and a model version run on them.

Model families are imported by name when a worker first needs one, so that web processes never load torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from django.conf import settings

from detector import registry
from detector.contracts import Candidate, Characterization, KeySlice, StudyImages
from detector.data.cases import Case
from detector.evaluation.answers import Answer, answer_of
from detector.geometry import Box3D, Vector, VolumeGeometry
from detector.ingest.liver import FoundLiver, LiverFinder
from detector.ingest.prepare import align_or_leave, liver_of
from detector.registration.register import Aligned, Mode
from detector.registration.resample import resample
from detector.registration.similarity import Comparison
from detector.registration.transform import Transform, read_transform, write_transform
from detector.volume import Volume, read_volume, write_volume
from harvest import store
from harvest.domain import PreparationState
from harvest.errors import NotReady
from harvest.models import ModelVersion, Study

REGISTERED = "registered"
ORIGINAL = "original"
HEADERS = "headers"
TRANSFORMS = "transforms"  # what makes a registered volume of an original one
NUDGED = "nudged"  # below it registered volumes that a person moved, each with its transform
LIVER = "liver.npy"

NO_NUDGE: Vector = (0.0, 0.0, 0.0)


def geometry_of(study: Study) -> VolumeGeometry:
    """The grid of the study's reference phase."""
    return VolumeGeometry.from_json(study.geometry)


def registered_volume(study: Study, phase: str) -> Volume:
    """A phase on the study's grid as it is shown now, memory-mapped.

    Raises:
        NotReady: the study is still to be prepared.
        NotFound: it is not in the store.
        ReadError: it is damaged.
    """
    require_ready(study)
    nudge = next((tuple(s.nudge_mm) for s in study.series.all() if s.phase == phase), NO_NUDGE)
    return read_volume(store.path(registered_key(study.store_key, phase, nudge)))


def registered_key(store_key: str, phase: str, nudge_mm: Vector = NO_NUDGE) -> str:
    """Where in the store a phase lies, moved by a nudge: under one key there is only ever one volume."""
    return f"{_folder_key(store_key, phase, nudge_mm)}/{REGISTERED}/{phase}.npy"


def _folder_key(store_key: str, phase: str, nudge_mm: Vector) -> str:
    if not any(nudge_mm):
        return store_key
    return f"{store_key}/{NUDGED}/{phase}/" + "_".join(f"{v:+.3f}" for v in nudge_mm)


def transform_of(store_key: str, phase: str, nudge_mm: Vector = NO_NUDGE) -> Transform:
    """What makes a registered volume of the phase's original; raises NotFound and ReadError."""
    path = store.path(f"{store_key}/{TRANSFORMS}/{phase}.json")
    return replace(read_transform(path), nudge_mm=nudge_mm)


def original_volume(store_key: str, phase: str) -> Volume:
    """A phase on its own grid, memory-mapped; raises NotFound, ReadError."""
    return read_volume(store.path(f"{store_key}/{ORIGINAL}/{phase}.npy"))


def derive_registered(store_key: str, phase: str, transform: Transform, grid: VolumeGeometry) -> Volume:
    """The registered volume of a phase, made anew from its original; raises as original_volume does."""
    return resample(original_volume(store_key, phase), grid, transform)


def ensure_registered(store_key: str, phase: str, nudge_mm: Vector, grid: VolumeGeometry) -> Path:
    """The file of a phase moved by a nudge, derived now where it is not in the store.

    Raises:
        NotFound, ReadError: its original or its transform is missing or damaged.
        StorageFull: the disk is full.
    """
    key = registered_key(store_key, phase, nudge_mm)
    if any(nudge_mm) and not (store.root() / key).exists():
        transform = transform_of(store_key, phase, nudge_mm)
        volume = derive_registered(store_key, phase, transform, grid)
        store.require_space(volume.array_zyx.nbytes)
        with store.new_folder(_folder_key(store_key, phase, nudge_mm)) as folder:
            for name in (REGISTERED, TRANSFORMS):
                (folder / name).mkdir()
            write_volume(volume, folder / REGISTERED / f"{phase}.npy")
            write_transform(transform, folder / TRANSFORMS / f"{phase}.json")
    return store.path(key)


def liver_similarity(study: Study, phase: str, nudge_mm: Vector) -> float:
    """How alike a nudged phase and the reference are in the liver: registration's own figure, in nats."""
    region = liver_mask(study) if study.has_liver else None
    comparison = Comparison(registered_volume(study, study.reference_phase), region)
    coarse = comparison.coarse(original_volume(study.store_key, phase))
    return comparison.similarity(coarse, transform_of(study.store_key, phase, nudge_mm))


def require_ready(study: Study) -> None:
    """Raises NotReady, with what is to be done, for a study whose phases do not lie on one grid."""
    if study.preparation == PreparationState.FAILED:
        said = (study.preparation_error or {}).get("message", "")
        raise NotReady(
            f"The phases of this study could not be registered. {said} Try it again on the Studies page.",
            code="preparation_failed",
        )
    if study.preparation != PreparationState.READY:
        raise NotReady("The phases of this study are being registered. Come back in a minute or so.")


def liver_mask(study: Study) -> npt.NDArray[np.uint8]:
    """The liver mask in the study's folder; raises NotFound, ReadError."""
    array = read_volume(store.path(f"{study.store_key}/{LIVER}")).array_zyx
    return np.asarray(array, dtype=np.uint8)


def liver_finder(version: ModelVersion | None) -> LiverFinder:
    """How livers are looked for here: as HARVEST_LIVER says, with the promoted network where there is one.

    The reference weights have seen phantoms alone, so they are named as such: the finder doubts them.
    """
    own = version if version and not version.provenance.get("reference") else None
    return LiverFinder(settings.LIVER, weights=store.path(own.store_key) if own else None)


def find_liver(study: Study, finder: LiverFinder) -> FoundLiver:
    """The liver as it can be found in the reference phase; raises as original_volume does."""
    return liver_of(original_volume(study.store_key, study.reference_phase), finder)


def find_transform(study: Study, phase: str, liver: npt.NDArray[np.uint8] | None) -> Aligned:
    """What brings a phase onto the reference grid, in the way the study asks for.

    Raises:
        DeedsError: the installation's deedsBCV cannot be used.
        NotFound, ReadError: as original_volume.
    """
    fixed = original_volume(study.store_key, study.reference_phase)
    mode = cast(Mode, study.registration or settings.REGISTRATION)
    return align_or_leave(
        original_volume(study.store_key, phase), fixed, liver, mode=mode, deeds=settings.DEEDS
    )


def study_images(study: Study) -> StudyImages:
    """All phases of a study, memory-mapped; raises as registered_volume does."""
    require_ready(study)
    series = list(study.series.all())
    return StudyImages(
        volumes={s.phase: registered_volume(study, s.phase) for s in series},
        reference_phase=study.reference_phase,
        liver=liver_mask(study) if study.has_liver else None,
        modality=series[0].modality if series else "CT",
    )


def find_candidates(version: ModelVersion, images: StudyImages) -> list[Candidate]:
    """A detector version run on a study: candidates, best first."""
    found = _loaded(version).detect(images)
    return sorted(found, key=lambda c: -c.score)


def find_key_slices(version: ModelVersion, images: StudyImages, boxes: Sequence[Box3D]) -> list[KeySlice]:
    """A key slice filter version run on boxes of a study: one key slice a box, in their order."""
    return list(_loaded(version).key_slices(images, boxes)) if boxes else []


def characterize(
    version: ModelVersion, images: StudyImages, box: Box3D, *, z_index: int | None = None
) -> Characterization:
    """A characterizer version run on the lesion in a box, by its key slice where one is known."""
    found: Characterization = _loaded(version).characterize(images, box, z_index=z_index)
    return found


def answer_case(version: ModelVersion, case: Case) -> Answer:
    """What a version says of a gold case, whose paths are relative to the store; raises ReadError,
    UnknownNameError."""
    here = case.model_copy(
        update={
            "images": {phase: str(store.root() / name) for phase, name in case.images.items()},
            "liver": str(store.root() / case.liver) if case.liver else None,
        }
    )
    return answer_of(version.registry_name, _loaded(version), here)


def middle_slice(geometry: VolumeGeometry, box: Box3D) -> int:
    """The slice in the middle of a box: its key slice where no filter says a better one."""
    z = geometry.slices_from_box(box)[0]
    return (z.start + z.stop - 1) // 2


def _loaded(version: ModelVersion) -> Any:
    return _load(version.registry_name, store.path(version.store_key), version.weights_sha256)


# One version of each kind is in use at once; the hash makes a key of the content.
@lru_cache(maxsize=3)
def _load(name: str, weights: Path, sha256: str) -> Any:
    return registry.family(name).load(weights)
