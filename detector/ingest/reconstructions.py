"""One scan reconstructed several times (soft and sharp, thick and thin) is one phase: which of them is read.

The rule, in this order: what covers the scan, before a part of it; an original before a reformat; a
soft-tissue kernel before an unknown one before a sharp one; a slice thicker than 1 mm before a thinner one;
the thickness nearest to 5 mm; the finer matrix; the lower series.

Two stacks are of one scan only where the scanner says so: by the same exposure, or by times of acquisition
that run into each other under one acquisition number. Times that an anonymiser made all the same say
nothing. In doubt both stay, and a person says which is which: a phase is never thrown away on a guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detector.ingest.dicom_grid import StackGrid
from detector.ingest.dicom_times import seconds_of

BEST_THICKNESS_MM = 5.0
THIN_MM = 1.0
_REFORMAT_WORDS = ("REFORMATTED", "MPR", "CSA MPR", "RESAMPLED", "MPVR")
_SOFT_WORDS = re.compile(r"\b(STANDARD|STND|SOFT|SMOOTH|BODY|ABDOMEN|LIVER)\b")
_SHARP_WORDS = re.compile(r"\b(BONE|BONEPLUS|LUNG|EDGE|ULTRA|SHARP|CHEST|DETAIL)\b")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One stack of a study that could be read as a phase."""

    key: str
    hint: str | None
    grid: StackGrid

    @property
    def thickness_mm(self) -> float:
        """As the header says it, else the distance of the slices."""
        stated = self.grid.slices[0].thickness_mm
        return stated if stated and 0.1 < stated < 30 else self.grid.geometry().spacing_xyz_mm[2]


def choose(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[tuple[Candidate, Candidate, str]]]:
    """The candidates to keep in their order, and those left out, each with the one that is read in its place
    and the reason."""
    groups: list[list[Candidate]] = []
    trusted = _times_differ(candidates)
    for one in candidates:
        home = next((g for g in groups if all(_same_scan(one, other, trusted) for other in g)), None)
        if home is None:
            groups.append([one])
        else:
            home.append(one)
    kept, left_out = [], []
    for group in groups:
        best = min(group, key=lambda c: (_rank(c, group), group.index(c)))
        kept.append(best)
        left_out += [(c, best, _reason(c, best, group)) for c in group if c is not best]
    return sorted(kept, key=candidates.index), left_out


def sharpness(kernel: str, description: str = "") -> int:
    """-1 for a soft-tissue kernel, 1 for a sharp one, 0 where neither is known.

    >>> [sharpness(k) for k in ("B31f", "Br40d", "B70f", "STANDARD", "LUNG", "FC08", "FC52", "B", "YC", "")]
    [-1, -1, 1, -1, 1, -1, 1, -1, -1, 0]
    """
    name = kernel.upper().split("\\")[0].strip()
    if _SHARP_WORDS.search(name):
        return 1
    if _SOFT_WORDS.search(name):
        return -1
    if found := re.match(r"FC(\d{2})", name):  # Canon, Toshiba: 0x and 1x body, 3x bone, 5x and 8x lung
        return 1 if int(found[1]) >= 30 else -1
    if found := re.match(r"[A-Z]{1,2}(\d{2})", name):  # Siemens: B31f, Br40, I50f: the number is sharpness
        return 1 if int(found[1]) >= 50 else -1
    if found := re.fullmatch(r"[IUY]?([A-FL])", name):  # Philips: A to C smooth to standard, D and on sharp
        return -1 if found[1] in "ABC" else 1
    return 1 if _SHARP_WORDS.search(description.upper()) else 0


def is_reformat(candidate: Candidate) -> bool:
    """Whether its image type says that it was cut anew from another series."""
    return any(word in _REFORMAT_WORDS for word in candidate.grid.slices[0].image_type)


def _rank(candidate: Candidate, group: Sequence[Candidate]) -> tuple[float, ...]:
    first, thickness = candidate.grid.slices[0], candidate.thickness_mm
    return (
        _is_part(candidate, group),
        is_reformat(candidate),
        sharpness(first.kernel, first.description),
        thickness <= THIN_MM,
        abs(thickness - BEST_THICKNESS_MM),
        first.pixel_spacing[0],
    )


def _is_part(candidate: Candidate, group: Sequence[Candidate]) -> bool:
    """Whether it holds less than four fifths of the largest, along any axis."""
    own = candidate.grid.geometry().extent.size_mm
    sizes = [c.grid.geometry().extent.size_mm for c in group]
    return any(own[axis] < 0.8 * max(size[axis] for size in sizes) for axis in range(3))


def _reason(candidate: Candidate, best: Candidate, group: Sequence[Candidate]) -> str:
    texts = (
        "it covers a part only",
        "it is a reformat",
        "its kernel is sharper",
        "its slices are thinner than 1 mm",
        f"its slices of {candidate.thickness_mm:g} mm are further from {BEST_THICKNESS_MM:g} mm",
        "its pixels are coarser",
    )
    pairs = zip(_rank(candidate, group), _rank(best, group), texts, strict=True)
    return next((text for own, other, text in pairs if own > other), "it comes later")


def _times_differ(candidates: Sequence[Candidate]) -> bool:
    return len({s.acquisition_time for c in candidates for s in c.grid.slices if s.acquisition_time}) > 1


def _same_scan(a: Candidate, b: Candidate, times_trusted: bool) -> bool:
    first, second = a.grid.slices[0], b.grid.slices[0]
    if first.frame_of_reference != second.frame_of_reference or (a.hint and b.hint and a.hint != b.hint):
        return False
    if not _differ_as_reconstructions(a, b) or not _share_a_region(a, b):
        return False
    events = {s.event for s in a.grid.slices} & {s.event for s in b.grid.slices} - {""}
    if events:
        return True
    numbers = {s.acquisition for s in a.grid.slices}, {s.acquisition for s in b.grid.slices}
    times = _times(a), _times(b)
    if not times_trusted or not numbers[0] & numbers[1] or not times[0] or not times[1]:
        return False
    return times[0][0] <= times[1][1] and times[1][0] <= times[0][1]


def _differ_as_reconstructions(a: Candidate, b: Candidate) -> bool:
    first, second = a.grid.slices[0], b.grid.slices[0]
    steps = [c.grid.geometry().spacing_xyz_mm for c in (a, b)]
    return (
        first.kernel != second.kernel
        or abs(a.thickness_mm - b.thickness_mm) > 0.05
        or any(abs(p - q) > 0.01 for p, q in zip(*steps, strict=True))
        or is_reformat(a) != is_reformat(b)
    )


def _share_a_region(a: Candidate, b: Candidate) -> bool:
    one, other = a.grid.geometry().extent, b.grid.geometry().extent
    shared = min(one.hi[2], other.hi[2]) - max(one.lo[2], other.lo[2])
    return shared >= 0.5 * min(one.size_mm[2], other.size_mm[2])


def _times(candidate: Candidate) -> tuple[float, float] | None:
    known = [t for s in candidate.grid.slices if (t := seconds_of(s.acquisition_time)) is not None]
    return (min(known), max(known)) if known else None
