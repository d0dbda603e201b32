"""DeepLesion: diameters on one slice become a box in space, and what was looked at is kept beside it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from detector.datasets.deeplesion_boxes import box_of, measured
from detector.datasets.registry import find_studies
from detector.errors import PhaseError, ReadError
from detector.ingest.archive import unpacking_here
from detector.ingest.found import Discovery
from detector.ingest.phases import assign_phases
from detector.ingest.truth import read_truth
from tests.detector.datasets.deeplesion_layout import HEADER, SPACING, deeplesion, row


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return deeplesion(tmp_path)


def found(root: Path, phase: str | None = "portal_venous") -> Discovery:
    with unpacking_here() as unpacking:
        return find_studies("deeplesion", root, phase=phase, unpacking=unpacking)


def test_liver_lesions_alone_are_taken_and_only_the_stretch_that_was_measured(published: Path) -> None:
    discovery = found(published)
    assert [(s.subject_key, s.acquisitions[0].n_slices) for s in discovery.studies] == [
        ("deeplesion-1", 7),
        ("deeplesion-3", 6),
    ]
    assert discovery.refused == []


def test_slices_run_from_head_to_feet_and_are_in_hounsfield_units(published: Path) -> None:
    volume = found(published).studies[0].acquisitions[0].read()
    geometry = volume.geometry
    assert geometry.spacing_xyz_mm == SPACING
    for n in (10, 16):
        z = geometry.index_from_point((0, 0, -n * 5.0))[0]
        assert volume.array_zyx[round(z), 40, 40] == n


def test_box_is_the_ellipse_in_plane_and_the_short_diameter_deep(published: Path) -> None:
    truth = read_truth(found(published).studies[0])
    assert truth is not None
    (lesion,) = truth.lesions
    assert lesion.box.lo == pytest.approx((30 * 0.8, 35 * 0.8, -65 - 4.0))
    assert lesion.box.hi == pytest.approx((50 * 0.8, 45 * 0.8, -65 + 4.0))


def test_what_was_annotated_is_kept_and_the_study_is_never_whole(published: Path) -> None:
    truth = read_truth(found(published).studies[0])
    assert truth is not None
    assert truth.complete is False
    said = truth.lesions[0].attributes
    assert said["annotated_z_mm"] == [-67.5, -62.5]
    assert said["published_z_mm"] == [-82.5, -47.5]
    assert said["diameters_mm"][0] == pytest.approx([24.0, 32.0, -65.0])
    json.dumps(dict(said))


def test_the_phase_is_not_told_and_so_is_asked_for(published: Path) -> None:
    with pytest.raises(PhaseError):
        assign_phases(found(published, None).studies[0].acquisitions)


def test_text_mined_liver_labels_add_the_lesions_whose_coarse_type_is_unknown(published: Path) -> None:
    rows = [row("000001_01_01_013.png", -1, part=1), row("000002_01_01_013.png", -1, part=1)]
    (published / "DL_info.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    mined = {
        "term_list": ["lung", "liver"],
        "train_lesion_idxs": [0, 1],
        "train_relevant_labels": [[0], [1, 0]],
        **{f"{p}_{k}": [] for p in ("val", "test") for k in ("lesion_idxs", "relevant_labels")},
    }
    (published / "text_mined_labels_171_and_split.json").write_text(json.dumps(mined))
    assert [s.subject_key for s in found(published).studies] == ["deeplesion-2"]


def test_row_that_cannot_be_read_is_refused_by_its_number_and_the_rest_come(published: Path) -> None:
    with (published / "DL_info.csv").open("a") as file:
        file.write(row("000001_01_01_014.png", ends="1, 2, nan") + "\n")
    discovery = found(published)
    assert len(discovery.studies) == 2
    assert [r.message for r in discovery.refused] == ["Row 5 of DL_info.csv cannot be read."]


def test_slices_that_are_missing_or_no_16_bit_images_are_refused(published: Path) -> None:
    folder = published / "Images_png" / "000001_01_01"
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((64, 72), np.uint8)), str(folder / "012.png"))
    (published / "Images_png" / "000003_02_01" / "012.png").unlink()
    discovery = found(published)
    assert {r.code for r in discovery.refused} == {"missing"}
    with pytest.raises(ReadError) as caught:
        discovery.studies[0].acquisitions[0].read()
    assert caught.value.code == "not_hounsfield"


@given(
    angle=st.floats(0, math.pi),
    long=st.floats(4, 80),
    ratio=st.floats(0.2, 1),
    cx=st.floats(100, 400),
    cy=st.floats(100, 400),
)
def test_box_just_holds_the_ellipse_whatever_its_angle(
    angle: float, long: float, ratio: float, cx: float, cy: float
) -> None:
    along = np.array([math.cos(angle), math.sin(angle)]) * long / 2
    across = np.array([-math.sin(angle), math.cos(angle)]) * long * ratio / 2
    centre = np.array([cx, cy])
    ends = np.concatenate([centre - along, centre + along, centre - across, centre + across])
    lesion = measured(key_slice=5, coordinates=list(ends), bounding_box=[0, 0, 1, 1], slice_range=[1, 9])
    box = box_of(lesion, (1.0, 1.0, 1.0))
    turn = np.linspace(0, 2 * math.pi, 721)
    rim = centre + np.outer(np.cos(turn), along) + np.outer(np.sin(turn), across)
    assert (rim.min(axis=0) >= np.array(box.lo[:2]) - 1e-6).all()
    assert (rim.max(axis=0) <= np.array(box.hi[:2]) + 1e-6).all()
    if long * ratio > 1:
        assert rim.max(axis=0) == pytest.approx(np.array(box.hi[:2]), abs=0.01)
        assert box.size_mm[2] == pytest.approx(max(long * ratio, 1))
