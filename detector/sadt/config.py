"""The plan of a SaDT model: everything that decides its network, its crops and its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detector.errors import PlanError
from detector.hardware import Precision
from detector.sadt.inverted import CHANNELS
from detector.sadt.resnet import Block, Norm

# What each system changes in the plan of a size. DeepTEN sees the box resized to the crop, as the paper has
# it: with SaDT's crop the lesion mask alone would not be told from the scale.
SYSTEMS: dict[str, dict[str, Any]] = {
    "sadt": {},
    "deepten": {"view": "box"},
    "resnet2d": {"head": "average"},
    "resnet3d": {"view": "volume", "head": "average"},
}


class SadtPlan(BaseModel):
    """The plan of SaDT and of the systems it is compared with; SYSTEMS says what each of them changes.

    `resnet50` is the paper's network; the others are smaller and say where they differ. `view`: "scale" (a
    slice at a fixed pixel size), "box" (a slice, the box resized to the crop) or "volume" (`depth` slices
    `slice_mm` apart around the box's centre). `head`: "encoding" (texture, pooled over the "lesion", the
    paper's delta, or over "all" of the view, to compare) or "average" (of the last feature map).

    Crops are `sides[0]` pixels of `spacing_mm`, the larger sides serving larger lesions; never resized.
    `block` "inverted" is EfficientNet-lite's encoder, the others are ResNet's.

    `weighting`: "effective_number" (inverse effective number of samples) or "paper" (5 for HCC, 2 for
    metastasis, 1 for the rest, as printed).

    With `folds` > 1 the model is so many networks, each trained without one fold of the patients, that
    answer together: the mean of their shares, or each one's first answer as a vote. `temperature` is not
    chosen but found on lesions that were not learnt from: those of the left out folds, else
    `calibration_share` of them, and null where they are fewer than `least_for_calibration` (then none are
    kept from training).

    Trained by the project's one loop (AdamW on a cosine) where the paper takes SGD.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: str
    view: Literal["scale", "box", "volume"] = "scale"
    head: Literal["encoding", "average"] = "encoding"
    pooling: Literal["lesion", "all"] = "lesion"
    depth: int = Field(default=16, ge=1)
    slice_mm: float = Field(default=5.0, gt=0)
    phases: tuple[str, ...] = ("non_contrast", "arterial", "portal_venous", "delayed")
    spacing_mm: float = Field(gt=0)
    hu_window: tuple[float, float] = (-20.0, 200.0)
    sides: tuple[int, ...] = Field(min_length=1)
    width: int = Field(ge=1)
    layers: tuple[int, ...] = Field(min_length=1)
    strides: tuple[int, ...] = Field(min_length=1)
    block: Block | Literal["inverted"]
    norm: Norm
    stem_pool: bool
    encoding_channels: int = Field(ge=1)
    codewords: int = Field(ge=1)

    steps: int = Field(ge=1)
    batch: int = Field(ge=1)
    lr: float = Field(gt=0)
    weight_decay: float = 1e-4
    gamma: float = Field(default=2.0, ge=0)
    weighting: Literal["effective_number", "paper"] = "effective_number"
    training_slices: int = Field(default=5, ge=1)
    phase_dropout: float = Field(default=0.1, ge=0, lt=1)
    ema_decay: float = Field(default=0.99, ge=0, lt=1)
    min_lesions_per_class: int = Field(default=2, ge=1)
    folds: int = Field(default=1, ge=1)
    answer: Literal["probability", "vote"] = "probability"
    calibration_share: float = Field(default=0.2, ge=0, lt=1)
    least_for_calibration: int = Field(default=20, ge=1)
    temperature: float | None = None
    parts: int = Field(default=1, ge=1)
    precision: Precision = "auto"
    seed: int = 0


_FULL: dict[str, Any] = {
    "spacing_mm": 0.7,
    "sides": (256, 384, 512),
    "width": 64,
    "strides": (1, 2, 2, 2),
    "stem_pool": True,
    "encoding_channels": 128,
    "codewords": 32,
    "steps": 12000,
    "batch": 32,
    "lr": 2.5e-4,
    "norm": "batch",
}
_SIZES: dict[str, dict[str, Any]] = {
    # 2.8 mm pixels, stride 4: seconds of training, for tests.
    "tiny": {
        "spacing_mm": 2.8,
        "sides": (64,),
        "width": 8,
        "layers": (1, 1, 1),
        "strides": (1, 2, 1),
        "block": "basic",
        "norm": "batch",
        "stem_pool": False,
        "encoding_channels": 16,
        "codewords": 8,
        "steps": 200,
        "batch": 16,
        "lr": 1e-2,
    },
    # 1.4 mm pixels, stride 8: from scratch on a processor in minutes.
    "small": {
        "spacing_mm": 1.4,
        "sides": (128, 192, 256),
        "width": 16,
        "layers": (1, 1, 1, 1),
        "strides": (1, 2, 2, 1),
        "block": "basic",
        "norm": "batch",
        "stem_pool": False,
        "encoding_channels": 64,
        "codewords": 16,
        "steps": 300,
        "batch": 16,
        "lr": 5e-3,
    },
    "resnet18": {**_FULL, "layers": (2, 2, 2, 2), "block": "basic"},
    "resnet50": {**_FULL, "layers": (3, 4, 6, 3), "block": "bottleneck"},
    # For processors, and where ImageNet weights are at hand: docs/reference/pretrained.md.
    "efficientnet-lite0": {
        **_FULL,
        "width": 32,
        "layers": (1, 2, 2, 3, 3, 4, 1),
        "strides": (1, 2, 2, 2, 1, 2, 1),
        "block": "inverted",
        "stem_pool": False,
    },
}
SIZES = tuple(_SIZES)


def make_plan(size: str, overrides: Mapping[str, Any] | None = None, *, system: str = "sadt") -> SadtPlan:
    """The plan of a named size of a system with single fields overridden.

    Raises:
        PlanError: no such size or system, an override names no field of the plan, or its value does not fit.
    """
    if size not in _SIZES:
        raise PlanError(f"Unknown size: {size}.", remedy=f"One of: {', '.join(SIZES)}.")
    if system not in SYSTEMS:
        raise PlanError(f"Unknown system: {system}.", remedy=f"One of: {', '.join(SYSTEMS)}.")
    if "temperature" in (overrides or {}):
        raise PlanError("The temperature is found by training, not chosen.", remedy="Leave it out.")
    return parse_plan({**_SIZES[size], **SYSTEMS[system], **(overrides or {}), "size": size})


def parse_plan(data: Mapping[str, Any]) -> SadtPlan:
    """Reads a plan as stored in a weights file; raises PlanError naming the field."""
    try:
        plan = SadtPlan.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise PlanError(f"The SaDT plan is not valid at {where}: {first['msg']}.") from error
    if len(plan.layers) != len(plan.strides):
        raise PlanError("The SaDT plan needs one stride for each stage: layers and strides differ in length.")
    if plan.block == "inverted" and (len(plan.layers) != len(CHANNELS) or plan.norm != "batch"):
        raise PlanError(f"Inverted blocks come in {len(CHANNELS)} stages with batch norm.")
    if plan.block == "inverted" and plan.view == "volume":
        raise PlanError("Inverted blocks read slices, not volumes.", remedy="Take resnet18.")
    if plan.view == "volume" and plan.head == "encoding":
        raise PlanError("The texture encoding reads slices, not volumes.", remedy='Set head to "average".')
    return plan
