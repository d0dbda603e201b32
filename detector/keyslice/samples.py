"""What the key slice filter learns from: lesion slices with masks, and views of true and false boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from torch import Tensor

from detector.contracts import StudyImages
from detector.data.cases import Case, Mark
from detector.data.crops import (
    CropGrid,
    axial_crops,
    box_plane,
    ellipsoid_plane,
    grid_around,
    jitter_box,
    phase_crops,
    slices_by_area,
    window,
)
from detector.geometry import Box3D, intersection_mm3
from detector.keyslice.config import KeySlicePlan

Half = npt.NDArray[np.float16]
Plane = npt.NDArray[np.bool_]
MARGIN_PIXELS = 8  # crops are cut this much larger than they are shown, so that they can be shifted
PLACEMENTS = 200


@dataclass(frozen=True, slots=True)
class Slab:
    """Adjacent slices (3, H, W) in [-1, 1]; the middle one's lesion mask and where it teaches, (H, W)."""

    image: Half
    target: Plane
    teaches: Plane


@dataclass(frozen=True, slots=True)
class View:
    """A candidate on one slice, (2 P + 1, H, W): phases, presence planes, box; whether it is primary."""

    image: Half
    primary: bool
    subject: str


@dataclass(slots=True)
class Samples:
    slabs: list[Slab] = field(default_factory=list)
    views: list[View] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """(B, 3, H, W) slabs, (B, 1, H, W) targets and teaching masks; (V, 2 P + 1, H, W) views, (V,) truth."""

    slabs: Tensor
    targets: Tensor
    teaches: Tensor
    views: Tensor
    primary: Tensor


def slab_image(
    study: StudyImages, z_index: int, grid: CropGrid, hu_window: tuple[float, float]
) -> npt.NDArray[np.float32]:
    """(3, side, side): the slice below, the slice and the one above of the reference phase, in [-1, 1]; at
    the ends of the volume the last slice stands in for its missing neighbour."""
    reference = study.volumes[study.reference_phase]
    return window(axial_crops(reference, (z_index - 1, z_index, z_index + 1), grid), hu_window)


def view_image(
    study: StudyImages, box: Box3D, z_index: int, plan: KeySlicePlan, side: int
) -> npt.NDArray[np.float32]:
    """(2 P + 1, side, side): every phase, its presence plane, and the box's outline as the last channel."""
    grid = grid_around(box, plan.spacing_mm, side)
    phases = phase_crops(study, plan.phases, z_index, grid, hu_window=plan.hu_window)
    return np.concatenate([phases, box_plane(box, grid)[None].astype(np.float32)])


def is_primary(mark: Mark) -> bool | None:
    """What a mark teaches: True, False, or None where it is to be ignored."""
    return None if mark.role == "ignored" else mark.role == "positive" and mark.primary


def _slab(case: Case, study: StudyImages, z_index: int, grid: CropGrid, plan: KeySlicePlan) -> Slab:
    z_mm = study.geometry.point_from_index((z_index, 0, 0))[2]
    target = np.zeros((grid.side, grid.side), dtype=bool)
    known, ignored = target.copy(), target.copy()
    for mark in case.marks:
        if mark.box.lo[2] <= z_mm <= mark.box.hi[2]:
            if mark.role == "ignored":
                ignored |= box_plane(mark.box, grid)
                continue
            known |= box_plane(mark.box, grid)
            if mark.role == "positive":
                target |= ellipsoid_plane(mark.box, z_mm, grid)
    teaches = ~ignored if case.complete else known & ~ignored
    image = slab_image(study, z_index, grid, plan.hu_window)
    return Slab(image.astype(np.float16), target & teaches, teaches)


def slabs_of(case: Case, study: StudyImages, plan: KeySlicePlan, rng: np.random.Generator) -> list[Slab]:
    """Slices of every positive and negative mark, and of the slice past each end, so that the network also
    sees where a lesion stops.

    The target is the ellipsoid inscribed in the mark's box: a case list carries boxes and no masks. In an
    incomplete study only the marked boxes teach; ignored marks never do.
    """
    slabs = []
    for mark in case.marks:
        if mark.role == "ignored":
            continue
        zs = study.geometry.slices_from_box(mark.box)[0]
        ends = [z for z in (zs.start - 1, zs.stop) if 0 <= z < study.geometry.shape_zyx[0]]
        wanted = plan.slices_per_mark if mark.role == "positive" else 1
        inside = list(range(zs.start, zs.stop))
        chosen = list(rng.permutation(inside))[:wanted] + (ends if mark.role == "positive" else [])
        slack = np.array(mark.box.size_mm[:2]) / 2
        for z in chosen:
            shift = rng.uniform(-slack, slack)
            side = plan.segment_side + 2 * MARGIN_PIXELS
            pixel_mm = plan.spacing_mm * float(np.exp(rng.uniform(*np.log(plan.zoom))))
            grid = grid_around(mark.box, pixel_mm, side, tuple(shift))
            slab = _slab(case, study, int(z), grid, plan)
            if slab.teaches.any():
                slabs.append(slab)
    return slabs


def views_of(
    case: Case,
    study: StudyImages,
    plan: KeySlicePlan,
    rng: np.random.Generator,
    *,
    views: int,
    jitter: float,
    side: int,
    extra: Sequence[Box3D] = (),
) -> list[View]:
    """Views of every mark that is not ignored, and of `extra` boxes as not primary: for each its `views`
    largest slices, with the box jittered."""
    judged = [(m.box, said) for m in case.marks if (said := is_primary(m)) is not None]
    out = []
    for box, primary in [*judged, *((b, False) for b in extra)]:
        for z in slices_by_area(study.geometry, box)[:views]:
            moved = jitter_box(box, rng, jitter)
            image = view_image(study, moved, z, plan, side).astype(np.float16)
            out.append(View(image, primary, case.subject))
    return out


def random_liver_boxes(
    study: StudyImages,
    avoid: Sequence[Box3D],
    sizes_mm: Sequence[tuple[float, float, float]],
    count: int,
    rng: np.random.Generator,
) -> list[Box3D]:
    """Up to `count` boxes centred in the liver that touch none of `avoid` nor each other, of sizes drawn from
    `sizes_mm`. Fewer where the liver has no room left, none where there is no liver mask."""
    if study.liver is None or not sizes_mm:
        return []
    voxels = np.argwhere(study.liver)
    taken = list(avoid)
    found: list[Box3D] = []
    for _ in range(PLACEMENTS if len(voxels) else 0):
        if len(found) == count:
            break
        centre = study.geometry.point_from_index(tuple(voxels[rng.integers(len(voxels))]))
        half = [s / 2 for s in sizes_mm[int(rng.integers(len(sizes_mm)))]]
        box = Box3D(
            tuple(c - h for c, h in zip(centre, half, strict=True)),  # type: ignore[arg-type]
            tuple(c + h for c, h in zip(centre, half, strict=True)),  # type: ignore[arg-type]
        )
        if all(intersection_mm3(box, other) == 0 for other in taken):
            found.append(box)
            taken.append(box)
    return found
