"""Whether a release is still what was frozen: its bytes, its images, its boxes, and its split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from detector.geometry import Box3D, VolumeGeometry
from harvest import store
from harvest.engine_release import registered_file
from harvest.errors import HarvestError
from harvest.manifest import Entry
from harvest.models import DatasetRelease
from harvest.selectors.leaks import leaks_of
from harvest.selectors.releases import manifest


class Finding(NamedTuple):
    """What is wrong, and of which study (0: of the release)."""

    study: int
    what: str


def findings(release: DatasetRelease, *, images: bool = True) -> Iterator[Finding]:
    """Everything that is wrong with a release, study by study; `images` reads all of them to hash them."""
    try:
        frozen = manifest(release)
    except HarvestError as error:
        yield Finding(0, error.message)
        return
    subjects: dict[str, str] = {}
    held: set[str] = set()
    for study in frozen.studies:
        number = study["ordinal"]
        held.add(study["id"])
        extent = VolumeGeometry.from_json(study["geometry"]).extent
        if not all(_inside(Box3D(tuple(one["lo"]), tuple(one["hi"])), extent) for one in study["lesions"]):
            yield Finding(number, "A lesion lies outside of its images.")
        if subjects.setdefault(study["subject"], study["split"]) != study["split"]:
            yield Finding(number, "Its patient is on both sides of the split.")
        for phase in study["phases"] if images else []:
            if what := _image(study, phase):
                yield Finding(number, what)
    for leak in leaks_of(release.cohort_id):
        if str(leak.study) in held:
            yield Finding(leak.ordinal, f"Its patient is on the other side of the split in {leak.cohort}.")


def _image(study: Entry, phase: Entry) -> str | None:
    name = phase["phase"].replace("_", " ")
    try:
        path = registered_file(study, phase["phase"])
    except HarvestError:
        return f"The image of its {name} phase is gone."
    if not phase["image_sha256"]:
        return f"The hash of its {name} image was not kept when it was frozen."
    same = store.digest(path) == phase["image_sha256"]
    return None if same else f"The image of its {name} phase was changed."


def _inside(box: Box3D, extent: Box3D) -> bool:
    pairs = zip(box.lo, extent.lo, box.hi, extent.hi, strict=True)
    return all(a >= b - 1e-6 and c <= d + 1e-6 for a, b, c, d in pairs)
