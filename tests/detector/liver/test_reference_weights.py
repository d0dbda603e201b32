"""The committed liver weights on a phantom from outside what they learned; their card says what they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector.evaluation.segmentation import overlap
from detector.geometry import VolumeGeometry
from detector.ingest.liver import REFERENCE_WEIGHTS, LiverFinder, find_liver
from detector.phantom.cohort import member
from detector.phantom.generate import PhantomStudy
from detector.registry import family
from detector.volume import Volume
from detector.weights import read_plan, sha256


@pytest.fixture(scope="module")
def phantom() -> PhantomStudy:
    return member(31, 2, "evaluation", matrix=128, slices=40, aligned=True)[2]


@pytest.mark.parametrize("phase", ["portal_venous", "arterial", "non_contrast"])
def test_the_liver_of_a_phantom_is_found_in_any_phase(phantom: PhantomStudy, phase: str) -> None:
    found = find_liver(phantom.volumes[phase], finder=LiverFinder(weights=REFERENCE_WEIGHTS))
    assert (found.source, found.note) == ("network", "")
    assert found.mask is not None
    assert overlap(found.mask, phantom.liver.array_zyx, phantom.geometry).dice > 0.85


def test_it_lies_on_the_patient_s_right_and_not_where_a_mirror_would_put_it(phantom: PhantomStudy) -> None:
    scan = phantom.volumes["portal_venous"]
    segmenter = family("liver-unet").load(REFERENCE_WEIGHTS)
    mask = segmenter.segment(scan)
    body = np.flatnonzero((np.asarray(scan.array_zyx) > -200).any(axis=(0, 1)))
    assert np.nonzero(mask)[2].mean() < (body[0] + body[-1]) / 2
    true = phantom.liver.array_zyx
    mirrored = segmenter.segment(replace(scan, array_zyx=np.asarray(scan.array_zyx)[:, :, ::-1].copy()))
    assert overlap(mirrored[:, :, ::-1], true, scan.geometry).dice < overlap(mask, true, scan.geometry).dice


def test_half_a_liver_is_half_found(phantom: PhantomStudy) -> None:
    """A scan that ends in the middle of the liver: what there is of it is outlined."""
    scan, true = phantom.volumes["portal_venous"], np.asarray(phantom.liver.array_zyx)
    filled = np.flatnonzero(true.any(axis=(1, 2)))
    middle = int((filled[0] + filled[-1]) // 2)
    part = np.asarray(scan.array_zyx)[middle:]
    upper = Volume(
        part, replace(scan.geometry, shape_zyx=part.shape)
    )  # its place along the body is no matter
    mask = family("liver-unet").load(REFERENCE_WEIGHTS).segment(upper)
    assert overlap(mask, true[middle:], upper.geometry).dice > 0.75


def test_a_scan_far_too_small_for_a_liver_has_none() -> None:
    grid = VolumeGeometry((5, 12, 14), (1.5, 1.5, 5.0), (0, 0, 0))
    scan = Volume(np.full(grid.shape_zyx, 60, np.int16), grid)
    found = find_liver(scan)
    assert (found.mask, found.source) == (None, "none")
    assert "ml" in found.note


def test_its_card_says_what_it_is_and_which_file_is_meant() -> None:
    card = REFERENCE_WEIGHTS.with_suffix(".md").read_text()
    assert "synthetic phantoms only" in card
    assert "Not for diagnosis" in card
    assert sha256(REFERENCE_WEIGHTS) in card
    told = json.loads(Path(REFERENCE_WEIGHTS.with_suffix(".json")).read_text())
    assert told["seed"] == read_plan(REFERENCE_WEIGHTS)["seed"]
    assert REFERENCE_WEIGHTS.stat().st_size < 3_000_000
