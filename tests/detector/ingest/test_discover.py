"""Discovery: studies by content, everything else left out by name, and no identifier given away."""

from __future__ import annotations

import hashlib
import json
import random
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.errors import ArchiveError
from detector.ingest.discover import discover
from tests.detector.ingest.builders import voxels, write_series, write_slice, write_volume_file


def test_dicom_is_found_by_content_under_any_name(tmp_path: Path) -> None:
    for path in write_series(tmp_path / "x", voxels()):
        data = path.read_bytes()
        path.rename(path.with_suffix(".jpg"))
        assert data[128:132] == b"DICM"
    (study,) = discover(tmp_path).studies
    assert [s.n_slices for s in study.acquisitions] == [8]
    assert study.study_date == date(2020, 1, 31)


def test_keys_stand_for_studies_without_naming_them(tmp_path: Path) -> None:
    write_series(tmp_path / "Doe^Jane", voxels(), patient="DOE-1970", study="1.9.8")
    (study,) = discover(tmp_path).studies
    assert study.key == hashlib.sha256(b"1.9.8").hexdigest()
    assert study.path_sha256 == hashlib.sha256(b"Doe^Jane").hexdigest()
    assert study.subject_key == "DOE-1970"
    assert [s.key for s in study.acquisitions] == ["4"]


def test_studies_are_told_apart_by_uid_and_series_named_by_number(tmp_path: Path) -> None:
    for study, series, number in [("1.1", "1.1.1", 2), ("1.1", "1.1.2", 7), ("1.2", "1.2.1", None)]:
        folder = tmp_path / study / series
        scan = voxels(seed=int(series[-1]))
        write_series(folder, scan, study=study, series=series, SeriesNumber=number)
    found = discover(tmp_path)
    assert [[s.key for s in study.acquisitions] for study in found.studies] == [["2", "7"], ["s1"]]
    assert found.refused == []


def test_series_that_share_a_number_get_keys_of_their_own(tmp_path: Path) -> None:
    for seed, series in enumerate(("1.1.1", "1.1.2")):
        write_series(tmp_path / series, voxels(seed=seed), series=series)
    assert [s.key for s in discover(tmp_path).studies[0].acquisitions] == ["4.1", "4.2"]


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"SeriesDescription": "Topogram 0.6"}, "localizer"),
        ({"SeriesDescription": "Scout"}, "localizer"),
        ({"SeriesDescription": "Dose Report"}, "dose_report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.67"}, "dose_report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33"}, "report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "secondary_capture"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "secondary_capture"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4"}, "segmentation"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.3"}, "radiotherapy"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MIP"]}, "derived"),
        ({"SeriesDescription": "THICK MIP COR"}, "derived"),
        ({"SeriesDescription": "Bolus tracking"}, "monitoring"),
    ],
)
def test_what_every_archive_holds_beside_phases_is_left_out_by_name(
    tmp_path: Path, tags: dict[str, object], code: str
) -> None:
    write_series(tmp_path / "ct", voxels())
    write_series(tmp_path / "other", voxels(6), series="1.2.3.7", **tags)
    found = discover(tmp_path)
    assert [s.n_slices for s in found.studies[0].acquisitions] == [8]
    (refusal,) = found.refused
    assert (refusal.code, refusal.routine) == (code, True)
    assert "6 files" in refusal.message


def test_axial_series_described_with_a_word_that_only_contains_mip_is_kept(tmp_path: Path) -> None:
    write_series(tmp_path, voxels(), SeriesDescription="HEMIPLEGIA LIVER")
    assert len(discover(tmp_path).studies) == 1


def test_two_patients_in_one_folder_are_refused_and_others_kept(tmp_path: Path) -> None:
    for patient in ("P1", "P2"):
        write_series(
            tmp_path / "mixed", voxels(), patient=patient, name=patient, study=f"1.{patient[1]}",
            series=f"1.{patient[1]}.1",
        )  # fmt: skip
    write_series(tmp_path / "clean", voxels(), patient="P3", study="1.3", series="1.3.1")
    found = discover(tmp_path)
    assert [s.subject_key for s in found.studies] == ["P3"]
    assert {r.code for r in found.refused} == {"two_patients"}
    assert not any("P1" in r.message or "P2" in r.message for r in found.refused)


def test_two_patients_under_one_study_uid_are_refused(tmp_path: Path) -> None:
    for patient in ("P1", "P2"):
        write_series(tmp_path / patient, voxels(), patient=patient, series=f"1.{patient[1]}")
    found = discover(tmp_path)
    assert not found.studies
    assert {r.code for r in found.refused} == {"two_patients"}


def test_files_that_are_no_images_are_named_and_papers_are_routine(tmp_path: Path) -> None:
    write_series(tmp_path, voxels())
    (tmp_path / "readme.txt").write_text("hello")
    (tmp_path / "scan.dcm").write_bytes(random.Random(1).randbytes(4000))
    (tmp_path / "more.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / ".hidden").write_text("x")
    refused = {r.code + ("*" if r.routine else ""): r for r in discover(tmp_path).refused}
    assert set(refused) == {"not_dicom*", "not_dicom", "nested_archive"}
    assert refused["not_dicom"].relative_path == "scan.dcm"
    assert refused["not_dicom"].path_sha256 == hashlib.sha256(b"scan.dcm").hexdigest()
    assert sorted(r.ordinal for r in refused.values()) == [1, 2, 3]


def test_dicom_header_cut_in_the_middle_is_damaged_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_series(tmp_path / "good", voxels(), study="1.1")
    bad = write_slice(tmp_path / "bad" / "a", voxels()[0], (0, 0, 0), study="1.2")
    bad.write_bytes(bad.read_bytes()[:300])
    found = discover(tmp_path)
    assert len(found.studies) == 1
    assert [r.relative_path for r in found.refused if not r.routine] == ["bad/a"]


def test_random_bytes_after_a_dicom_preamble_never_raise(tmp_path: Path) -> None:
    source = write_slice(tmp_path / "seed", voxels()[0], (0, 0, 0)).read_bytes()
    chance = random.Random(7)
    for number in range(60):
        data = bytearray(source)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(132, len(data))] = chance.randrange(256)
        (tmp_path / f"f{number:02d}").write_bytes(bytes(data))
    found = discover(tmp_path)
    assert found.studies or found.refused
    assert all(r.code and r.message for r in found.refused)


def test_empty_folder_holds_nothing_and_a_missing_one_is_said(tmp_path: Path) -> None:
    assert discover(tmp_path).studies == discover(tmp_path).refused == []
    with pytest.raises(ArchiveError) as caught:
        discover(tmp_path / "nowhere")
    assert caught.value.code == "not_found"


def test_volume_files_of_one_folder_are_one_study_with_hints_from_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "study-0001"
    for phase in ("arterial", "portal_venous", "delayed", "non_contrast"):
        write_volume_file(folder / f"{phase}.nii.gz", voxels())
    write_volume_file(folder / "liver.nii.gz", (voxels() > 0).astype(np.uint8))
    (folder / "truth.json").write_text(json.dumps({"subject": "phantom-7", "lesions": []}))
    found = discover(tmp_path)
    (study,) = found.studies
    assert {s.key: s.phase_hint for s in study.acquisitions} == {
        p: p for p in ("arterial", "delayed", "non_contrast", "portal_venous")
    }
    assert study.liver == folder / "liver.nii.gz"
    assert study.truth == folder / "truth.json"
    assert study.subject_key == "phantom-7"
    assert found.refused == []


def test_studies_of_two_cohorts_in_folders_of_one_name_are_two(tmp_path: Path) -> None:
    keys = set()
    for seed in (1, 2):
        folder = tmp_path / str(seed) / "study-0001"
        write_volume_file(folder / "arterial.nii.gz", voxels(8 + seed, seed=seed))
        keys |= {discover(tmp_path / str(seed)).studies[0].key, discover(folder).studies[0].key}
    assert len(keys) == 2


def test_volume_file_of_absurd_shape_is_refused_and_the_rest_kept(tmp_path: Path) -> None:
    write_volume_file(tmp_path / "arterial.nii.gz", voxels())
    write_volume_file(tmp_path / "delayed.nii.gz", voxels(), spacing=(40.0, 40.0, 3.0))
    (tmp_path / "portal_venous.nii.gz").write_bytes(b"\x1f\x8b nonsense")
    found = discover(tmp_path)
    assert [s.key for s in found.studies[0].acquisitions] == ["arterial"]
    assert {r.code for r in found.refused} == {"spacing", "damaged"}


def test_mask_folders_of_the_ircad_layout_are_masks_not_studies(tmp_path: Path) -> None:
    write_series(tmp_path / "PATIENT_DICOM", voxels())
    for name in ("liver", "livertumor1"):
        mask = np.where(voxels() > 0, 255, 0).astype(np.int16)
        write_series(tmp_path / "MASKS_DICOM" / name, mask, study=f"9.{len(name)}", intercept=0.0)
    found = discover(tmp_path)
    (study,) = found.studies
    assert set(study.masks) == {"liver", "livertumor1"}
    assert study.liver == tmp_path / "MASKS_DICOM" / "liver"
    assert found.refused == []


def test_mask_files_beside_dicom_belong_to_it_and_a_mask_alone_is_left_out(tmp_path: Path) -> None:
    write_series(tmp_path / "a", voxels())
    liver = write_volume_file(tmp_path / "a" / "liver.nii.gz", (voxels() > 0).astype(np.uint8))
    write_volume_file(tmp_path / "b" / "label.nrrd", (voxels() > 0).astype(np.uint8))
    found = discover(tmp_path)
    assert [study.masks for study in found.studies] == [{"liver": liver}]
    assert [(r.code, r.relative_path, r.routine) for r in found.refused] == [("mask", "b/label.nrrd", True)]


@pytest.mark.parametrize(
    ("tags", "seconds"),
    [
        ({"AcquisitionTime": "083015.5", "ContentTime": "110000"}, 30615.5),
        ({"AcquisitionTime": "08:30:15"}, 30615.0),
        ({"AcquisitionDateTime": "20200131083015.000000+0100"}, 30615.0),
        ({"ContentTime": "0830"}, 30600.0),
        ({"AcquisitionTime": "000010", "AcquisitionDate": "20200201"}, 86410.0),
        ({"AcquisitionTime": "no time"}, None),
        ({}, None),
    ],
)
def test_series_say_when_they_were_acquired_as_far_as_their_headers_do(
    tmp_path: Path, tags: dict[str, object], seconds: float | None
) -> None:
    write_series(tmp_path, voxels(), **tags)
    assert discover(tmp_path).studies[0].acquisitions[0].acquired_at == seconds


def test_discovery_holds_a_slice_at_most_and_reading_one_series_at_a_time(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        scan = voxels(10, 512, 512, seed=number)
        write_series(tmp_path / str(number), scan, series=f"1.2.3.{number}", SeriesNumber=number)
    one_series = 10 * 512 * 512 * 2
    discover(tmp_path)  # what pydicom keeps of its tables is not of these files
    found, looked = _peak_bytes(lambda: discover(tmp_path))
    assert looked < 0.2 * one_series
    _, read = _peak_bytes(lambda: [s.read().geometry for s in found.studies[0].acquisitions])
    assert read < 2.5 * one_series


def _peak_bytes(work: Callable[[], Any]) -> tuple[Any, int]:
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
