"""The committed weights of the key slice filter and of SaDT answer for a phantom; cards say what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.contracts import StudyImages
from detector.geometry import Box3D
from detector.phantom.cohort import member
from detector.phantom.parameters import REFERENCE_PHASE
from detector.registry import family

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def phantom() -> tuple[StudyImages, Box3D]:
    """A metastasis that neither model has seen, and its box."""
    _, _, study = member(7001, 3, "training", aligned=True)
    images = StudyImages(study.volumes, REFERENCE_PHASE, study.liver.array_zyx)  # type: ignore[arg-type]
    return images, next(lesion.box for lesion in study.lesions if lesion.primary)


def test_the_key_slice_filter_answers_for_a_lesion(phantom: tuple[StudyImages, Box3D]) -> None:
    study, box = phantom
    (key,) = family("ksf").load(FIXTURES / "ksf-small.safetensors").key_slices(study, [box])
    assert key.areas_mm2[key.z_index - key.first_z_index] > 0
    assert 0 <= key.primary_score <= 1


def test_the_classifier_names_a_plain_metastasis(phantom: tuple[StudyImages, Box3D]) -> None:
    shares = (
        family("sadt")
        .load(FIXTURES / "sadt-small.safetensors")
        .characterize(*phantom)
        .outputs["lesion_class"]
    )
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert max(shares, key=lambda name: shares[name]) == "metastasis"


@pytest.mark.parametrize("name", ["ksf-small", "sadt-small"])
def test_each_card_says_phantoms_only_and_not_for_diagnosis(name: str) -> None:
    card = (FIXTURES / f"{name}.md").read_text()
    assert "synthetic phantoms only" in card
    assert "Not for diagnosis" in card
    assert (FIXTURES / f"{name}.safetensors").stat().st_size < 3_000_000
