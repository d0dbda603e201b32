"""`generate(parameters, seed)`: a synthetic study with everything true about it; pure, equal by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.ndimage import find_objects

from detector.geometry import Box3D, Vector, VolumeGeometry, VoxelBox
from detector.phantom.anatomy import Frame, body_layers
from detector.phantom.conditions import draw_conditions
from detector.phantom.enhancement import Haemodynamics
from detector.phantom.layers import Grid, compose
from detector.phantom.lesions import Surroundings
from detector.phantom.liver import Liver, liver_shape, parenchyma, vessel_layers
from detector.phantom.parameters import (
    LESION_CLASSES,
    PHASES,
    REFERENCE_PHASE,
    SLICE_MM,
    SUBTYPES,
    PhantomParameters,
    draw_span,
)
from detector.phantom.placement import (
    MIN_DIAMETER_MM,
    Blob,
    Spot,
    arterial_blush,
    cyst,
    fat,
    find_spot,
    lesion,
)
from detector.phantom.regions import draw_regions
from detector.phantom.scan import bend, breathe
from detector.phantom.variety import strayed
from detector.phantom.warp import Warp, draw_warp
from detector.volume import Volume

_TRIGGER_S = 20.0  # when the bolus reaches the aorta at the usual cardiac output: scans are timed from then
_WARP_STREAM, _VARIETY_STREAM, _CONDITIONS_STREAM = 101, 102, 103  # beyond the spawned streams
_SMALLEST_MM = 5.0  # of a lesion at a difficulty
_OTHER_KIND, _FAT = 0.25, 0.5  # chances: of a further lesion of another kind, of fat unevenly spread
_SUBTYPES = tuple(subtype for subtypes in SUBTYPES.values() for subtype in subtypes)
_PAD = 4  # slices beyond the stack, so that breathing brings real anatomy into view


@dataclass(frozen=True, slots=True)
class TrueLesion:
    """A lesion in the portal venous frame. `label` is its value in the label map; `numbers` what a lesion of
    phantom.regions is made of, empty for a textbook one."""

    box: Box3D
    lesion_class: str
    subtype: str
    primary: bool
    label: int
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bait:
    """Something harmless that looks like a lesion: cyst, arterial_blush, portal_fork, fat_sparing or
    focal_fat."""

    box: Box3D
    kind: str


@dataclass(frozen=True, slots=True)
class PhantomStudy:
    """Phases (int16 HU) on one grid, and the truth in the portal venous frame. At a difficulty phases may be
    missing, never the portal venous one.

    `shifts_mm` maps a phase to how far (x, y, z) its anatomy lies from the portal venous one: what is at p
    there is at p + shift in that phase; `warps` how it is bent besides (empty where nothing is; see
    `in_reference`). `liver` is a uint8 mask that holds the lesions too, `labels` a
    uint8 map of lesion labels. `drawn` are the numbers this study was drawn with, by parameter.
    """

    volumes: Mapping[str, Volume]
    lesions: tuple[TrueLesion, ...]
    baits: tuple[Bait, ...]
    shifts_mm: Mapping[str, Vector]
    warps: Mapping[str, Warp]
    liver: Volume
    labels: Volume
    parameters: PhantomParameters
    drawn: Mapping[str, float]
    seed: int

    @property
    def lesion_class(self) -> str:
        return next(m.lesion_class for m in self.lesions if m.primary)

    @property
    def geometry(self) -> VolumeGeometry:
        return self.volumes[REFERENCE_PHASE].geometry

    def in_reference(self, phase: str, points_xyz_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Where in the portal venous frame lies what a phase shows at points (..., 3) in mm: exact."""
        points = np.asarray(points_xyz_mm, dtype=float)
        warp = self.warps.get(phase)
        bent = warp.displacement(points) if warp else 0.0
        return np.asarray(points - np.array(self.shifts_mm[phase]) + bent)


def generate(parameters: PhantomParameters, seed: int) -> PhantomStudy:
    """Draws one study. Takes about a second at 192 x 192 x 36, most of it for the four phases."""
    streams = [np.random.Generator(np.random.PCG64(s)) for s in np.random.SeedSequence(seed).spawn(5)]
    numbers, anatomy, lesions, noise, examination = streams
    drawn = parameters.spans.draw(numbers)
    unusual = _examination(parameters, examination)
    later = _TRIGGER_S * (1 / unusual.get("cardiac_output", 1.0) - 1)
    blood = Haemodynamics(
        {
            "non_contrast": 0.0,
            "arterial": drawn["arterial_s"] + later,
            "portal_venous": drawn["portal_venous_s"] + later,
            "delayed": drawn["delayed_s"] + later,
        },
        drawn["contrast_strength"],
        drawn["liver_hu"],
        **unusual,
    )
    half_width = drawn["body_half_width_mm"]
    frame = Frame(
        half_width,
        half_width * drawn["body_aspect"],
        fat=float(numbers.uniform(10, 20)),
        squash=min(1.0, 0.42 * parameters.slices * SLICE_MM / 80),
    )
    grid, geometry = _grids(parameters, numbers)
    shifts = _shifts(parameters, drawn, numbers)
    warps = _warps(parameters, seed)

    layers = body_layers(grid, frame, blood, anatomy)
    if parameters.varied:
        layers = strayed(layers, grid, frame, blood, _stream(seed, _VARIETY_STREAM))
    liver = liver_shape(grid, frame, drawn["liver_scale"], anatomy)
    layers.append(parenchyma(grid, liver, blood, anatomy))
    vessels, fork = vessel_layers(grid, frame, liver, blood, anatomy)
    layers += vessels
    found, baits = _fill(parameters, grid, liver, drawn, blood, lesions)
    layers += [blob.layer for blob in (*baits, *found)]

    shown = slice(_PAD, _PAD + parameters.slices)
    labels = np.zeros(grid.shape, np.uint8)
    mask = np.zeros(grid.shape, np.uint8)
    mask[liver.window] = liver.weight >= 0.5
    for number, blob in enumerate(found, start=1):
        labels[blob.window][blob.weight >= 0.5] = number
    labels, mask = labels[shown], (mask[shown] | (labels[shown] > 0)).astype(np.uint8)
    baits = [*baits, Blob("portal_fork", fork)]

    spacing = np.array(parameters.spacing_xyz_mm)
    levels = grid.z[shown]
    taken = draw_conditions(
        parameters, drawn["noise_hu"], grid, liver, levels.tolist(), _stream(seed, _CONDITIONS_STREAM)
    )
    volumes = {}
    for phase in (p for p in PHASES if p not in taken.missing):
        z, y, x = (np.array(shifts[phase]) / spacing)[::-1]
        painted = compose(grid, layers, phase)
        for metal in taken.metal:
            metal.onto(painted, grid)
        if phase in warps:
            still = bend(painted, geometry, shifts[phase], warps[phase], _PAD)
        else:
            still = breathe(painted, (z, y, x), _PAD, parameters.slices)
        if taken.motion and taken.motion.phase == phase:
            taken.motion.onto(still)
        volumes[phase] = Volume(taken.scanner.acquire(still, grid.pixel_mm, noise), geometry)
    return PhantomStudy(
        volumes=volumes,
        lesions=_true_lesions(labels, geometry, found),
        baits=tuple(b for blob in baits if (b := _bait(blob, grid, geometry, shown)) is not None),
        shifts_mm=shifts,
        warps=warps,
        liver=Volume(mask, geometry),
        labels=Volume(labels, geometry),
        parameters=parameters,
        drawn={**drawn, **unusual, "fat_mm": frame.fat},
        seed=seed,
    )


def _examination(parameters: PhantomParameters, rng: np.random.Generator) -> dict[str, float]:
    if parameters.examination is None:
        return {}
    spans = parameters.examination
    return {
        "tube_kv": draw_span(spans.tube_kv, rng),
        "cardiac_output": draw_span(spans.cardiac_output, rng),
    }


def _grids(parameters: PhantomParameters, rng: np.random.Generator) -> tuple[Grid, VolumeGeometry]:
    """The padded working grid around the body's centre, and the scanner's, whose table stands anywhere."""

    def centred(count: int, step: float) -> npt.NDArray[np.float32]:
        return ((np.arange(count) - (count - 1) / 2) * step).astype(np.float32)

    spacing = parameters.spacing_xyz_mm
    in_plane = centred(parameters.matrix, spacing[0])
    grid = Grid(centred(parameters.slices + 2 * _PAD, SLICE_MM), in_plane, in_plane)
    isocentre = (rng.uniform(-8, 8), rng.uniform(-40, 0), rng.uniform(-600, 200))
    first = (in_plane[0], in_plane[0], grid.z[_PAD])
    origin = tuple(round(float(c + f), 2) for c, f in zip(isocentre, first, strict=True))
    shape = (parameters.slices, parameters.matrix, parameters.matrix)
    return grid, VolumeGeometry(shape, spacing, origin)  # type: ignore[arg-type]


def _shifts(
    parameters: PhantomParameters, drawn: Mapping[str, float], rng: np.random.Generator
) -> dict[str, Vector]:
    """Breathing by phase, (x, y, z) mm; the drawn magnitudes are those of the phase that moved most."""
    shifts: dict[str, Vector] = {}
    moving = [p for p in PHASES if p != REFERENCE_PHASE]
    most = moving[int(rng.integers(len(moving)))]
    for phase in PHASES:
        sign = 1.0 if rng.random() < 0.5 else -1.0
        part = 1.0 if phase == most else float(rng.uniform(0.3, 1.0))
        angle = float(rng.uniform(0, 2 * np.pi))
        z, plane = sign * part * drawn["breathing_z_mm"], part * drawn["breathing_inplane_mm"]
        still = parameters.aligned or phase == REFERENCE_PHASE
        shifts[phase] = (
            (0.0, 0.0, 0.0) if still else (plane * float(np.cos(angle)), plane * float(np.sin(angle)), z)
        )
    return shifts


def _stream(seed: int, key: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(key,))))


def _warps(parameters: PhantomParameters, seed: int) -> dict[str, Warp]:
    """From a stream of their own, so that a seed draws the same body with and without them."""
    if not parameters.deformation_mm:
        return {}
    rng = _stream(seed, _WARP_STREAM)
    return {p: draw_warp(parameters.deformation_mm, rng) for p in PHASES if p != REFERENCE_PHASE}


def _fill(
    parameters: PhantomParameters,
    grid: Grid,
    liver: Liver,
    drawn: Mapping[str, float],
    blood: Haemodynamics,
    rng: np.random.Generator,
) -> tuple[list[Blob], list[Blob]]:
    """One to three lesions of one subtype, the largest first, and the baits beside them. At a difficulty one
    in four of the further lesions is of any other kind."""
    hard = parameters.difficulty
    smallest = MIN_DIAMETER_MM if hard is None else _SMALLEST_MM
    drawn_class = LESION_CLASSES[int(rng.integers(len(LESION_CLASSES)))]
    subtypes = SUBTYPES[parameters.lesion_class or drawn_class]
    subtype = subtypes[int(rng.integers(len(subtypes)))]
    levels = (float(grid.z[_PAD]), float(grid.z[-1 - _PAD]))
    around = Surroundings(blood, drawn["lesion_contrast"])
    longest = drawn["elongation"] ** (2 / 3)
    taken: list[Spot] = []
    found: list[Blob] = []
    diameter = drawn["diameter_mm"]
    for _ in range(int(rng.choice([1, 2, 3], p=[0.55, 0.25, 0.2]))):
        place = find_spot(grid, liver, diameter, longest, levels, taken, rng, smallest_mm=smallest)
        if place is None:
            break
        centre, fitting = place
        kind = subtype
        if hard is not None and found and rng.random() < _OTHER_KIND:
            kind = _SUBTYPES[int(rng.integers(len(_SUBTYPES)))]
        regions = None if hard is None else draw_regions(kind, hard, rng)
        shape = (drawn["elongation"], drawn["roughness"])
        found.append(lesion(grid, centre, fitting, *shape, kind, around, rng, regions))
        taken.append(Spot(centre, fitting / 2 * longest))
        diameter = max(smallest, drawn["satellite_ratio"] * fitting)
    baits: list[Blob] = []
    for _ in range(int(rng.integers(0, 4))):
        place = find_spot(grid, liver, float(rng.uniform(8, 24)), 1.0, levels, taken, rng)
        if place is not None:
            baits.append(cyst(grid, *place, blood, rng))
            taken.append(Spot(place[0], place[1] / 2))
    if rng.random() < 0.4:
        place = find_spot(grid, liver, float(rng.uniform(12, 22)), 1.0, levels, taken, rng)
        if place is not None:
            baits.append(arterial_blush(grid, liver, *place, blood, rng))
            taken.append(Spot(place[0], place[1] / 2))
    if hard is not None and rng.random() < _FAT:
        place = find_spot(grid, liver, float(rng.uniform(12, 34)), 1.0, levels, taken, rng)
        if place is not None:
            baits.append(fat(grid, liver, *place, blood, rng))
    return found, baits


def _true_lesions(
    labels: npt.NDArray[np.uint8], geometry: VolumeGeometry, found: Sequence[Blob]
) -> tuple[TrueLesion, ...]:
    """Boxes on the outer faces of each label's voxels; the largest by voxels is the primary."""
    largest = int(np.argmax(np.bincount(labels.ravel())[1:]))
    return tuple(
        TrueLesion(
            _box(where, geometry),
            next(c for c, subtypes in SUBTYPES.items() if blob.kind in subtypes),
            blob.kind,
            label == largest,
            label + 1,
            blob.numbers,
        )
        for label, (where, blob) in enumerate(zip(find_objects(labels), found, strict=True))
    )


def _box(where: tuple[slice, slice, slice], geometry: VolumeGeometry) -> Box3D:
    lo, hi = tuple(float(s.start) for s in where), tuple(float(s.stop) for s in where)
    return geometry.box_from_voxels(VoxelBox(lo, hi))  # type: ignore[arg-type]


def _bait(blob: Blob, grid: Grid, geometry: VolumeGeometry, shown: slice) -> Bait | None:
    """The bait's box, None where none of it is in view."""
    filled = np.zeros(grid.shape, np.uint8)
    filled[blob.window] = blob.weight >= 0.5
    where = find_objects(filled[shown])
    return Bait(_box(where[0], geometry), blob.kind) if where else None
