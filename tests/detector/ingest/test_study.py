"""A study made ready: phases on the reference grid, asked for where they cannot be told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from detector.errors import DetectorError, PhaseError, ReadError
from detector.geometry import Box3D
from detector.ingest.discover import discover
from detector.ingest.study import load_study, prepare_study
from detector.ingest.truth import read_truth
from tests.detector.ingest.builders import BLOB_GRID, blob_scan, voxels, write_series, write_volume_file

SPACING, ORIGIN = BLOB_GRID.spacing_xyz_mm, BLOB_GRID.origin_xyz_mm


def write_phases(folder: Path, *phases: str) -> None:
    for number, phase in enumerate(phases):
        write_volume_file(
            folder / f"{phase}.nii.gz", blob_scan((0, 0, 4.0 * number), number), SPACING, ORIGIN
        )


def test_phases_come_on_the_portal_venous_grid_with_their_originals(tmp_path: Path) -> None:
    write_phases(tmp_path, "portal_venous", "arterial")
    (found,) = discover(tmp_path).studies
    prepared = prepare_study(found)
    assert list(prepared.images.volumes) == ["arterial", "portal_venous"]
    assert prepared.images.reference_phase == "portal_venous"
    reference = prepared.originals["portal_venous"]
    assert (prepared.images.volumes["portal_venous"].array_zyx == reference.array_zyx).all()
    assert {v.geometry for v in prepared.images.volumes.values()} == {reference.geometry}
    assert set(prepared.quality) == {"arterial"}
    assert prepared.series == {"arterial": "arterial", "portal_venous": "portal_venous"}
    assert prepared.left_out == ()


def test_arterial_is_the_reference_where_there_is_no_portal_venous(tmp_path: Path) -> None:
    write_phases(tmp_path, "arterial")
    assert load_study(tmp_path).reference_phase == "arterial"


def test_source_hash_depends_on_content_and_phase_not_on_place(tmp_path: Path) -> None:
    write_phases(tmp_path / "a", "arterial")
    shutil.copytree(tmp_path / "a", tmp_path / "b" / "c")
    write_volume_file(tmp_path / "d" / "portal_venous.nii.gz", blob_scan(seed=0), SPACING, ORIGIN)
    hashes = [prepare_study(discover(tmp_path / n).studies[0]).source_sha256 for n in ("a", "b", "d")]
    assert hashes[0] == hashes[1] != hashes[2]


def test_study_in_an_archive_reads_as_from_its_folder(tmp_path: Path) -> None:
    write_phases(tmp_path / "s", "arterial")
    packed = shutil.make_archive(str(tmp_path / "s"), "zip", tmp_path / "s")
    a, b = load_study(Path(packed)), load_study(tmp_path / "s")
    assert (a.volumes["arterial"].array_zyx == b.volumes["arterial"].array_zyx).all()


def test_single_series_without_a_hint_is_asked_for_not_guessed(tmp_path: Path) -> None:
    write_series(tmp_path, voxels(), SeriesDescription="Abdomen 3.0")
    with pytest.raises(PhaseError, match="--phase 4=PHASE"):
        load_study(tmp_path)
    assert load_study(tmp_path, phases={"4": "portal_venous"}).reference_phase == "portal_venous"


@pytest.mark.parametrize("code", ["several_studies", "no_study", "too_few_slices", "not_ct"])
def test_folder_that_is_not_one_study_is_refused_with_the_reason(tmp_path: Path, code: str) -> None:
    if code == "several_studies":
        for study in ("1.1", "1.2"):
            write_series(tmp_path / study, voxels(), study=study)
    elif code == "too_few_slices":
        write_series(tmp_path, voxels(3))
    elif code == "not_ct":
        write_series(tmp_path, voxels(), Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    with pytest.raises(ReadError) as caught:
        load_study(tmp_path)
    assert caught.value.code == code
    assert caught.value.remedy


def test_phase_that_cannot_be_read_names_its_series(tmp_path: Path) -> None:
    write_phases(tmp_path, "portal_venous", "arterial")
    path = tmp_path / "arterial.nii.gz"
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ReadError, match="Series arterial: "):
        load_study(tmp_path)


def test_truth_is_read_from_json_and_from_lesion_masks(tmp_path: Path) -> None:
    write_phases(tmp_path / "a", "arterial")
    box = {"lo": [0, 0, 0], "hi": [10, 10, 10]}
    truth = {
        "reference_phase": "portal_venous", "subject": "p7", "lesion_class": "hcc",
        "lesions": [{**box, "lesion_class": "hcc", "primary": True, "label": 1}],
    }  # fmt: skip
    (tmp_path / "a" / "truth.json").write_text(json.dumps(truth))
    read = read_truth(discover(tmp_path / "a").studies[0])
    assert read is not None
    assert (read.subject, read.lesion_class, read.reference_phase) == ("p7", "hcc", "portal_venous")
    assert [(m.box, m.lesion_class, m.primary) for m in read.lesions] == [
        (Box3D((0, 0, 0), (10, 10, 10)), "hcc", True)
    ]

    write_series(tmp_path / "b" / "PATIENT_DICOM", voxels())
    for number, size in ((1, 2), (2, 5)):
        mask = np.zeros((8, 12, 10), np.int16)
        mask[1:3, 1 : 1 + size, 1 : 1 + size] = 255
        write_series(tmp_path / "b" / "MASKS_DICOM" / f"livertumor{number}", mask, intercept=0.0)
    read = read_truth(discover(tmp_path / "b").studies[0])
    assert read is not None
    assert [m.primary for m in read.lesions] == [False, True]
    assert read.lesions[1].box.size_mm == pytest.approx((3.5, 4.0, 6.0))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"lesions": [{"lo": [0, 0, 0], "hi": [0, 1, 1]}]}'])
def test_truth_that_says_no_lesions_is_refused(tmp_path: Path, text: str) -> None:
    write_phases(tmp_path, "arterial")
    (tmp_path / "truth.json").write_text(text)
    with pytest.raises(DetectorError) as caught:
        read_truth(discover(tmp_path).studies[0])
    assert caught.value.code == "truth"


def test_study_without_truth_has_none(tmp_path: Path) -> None:
    write_phases(tmp_path, "arterial")
    assert read_truth(discover(tmp_path).studies[0]) is None
