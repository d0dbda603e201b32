"""The systems that SaDT is compared with learn, answer and keep apart what each of them is meant to see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.contracts import LesionCharacterizer, ModelFamily
from detector.errors import PlanError
from detector.registry import family, kind_of
from detector.sadt.classes import CLASSES
from detector.sadt.config import SYSTEMS, make_plan
from detector.sadt.samples import lesion_crop
from tests.detector.small_studies import CLASS_HU, PHASES, sphere_box, study_with, train_quickly

QUICK = {"batch": 8, "sides": [32], "depth": 8, "phase_dropout": 0.0, "ema_decay": 0.9, "steps": 80}


def trained(system: str, folder: Path) -> tuple[Path, float]:
    result = train_quickly(system, folder, [c for c in CLASSES for _ in range(2)], QUICK)
    return result.weights, result.metrics["accuracy"]["value"]


@pytest.mark.parametrize("system", sorted(set(SYSTEMS) - {"sadt"}))
def test_a_rival_fits_a_handful_of_lesions_and_answers_as_the_contract_says(
    system: str, tmp_path: Path
) -> None:
    assert isinstance(family(system), ModelFamily)
    assert kind_of(system) == "characterizer"
    weights, accuracy = trained(system, tmp_path)
    assert accuracy >= 0.75
    applied = family(system).load(weights)
    assert isinstance(applied, LesionCharacterizer)
    box = sphere_box((10, -40, 326), 30)
    said = applied.characterize(study_with([(box, CLASS_HU["hcc"])], phases=PHASES[1:], seed=50), box)
    assert tuple(said.outputs["lesion_class"]) == CLASSES
    assert sum(said.outputs["lesion_class"].values()) == pytest.approx(1, abs=1e-5)
    with pytest.raises(PlanError):
        family("sadt").load(weights)


def pixels_covered(system: str, diameter_mm: float) -> int:
    box = sphere_box((10, -40, 326), diameter_mm)
    study = study_with([(box, CLASS_HU["hcc"])], phases=PHASES, seed=1)
    _, mask = lesion_crop(study, box, 5, make_plan("tiny", {"sides": [64], "spacing_mm": 1.0}, system=system))
    return int(mask.sum())


def test_a_lesion_twice_as_large_covers_four_times_the_pixels_of_sadt_and_all_of_deepten_either_way() -> None:
    assert pixels_covered("sadt", 60) == pytest.approx(4 * pixels_covered("sadt", 30), rel=0.15)
    assert pixels_covered("deepten", 30) == pixels_covered("deepten", 60) == 64 * 64


def test_a_volume_lies_around_the_lesion_and_says_which_phases_are_there() -> None:
    box = sphere_box((10, -40, 326), 30)
    study = study_with([(box, CLASS_HU["hcc"])], phases=PHASES[1:], seed=1)
    plan = make_plan("tiny", {"sides": [32], "depth": 6}, system="resnet3d")
    image, mask = lesion_crop(study, box, 5, plan)
    assert image.shape == (8, 6, 32, 32)
    assert mask.shape == (32, 32)
    assert np.all(image[4] == 0)
    assert np.all(image[5:] == 1)


def test_a_plan_that_cannot_be_is_refused_by_what_is_wrong() -> None:
    with pytest.raises(PlanError, match="Unknown system: vgg"):
        make_plan("tiny", system="vgg")
    with pytest.raises(PlanError, match="slices, not volumes"):
        make_plan("tiny", {"view": "volume"})
