"""Regions found on phantoms, whose HU are known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from detector.geometry import VolumeGeometry
from detector.phantom.enhancement import Haemodynamics
from detector.phantom.generate import PhantomStudy, generate
from detector.phantom.parameters import evaluation
from detector.phantom.timing import timed_study
from detector.phaseid.coarse import Coarse, coarsen
from detector.phaseid.model import PHASES
from detector.phaseid.regions import REGIONS, find_regions
from detector.volume import Volume

Found = Mapping[str, Mapping[str, float]]


@pytest.fixture(scope="module")
def study() -> PhantomStudy:
    return generate(evaluation(matrix=112), 7)


@pytest.fixture(scope="module")
def found(study: PhantomStudy) -> Found:
    return {phase: find_regions(coarsen(volume)) for phase, volume in study.volumes.items()}


@pytest.mark.parametrize(
    ("region", "tissue"), [("aorta", "artery"), ("liver", "liver"), ("spleen", "spleen")]
)
def test_levels_are_those_of_the_tissue(study: PhantomStudy, found: Found, region: str, tissue: str) -> None:
    drawn = study.drawn
    seconds = {p: drawn.get(f"{p}_s", 0.0) for p in PHASES}
    truth = Haemodynamics(seconds, drawn["contrast_strength"], drawn["liver_hu"]).hu(tissue)
    for phase in PHASES:
        assert found[phase][region] == pytest.approx(truth[phase], rel=0.12, abs=10), phase


def test_every_region_is_found_in_a_whole_abdomen(found: Found) -> None:
    assert all(set(regions) == set(REGIONS) for regions in found.values())


def test_left_and_right_matter(study: PhantomStudy, found: Found) -> None:
    """The liver is looked for on the patient's right: in a mirrored scan its place holds something else."""
    volume = study.volumes["non_contrast"]
    mirrored = Volume(np.ascontiguousarray(volume.array_zyx[:, :, ::-1]), volume.geometry)
    assert find_regions(coarsen(mirrored)).get("liver") != found["non_contrast"]["liver"]


@pytest.mark.parametrize("value", [-1000.0, 0.0, 60.0])
def test_an_empty_or_even_image_has_no_regions(value: float) -> None:
    assert find_regions(Coarse(np.full((8, 60, 60), value, np.float32), (5.0, 2.0, 2.0))) == {}


def test_noise_and_tiny_images_are_survived() -> None:
    rng = np.random.default_rng(0)
    for shape in ((5, 2, 3), (5, 40, 40), (1, 64, 64)):
        find_regions(Coarse(rng.normal(0, 600, shape).astype(np.float32), (5.0, 2.0, 2.0)))


def test_coarse_keeps_means_and_says_its_spacing() -> None:
    geometry = VolumeGeometry((20, 9, 8), (1.0, 1.0, 2.0), (0, 0, 0))
    array = np.arange(20 * 9 * 8, dtype=np.int16).reshape(20, 9, 8)
    coarse = coarsen(Volume(array, geometry))
    assert coarse.spacing_zyx_mm == (4.0, 2.0, 2.0)
    assert coarse.hu.shape == (10, 4, 4)
    assert coarse.hu[1, 0, 0] == array[2, :2, :2].mean()


def test_timed_phantoms_are_equal_by_seed_and_unlike_the_learned_ones() -> None:
    a, b = (timed_study(1, 1, "evaluation", matrix=48) for _ in range(2))
    assert a.drawn == b.drawn
    assert (a.volumes["arterial"].array_zyx == b.volumes["arterial"].array_zyx).all()
    kv, output = a.drawn["tube_kv"], a.drawn["cardiac_output"]
    assert not 110 <= kv <= 130
    assert not 0.9 <= output <= 1.1
