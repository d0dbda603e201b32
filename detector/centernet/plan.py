"""The plan of a CenterNet-3D: every choice its input, network, training and decoding depend on, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from detector.data.grid import InputGrid
from detector.errors import PlanError
from detector.hardware import Precision

Axes = tuple[int, int, int]


class CenterNetPlan(BaseModel):
    """Axes are (z, y, x). A network differs from another by this alone.

    `dims` are the channels of the hourglass from the heatmap's resolution down, one halving each, `modules`
    the residuals on each; `stem` the channels before the second stride. `hard_negative_weight` is w in
    -w p^2 log(1-p) on rejected candidates.

    `gaussian`: a positive's kernel is a sphere in "mm" (the paper's anisotropic one), or in "cells", however
    thick they are, to compare; or it is flat, in one slice's "plane".

    `size_weight` is of sizes in cells, as the paper has them; `relative_size_weight` of their error as a
    share of the size: a cell too much is a fifth of a large lesion and half of a small one. With an
    `inside_weight` a further head learns which cells lie inside lesions, in training alone: dense teaching,
    where centres are few. All sizes but `hourglass104` take both; docs/benchmarks.md has what they give.

    `planar` is CenterNet-2D: convolutions lie in the plane, but for the stem's, which sees three slices, and
    boxes of single slices are linked where they overlap by `link_iou`.

    `crop_zyx`, where set, is what the first `crop_share` of the steps see, `crop_batch` at once, mostly
    around lesions: most of a whole input teaches little, and a CPU pays for all of it. The rest of the steps
    see whole inputs, since the norms must meet their statistics.

    `exposure` multiplies how far contrast, brightness and noise are varied, `soften` is how much of its
    sharpness a sample may lose: what scanners and kernels differ in.

    `merge` makes one list of all phases' boxes: by non-maximum suppression, or by weighted box fusion with a
    vote of each phase; both at an overlap of `nms_iou`.

    `parts` takes the samples of a step one part after the other and adds up their gradients: the same step on
    less memory. `precision` "auto" is bf16 on a GPU and fp32 on a CPU.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: str
    input_zyx: Axes
    stride_zyx: Axes = (2, 4, 4)
    fit: Literal["resize", "fixed_spacing_pad"] = "resize"
    spacing_xyz_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    margin_mm: float = Field(default=10.0, ge=0)
    hu_window: tuple[float, float] = (-150.0, 250.0)

    stem: int = Field(ge=1)
    stem_kernel_zyx: Axes = (3, 5, 5)
    dims: tuple[int, ...] = Field(min_length=2)
    modules: tuple[int, ...]
    stacks: int = Field(default=1, ge=1)
    head: int = Field(ge=1)

    steps: int = Field(default=1000, ge=1)
    batch: int = Field(default=4, ge=1)
    lr: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    warmup: int = Field(default=20, ge=0)
    ema_decay: float = Field(default=0.995, ge=0, lt=1)
    seed: int = 0
    checkpoint_every: int = Field(default=0, ge=0)
    parts: int = Field(default=1, ge=1)
    precision: Precision = "auto"
    scale_range: tuple[float, float] = (0.8, 1.3)
    exposure: float = Field(default=1.0, ge=0, le=5)
    soften: float = Field(default=0.0, ge=0, le=1)
    shift_share: float = Field(default=0.08, ge=0, lt=0.5)
    flip_zyx: tuple[bool, bool, bool] = (True, True, True)
    crop_zyx: Axes | None = None
    crop_batch: int = Field(default=8, ge=1)
    crop_share: float = Field(default=0.7, ge=0, le=1)
    hard_negative_weight: float = Field(default=3.0, ge=0)
    gaussian: Literal["mm", "cells", "plane"] = "mm"
    size_weight: float = Field(default=0.1, ge=0)
    relative_size_weight: float = Field(default=0.0, ge=0)
    offset_weight: float = Field(default=1.0, ge=0)
    inside_weight: float = Field(default=0.0, ge=0)

    top: int = Field(default=10, ge=1)
    planar: bool = False
    link_iou: float = Field(default=0.4, gt=0, le=1)
    min_score: float = Field(default=0.02, ge=0, le=1)
    merge: Literal["nms", "fusion"] = "nms"
    nms_iou: float = Field(default=0.3, gt=0, le=1)

    @model_validator(mode="after")
    def _consistent(self) -> CenterNetPlan:
        if len(self.modules) != len(self.dims):
            raise ValueError("modules needs one number for each of dims")
        if any(s not in (1, 2, 4) for s in self.stride_zyx):
            raise ValueError("stride_zyx takes 1, 2 or 4 on each axis")
        if any(n % s for n, s in zip(self.input_zyx, self.stride_zyx, strict=True)):
            raise ValueError("input_zyx must be a multiple of stride_zyx")
        if self.crop_zyx and any(
            n % s or n > whole
            for n, s, whole in zip(self.crop_zyx, self.stride_zyx, self.input_zyx, strict=True)
        ):
            raise ValueError("crop_zyx must be a multiple of stride_zyx and fit into input_zyx")
        if self.planar and (self.stride_zyx[0] != 1 or self.gaussian != "plane"):
            raise ValueError("a planar network needs stride 1 along z and gaussian plane")
        if self.hu_window[0] >= self.hu_window[1]:
            raise ValueError("hu_window needs low < high")
        return self

    @property
    def heatmap_zyx(self) -> Axes:
        return tuple(n // s for n, s in zip(self.input_zyx, self.stride_zyx, strict=True))  # type: ignore[return-value]

    @property
    def grid(self) -> InputGrid:
        return InputGrid(self.input_zyx, self.fit, self.spacing_xyz_mm, self.margin_mm)


_PAPER_INPUT = (48, 256, 176)
_DENSE = {"relative_size_weight": 1.0, "inside_weight": 2.0}
SIZES: dict[str, dict[str, Any]] = {
    # for tests and for machines without time
    "tiny": {
        **_DENSE,
        "input_zyx": (16, 64, 64), "stem": 8, "stem_kernel_zyx": (3, 3, 3), "dims": (16, 24, 32),
        "modules": (1, 1, 1), "head": 16, "steps": 300, "lr": 2e-3, "ema_decay": 0.98,
        "flip_zyx": (False, False, False),
    },
    # the committed reference weights: two CPU cores can train it
    "small": {
        **_DENSE,
        "input_zyx": (32, 80, 112), "stem": 8, "dims": (24, 40, 64, 96), "modules": (1, 1, 1, 1), "head": 24,
        "steps": 2400, "lr": 2e-3, "scale_range": (0.6, 1.5), "exposure": 2.0, "soften": 0.8,
        "flip_zyx": (False, False, False),
        "crop_zyx": (16, 40, 56), "crop_batch": 8, "crop_share": 0.8, "batch": 3,
        "hu_window": (-20.0, 180.0),
    },
    "slim32": {
        **_DENSE,
        "input_zyx": _PAPER_INPUT, "stem": 16, "stem_kernel_zyx": (7, 7, 7), "dims": (32, 32, 48, 48, 48, 64),
        "modules": (2, 2, 2, 2, 2, 4), "stacks": 2, "head": 32, "lr": 2.5e-4, "steps": 20000,
        "ema_decay": 0.999, "scale_range": (0.6, 1.4),
    },
    # the default where there is a GPU
    "slim64": {
        **_DENSE,
        "input_zyx": _PAPER_INPUT, "stem": 32, "stem_kernel_zyx": (7, 7, 7),
        "dims": (64, 64, 96, 96, 96, 128), "modules": (2, 2, 2, 2, 2, 4), "stacks": 2, "head": 64,
        "lr": 2.5e-4, "steps": 20000, "ema_decay": 0.999, "scale_range": (0.6, 1.4),
    },
    # the 2D reference channel for channel
    "hourglass104": {
        "input_zyx": _PAPER_INPUT, "stem": 128, "stem_kernel_zyx": (7, 7, 7),
        "dims": (256, 256, 384, 384, 384, 512), "modules": (2, 2, 2, 2, 2, 4), "stacks": 2, "head": 256,
        "lr": 2.5e-4, "steps": 20000, "ema_decay": 0.999, "scale_range": (0.6, 1.4),
    },
}  # fmt: skip


def parse_plan(values: Mapping[str, Any]) -> CenterNetPlan:
    """A plan from JSON values; raises PlanError that names the field."""
    try:
        return CenterNetPlan.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"]) or "plan"
        raise PlanError(
            f"The CenterNet plan is not valid at {where}: {first['msg']}.",
            remedy=f"Fields: {', '.join(CenterNetPlan.model_fields)}.",
        ) from error


# What each family changes in the plan of a size: by configuration alone.
FAMILIES: dict[str, dict[str, Any]] = {
    "centernet3d": {},
    "centernet2d": {"planar": True, "gaussian": "plane", "stride_zyx": (1, 4, 4)},
}


def plan_for(
    size: str, overrides: Mapping[str, Any] | None = None, *, family: str = "centernet3d"
) -> CenterNetPlan:
    """The plan of a named size of a family with some values replaced; raises PlanError on an unknown size or
    field."""
    if size not in SIZES:
        raise PlanError(f"Unknown size: {size}.", remedy=f"One of: {', '.join(SIZES)}.")
    return parse_plan({"size": size, **SIZES[size], **FAMILIES[family], **(overrides or {})})
