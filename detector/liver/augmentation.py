"""Random views of a body with its liver: what no set of phantoms, nor a few real masks, can show enough of.

Never a mirror image: the side on which the liver lies is part of what is learned.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from detector.liver.body import AIR
from detector.liver.config import LiverPlan

_CONTROL_MM = 45.0  # between the points that a body is bent by
_KNOTS_HU = np.array([-1000, -150, -60, 0, 40, 80, 120, 160, 220, 300, 1000], np.float32)
_KNOT_SD_HU = np.array([0, 8, 8, 10, 12, 12, 14, 16, 20, 20, 0], np.float32)
_NEAR_VOXELS = 7  # how far, about, a tumour may grow past the liver's edge


def random_view(
    hu: Tensor, liver: Tensor, depth: int, plan: LiverPlan, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """A body (Z, Y, X) in HU and its liver (of 0/1, float), bent, recoloured and spoilt.

    Returns:
        HU and liver (0/1, float) of shape (depth, *plan.crop_yx); the air around the body stays air.
    """
    shape = (depth, *plan.crop_yx)
    hu, liver = _moved(hu, liver, shape, plan, rng)
    body = hu > AIR + 10
    hu = hu + _smooth(liver) * float(rng.normal(0, plan.organ_hu))
    if rng.random() < plan.tumours:
        for _ in range(int(rng.integers(1, 4))):
            hu, liver = _with_tumour(hu, liver, plan, rng)
    hu = _recoloured(hu, rng)
    hu = hu + float(rng.uniform(0, 10)) * _field((3, 4, 4), shape, rng)
    hu = _scanned(hu, plan, rng)
    return torch.where(body, hu, torch.full_like(hu, AIR)), liver


def _moved(
    hu: Tensor, liver: Tensor, shape: tuple[int, int, int], plan: LiverPlan, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Turned, stretched and bent onto `shape`; a random part of a body that is longer than it."""
    source = torch.tensor(hu.shape, dtype=torch.float32)
    steps = [torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in shape]
    points = torch.stack(torch.meshgrid(*steps, indexing="ij"), dim=-1)  # (Z, Y, X, 3) cubes from the middle
    whole = np.exp(rng.uniform(*np.log(plan.scale)))
    stretch = whole * np.exp(rng.normal(0, 0.08, 3))
    matrix = torch.tensor(
        _turn(rng.uniform(-1, 1, 3) * np.radians(plan.turn_degrees)) / stretch, dtype=torch.float32
    )
    points = points @ matrix.T
    reach = [max(2, round(n * plan.spacing_mm / _CONTROL_MM)) for n in shape]
    for axis in range(3):
        points[..., axis] += _field(reach, shape, rng) * float(rng.uniform(0, plan.bend_mm) / plan.spacing_mm)
    slack = max(0.0, float(source[0]) - shape[0] / float(stretch[0])) / 2
    middle = (source - 1) / 2 + torch.tensor(
        [rng.uniform(-1, 1) * (slack + 0.15 * shape[0]), *rng.uniform(-4, 4, 2)], dtype=torch.float32
    )
    index = (points + middle) * 2 / (source - 1) - 1
    both = torch.stack([hu - AIR, liver])[None]
    out = functional.grid_sample(both, index.flip(-1)[None], align_corners=True, padding_mode="zeros")[0]
    return out[0] + AIR, (out[1] > 0.5).float()


def _turn(angles_zyx: np.ndarray) -> np.ndarray:
    """A rotation of (z, y, x) vectors: about z by the first angle, tilted by half of the others."""
    (a, b, c) = angles_zyx * np.array([1.0, 0.5, 0.5])
    about_z = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, -np.sin(b)], [0, 1, 0], [np.sin(b), 0, np.cos(b)]])
    about_x = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def _field(
    points: tuple[int, ...] | list[int], shape: tuple[int, int, int], rng: np.random.Generator
) -> Tensor:
    """A smooth random field of about unit variance at its control points."""
    coarse = torch.from_numpy(rng.standard_normal(tuple(points), dtype=np.float32))
    fine = functional.interpolate(coarse[None, None], size=shape, mode="trilinear", align_corners=True)
    return fine[0, 0]


def _smooth(values: Tensor, width: int = 3) -> Tensor:
    return functional.avg_pool3d(values[None, None], width, 1, width // 2, count_include_pad=False)[0, 0]


def _with_tumour(
    hu: Tensor, liver: Tensor, plan: LiverPlan, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """One more lump in the liver, of any size and HU, and part of it; it may bulge out over its edge."""
    places = torch.nonzero(liver > 0)
    if not len(places):
        return hu, liver
    centre = places[int(rng.integers(len(places)))]
    radius = float(np.exp(rng.uniform(np.log(6.0), np.log(65.0)))) / plan.spacing_mm
    axes = radius * np.exp(rng.normal(0, 0.15, 3))
    lo = [max(0, int(c - 1.5 * r)) for c, r in zip(centre, axes, strict=True)]
    hi = [min(n, int(c + 1.5 * r) + 2) for c, r, n in zip(centre, axes, hu.shape, strict=True)]
    window = tuple(slice(a, b) for a, b in zip(lo, hi, strict=True))
    shape = tuple(b - a for a, b in zip(lo, hi, strict=True))
    away = [
        ((torch.arange(a, b, dtype=torch.float32) - float(c)) / float(r)) ** 2
        for a, b, c, r in zip(lo, hi, centre, axes, strict=True)
    ]
    distance = (away[0][:, None, None] + away[1][:, None] + away[2]).sqrt()
    distance = distance + 0.15 * _field((4, 4, 4), shape, rng)  # type: ignore[arg-type]
    near = functional.max_pool3d(liver[window][None, None], _NEAR_VOXELS, 1, _NEAR_VOXELS // 2)[0, 0] > 0
    inside = (distance < 1) & near & (hu[window] > -200)
    mean = float(hu[liver > 0].mean())
    rim, core = mean + rng.uniform(-90, 70), mean + rng.uniform(-110, 40)
    value = torch.where(distance < rng.uniform(0.4, 1.0), float(core), float(rim))
    value = value + float(rng.uniform(0, 15)) * _field((5, 6, 6), shape, rng)  # type: ignore[arg-type]
    hu, liver = hu.clone(), liver.clone()
    hu[window] = torch.where(inside, value, hu[window])
    liver[window] = torch.maximum(liver[window], inside.float())
    return hu, liver


def _recoloured(hu: Tensor, rng: np.random.Generator) -> Tensor:
    """HU through a random curve: another dose, voltage, phase or scanner."""
    curve = _KNOTS_HU + _KNOT_SD_HU * rng.standard_normal(len(_KNOTS_HU), dtype=np.float32)
    return torch.from_numpy(np.interp(hu.numpy(), _KNOTS_HU, curve).astype(np.float32))


def _scanned(hu: Tensor, plan: LiverPlan, rng: np.random.Generator) -> Tensor:
    """Thick slices, blur and noise."""
    if rng.random() < 0.4:
        thick = int(rng.integers(2, 4))
        mean = functional.avg_pool3d(hu[None, None], (thick, 1, 1), (thick, 1, 1), ceil_mode=True)
        hu = functional.interpolate(mean, size=hu.shape, mode="trilinear")[0, 0]
    if rng.random() < 0.3:
        hu = _smooth(hu)
    noise = torch.from_numpy(rng.standard_normal(tuple(hu.shape), dtype=np.float32))
    if rng.random() < 0.5:
        noise = 3 * _smooth(noise)
    return hu + float(rng.uniform(0, plan.noise_hu)) * noise
