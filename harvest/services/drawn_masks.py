"""Masks that come for a study: the phase that each was drawn on, and where that is in the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from detector.errors import ReadError
from detector.geometry import VolumeGeometry
from detector.images import same_grid
from detector.ingest.dicom_file import is_dicom
from detector.ingest.dicom_seg import Segmentation, read_segmentation, segments_on_grid
from detector.ingest.masks import read_mask
from detector.registration.resample import resample_mask
from detector.volume import Volume
from harvest import engine
from harvest.errors import HarvestError
from harvest.models import Study

OTHER_GRID = "other_grid"


@dataclass(frozen=True, slots=True)
class DrawnMask:
    """A mask (uint8 0/1) on the own grid of the phase that it was drawn on."""

    mask: Volume
    phase: str


def read_drawn_mask(*, study: Study, path: Path, number: int, said: str | None) -> DrawnMask:
    """A volume file, a folder of DICOM, or a DICOM segmentation (those of its segments that name a tumour).

    `number` tells the masks of one call apart in messages. `said` is the phase that it was drawn on; None
    takes the reference where the mask lies on its slices, else the one phase that it fits.

    Raises:
        ReadError: it cannot be read.
        HarvestError: code unknown_phase; no_tumour for a segmentation without one; other_grid for a mask that
            lies on no phase, or on several.
    """
    grids = {s.phase: VolumeGeometry.from_json(s.geometry) for s in study.series.all()}
    if said is not None and said not in grids:
        raise HarvestError(
            f"The study has no phase {said}. It has: {', '.join(sorted(grids))}.", code="unknown_phase"
        )
    segmented = read_segmentation(path) if path.is_file() and is_dicom(path) else None
    if segmented:
        fitting = dict(_segments_that_fit(segmented, grids, number))
    else:
        mask = read_mask(path)
        fitting = {phase: mask for phase, grid in grids.items() if same_grid(mask.geometry, grid)}
    wanted = said or study.reference_phase
    if wanted not in fitting and said is None and len(fitting) == 1:
        (wanted,) = fitting
    if wanted in fitting:
        return DrawnMask(fitting[wanted], wanted)
    if fitting and said is None:
        message = f"Mask {number} fits {' and '.join(sorted(fitting))}. Say which phase it was drawn on."
    else:
        message = (
            f"Mask {number} does not lie on the slices of the {wanted} phase"
            f"{'' if said else ' or of another one'}. Give the mask that was drawn on this study."
        )
    raise HarvestError(message, code=OTHER_GRID, details={"study": engine.geometry_of(study).as_json()})


def in_reference(study: Study, drawn: DrawnMask) -> Volume:
    """The mask on the study's grid: carried over, where it was drawn on another phase, by what registered
    that phase, as it is shown now.

    Raises:
        NotFound: what the phase was registered by is no longer in the store.
    """
    if drawn.phase == study.reference_phase:
        return drawn.mask
    nudge = tuple(study.series.get(phase=drawn.phase).nudge_mm)
    transform = engine.transform_of(study.store_key, drawn.phase, nudge)
    return resample_mask(drawn.mask, engine.geometry_of(study), transform)


def _segments_that_fit(
    drawn: Segmentation, grids: Mapping[str, VolumeGeometry], number: int
) -> Iterator[tuple[str, Volume]]:
    """The tumours on each phase whose slices they lie on."""
    if not drawn.tumours:
        raise HarvestError(
            f"No segment of mask {number} is a tumour. A segment called Mass, Tumor or Lesion is looked for.",
            code="no_tumour",
        )
    for phase, grid in grids.items():
        try:
            yield phase, segments_on_grid(drawn.path, drawn.tumours, grid)
        except ReadError as error:
            if error.code != OTHER_GRID:
                raise
