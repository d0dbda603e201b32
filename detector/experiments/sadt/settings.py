"""How large the experiment is. All sizes run the same code."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from detector.errors import PlanError

RIVALS = ("resnet3d", "resnet2d", "deepten", "sadt")
DETECTOR_ABLATIONS: dict[str, dict[str, Any]] = {
    "isotropic kernel": {"gaussian": "cells"},
    "no hard negatives": {"hard_negative_weight": 0},
}
CLASS_ABLATIONS: dict[str, dict[str, Any]] = {
    "pooled over all": {"pooling": "all"},
    "class weights as printed": {"weighting": "paper"},
    **{
        f"{phase.replace('_', ' ')} alone": {"phases": [phase], "phase_dropout": 0.0}
        for phase in ("non_contrast", "arterial", "portal_venous", "delayed")
    },
}


@dataclass(frozen=True, slots=True)
class Model:
    """A size of a family, with what is changed of it."""

    size: str
    overrides: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """Studies of each part; `marked` are read whole (the paper's Patho-200), `public` single-phase ones
    without pathology (its LiTS), `measured` ones of which some lesions were measured on one slice (its
    DeepLesion), `pool` is harvested (its Patho-1000) with CenterNet-3D, `gold` judges.
    `curve` are shares of the pool; `folds` those of the classifiers."""

    marked: int
    public: int
    measured: int
    pool: int
    gold: int
    matrix: int
    slices: int
    detector: Model
    key_slices: Model
    classifier: Model
    folds: int
    detectors: tuple[str, ...] = ("centernet2d", "centernet3d")
    rivals: tuple[str, ...] = RIVALS
    marked_only: bool = True
    key_slices_pretrained: bool = True
    detector_ablations: tuple[str, ...] = tuple(DETECTOR_ABLATIONS)
    class_ablations: tuple[str, ...] = tuple(CLASS_ABLATIONS)
    curve: tuple[float, ...] = (0.25, 0.5, 1.0)
    difficulty: float | None = None
    missed: float = 0.0
    accepted_wrongly: float = 0.0
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


_SIZES = {
    # minutes on two cores: shows that every part runs, and nothing else
    "ci": Settings(
        marked=8, public=4, measured=4, pool=8, gold=8, matrix=72, slices=24,
        detector=Model("tiny", {"steps": 60}),
        key_slices=Model("tiny", {"steps": 20}),
        classifier=Model("tiny", {"steps": 20, "sides": [32], "batch": 8, "least_for_calibration": 8}),
        folds=2, rivals=("resnet3d", "sadt"), marked_only=False,
        detector_ablations=("no hard negatives",), class_ablations=("pooled over all",), curve=(1.0,),
    ),
    # under two hours on two cores
    "cpu": Settings(
        marked=40, public=20, measured=20, pool=100, gold=100, matrix=128, slices=30,
        detector=Model("small", {"steps": 500}),
        key_slices=Model("small", {"steps": 150}),
        classifier=Model("small", {"steps": 250, "sides": [128], "layers": [2, 2, 2, 2]}),
        folds=2, rivals=("resnet2d", "sadt"), marked_only=True,
        detector_ablations=("no hard negatives",), class_ablations=("pooled over all",), curve=(0.5, 1.0),
    ),
    # everything; hours on a data-centre GPU
    "gpu": Settings(
        marked=200, public=130, measured=400, pool=1000, gold=400, matrix=256, slices=48,
        detector=Model("slim64"),
        key_slices=Model("small", {"steps": 3000}),
        classifier=Model("resnet50"),
        folds=5, difficulty=0.5,
    ),
}  # fmt: skip
SIZES = tuple(_SIZES)


def settings_for(size: str, **changes: Any) -> Settings:
    """The settings of a named size with some of them replaced; raises PlanError where there is none."""
    if size not in _SIZES:
        raise PlanError(f"Unknown size: {size}.", remedy=f"One of: {', '.join(SIZES)}.")
    return replace(_SIZES[size], **changes)
