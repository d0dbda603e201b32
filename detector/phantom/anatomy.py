"""The body around the liver: wall, ribs, lungs, spine, great vessels, spleen, kidneys, gut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.phantom.enhancement import Haemodynamics
from detector.phantom.layers import (
    Array,
    Grid,
    Layer,
    Point,
    cylinder,
    ellipse_distance,
    ellipsoid,
    ellipsoid_distance,
    ramp,
    smooth_field,
    weight_of,
)

FAT_HU = -102.0
LUNG_HU = -840.0


@dataclass(frozen=True)
class Frame:
    """Measures of one body in mm. `squash` < 1 fits the organs' height into a short stack of slices."""

    half_width: float
    half_depth: float
    fat: float
    squash: float

    @property
    def cavity(self) -> tuple[float, float]:
        """Half axes of the inside of the body wall."""
        return (self.half_width - self.fat - 13, self.half_depth - 0.8 * self.fat - 13)

    def place(self, x: float, y: float, z: float) -> Point:
        """A point given for a cavity of 112 x 76 mm half axes, moved with this body's own."""
        a, b = self.cavity
        return (x * a / 112, y * b / 76, z * self.squash)

    def size(self, x: float, y: float, z: float) -> Point:
        a, b = self.cavity
        return (x * a / 112, y * b / 76, z * self.squash)

    @property
    def right_kidney(self) -> tuple[Point, Point]:
        return self.place(-52, 46, -58), self.size(25, 22, 48)


def body_layers(grid: Grid, frame: Frame, blood: Haemodynamics, rng: np.random.Generator) -> list[Layer]:
    """Everything painted before the liver, in order."""
    fat = blood.constant(FAT_HU)
    a, b = frame.cavity
    layers = [
        *_table(grid, frame, blood),
        cylinder(grid, (0, 0), (frame.half_width, frame.half_depth), blood.constant(40)),  # skin
        cylinder(grid, (0, 0), (frame.half_width - 2, frame.half_depth - 2), fat),
        cylinder(grid, (0, 0), (a + 12, b + 12), blood.hu("muscle")),
        cylinder(grid, (0, 0), (a, b), fat),
    ]
    layers += _back(grid, frame, blood)
    layers.append(_ribs(grid, frame, blood))
    layers += _chest(grid, frame, blood)
    layers += _spine(grid, frame, blood)
    layers += _organs(grid, frame, blood, rng)
    return layers


def _table(grid: Grid, frame: Frame, blood: Haemodynamics) -> list[Layer]:
    """The hollow, curved table top that the back lies on."""
    reach = (frame.half_width + 20, 26.0)
    centre = (0.0, frame.half_depth - 8)
    shell, foam = cylinder(grid, centre, reach, blood.constant(-250)), _less((*reach, 9.0), 3)
    hollow = cylinder(grid, centre, foam[:2], blood.constant(-930))
    above = cylinder(grid, (0.0, centre[1] - 14), (reach[0] + 20, 30), blood.constant(-1000))
    return [shell, hollow, above]


def _back(grid: Grid, frame: Frame, blood: Haemodynamics) -> list[Layer]:
    """Muscles beside the spine and the psoas."""
    muscle = blood.hu("muscle")
    _, b = frame.cavity
    layers = [cylinder(grid, (side * 32, b - 2), (27, 15), muscle) for side in (-1, 1)]
    layers += [
        ellipsoid(grid, (side * 34, b - 30, -95 * frame.squash), (15, 15, 60), muscle) for side in (-1, 1)
    ]
    return layers


def _ribs(grid: Grid, frame: Frame, blood: Haemodynamics) -> Layer:
    """Ribs run down and forward in the wall, so that a slice cuts each in a short arc."""
    x, y, z = grid.points(grid.whole)
    a, b = frame.cavity
    shell = np.abs(ellipse_distance(x, y, (0, 0), (a + 6, b + 6))) - np.float32(3.5)
    angle = np.arctan2(np.abs(x / a), y / b)  # 0 at the back, pi at the front
    along = (z + np.float32(62) * angle) / np.float32(30)
    beside = np.abs(along - np.round(along)) * 30 - np.float32(6)
    front = np.float32(20) * (angle - np.float32(2.5))  # cartilage, not bone, ends the rib in front
    inside = np.maximum(np.maximum(shell, beside), front)
    core = weight_of(inside + np.float32(2), grid.pixel_mm)
    rib = np.float32(420) - np.float32(220) * core
    return Layer(grid.whole, weight_of(inside, grid.pixel_mm), dict.fromkeys(blood.seconds, rib))


def _chest(grid: Grid, frame: Frame, blood: Haemodynamics) -> list[Layer]:
    lung = blood.constant(LUNG_HU)
    return [
        ellipsoid(grid, frame.place(-58, 6, 106), frame.size(50, 66, 66), lung),
        ellipsoid(grid, frame.place(60, 10, 106), frame.size(48, 62, 70), lung),
        ellipsoid(grid, frame.place(18, -26, 108), frame.size(48, 40, 38), blood.hu("muscle")),
        ellipsoid(grid, frame.place(20, -24, 110), frame.size(38, 30, 32), blood.hu("cava")),
    ]


def _spine(grid: Grid, frame: Frame, blood: Haemodynamics) -> list[Layer]:
    _, b = frame.cavity
    y = b - 18
    return [
        cylinder(grid, (0, y + 26), (19, 13), blood.constant(330)),
        cylinder(grid, (0, y + 44), (4.5, 14), blood.constant(300)),
        cylinder(grid, (0, y + 25), (10, 8), blood.constant(25)),
        cylinder(grid, (0, y), (22, 17), blood.constant(380)),
        cylinder(grid, (0, y), (19.5, 14.5), blood.hu("marrow")),
        cylinder(grid, (13, y - 28), (10.5, 10.5), blood.hu("artery")),
        cylinder(grid, cava_centre(frame), (12, 9.5), blood.hu("cava")),
    ]


def cava_centre(frame: Frame) -> tuple[float, float]:
    """Where the inferior vena cava crosses each slice (x, y)."""
    return (-17.0, frame.cavity[1] - 47)


def _organs(grid: Grid, frame: Frame, blood: Haemodynamics, rng: np.random.Generator) -> list[Layer]:
    wall, water = blood.hu("bowel_wall"), blood.constant(12)
    layers = []
    for _ in range(44):  # loops of bowel beneath the liver and the stomach
        centre = frame.place(rng.uniform(-50, 92), rng.uniform(-58, 18), rng.uniform(-110, -12))
        axes = tuple(rng.uniform(8, 18, size=3))
        layers += [ellipsoid(grid, centre, axes, wall), ellipsoid(grid, centre, _less(axes, 3.5), water)]
    stomach = frame.place(54, -26, 30), frame.size(40, 34, 50)
    layers += [
        ellipsoid(grid, *stomach, wall),
        ellipsoid(grid, stomach[0], _less(stomach[1], 4), water),
        _gas(grid, stomach[0], _less(stomach[1], 4), blood),
        _spleen(grid, frame, blood, rng),
        ellipsoid(grid, frame.place(34, 2, -20), frame.size(40, 10, 13), blood.hu("pancreas")),
        ellipsoid(grid, frame.place(2, -4, -34), frame.size(17, 13, 22), blood.hu("pancreas")),
    ]
    for centre, axes in (frame.right_kidney, (frame.place(56, 46, -42), frame.size(25, 22, 50))):
        layers += _kidney(grid, centre, axes, blood)
    return layers


def _less(axes: tuple[float, ...], by: float) -> Point:
    return tuple(max(a - by, 1.0) for a in axes)  # type: ignore[return-value]


def _gas(grid: Grid, centre: Point, axes: Point, blood: Haemodynamics) -> Layer:
    """The gas above the level in a stomach lying on its back."""
    window = grid.around(centre, axes)
    x, y, z = grid.points(window)
    inside = ellipsoid_distance(x, y, z, centre, axes)
    level = y - np.float32(centre[1] - 0.35 * axes[1])
    return Layer(window, weight_of(np.maximum(inside, level), grid.pixel_mm), blood.constant(-900))


def _spleen(grid: Grid, frame: Frame, blood: Haemodynamics, rng: np.random.Generator) -> Layer:
    """Mottled in the arterial phase, even later."""
    centre, axes = frame.place(80, 26, 18), frame.size(30, 44, 50)
    window = grid.around(centre, (axes[0] + 8, axes[1] + 8, axes[2] + 8))
    x, y, z = grid.points(window)
    shape = ellipsoid_distance(x, y, z, centre, axes) + 3 * smooth_field(x, y, z, 45, rng)
    hilum = ellipsoid_distance(x, y, z, frame.place(52, 12, 20), frame.size(26, 30, 40))
    cavity = ellipse_distance(x, y, (0, 0), _inner(frame))
    mottle = smooth_field(x, y, z, 16, rng)
    hu: dict[str, float | Array] = dict(blood.hu("spleen"))
    hu["arterial"] = hu["arterial"] + np.float32(14) * mottle
    return Layer(window, weight_of(np.maximum(np.maximum(shape, -hilum), cavity), grid.pixel_mm), hu)


def _inner(frame: Frame) -> tuple[float, float]:
    a, b = frame.cavity
    return (a - 2, b - 2)


def _kidney(grid: Grid, centre: Point, axes: Point, blood: Haemodynamics) -> list[Layer]:
    outer = ellipsoid(grid, centre, axes, blood.hu("renal_cortex"))
    x, y, z = grid.points(outer.window)
    inner = ellipsoid_distance(x, y, z, centre, _less(axes, 6))
    # Columns of cortex run between the pyramids.
    pyramids = ramp(np.cos(z / np.float32(4.5)) + np.cos(x / np.float32(3.5) + y / np.float32(4)), -0.5, 0.8)
    medulla = Layer(outer.window, weight_of(inner, grid.pixel_mm) * pyramids, blood.hu("renal_medulla"))
    to_midline = -np.sign(centre[0]) * 9
    sinus = (centre[0] + to_midline, centre[1] - 4, centre[2])
    return [outer, medulla, ellipsoid(grid, sinus, (9, 7, axes[2] * 0.5), blood.constant(-70))]
