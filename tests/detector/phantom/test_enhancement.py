"""Phantoms enhance as physiology and the textbook patterns of each lesion have it, measured in HU."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, distance_transform_edt

from detector.phantom.enhancement import Haemodynamics
from detector.phantom.generate import PhantomStudy, generate
from detector.phantom.layers import Grid
from detector.phantom.lesions import PATTERNS, LesionShape, Surroundings
from detector.phantom.parameters import LESION_CLASSES, PHASES, SUBTYPES, training

TYPICAL = Haemodynamics(
    {"non_contrast": 0.0, "arterial": 36.0, "portal_venous": 70.0, "delayed": 180.0}, 1.0, 57.0
)


@cache
def _study(lesion_class: str, seed: int) -> PhantomStudy:
    return generate(training(matrix=96, aligned=True, lesion_class=lesion_class), seed)


@cache
def _difference_to_liver(subtype: str) -> dict[str, dict[str, float]]:
    """Mean HU of centre, middle and rim of an ideal 30 mm ball of the subtype, less the liver's, by phase."""
    axis = np.arange(-17, 18, 1.0, dtype=np.float32)
    grid = Grid(axis, axis, axis)
    x, y, z = grid.points(grid.whole)
    radius = np.sqrt(x**2 + y**2 + z**2) / np.float32(15)
    shape = LesionShape((1 - radius) * 15, radius, np.zeros_like(radius), 30.0)
    hu, liver = PATTERNS[subtype](shape, Surroundings(TYPICAL, 1.0)), TYPICAL.hu("liver")
    zones = {"centre": radius < 0.15, "core": radius < 0.45, "rim": (radius > 0.93) & (radius < 1)}
    return {name: {p: float(hu[p][zone].mean()) - liver[p] for p in PHASES} for name, zone in zones.items()}


def test_liver_enhances_most_in_the_portal_venous_phase() -> None:
    liver = TYPICAL.hu("liver")
    assert liver["non_contrast"] < liver["arterial"] < liver["delayed"] < liver["portal_venous"]


def test_aorta_is_brightest_in_the_arterial_and_portal_vein_in_the_portal_venous_phase() -> None:
    artery, portal = TYPICAL.hu("artery"), TYPICAL.hu("portal_vein")
    assert max(artery, key=lambda p: artery[p]) == "arterial"
    assert max(portal, key=lambda p: portal[p]) == "portal_venous"
    assert artery["arterial"] > portal["arterial"] + 100


def test_hcc_is_bright_early_washes_out_and_shows_a_capsule_late() -> None:
    hcc = _difference_to_liver("hcc")
    assert hcc["core"]["arterial"] > 25
    assert hcc["core"]["portal_venous"] < -8
    assert hcc["core"]["delayed"] < -15
    assert hcc["rim"]["delayed"] > 10


def test_icc_has_an_arterial_rim_and_fills_from_outside_late() -> None:
    icc = _difference_to_liver("icc")
    assert icc["rim"]["arterial"] > 20 > 0 > icc["core"]["arterial"]
    assert icc["core"]["portal_venous"] < -20
    assert icc["core"]["delayed"] > 8 > 0 > icc["rim"]["delayed"]


def test_metastasis_is_dark_in_every_phase_and_darkest_in_its_centre() -> None:
    metastasis = _difference_to_liver("metastasis")
    assert all(metastasis["core"][p] < -10 for p in PHASES)
    assert metastasis["core"]["portal_venous"] < metastasis["rim"]["portal_venous"] - 15
    assert metastasis["rim"]["arterial"] > 5


def test_haemangioma_fills_from_the_edge_to_the_centre_and_stays_bright() -> None:
    lesion = _difference_to_liver("haemangioma")
    assert lesion["rim"]["arterial"] > 30 > 0 > lesion["centre"]["arterial"]
    assert lesion["centre"]["portal_venous"] < -30
    assert lesion["centre"]["delayed"] > lesion["centre"]["portal_venous"] + 30
    assert lesion["core"]["delayed"] > 5


def test_fnh_is_bright_early_even_later_with_a_scar_that_fills() -> None:
    fnh = _difference_to_liver("fnh")
    assert fnh["rim"]["arterial"] > 35
    assert abs(fnh["rim"]["delayed"]) < 12
    assert fnh["centre"]["arterial"] < 0 < 10 < fnh["centre"]["delayed"]


def test_adenoma_is_less_bright_early_than_fnh_and_a_little_dark_late() -> None:
    adenoma, fnh = _difference_to_liver("adenoma"), _difference_to_liver("fnh")
    assert 15 < adenoma["core"]["arterial"] < fnh["rim"]["arterial"]
    assert -30 < adenoma["core"]["delayed"] < -5


@pytest.mark.parametrize("lesion_class", LESION_CLASSES)
def test_every_lesion_stands_out_in_the_images_but_not_like_a_lamp(lesion_class: str) -> None:
    """In its strongest phase a primary lesion differs from the liver around it by 12 to 70 HU."""
    for seed in range(3):
        study = _study(lesion_class, seed)
        inside, around = _zones(study)
        signal = []
        for volume in study.volumes.values():
            difference = volume.array_zyx[inside] - np.median(volume.array_zyx[around])
            signal.append(np.sqrt(max(float((difference**2).mean()) - study.drawn["noise_hu"] ** 2, 0)))
        assert 12 < max(signal) < 70
        assert study.lesions[0].subtype in SUBTYPES[lesion_class]


def test_hcc_images_turn_from_bright_to_dark_and_metastases_are_always_dark() -> None:
    for seed in range(3):
        hcc, metastasis = _measured(_study("hcc", seed)), _measured(_study("metastasis", seed))
        assert hcc["arterial"] > 10 > 0 > hcc["delayed"]
        assert metastasis["portal_venous"] < -15


def test_noise_in_the_liver_is_as_drawn() -> None:
    study = _study("hcc", 0)
    deep = distance_transform_edt(study.liver.array_zyx) > 3
    image = study.volumes["non_contrast"].array_zyx.astype(float)
    # Neighbouring slices hold nearly the same tissue and independent noise.
    both = deep[1:] & deep[:-1]
    noise = np.median(np.abs(np.diff(image, axis=0)[both])) / 0.6745 / np.sqrt(2)
    assert noise == pytest.approx(study.drawn["noise_hu"], rel=0.12)


def _zones(study: PhantomStudy) -> tuple[np.ndarray, np.ndarray]:
    """Masks (Z, Y, X) of the primary lesion and of the liver close around it."""
    (primary,) = (m for m in study.lesions if m.primary)
    labels = study.labels.array_zyx
    inside = labels == primary.label
    around = binary_dilation(inside, iterations=3) & (study.liver.array_zyx == 1) & (labels == 0)
    return inside, around


def _measured(study: PhantomStudy) -> dict[str, float]:
    """Median HU of the primary lesion less that of the liver around it, by phase."""
    inside, around = _zones(study)
    return {
        p: float(np.median(v.array_zyx[inside]) - np.median(v.array_zyx[around]))
        for p, v in study.volumes.items()
    }
