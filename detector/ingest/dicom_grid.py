"""Where the slices of one acquisition lie: in order, evenly, along a line, and upright or to be made so.

Only places and orientations count: numbers, names, locations and thicknesses of slices are not believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.geometry import VolumeGeometry
from detector.ingest.canonical import AXIS_TOLERANCE, MIN_SLICES, Floats, check_grid
from detector.ingest.dicom_header import SliceHeader
from detector.ingest.problems import unreadable
from detector.ingest.upright import nearest_axes, upright_grid

MAX_TILT_DEGREES = 30.0


@dataclass(frozen=True, slots=True)
class StackGrid:
    """The slices from one end to the other on their own grid.

    `steps` is (3, 3): column a is the step of array axis a (column, row, slice) in LPS mm; `origin` is the
    centre of the first voxel. `tilt` says what must be straightened by resampling, "" for an upright stack.
    `step_mm` are the places of the slices along the path where their distances differ by design, else None.
    """

    slices: list[SliceHeader]
    steps: Floats
    origin: Floats
    tilt: str
    places_mm: Floats | None = None

    @property
    def note(self) -> str:
        mixed = "slices of two distances brought to one by linear interpolation"
        return "; ".join(n for n in (self.tilt, mixed if self.places_mm is not None else "") if n)

    @property
    def shape_kji(self) -> tuple[int, int, int]:
        first, n = self.slices[0], len(self.slices)
        if self.places_mm is not None:
            step = float(np.linalg.norm(self.steps[:, 2]))
            n = round(float(self.places_mm[-1]) / step) + 1
        return n, first.rows, first.columns

    def geometry(self) -> VolumeGeometry:
        """The grid of the canonical volume.

        Raises:
            ReadError: codes too_few_slices, too_large, spacing.
        """
        if self.tilt:
            grid = upright_grid(self.shape_kji, self.steps, self.origin)
        else:
            axes = nearest_axes(self.steps)
            lengths = np.linalg.norm(self.steps, axis=0)
            ends = np.stack([self.origin, self.origin + self.steps @ (np.array(self.shape_kji[::-1]) - 1)])
            shape = tuple(self.shape_kji[2 - axes[world]] for world in (2, 1, 0))
            grid = VolumeGeometry(shape, tuple(lengths[list(axes)]), tuple(ends.min(axis=0)))  # type: ignore[arg-type]
        check_grid(grid.shape_zyx, grid.spacing_xyz_mm)
        return grid


def stack_grid(stack: Sequence[SliceHeader]) -> StackGrid:
    """Puts the slices of one acquisition in order of place and says on which grid they lie.

    Raises:
        ReadError: codes too_few_slices, not_axial, shifted_slices, missing_slices, nonuniform_slices,
            gantry_tilt and oblique (beyond MAX_TILT_DEGREES), spacing, too_large.
    """
    first = stack[0]
    row, column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    normal = np.cross(row, column)
    ordered = sorted(stack, key=lambda s: float(np.dot(normal, s.position)))
    down, across = first.pixel_spacing
    if len(ordered) < 2:
        check_grid((len(ordered), first.rows, first.columns), (across, down, 1.0))
    positions = np.array([s.position for s in ordered])
    along = positions @ normal
    path = positions[-1] - positions[0]
    length = float(along[-1] - along[0])
    if int(np.argmax(np.abs(normal))) != 2:
        raise unreadable("not_axial", "The slices are not axial.", "Import the axial series.")
    if length <= 0:
        raise unreadable("nonuniform_slices", "All slices lie at one place.", "Export the series again.")
    places = (along - along[0]) / length
    tolerance = max(0.5 * min(down, across), 1e-3 * length)
    aside = np.linalg.norm(positions - positions[0] - np.outer(places, path), axis=1)
    if aside.max() > tolerance:
        worst = int(np.argmax(aside))
        raise unreadable(
            "shifted_slices",
            f"Slice {worst + 1} of {len(ordered)} lies {aside[worst]:.1f} mm beside the line of the others.",
            "Export the series again.",
        )
    # Upright slices may drift by half a pixel untouched; tilted ones are interpolated anyway, so exactly.
    tilted = float(1 - np.abs(normal).max()) > AXIS_TOLERANCE**2
    sheared = float(np.linalg.norm(path - length * normal)) > (1e-3 * length if tilted else tolerance)
    step = _even_step(along)
    unit = path / length if sheared else normal
    places_mm = None
    if step is None:
        step = _finest_step(along)
        places_mm = (along - along[0]) * np.linalg.norm(unit)
    check_grid((len(ordered), first.rows, first.columns), (across, down, step))
    steps = np.stack([across * row, down * column, unit * step], axis=1)
    grid = StackGrid(ordered, steps, positions[0], _tilt(steps, sheared), places_mm)
    grid.geometry()
    return grid


def _tilt(steps: Floats, sheared: bool) -> str:
    """What must be straightened, "" for a grid along the patient's axes.

    Raises:
        ReadError: codes gantry_tilt and oblique where it is too much to be made good by interpolation.
    """
    directions = steps / np.linalg.norm(steps, axis=0)
    normal = np.cross(directions[:, 0], directions[:, 1])
    axes = nearest_axes(steps)
    off = max(1 - abs(float(directions[world, axis])) for world, axis in enumerate(axes))
    aside = max(
        abs(float(directions[world, axis])) for axis in range(3) for world in range(3) if axes[world] != axis
    )
    if not sheared and max(off, aside) <= AXIS_TOLERANCE:
        return ""
    if sheared:
        angle = float(np.degrees(np.arccos(min(1.0, abs(float(directions[:, 2] @ normal))))))
        if angle > MAX_TILT_DEGREES:
            raise unreadable(
                "gantry_tilt",
                f"The slices are sheared by {angle:.0f} degrees: too much to be straightened.",
                "Import a series that was made without gantry tilt.",
            )
        return f"gantry tilt of {angle:.1f} degrees straightened by linear interpolation"
    angle = float(np.degrees(np.arccos(np.clip((np.trace(_nearest_turn(directions, axes)) - 1) / 2, -1, 1))))
    if angle > MAX_TILT_DEGREES:
        raise unreadable(
            "oblique",
            f"The slices are oblique to the patient's axes by {angle:.0f} degrees.",
            "Resample the series to an axial grid and import that.",
        )
    return f"slices oblique by {angle:.1f} degrees straightened by linear interpolation"


def _nearest_turn(directions: Floats, axes: tuple[int, int, int]) -> Floats:
    """The turn from the patient's axes to those of the slices, after swaps and flips."""
    turned = np.empty((3, 3))
    for world, axis in enumerate(axes):
        turned[:, world] = directions[:, axis] * np.sign(directions[world, axis])
    return turned


def _even_step(along: Floats) -> float | None:
    """The distance of evenly spaced slices in mm; None where two distances are mixed by design.

    Raises:
        ReadError: codes missing_slices and nonuniform_slices.
    """
    gaps = np.diff(along)
    step = float(np.median(gaps))
    even = np.linspace(along[0], along[-1], len(along))
    if np.abs(along - even).max() <= 0.05 + 0.05 * step:
        return float(along[-1] - along[0]) / (len(along) - 1)
    if _in_runs(gaps):
        return None
    multiples = gaps / step if step > 0 else np.zeros_like(gaps)
    wide = np.flatnonzero(multiples > 1.5)
    if len(wide) and np.abs(multiples - np.rint(multiples)).max() < 0.1:
        count = int(np.rint(multiples[wide]).sum()) - len(wide)
        raise unreadable(
            "missing_slices",
            f"{count} slices are missing, the first after slice {int(wide[0]) + 1} of {len(along)}.",
            "Export the whole series again.",
            missing=count,
        )
    first = int(np.argmax(np.abs(gaps - step))) + 1
    raise unreadable(
        "nonuniform_slices",
        f"The distances between slices differ ({gaps.min():.2f} to {gaps.max():.2f} mm), most after slice "
        f"{first} of {len(along)}.",
        "Export a series with even distances.",
        gaps_mm=[float(gaps.min()), float(gaps.max())],
    )


def _in_runs(gaps: Floats) -> bool:
    """Whether the distances are of two kinds in long runs, a coarse one that is a multiple of the fine one:
    a scan planned so, not one with slices lost. A run must be too long to be a loss."""
    fine = float(gaps.min())
    if fine <= 0:
        return False
    multiples = gaps / fine
    if np.abs(multiples - np.rint(multiples)).max() > 0.02 or len(set(np.rint(multiples))) != 2:
        return False
    edges = np.flatnonzero(np.diff(np.rint(multiples))) + 1
    runs = np.diff([0, *edges, len(gaps)])
    return len(runs) <= 3 and bool(runs.min() >= 2 * MIN_SLICES) and float(multiples.max()) < 4.5


def _finest_step(along: Floats) -> float:
    total, fine = float(along[-1] - along[0]), float(np.diff(along).min())
    return total / round(total / fine)
