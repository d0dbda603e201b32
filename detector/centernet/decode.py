"""From maps to boxes: peaks of the heatmap, then one list over the phases by 3D non-maximum suppression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import max_pool3d

from detector.centernet.network import Maps
from detector.centernet.plan import Axes
from detector.contracts import Candidate
from detector.geometry import Box3D, VolumeGeometry, VoxelBox, iou

MIN_SIZE_CELLS = 0.25  # a box must have a volume, whatever the size head says


Scored = tuple[float, npt.NDArray[np.float64]]


def peaks(probability: Tensor, top: int, *, planar: bool = False) -> list[tuple[float, Axes]]:
    """The `top` highest local maxima (score, cell z, y, x) of a (Z, Y, X) map, best first.

    A local maximum equals the largest of its 3x3x3 neighbourhood, or, `planar`, of the 3x3 one in its slice;
    of neighbours that tie, the first in array order stays.
    """
    reach = 0 if planar else 1
    kernel, padding = (2 * reach + 1, 3, 3), (reach, 1, 1)
    pooled = max_pool3d(probability[None, None], kernel, stride=1, padding=padding)[0, 0]
    cells = (probability == pooled).nonzero()
    scores = probability[tuple(cells.unbind(1))]
    # A plateau ties in long runs, so all of its cells are looked at before `top` cuts.
    order = torch.argsort(scores, descending=True, stable=True)
    kept: list[tuple[float, Axes]] = []
    for i in order.tolist():
        z, y, x = cells[i].tolist()
        near = any(abs(z - c[0]) <= reach and max(abs(y - c[1]), abs(x - c[2])) <= 1 for _, c in kept)
        if not near:
            kept.append((float(scores[i]), (z, y, x)))
        if len(kept) == top:
            break
    return kept


def decode_sample(
    maps: Maps, index: int, stride_zyx: Axes, *, top: int, planar: bool = False
) -> list[Scored]:
    """Boxes of one sample of a batch: (score in [0, 1], edges z0, y0, x0, z1, y1, x1 in input voxels).

    centre = (cell + offset) x stride, size = size head x stride; `planar` boxes are one slice thick. At most
    `top`, best first.
    """
    probability = maps.heatmap[index, 0].float().sigmoid()
    stride = np.array(stride_zyx, float)
    boxes = []
    for score, (z, y, x) in peaks(probability, top, planar=planar):
        offset = maps.offset[index, :, z, y, x].double().numpy()
        size = np.maximum(maps.size[index, :, z, y, x].double().numpy(), MIN_SIZE_CELLS)
        centre = (np.array([z, y, x]) + offset) * stride
        half = size * stride / 2
        edges = np.concatenate([centre - half, centre + half])
        if planar:  # a slice is its own; the heads' word on its thickness means nothing
            edges[[0, 3]] = z, z + 1
        boxes.append((score, edges))
    return boxes


def link_slices(boxes: Sequence[Scored], *, iou_threshold: float, top: int) -> list[Scored]:
    """Boxes of single slices as boxes of lesions: each joins the chain of the slice before it that it
    overlaps most, by at least `iou_threshold` in the plane, the better box first. A chain has its best score,
    all of its slices, and the mean of its outlines weighted by score. At most `top`, best first.
    """
    by_slice: dict[int, list[Scored]] = {}
    for score, edges in boxes:
        by_slice.setdefault(int(edges[0]), []).append((score, edges))
    chains: list[list[Scored]] = []
    open_chains: list[list[Scored]] = []
    for z in range(min(by_slice, default=0), max(by_slice, default=-1) + 1):
        continued: list[list[Scored]] = []
        for score, edges in sorted(by_slice.get(z, []), key=lambda b: -b[0]):
            overlaps = [_iou_in_plane(chain[-1][1], edges) for chain in open_chains]
            best = max(range(len(overlaps)), key=overlaps.__getitem__, default=None)
            if best is not None and overlaps[best] >= iou_threshold:
                chain = open_chains.pop(best)
            else:
                chain = []
                chains.append(chain)
            chain.append((score, edges))
            continued.append(chain)
        open_chains = continued
    return sorted((_of_chain(chain) for chain in chains), key=lambda b: -b[0])[:top]


def _of_chain(chain: Sequence[Scored]) -> Scored:
    scores = np.array([score for score, _ in chain])
    edges = np.array([edges for _, edges in chain])
    outline = (scores[:, None] * edges).sum(0) / scores.sum()
    outline[0], outline[3] = edges[0, 0], edges[-1, 3]
    return float(scores.max()), outline


def _iou_in_plane(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    lo, hi = np.maximum(a[1:3], b[1:3]), np.minimum(a[4:6], b[4:6])
    common = float(np.clip(hi - lo, 0, None).prod())
    each = [float((e[4:6] - e[1:3]).prod()) for e in (a, b)]
    return common / (sum(each) - common)


def box_in_mm(edges_zyx: npt.NDArray[np.float64], grid: VolumeGeometry, inside: Box3D) -> Box3D | None:
    """Edges on the input grid as a box in mm, cut at the faces of `inside`; None where nothing is left."""
    e = [float(v) for v in edges_zyx]
    box = grid.box_from_voxels(VoxelBox((e[0], e[1], e[2]), (e[3], e[4], e[5])))
    lo = tuple(max(a, b) for a, b in zip(box.lo, inside.lo, strict=True))
    hi = tuple(min(a, b) for a, b in zip(box.hi, inside.hi, strict=True))
    if any(a >= b for a, b in zip(lo, hi, strict=True)):
        return None
    return Box3D(lo, hi)  # type: ignore[arg-type]


PhaseBoxes = Mapping[str, Sequence[tuple[float, Box3D]]]


def merge_phases(by_phase: PhaseBoxes, *, iou_threshold: float, top: int) -> list[Candidate]:
    """One list from all phases: greedy 3D NMS in mm, best first, at most `top`.

    A box that overlaps a better one by more than `iou_threshold` supports it: each phase's support is its
    best score among the boxes so merged.
    """
    groups: list[tuple[float, Box3D, dict[str, float]]] = []
    for score, phase, box in _best_first(by_phase):
        for _, best, support in groups:
            if iou(best, box) > iou_threshold:
                support.setdefault(phase, score)
                break
        else:
            groups.append((score, box, {phase: score}))
    return [Candidate(box, score, support) for score, box, support in groups[:top]]


def fuse_phases(by_phase: PhaseBoxes, *, iou_threshold: float, top: int) -> list[Candidate]:
    """One list from all phases: weighted box fusion (Solovyev et al. 2021) in mm, best first, at most `top`.

    Boxes that overlap a group's box by more than `iou_threshold` join it, and its box is their mean weighted
    by their scores. Every phase that was searched has a vote: a candidate's score is the mean over phases of
    the best score in its group, 0 for one without.
    """
    groups: list[_Group] = []
    for score, phase, box in _best_first(by_phase):
        overlaps = [iou(group.box, box) for group in groups]
        best = max(range(len(groups)), key=overlaps.__getitem__, default=None)
        if best is not None and overlaps[best] > iou_threshold:
            groups[best].join(score, phase, box)
        else:
            groups.append(_Group(score, phase, box))
    fused = [Candidate(g.box, sum(g.support.values()) / len(by_phase), g.support) for g in groups]
    return sorted(fused, key=lambda c: -c.score)[:top]


class _Group:
    """Boxes that mean one thing: their weighted mean, and each phase's best score."""

    def __init__(self, score: float, phase: str, box: Box3D) -> None:
        self.box, self.support = box, {phase: score}
        self._sum, self._weight = score * _corners(box), score

    def join(self, score: float, phase: str, box: Box3D) -> None:
        self.support.setdefault(phase, score)
        self._sum = self._sum + score * _corners(box)
        self._weight += score
        lo, hi = (self._sum / self._weight).tolist()
        self.box = Box3D(tuple(lo), tuple(hi))


def _corners(box: Box3D) -> npt.NDArray[np.float64]:
    return np.array([box.lo, box.hi])


def _best_first(by_phase: PhaseBoxes) -> list[tuple[float, str, Box3D]]:
    everything = [(score, phase, box) for phase, found in by_phase.items() for score, box in found]
    return sorted(everything, key=lambda f: -f[0])
