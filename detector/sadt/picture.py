"""A picture of what drove a decision: every phase around the lesion, and its cells for and against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from detector.contracts import Characterization, StudyImages
from detector.data.crops import CropGrid, axial_crops, window
from detector.geometry import Box3D

SIDE = 288
GAP = 12
_LINE = 22
_FOR, _AGAINST = (255, 160, 50), (70, 150, 255)
_GROUND, _TEXT, _QUIET = (16, 18, 21), (232, 232, 228), (150, 154, 158)
_WINDOW_HU = (-100.0, 200.0)

Pixels = npt.NDArray[np.uint8]


def picture(
    study: StudyImages, box: Box3D, said: Characterization, *, output: str = "lesion_class"
) -> Image.Image:
    """The key slice in each phase with the box and what the phase weighs, then the map of cells on the
    reference phase: orange speaks for the first answer, blue against it. As one looks at CT: the patient's
    right is on the left, the front on top."""
    told = said.evidence
    lo, hi = told["map"]["lo_xy_mm"], told["map"]["hi_xy_mm"]
    grid = CropGrid(
        ((lo[0] + hi[0]) / 2, (lo[1] + hi[1]) / 2), ((hi[0] - lo[0]) / SIDE, (hi[1] - lo[1]) / SIDE), SIDE
    )
    phases = list(told["phases"])
    width = (len(phases) + 1) * (SIDE + GAP) + GAP
    canvas = Image.new("RGB", (width, SIDE + 3 * _LINE + 3 * GAP), _GROUND)
    draw = ImageDraw.Draw(canvas)
    draw.text((GAP, GAP), _answer(said, output), fill=_TEXT, font=_font())
    top = 2 * GAP + _LINE
    for i, phase in enumerate(phases):
        left = GAP + i * (SIDE + GAP)
        canvas.paste(Image.fromarray(_slice(study, phase, told["z_index"], grid)), (left, top))
        _outline(draw, box, grid, left, top)
        weight = told["phase_weights"].get(phase)
        line = phase.replace("_", " ") + ("" if weight is None else f": {weight:+.2f}")
        draw.text((left, top + SIDE + 4), line, fill=_TEXT, font=_font())
    left = GAP + len(phases) * (SIDE + GAP)
    grey = _slice(study, study.reference_phase, told["z_index"], grid)
    canvas.paste(Image.fromarray(_tinted(grey, np.array(told["map"]["cells"]))), (left, top))
    _outline(draw, box, grid, left, top)
    draw.text((left, top + SIDE + 4), "for (orange) and against (blue)", fill=_TEXT, font=_font())
    note = "Beside a phase: by how much the first share falls without it."
    draw.text((GAP, top + SIDE + 4 + _LINE), note, fill=_QUIET, font=_font())
    return canvas


def _answer(said: Characterization, output: str) -> str:
    ranked = sorted(said.outputs[output].items(), key=lambda pair: -pair[1])
    kind = "probabilities" if said.calibrated else "scores, not probabilities"
    return ", ".join(f"{name} {value:.2f}" for name, value in ranked) + f" ({kind})"


def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=14)


def _slice(study: StudyImages, phase: str, z_index: int, grid: CropGrid) -> Pixels:
    """(SIDE, SIDE, 3)."""
    hu = axial_crops(study.volumes[phase], [z_index], grid)[0]
    grey = ((window(hu, _WINDOW_HU) + 1) * 127.5).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _tinted(grey: Pixels, cells: npt.NDArray[np.float64]) -> Pixels:
    """Cells over a slice, the strongest one half covering it."""
    strongest = np.abs(cells).max() or 1.0
    spread = Image.fromarray((cells / strongest).astype(np.float32)).resize(
        (SIDE, SIDE), Image.Resampling.NEAREST
    )
    share = np.asarray(spread)[..., None]
    colour = np.where(share > 0, np.array(_FOR), np.array(_AGAINST))
    cover = 0.6 * np.abs(share)
    return np.asarray((1 - cover) * grey + cover * colour, dtype=np.uint8)


def _outline(draw: ImageDraw.ImageDraw, box: Box3D, grid: CropGrid, left: int, top: int) -> None:
    (x0, y0), _ = grid.extent_xy_mm
    ends = [
        (at - start) / pitch
        for corner in (box.lo, box.hi)
        for at, start, pitch in zip(corner[:2], (x0, y0), grid.spacing_xy_mm, strict=True)
    ]
    x, y, x1, y1 = (min(max(round(v), 0), SIDE - 1) for v in ends)
    draw.rectangle((left + x, top + y, left + x1, top + y1), outline=_TEXT)
    for letter, (dx, dy) in {"R": (4, SIDE // 2), "L": (SIDE - 14, SIDE // 2), "A": (SIDE // 2, 2)}.items():
        draw.text((left + dx, top + dy), letter, fill=_QUIET, font=_font())
