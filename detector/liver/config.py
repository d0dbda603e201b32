"""The plan of a liver network: everything that decides its input, its layers and its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from detector.errors import PlanError
from detector.hardware import Precision

FAMILY_NAME = "liver-unet"
Axes = tuple[int, int, int]


class LiverPlan(BaseModel):
    """Sizes differ by this alone. Lengths are in mm or in cubes of `spacing_mm`, axes (z, y, x).

    `channels` are those of the U-Net from the top down; every level halves the one above, the first one its
    input. The network is convolutional: `crop_zyx` is what it sees in training, applied it takes the body
    whole. `depths` are the heights of the crops, one a step, so that partial scans occur.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: str
    spacing_mm: float = Field(default=4.0, gt=0)
    soft_hu: tuple[float, float] = (-100.0, 250.0)
    wide_hu: tuple[float, float] = (-1000.0, 600.0)
    channels: tuple[int, ...] = Field(min_length=2)
    residual_units: int = Field(default=2, ge=0)

    steps: int = Field(ge=1)
    batch: int = Field(default=2, ge=1)
    lr: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    warmup: int = Field(default=30, ge=0)
    ema_decay: float = Field(default=0.995, ge=0, lt=1)
    depths: tuple[int, ...] = (32, 48, 64)
    crop_yx: tuple[int, int] = (64, 96)
    scale: tuple[float, float] = (0.8, 1.25)
    turn_degrees: float = Field(default=10.0, ge=0, le=45)
    bend_mm: float = Field(default=14.0, ge=0)
    noise_hu: float = Field(default=25.0, ge=0)
    organ_hu: float = Field(default=20.0, ge=0)
    tumours: float = Field(default=0.5, ge=0, le=1)
    parts: int = Field(default=1, ge=1)
    precision: Precision = "auto"
    seed: int = 0

    @model_validator(mode="after")
    def _consistent(self) -> LiverPlan:
        if any(n % self.cell for n in (*self.depths, *self.crop_yx)):
            raise ValueError(f"depths and crop_yx must be multiples of {self.cell}")
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError("scale needs 0 < low <= high")
        return self

    @property
    def cell(self) -> int:
        """What the shape of an input must be a multiple of."""
        return int(2 ** (len(self.channels) - 1))


_SIZES: dict[str, dict[str, Any]] = {
    # 8 mm cubes: seconds of training, for tests.
    "tiny": {
        "spacing_mm": 8.0,
        "channels": (8, 16, 24),
        "residual_units": 1,
        "steps": 60,
        "lr": 6e-3,
        "ema_decay": 0.9,
        "depths": (16, 24),
        "crop_yx": (32, 40),
    },
    # 4 mm cubes: the committed reference weights; one core trains it in under an hour.
    "small": {"channels": (16, 32, 64, 64, 64), "steps": 1500},
    # 3 mm cubes, for a GPU and real masks.
    "base": {
        "spacing_mm": 3.0,
        "channels": (32, 64, 128, 192, 256),
        "steps": 20000,
        "depths": (48, 64, 96),
        "crop_yx": (112, 128),
        "lr": 1e-3,
        "ema_decay": 0.999,
    },
}
SIZES = tuple(_SIZES)


def make_plan(size: str, overrides: Mapping[str, Any] | None = None) -> LiverPlan:
    """The plan of a named size with some fields overridden; raises PlanError on an unknown size or field."""
    if size not in _SIZES:
        raise PlanError(f"Unknown size: {size}.", remedy=f"One of: {', '.join(SIZES)}.")
    return parse_plan({**_SIZES[size], **(overrides or {}), "size": size})


def parse_plan(data: Mapping[str, Any]) -> LiverPlan:
    """Reads a plan as stored in a weights file; raises PlanError naming the field."""
    try:
        return LiverPlan.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"]) or "plan"
        raise PlanError(
            f"The liver plan is not valid at {where}: {first['msg']}.",
            remedy=f"Fields: {', '.join(LiverPlan.model_fields)}.",
        ) from error
