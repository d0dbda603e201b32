"""From the loose slices of one series to acquisitions: three phases in one series come out as three stacks.

A scanner may number each table position as an acquisition, and an export may number none. So what can be
one volume stays one, and a series is split only where its slices lie on top of each other or between each
other, by the first rule that leaves stacks that are volumes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from detector.errors import ReadError
from detector.ingest.canonical import MIN_SLICES
from detector.ingest.dicom_grid import stack_grid
from detector.ingest.dicom_header import SliceHeader
from detector.ingest.dicom_pixels import slice_digest
from detector.ingest.problems import unreadable

_SAME_PLACE_MM = 0.01
# Headers round: cosines and spacings this close (0.1 degrees, a thousandth) are of one grid.
_SAME_COSINE = 2e-3
_SAME_SPACING = 1e-3

Stack = list[SliceHeader]


def split_acquisitions(slices: Sequence[SliceHeader]) -> list[Stack]:
    """Stacks of one series, each with at most one slice at a place; repeats of one slice are dropped.

    Slices of another matrix, spacing or orientation make a stack of their own, and so do those of another
    convolution kernel or image type where each kind alone is enough for a volume.

    Raises:
        ReadError: code duplicate_positions where no rule tells the overlapping slices apart.
    """
    stacks: list[Stack] = []
    for same_grid in _grids(_without_repeats(slices)):
        for same_kind in _kinds(same_grid):
            stacks.extend(_split_overlaps(same_kind))
    return stacks


def _without_repeats(slices: Sequence[SliceHeader]) -> Stack:
    unique = without_copies(slices)
    places = Counter(_place(s) for s in unique)
    seen: set[bytes] = set()
    kept = []
    for s in unique:
        if places[_place(s)] > 1:
            try:
                digest = slice_digest(s)
            except ReadError:
                digest = s.sop_uid.encode()
            if digest in seen:
                continue
            seen.add(digest)
        kept.append(s)
    return kept


def without_copies(slices: Sequence[SliceHeader]) -> Stack:
    """Drops files that are a copy of another: the same object at the same place. A uid given twice to
    different places is the exporter's mistake, not a copy."""
    once: dict[object, SliceHeader] = {}
    for s in sorted(slices, key=lambda s: (s.sop_uid, str(s.path))):
        once.setdefault((s.sop_uid or str(s.path), s.position), s)
    return list(once.values())


def _place(s: SliceHeader) -> tuple[int, ...]:
    return tuple(round(p / _SAME_PLACE_MM) for p in s.position)


def _grids(slices: Stack) -> list[Stack]:
    """Slices of one matrix, spacing and orientation together, the largest group first."""
    groups: list[Stack] = []
    for s in slices:
        home = next((g for g in groups if _same_grid(g[0], s)), None)
        if home is None:
            groups.append([s])
        else:
            home.append(s)
    return sorted(groups, key=lambda g: (-len(g), g[0].instance or 0))


def _same_grid(a: SliceHeader, b: SliceHeader) -> bool:
    return (
        (a.rows, a.columns) == (b.rows, b.columns)
        and all(
            abs(p - q) <= _SAME_SPACING * p for p, q in zip(a.pixel_spacing, b.pixel_spacing, strict=True)
        )
        and all(abs(p - q) <= _SAME_COSINE for p, q in zip(a.orientation, b.orientation, strict=True))
    )


def _kinds(slices: Stack) -> list[Stack]:
    """Different reconstructions under one series uid, where each is enough for a volume."""
    for key in (_kernel, _image_type):
        groups = _grouped(slices, key)
        if len(groups) > 1 and _whole(groups) and all(_is_volume(g) for g in groups):
            return [part for group in groups for part in _kinds(group)]
    return [slices]


def _acquisition(s: SliceHeader) -> object:
    return s.acquisition


def _temporal(s: SliceHeader) -> object:
    return s.temporal


def _kernel(s: SliceHeader) -> object:
    return s.kernel


def _image_type(s: SliceHeader) -> object:
    return s.image_type


def _split_overlaps(slices: Stack) -> list[Stack]:
    clean = _clean([slices])
    if clean and (len(slices) < 2 * MIN_SLICES or _is_volume(slices)):
        return next(_interleaved(slices), [slices])
    times_each = max(Counter(_place(s) for s in slices).values())
    by_number = _grouped(slices, _acquisition)
    if not clean and _clean(by_number) and (len(by_number) == times_each or _whole(by_number)):
        return by_number
    for split in _splits(slices):
        if len(split) < 2 or not (_clean(split) and _whole(split) and _repeats_a_region(split)):
            continue
        # Slices that only interleave are told apart by what they become: volumes, all of them.
        if not clean or all(_is_volume(stack) for stack in split):
            return split
    if clean:
        return [slices]
    raise unreadable(
        "duplicate_positions",
        "Different slices lie at one place, and neither acquisition, time, kind nor order tells them apart.",
        "Export each phase as a series of its own.",
    )


def _interleaved(slices: Stack) -> Iterator[list[Stack]]:
    """Splits into acquisitions that all run over the whole region, slice between slice. Even where they make
    one even stack together, no scanner takes one volume that way."""
    for key in (_acquisition, _temporal):
        split = _grouped(slices, key)
        reach = [max(s.position[2] for s in g) - min(s.position[2] for s in g) for g in (slices, *split)]
        everywhere = len(split) > 1 and _whole(split) and min(reach) >= 0.8 * reach[0]
        if everywhere and all(_is_volume(stack) for stack in split):
            yield split


def _splits(slices: Stack) -> Iterator[list[Stack]]:
    keys: tuple[Callable[[SliceHeader], object], ...] = (
        _acquisition,
        _temporal,
        lambda s: s.acquisition_time,
        _kernel,
        _image_type,
        lambda s: s.thickness_mm,
        lambda s: s.event,
    )
    for key in keys:
        yield _grouped(slices, key)
    yield _restarts(slices)
    yield _kth(slices)


def _clean(stacks: list[Stack]) -> bool:
    return all(len({_place(s) for s in stack}) == len(stack) for stack in stacks)


def _is_volume(stack: Stack) -> bool:
    """Whether the stack can be read as it is, or would be but for rules that no split changes."""
    if not _clean([stack]):
        return True  # phases on top of each other: split by the rules for them
    try:
        stack_grid(stack)
    except ReadError as error:
        return error.code not in ("missing_slices", "nonuniform_slices", "shifted_slices")
    return True


def _whole(stacks: list[Stack]) -> bool:
    return all(len(stack) >= MIN_SLICES for stack in stacks)


def _repeats_a_region(stacks: list[Stack]) -> bool:
    """Whether each stack scans a region again; two halves that meet in one doubled slice do not."""
    ends = [sorted(float(s.position[2]) for s in stack) for stack in stacks]
    longest = max(ends, key=lambda z: z[-1] - z[0])
    return all(min(z[-1], longest[-1]) - max(z[0], longest[0]) >= 0.5 * (z[-1] - z[0]) for z in ends)


def _grouped(slices: Stack, key: Callable[[SliceHeader], object]) -> list[Stack]:
    groups: dict[object, Stack] = defaultdict(list)
    for s in _in_order(slices):
        groups[key(s)].append(s)
    return sorted(groups.values(), key=lambda g: min(_turn(s) for s in g))


def _turn(s: SliceHeader) -> tuple[object, ...]:
    """When the slice came, by whatever its header tells of it."""
    return (s.acquisition or 0, s.acquired_at or 0.0, len(s.temporal), s.temporal, s.instance or 0)


def _in_order(slices: Stack) -> Stack:
    return sorted(slices, key=lambda s: (s.acquisition or 0, s.instance or 0, s.acquisition_time, s.sop_uid))


def _restarts(slices: Stack) -> list[Stack]:
    """A new stack wherever the instance order comes back to a place already in the stack."""
    stacks: list[Stack] = [[]]
    seen: set[object] = set()
    for s in _in_order(slices):
        if _place(s) in seen:
            stacks.append([])
            seen = set()
        seen.add(_place(s))
        stacks[-1].append(s)
    return stacks


def _kth(slices: Stack) -> list[Stack]:
    """The k-th slice of each place to stack k, where every place has as many."""
    places: dict[object, Stack] = defaultdict(list)
    for s in _in_order(slices):
        places[_place(s)].append(s)
    if len({len(stack) for stack in places.values()}) != 1:
        return [slices]
    return [list(stack) for stack in zip(*places.values(), strict=True)]
