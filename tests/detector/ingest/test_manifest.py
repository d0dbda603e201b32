"""manifest.json beside volume files: what it says is used, what is wrong in it is named."""

from __future__ import annotations

import itertools
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from detector.errors import ReadError
from detector.ingest.discover import discover
from detector.ingest.found import FoundStudy
from detector.ingest.masks import read_mask
from detector.ingest.truth import read_truth
from tests.detector.datasets.layouts import GRID, LARGE, ORIGIN, body, boxes, labels, scan, volume

AXES = [
    "".join(letters)
    for order in itertools.permutations(["LR", "PA", "SI"])
    for letters in itertools.product(*order)
]


def write_mrc(path: Path, array: np.ndarray) -> None:
    """An MRC file as microscopes write it: no word of spacing or sides."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(sitk.GetImageFromArray(np.ascontiguousarray(array)), str(path))


def turned(array: np.ndarray, axes: str) -> np.ndarray:
    """An LPS array (Z, Y, X) as a file holds it whose first, second and third index grow towards `axes`."""
    order = {"L": 2, "R": 2, "P": 1, "A": 1, "S": 0, "I": 0}
    out = np.transpose(array, [order[c] for c in reversed(axes)])
    for place, letter in enumerate(reversed(axes)):
        if letter in "RAI":
            out = np.flip(out, place)
    return out


def first_voxel(axes: str) -> list[float]:
    far = {"R": 0, "A": 1, "I": 2}
    index = [0, 0, 0]
    for letter in axes:
        if letter in far:
            index[far[letter]] = GRID.shape_zyx[2 - far[letter]] - 1
    return list(GRID.point_from_index(tuple(index[::-1])))  # type: ignore[arg-type]


def said(axes: str = "LPS", **changes: Any) -> dict[str, Any]:
    spacing = dict(zip("LPS", GRID.spacing_xyz_mm, strict=True))
    spacing |= {"R": spacing["L"], "A": spacing["P"], "I": spacing["S"]}
    series = {
        "file": "img.mrc",
        "phase": "portal_venous",
        "spacing_ijk_mm": [spacing[c] for c in axes],
        "axes": axes,
        "origin_xyz_mm": first_voxel(axes),
    }
    study = {
        "study": "one",
        "subject": "P7",
        "date": "2020-02-03",
        "series": [series | changes.pop("series", {})],
        "labels": {"file": "lab.mrc", "liver": [1, 2], "lesions": [2]} | changes.pop("labels", {}),
    }
    return {"format": "harvest-files/1", "studies": [study | changes]}


def write(folder: Path, manifest: object, axes: str = "LPS") -> Path:
    write_mrc(folder / "img.mrc", turned(scan(1).astype(np.float32), axes))
    write_mrc(folder / "lab.mrc", turned(labels(LARGE).astype(np.uint16), axes))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def only(root: Path) -> FoundStudy:
    (study,) = discover(root).studies
    return study


@pytest.mark.parametrize("axes", AXES)
def test_a_described_file_lies_where_the_manifest_says_whichever_way_it_is_turned(
    tmp_path: Path, axes: str
) -> None:
    study = only(write(tmp_path, said(axes), axes))
    volume = study.acquisitions[0].read()
    assert np.array_equal(volume.array_zyx, scan(1))
    assert volume.geometry.origin_xyz_mm == pytest.approx(ORIGIN)
    assert volume.geometry.spacing_xyz_mm == GRID.spacing_xyz_mm
    truth = read_truth(study)
    assert truth is not None
    (lesion,) = truth.lesions
    assert (*lesion.box.lo, *lesion.box.hi) == pytest.approx((*boxes()[0].lo, *boxes()[0].hi))
    assert study.liver is not None
    assert np.array_equal(read_mask(study.liver).array_zyx, body())


def test_manifest_tells_subject_date_and_phase_and_settles_its_files(tmp_path: Path) -> None:
    found = discover(write(tmp_path, said()))
    (study,) = found.studies
    assert (study.subject_key, study.study_date) == ("P7", date(2020, 2, 3))
    assert [(s.key, s.phase_hint) for s in study.acquisitions] == [("s1", "portal_venous")]
    assert found.refused == []


def test_files_that_say_their_own_place_take_only_words_from_it(tmp_path: Path) -> None:
    volume(tmp_path / "a.nii.gz", scan(1))
    volume(tmp_path / "b.nrrd", scan(2))
    volume(tmp_path / "lab.mha", labels(LARGE))
    study = {
        "study": "x",
        "subject": "P1",
        "series": [{"file": "a.nii.gz", "phase": "arterial"}, {"file": "b.nrrd", "phase": "portal_venous"}],
        "labels": {"file": "lab.mha", "on": "b.nrrd", "lesions": [2]},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "harvest-files/1", "studies": [study]}))
    found = only(tmp_path)
    assert [s.phase_hint for s in found.acquisitions] == ["arterial", "portal_venous"]
    truth = read_truth(found)
    assert truth is not None
    assert (truth.series, [m.box for m in truth.lesions]) == ("s2", [boxes()[0]])


@pytest.mark.parametrize(
    ("manifest", "code", "words"),
    [
        ("{", "manifest", "no JSON"),
        (said() | {"format": "harvest-files/2"}, "manifest", "format"),
        (said(study=""), "manifest", "studies.0.study"),
        (said(subject=None), "manifest", "studies.0.subject"),
        (said(colour="red"), "manifest", "studies.0.colour"),
        (said(series={"phase": "venal"}), "manifest", "studies.0.series.0.phase"),
        (said(series={"axes": "LLS"}), "manifest", "L or R"),
        (said(series={"spacing_ijk_mm": [1, 0, 1]}), "manifest", "spacing_ijk_mm"),
        (said(series={"spacing_ijk_mm": [1, 1]}), "manifest", "spacing_ijk_mm"),
        (said(series={"axes": None}), "not_described", "Study 1"),
        (said(series={"file": "../img.mrc"}), "unsafe_path", "outside"),
        (said(series={"file": "other.mrc"}), "missing", "not there"),
        (said(series={"file": "lab.mrc"}, labels={"on": "img.mrc"}), "manifest", "which series"),
        (said(series={"spacing_ijk_mm": [50, 50, 50]}), "spacing", "50"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_taken(
    tmp_path: Path, manifest: object, code: str, words: str
) -> None:
    write(tmp_path, manifest)
    if isinstance(manifest, str):
        (tmp_path / "manifest.json").write_text(manifest)
    found = discover(tmp_path)
    assert found.studies == []
    (refusal,) = [r for r in found.refused if r.relative_path == "manifest.json"]
    assert refusal.code == code
    assert words in refusal.message
    assert refusal.remedy


def test_geometry_said_of_a_file_that_has_its_own_is_refused(tmp_path: Path) -> None:
    volume(tmp_path / "a.nii.gz", scan(1))
    write(tmp_path, said(series={"file": "a.nii.gz"}))
    assert "described_twice" in {r.code for r in discover(tmp_path).refused}


def test_labels_of_another_size_and_a_cut_file_are_refused_when_they_are_read(tmp_path: Path) -> None:
    study = only(write(tmp_path, said()))
    write_mrc(tmp_path / "lab.mrc", labels(LARGE)[:-1].astype(np.uint16))
    with pytest.raises(ReadError) as caught:
        read_truth(study)
    assert caught.value.code == "other_shape"
    data = (tmp_path / "img.mrc").read_bytes()
    (tmp_path / "img.mrc").write_bytes(data[: len(data) // 2])
    with pytest.raises(ReadError) as caught:
        study.acquisitions[0].read()
    assert caught.value.code == "truncated"


def test_mrc_without_a_manifest_asks_for_one_and_a_strange_manifest_is_left_alone(tmp_path: Path) -> None:
    write_mrc(tmp_path / "img.mrc", scan(1).astype(np.float32))
    (tmp_path / "manifest.json").write_text('{"name": "a web page"}')
    refused = {r.code: r for r in discover(tmp_path).refused}
    assert "manifest.json" in refused["not_described"].remedy
    assert refused["not_dicom"].routine


def test_the_same_file_turned_otherwise_is_another_scan(tmp_path: Path) -> None:
    one = only(write(tmp_path / "a", said())).acquisitions[0].sha256
    other = only(write(tmp_path / "b", said(series={"axes": "RPS"}))).acquisitions[0].sha256
    assert one != other == only(tmp_path / "b").acquisitions[0].sha256


@pytest.mark.real_data
def test_crop_of_lits_117_is_read_with_its_tumours_inside_its_liver(real_data: Path, tmp_path: Path) -> None:
    source = next((real_data / "lits117").rglob("img_117.mrc")).parent
    for name in ("img_117.mrc", "lab_117.mrc"):
        (tmp_path / name).symlink_to(source / name)
    # The crop does not tell its spacing; 1 mm is a stand-in. Its sides are seen in the images.
    series = {"file": "img_117.mrc", "phase": "portal_venous", "spacing_ijk_mm": [1, 1, 1], "axes": "SPL"}
    study = {
        "study": "117",
        "subject": "lits-117",
        "series": [series],
        "labels": {"file": "lab_117.mrc", "liver": [1, 2], "lesions": [2]},
    }
    manifest = {"format": "harvest-files/1", "studies": [study]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    found = only(tmp_path)
    truth = read_truth(found)
    assert truth is not None
    assert found.liver is not None
    liver = read_mask(found.liver)
    hu = found.acquisitions[0].read()
    assert hu.array_zyx.shape == (128, 128, 128)
    assert 60 < np.median(hu.array_zyx[liver.array_zyx > 0]) < 160
    assert len(truth.lesions) > 5
    # The liver lies on the patient's right, and its dome is cranial: the top slices hold no kidney or spine.
    right, left = (liver.array_zyx[:, :, :64].sum(), liver.array_zyx[:, :, 64:].sum())
    assert right > left
