"""The plan of a key slice filter: everything that decides its networks, its crops and its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from detector.errors import PlanError
from detector.hardware import Precision

FAMILY_NAME = "ksf"
CELL = 16  # the segmentation network halves four times


class KeySlicePlan(BaseModel):
    """Sizes differ by this alone. The paper works at native resolution (about 0.7 mm): set `spacing_mm`.

    `segment_side` pixels of `spacing_mm` are shown to the segmentation in training (it is convolutional and
    grows with the box when applied), `view_side` to the primary classifier, always. `zoom` multiplies the
    pixel size of a training slab at random, so that lesions larger than any marked one are met.

    `learns` "slices" trains the segmentation alone, as on lesions that were measured on one slice and of
    which nobody said which is primary: first weights for a training of "both", not a filter.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: str
    phases: tuple[str, ...] = ("non_contrast", "arterial", "portal_venous", "delayed")
    spacing_mm: float = Field(gt=0)
    hu_window: tuple[float, float] = (-20.0, 200.0)
    segment_side: int = Field(ge=CELL, multiple_of=CELL)
    view_side: int = Field(ge=CELL)
    segment_width: int = Field(ge=4, multiple_of=4)
    classify_width: int = Field(ge=4, multiple_of=4)

    steps: int = Field(ge=1)
    batch: int = Field(default=8, ge=1)
    lr: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    ema_decay: float = Field(default=0.99, ge=0, lt=1)
    slices_per_mark: int = Field(default=6, ge=1)
    views_per_mark: int = Field(default=3, ge=1)
    phase_dropout: float = Field(default=0.1, ge=0, lt=1)
    zoom: tuple[float, float] = (0.5, 1.4)
    box_jitter: float = Field(default=0.2, ge=0, lt=1)
    parts: int = Field(default=1, ge=1)
    precision: Precision = "auto"
    seed: int = 0
    learns: Literal["both", "slices"] = "both"

    @model_validator(mode="after")
    def _consistent(self) -> KeySlicePlan:
        if not 0 < self.zoom[0] <= self.zoom[1]:
            raise ValueError("zoom needs 0 < low <= high")
        return self


_SIZES: dict[str, dict[str, Any]] = {
    # 2.8 mm pixels: seconds of training, for tests.
    "tiny": {
        "spacing_mm": 2.8,
        "segment_side": 32,
        "view_side": 48,
        "segment_width": 8,
        "classify_width": 8,
        "steps": 120,
    },
    # 1.4 mm pixels: from scratch on a processor in minutes.
    "small": {
        "spacing_mm": 1.4,
        "segment_side": 64,
        "view_side": 96,
        "segment_width": 8,
        "classify_width": 16,
        "steps": 300,
    },
}
SIZES = tuple(_SIZES)


def make_plan(size: str, overrides: Mapping[str, Any] | None = None) -> KeySlicePlan:
    """The plan of a named size with some fields overridden; raises PlanError on an unknown size or field."""
    if size not in _SIZES:
        raise PlanError(f"Unknown size: {size}.", remedy=f"One of: {', '.join(SIZES)}.")
    return parse_plan({**_SIZES[size], **(overrides or {}), "size": size})


def parse_plan(data: Mapping[str, Any]) -> KeySlicePlan:
    """Reads a plan as stored in a weights file; raises PlanError naming the field."""
    try:
        return KeySlicePlan.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise PlanError(
            f"The key slice plan is not valid at {where}: {first['msg']}.",
            remedy=f"Fields: {', '.join(KeySlicePlan.model_fields)}.",
        ) from error
