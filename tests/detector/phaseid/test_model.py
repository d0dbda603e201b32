"""What HU say of a phase: any region may be missing, and one may be mistaken."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import PlanError
from detector.phaseid.assign import Observed, assign, best
from detector.phaseid.model import PHASES, PhaseModel, fit, read_model, shipped_model
from detector.phaseid.regions import REGIONS
from detector.phaseid.variation import varied

TYPICAL = {
    "non_contrast": {"aorta": 42, "cava": 41, "liver": 56, "spleen": 47},
    "arterial": {"aorta": 310, "cava": 90, "liver": 68, "spleen": 120},
    "portal_venous": {"aorta": 165, "cava": 130, "liver": 112, "spleen": 122},
    "delayed": {"aorta": 105, "cava": 106, "liver": 88, "spleen": 85, "kidney": 150, "cortex": 18},
}


def told(regions: dict[str, float]) -> tuple[str, float]:
    return best(assign([Observed(shipped_model().log_likelihood(regions))])[0])


@pytest.mark.parametrize("phase", PHASES)
def test_textbook_values_are_told_as_their_phase(phase: str) -> None:
    assert told(TYPICAL[phase])[0] == phase


@pytest.mark.parametrize("phase", ["non_contrast", "arterial", "portal_venous"])
@pytest.mark.parametrize("wrong", ["spleen", "liver", "cava"])
def test_one_mistaken_region_does_not_overturn_the_others(phase: str, wrong: str) -> None:
    assert told({**TYPICAL[phase], wrong: 5.0})[0] == phase


@pytest.mark.parametrize("iodine", [0.75, 1.4])
def test_another_tube_voltage_scales_enhancement_and_leaves_the_phase(iodine: float) -> None:
    native = TYPICAL["non_contrast"]
    for phase in ("arterial", "portal_venous"):
        scaled = {name: native[name] + iodine * (hu - native[name]) for name, hu in TYPICAL[phase].items()}
        assert told(scaled)[0] == phase


def test_aorta_alone_tells_arterial_and_unenhanced() -> None:
    assert told({"aorta": 350})[0] == "arterial"
    assert told({"aorta": 40}) == ("non_contrast", pytest.approx(1, abs=0.02))


def test_nothing_found_says_nothing() -> None:
    assert (shipped_model().log_likelihood({}) == 0).all()


@given(st.dictionaries(st.sampled_from(REGIONS), st.floats(-1000, 3000)))
def test_any_values_of_any_regions_give_finite_numbers(regions: dict[str, float]) -> None:
    assert np.isfinite(shipped_model().log_likelihood(regions)).all()


def test_a_model_is_plain_json_and_comes_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(shipped_model().as_json()))
    again = read_model(path)
    assert (again.mean == shipped_model().mean).all()
    assert (again.covariance == shipped_model().covariance).all()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "harvest-phase-model/1"}'])
def test_what_is_no_model_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(PlanError):
        read_model(path)


def test_a_covariance_that_cannot_be_one_is_refused() -> None:
    data = json.loads(json.dumps(shipped_model().as_json()))
    data["phases"]["arterial"]["covariance"][0][0] = -1.0
    with pytest.raises(PlanError):
        PhaseModel.from_json(data)


def test_a_late_scan_without_kidneys_is_not_surely_anything() -> None:
    late = {name: hu for name, hu in TYPICAL["delayed"].items() if name not in ("kidney", "cortex")}
    assert told(late)[1] < 0.9


def test_fitting_finds_what_the_samples_were_made_of() -> None:
    full = {phase: {"kidney": 60.0, "cortex": 40.0, **hu} for phase, hu in TYPICAL.items()}
    model = fit(list(varied(full.items(), seed=3, draws=200)), {})
    for phase, regions in full.items():
        assert PHASES[int(np.argmax(model.log_likelihood(regions)))] == phase


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(PlanError, match="Too few"):
        fit(list(TYPICAL.items()), {})
