"""From loose slices to acquisitions: three phases in one series come out as three stacks.

A scanner may number each table position as an acquisition, and an export may number none. So a series is
split only where slices lie on top of each other, and by the first rule that leaves no such pair.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from detector.errors import ReadError
from detector.ingest.canonical import MIN_SLICES, Floats, axis_permutation, check_grid
from detector.ingest.dicom_header import SliceHeader, read_dataset
from detector.ingest.problems import unreadable

_SAME_PLACE_MM = 0.01


def split_acquisitions(slices: Sequence[SliceHeader]) -> list[list[SliceHeader]]:
    """Stacks of one series, each with at most one slice at a place; repeats of one slice are dropped.

    Slices of another matrix, spacing or orientation make a stack of their own.

    Raises:
        ReadError: code duplicate_positions where no rule tells the overlapping slices apart.
    """
    stacks: list[list[SliceHeader]] = []
    grids: dict[object, list[SliceHeader]] = defaultdict(list)
    for s in _without_repeats(slices):
        grids[(s.rows, s.columns, s.pixel_spacing, tuple(np.round(s.orientation, 3)))].append(s)
    for _, same_grid in sorted(grids.items(), key=lambda item: str(item[0])):
        stacks.extend(_split_overlaps(same_grid))
    return stacks


def stack_geometry(stack: Sequence[SliceHeader]) -> tuple[list[SliceHeader], Floats, Floats, Floats]:
    """Slices in order of place, with direction (3, 3), origin (x, y, z) mm and spacing (i, j, k) mm.

    Raises:
        ReadError: codes too_few_slices, gantry_tilt, oblique, not_axial, missing_slices,
            nonuniform_slices, spacing, too_large.
    """
    first = stack[0]
    row, column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    normal = np.cross(row, column)
    ordered = sorted(stack, key=lambda s: float(np.dot(normal, s.position)))
    in_plane = (first.pixel_spacing[1], first.pixel_spacing[0])
    if len(ordered) == 1:
        check_grid((1, first.rows, first.columns), (*in_plane, 1.0))
    positions = np.array([s.position for s in ordered])
    path = positions[-1] - positions[0]
    length = float(np.linalg.norm(path))
    along = positions @ normal
    sideways = positions - positions[0] - np.outer(along - along[0], normal)
    if np.abs(sideways).max() > max(0.5 * min(in_plane), 1e-3 * length):
        raise unreadable(
            "gantry_tilt",
            "The slices are sheared: the gantry was tilted.",
            "Correct the tilt (dcm2niix does) and import the result.",
        )
    direction = np.stack([row, column, normal], axis=1)
    if axis_permutation(direction)[0][2] != 2:
        raise unreadable("not_axial", "The slices are not axial.", "Import the axial series.")
    _check_even(along)
    spacing = np.array([*in_plane, float(along[-1] - along[0]) / (len(ordered) - 1)])
    check_grid((len(ordered), first.rows, first.columns), (spacing[0], spacing[1], spacing[2]))
    return ordered, direction, positions[0], spacing


def _check_even(along: Floats) -> None:
    gaps = np.diff(along)
    step = float(np.median(gaps))
    even = np.linspace(along[0], along[-1], len(along))
    if np.abs(along - even).max() <= 0.05 + 0.05 * step:
        return
    multiples = gaps / step
    wide = np.flatnonzero(multiples > 1.5)
    if len(wide) and np.abs(multiples - np.rint(multiples)).max() < 0.1:
        count = int(np.rint(multiples[wide]).sum()) - len(wide)
        raise unreadable(
            "missing_slices",
            f"{count} slices are missing, the first after slice {int(wide[0]) + 1} of {len(along)}.",
            "Export the whole series again.",
            missing=count,
        )
    raise unreadable(
        "nonuniform_slices",
        f"The distances between slices differ ({gaps.min():.2f} to {gaps.max():.2f} mm).",
        "Export a series with even distances.",
        gaps_mm=[float(gaps.min()), float(gaps.max())],
    )


def pixel_digest(slice_: SliceHeader) -> bytes:
    """SHA-256 of one slice's stored pixels and place; the same for a copy with another header."""
    data = read_dataset(slice_.path)
    digest = hashlib.sha256(repr((slice_.position, slice_.orientation, slice_.pixel_spacing)).encode())
    digest.update(bytes(data.get("PixelData") or b""))
    return digest.digest()


def _without_repeats(slices: Sequence[SliceHeader]) -> list[SliceHeader]:
    ordered = sorted(slices, key=lambda s: (s.sop_uid, str(s.path)))
    once: dict[object, SliceHeader] = {}
    for s in ordered:
        # A uid given twice to different places is the exporter's mistake, not a repeat.
        once.setdefault((s.sop_uid or str(s.path), s.position), s)
    unique = list(once.values())
    places = Counter(_place(s) for s in unique)
    seen: set[bytes] = set()
    kept = []
    for s in unique:
        if places[_place(s)] > 1:
            try:
                digest = pixel_digest(s)
            except ReadError:
                digest = s.sop_uid.encode()
            if digest in seen:
                continue
            seen.add(digest)
        kept.append(s)
    return kept


def _place(s: SliceHeader) -> tuple[object, ...]:
    cells = tuple(round(p / _SAME_PLACE_MM) for p in s.position)
    return (cells, tuple(np.round(s.orientation, 3)), s.rows, s.columns, s.pixel_spacing)


def _clean(stacks: list[list[SliceHeader]]) -> bool:
    return all(len({_place(s) for s in stack}) == len(stack) for stack in stacks)


def _split_overlaps(slices: list[SliceHeader]) -> list[list[SliceHeader]]:
    if _clean([slices]):
        return [slices]
    times_each = max(Counter(_place(s) for s in slices).values())
    by_number = _grouped(slices, lambda s: s.acquisition)
    if _clean(by_number) and (len(by_number) == times_each or _whole(by_number)):
        return by_number
    for split in (_grouped(slices, lambda s: s.acquisition_time), _restarts(slices), _kth(slices)):
        if _clean(split) and _whole(split) and _repeats_a_region(split):
            return split
    raise unreadable(
        "duplicate_positions",
        "Different slices lie at one place, and neither acquisition number nor order tells them apart.",
        "Export each phase as a series of its own.",
    )


def _whole(stacks: list[list[SliceHeader]]) -> bool:
    return all(len(stack) >= MIN_SLICES for stack in stacks)


def _repeats_a_region(stacks: list[list[SliceHeader]]) -> bool:
    """Whether each stack scans a region again; two halves that meet in one doubled slice do not."""
    ends = [sorted(float(s.position[2]) for s in stack) for stack in stacks]
    longest = max(ends, key=lambda z: z[-1] - z[0])
    return all(min(z[-1], longest[-1]) - max(z[0], longest[0]) >= 0.5 * (z[-1] - z[0]) for z in ends)


def _grouped(slices: list[SliceHeader], key: Callable[[SliceHeader], object]) -> list[list[SliceHeader]]:
    groups: dict[object, list[SliceHeader]] = defaultdict(list)
    for s in _in_order(slices):
        groups[key(s)].append(s)
    return list(groups.values())


def _in_order(slices: list[SliceHeader]) -> list[SliceHeader]:
    return sorted(slices, key=lambda s: (s.acquisition or 0, s.instance or 0, s.acquisition_time, s.sop_uid))


def _restarts(slices: list[SliceHeader]) -> list[list[SliceHeader]]:
    """A new stack wherever the instance order comes back to a place already in the stack."""
    stacks: list[list[SliceHeader]] = [[]]
    seen: set[object] = set()
    for s in _in_order(slices):
        if _place(s) in seen:
            stacks.append([])
            seen = set()
        seen.add(_place(s))
        stacks[-1].append(s)
    return stacks


def _kth(slices: list[SliceHeader]) -> list[list[SliceHeader]]:
    """The k-th slice of each place to stack k, where every place has as many."""
    places: dict[object, list[SliceHeader]] = defaultdict(list)
    for s in _in_order(slices):
        places[_place(s)].append(s)
    if len({len(stack) for stack in places.values()}) != 1:
        return [slices]
    return [list(stack) for stack in zip(*places.values(), strict=True)]
