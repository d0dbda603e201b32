"""A trained liver network applied to a scan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import nn
from torch.nn import functional

from detector.data.grid import sample
from detector.hardware import choose_device, device_of
from detector.liver.body import AIR, channels, find_body, part_of
from detector.liver.config import FAMILY_NAME, LiverPlan, parse_plan
from detector.liver.network import make_network
from detector.liver.refine import refined
from detector.volume import Volume
from detector.weights import load_into, read_plan

Floats = npt.NDArray[np.float32]


class UNetLiverSegmenter:
    """LiverSegmenter: the largest thing that is more likely liver than not, its outline led by the image
    (detector.liver.refine). Equal input gives equal masks on one machine."""

    def __init__(self, network: nn.Module, plan: LiverPlan) -> None:
        self._network = network.eval()
        self._plan = plan

    def segment(self, volume: Volume) -> npt.NDArray[np.uint8]:
        """The liver (Z, Y, X) uint8 on the grid of `volume`, int16 HU of any phase; all 0 where none is seen.

        Takes the body whole, on cubes of the plan's size, so that memory grows with the body alone.
        """
        mask = np.zeros(volume.geometry.shape_zyx, np.uint8)
        body = find_body(volume, self._plan.spacing_mm)
        if body is None:
            return mask
        seen = _largest_piece(self._probability(body.hu))
        if not seen.any():
            return mask
        liver = refined(seen, body.hu, self._plan.spacing_mm)
        if not liver.any():
            return mask
        # Brought onto the scan's own grid around the liver alone: a whole scan in floats takes a gigabyte.
        box = [np.flatnonzero(liver.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
        lo = body.geometry.point_from_index(tuple(float(b[0]) - 1 for b in box))  # type: ignore[arg-type]
        hi = body.geometry.point_from_index(tuple(float(b[-1]) + 1 for b in box))  # type: ignore[arg-type]
        first, last = (volume.geometry.index_from_point(p) for p in (lo, hi))
        part = tuple(
            slice(max(0, int(np.floor(a))), min(n, int(np.ceil(b)) + 1))
            for a, b, n in zip(first, last, volume.geometry.shape_zyx, strict=True)
        )
        fine = part_of(volume.geometry, part)  # type: ignore[arg-type]
        mask[part] = sample(Volume(liver, body.geometry), fine, hu_window=(0.0, 1.0)) > 0
        return mask

    @torch.inference_mode()
    def _probability(self, hu: Floats) -> Floats:
        """(Z, Y, X) in [0, 1]; what the network's cells need beyond the body is air: two cells an axis at
        least, since its lowest level takes the mean and spread of what it sees."""
        cell = self._plan.cell
        pads = [max(2 * cell, n + (-n) % cell) - n for n in hu.shape]
        padded = functional.pad(torch.from_numpy(hu), (0, pads[2], 0, pads[1], 0, pads[0]), value=AIR)
        shown = channels(padded, self._plan)[None].to(device_of(self._network))
        logits = self._network(shown)[0, 0].cpu()
        z, y, x = hu.shape
        return np.ascontiguousarray(torch.sigmoid(logits[:z, :y, :x]).numpy())


def _largest_piece(probability: Floats) -> npt.NDArray[np.bool_]:
    """The largest piece above one half, and what it encloses in a slice."""
    labels, count = ndimage.label(probability > 0.5)
    if not count:
        return np.zeros(probability.shape, bool)
    largest = labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])
    return np.stack([ndimage.binary_fill_holes(s) for s in largest])


def load_segmenter(weights: Path) -> UNetLiverSegmenter:
    """The segmenter of a weights file; raises PlanError where it is something else."""
    plan = parse_plan(read_plan(weights))
    network = make_network(plan)
    load_into(network, weights, FAMILY_NAME)
    return UNetLiverSegmenter(network.to(choose_device()), plan)
