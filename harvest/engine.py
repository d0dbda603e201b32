"""Rows to detector contracts and back: the images of a study, and a model version run on them.

Model families are imported by name when a worker first needs one, so that web processes never load torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from detector import registry
from detector.contracts import Candidate, Characterization, KeySlice, StudyImages
from detector.geometry import Box3D, VolumeGeometry
from detector.ingest.liver import LiverFinder
from detector.volume import Volume, read_volume
from harvest import store
from harvest.models import ModelVersion, Study

REGISTERED = "registered"
ORIGINAL = "original"
HEADERS = "headers"
TRANSFORMS = "transforms"  # what makes a registered volume of an original one
LIVER = "liver.npy"


def liver_finder(version: ModelVersion | None) -> LiverFinder:
    """How livers are looked for here: as HARVEST_LIVER says, with the promoted network where there is one.

    The reference weights have seen phantoms alone, so they are named as such: the finder doubts them.
    """
    own = version if version and not version.provenance.get("reference") else None
    return LiverFinder(settings.LIVER, weights=store.path(own.store_key) if own else None)


def geometry_of(study: Study) -> VolumeGeometry:
    """The grid of the study's reference phase."""
    return VolumeGeometry.from_json(study.geometry)


def registered_volume(study: Study, phase: str) -> Volume:
    """A phase on the study's grid, memory-mapped.

    Raises:
        NotFound: it is not in the store.
        ReadError: it is damaged.
    """
    return read_volume(store.path(f"{study.store_key}/{REGISTERED}/{phase}.npy"))


def study_images(study: Study) -> StudyImages:
    """All phases of a study, memory-mapped; raises as registered_volume does."""
    series = list(study.series.all())
    liver = store.path(f"{study.store_key}/{LIVER}") if study.has_liver else None
    return StudyImages(
        volumes={s.phase: registered_volume(study, s.phase) for s in series},
        reference_phase=study.reference_phase,
        liver=np.asarray(read_volume(liver).array_zyx, dtype=np.uint8) if liver else None,
        modality=series[0].modality if series else "CT",
    )


def find_candidates(version: ModelVersion, images: StudyImages) -> list[Candidate]:
    """A detector version run on a study: candidates, best first."""
    found = _loaded(version).detect(images)
    return sorted(found, key=lambda c: -c.score)


def find_key_slices(version: ModelVersion, images: StudyImages, boxes: Sequence[Box3D]) -> list[KeySlice]:
    """A key slice filter version run on boxes of a study: one key slice a box, in their order."""
    return list(_loaded(version).key_slices(images, boxes)) if boxes else []


def characterize(version: ModelVersion, images: StudyImages, box: Box3D) -> Characterization:
    """A characterizer version run on the lesion in a box."""
    found: Characterization = _loaded(version).characterize(images, box)
    return found


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
