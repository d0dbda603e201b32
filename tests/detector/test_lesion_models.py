"""The committed weights of the key slice filter and of SaDT load and answer; their cards say what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.registry import family
from tests.detector.small_studies import CLASS_HU, sphere_box, study_with

FIXTURES = Path(__file__).parents[2] / "fixtures"
BOX = sphere_box((10, -40, 326), 30)


def test_the_key_slice_filter_answers_for_a_lesion() -> None:
    study = study_with([(BOX, CLASS_HU["metastasis"])])
    (key,) = family("ksf").load(FIXTURES / "ksf-small.safetensors").key_slices(study, [BOX])
    assert key.areas_mm2[key.z_index - key.first_z_index] > 0
    assert 0 <= key.primary_score <= 1


def test_the_classifier_answers_for_a_lesion() -> None:
    study = study_with([(BOX, CLASS_HU["metastasis"])])
    said = family("sadt").load(FIXTURES / "sadt-small.safetensors").characterize(study, BOX)
    assert sum(said.outputs["lesion_class"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["ksf-small", "sadt-small"])
def test_each_card_says_phantoms_only_and_not_for_diagnosis(name: str) -> None:
    card = (FIXTURES / f"{name}.md").read_text()
    assert "synthetic phantoms only" in card
    assert "Not for diagnosis" in card
    assert (FIXTURES / f"{name}.safetensors").stat().st_size < 3_000_000
