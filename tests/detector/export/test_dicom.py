"""SEG and SR against readers other than the one that checks them: ours, and DCMTK where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.sr.codedict import codes
from scipy import ndimage

from detector.datasets.classes import CLASSES
from detector.export.dataset import ExportBox, ExportData, ExportError, on_voxels
from detector.export.dicom_codes import class_code, class_of
from detector.export.dicom_ct import derived_uid, headers
from detector.export.formats import FORMATS
from detector.geometry import VoxelBox
from detector.ingest.dicom_seg import read_segmentation, segments_on_grid
from detector.ingest.discover import discover
from tests.detector.export.releases import (
    GRID,
    INFO,
    by_reference,
    edges,
    exported,
    studies,
    study,
    voxels,
    with_images,
)

SEG, SR = "dicom-seg", "dicom-sr"


def test_our_reader_finds_each_lesion_on_the_voxels_of_its_box(tmp_path: Path):
    out = exported(SEG, by_reference(), tmp_path / "out")
    for one in studies():
        path = out / one.id / "seg.dcm"
        if not one.boxes:
            assert not path.exists()
            continue
        said = read_segmentation(path)
        assert said is not None
        assert said.tumours == tuple(range(1, len(one.boxes) + 1))
        assert said.series_uid == derived_uid(INFO, one.id, "portal_venous")
        for number, box in enumerate(on_voxels(one).boxes, start=1):
            mask = segments_on_grid(path, [number], GRID)
            (seen,) = ndimage.find_objects(mask.array_zyx)
            covered = VoxelBox(tuple(s.start for s in seen), tuple(s.stop for s in seen))
            found = GRID.box_from_voxels(covered)
            assert (*found.lo, *found.hi) == pytest.approx((*box.box.lo, *box.box.hi), abs=1e-6)
            assert mask.array_zyx[seen].all()


def test_our_importer_finds_the_series_with_every_voxel(tmp_path: Path):
    out = exported(SEG, with_images(), tmp_path / "out")
    found = {s.subject_key: s for s in discover(out / "b1").studies}["S2"]
    assert {a.phase_hint for a in found.acquisitions} == {"arterial", "portal_venous", "delayed"}
    for series in found.acquisitions:
        assert series.phase_hint is not None
        read = series.read()
        assert np.array_equal(read.array_zyx, voxels("b1", series.phase_hint).array_zyx)
        assert read.geometry.origin_xyz_mm == pytest.approx(GRID.origin_xyz_mm)


@pytest.mark.skipif(not shutil.which("dsrdump"), reason="DCMTK is not installed")
def test_dcmtk_reads_a_report_without_complaint(tmp_path: Path):
    out = exported(SR, by_reference(), tmp_path / "out")
    read = subprocess.run(["dsrdump", str(out / "a1" / "sr.dcm")], capture_output=True, text=True, check=True)
    assert '(25370001,SCT,"Hepatocellular carcinoma")' in read.stdout
    assert '(10200004,SCT,"Liver")' in read.stdout
    assert '(arterial,99HARVEST,"arterial")' in read.stdout
    assert f'NUM:(,,"Width")="{9 * 0.75}" (mm,UCUM,"mm")' in read.stdout
    assert '"Volume Surface")=(ELLIPSOID' in read.stdout
    assert not [line for line in read.stderr.splitlines() if line.startswith("E:")]


def test_codes_are_those_of_the_standard_where_it_has_them():
    listed = {
        "lesion": codes.SCT.Lesion,
        "metastasis": codes.SCT.NeoplasmMetastatic,
        "haemangioma": codes.SCT.HemangiomaNoInternationalClassificationOfDiseasesForOncologySubtype,
        "adenoma": codes.SCT.AdenomaNoSubtype,
        "cyst": codes.SCT.Cyst,
        "benign": codes.SCT.Benign,
        "malignant": codes.SCT.Malignant,
    }
    assert {name: class_code(name).value for name in listed} == {n: c.value for n, c in listed.items()}
    assert all(class_of(class_code(name)) == name for name in CLASSES)
    assert all(class_code(name).scheme_designator == "SCT" for name in CLASSES)


def test_boxes_of_a_report_are_exact_between_voxels(tmp_path: Path):
    out = exported(SR, by_reference(), tmp_path / "out")
    dataset = pydicom.dcmread(out / "b1" / "sr.dcm")
    (surface, _) = [i for i in dataset.iterall() if i.tag == 0x00700022]
    ends = np.array(surface.value).reshape(6, 3)
    box = studies()[2].boxes[0].box
    assert ends.min(axis=0) == pytest.approx(box.lo, abs=1e-4)
    assert ends.max(axis=0) == pytest.approx(box.hi, abs=1e-4)


def test_nothing_but_the_pseudonym_names_a_patient(tmp_path: Path):
    out = exported(SEG, with_images(), tmp_path / "out")
    for path in out.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        assert str(dataset.PatientID) + "^" == str(dataset.PatientName)
        assert dataset.PatientIdentityRemoved == "YES"
        assert not dataset.StudyDate
        assert "1.2.3" not in str(dataset.FrameOfReferenceUID)
        uids = [dataset.SOPInstanceUID, dataset.SeriesInstanceUID, dataset.StudyInstanceUID]
        assert all(u.startswith("2.25.") and len(u) <= 64 for u in uids)


def test_uids_are_of_the_release_and_the_study():
    first, second = (replace(studies()[0], id=id) for id in ("a1", "a2"))
    other = {**INFO, "manifest_sha256": "cd" * 32}
    uids = [
        [h.SOPInstanceUID for h in headers(s, info, "arterial")]
        for s, info in ((first, INFO), (second, INFO), (first, other))
    ]
    assert len({uid for one in uids for uid in one}) == 3 * GRID.shape_zyx[0]
    assert uids[0] == [h.SOPInstanceUID for h in headers(first, dict(INFO), "arterial")]


@pytest.mark.parametrize("name", [SEG, SR])
def test_a_class_without_a_code_and_many_absent_phases_come_back(name: str, tmp_path: Path):
    absent = ("arterial", "delayed")
    lesion = ExportBox("l", edges((2, 2, 2), (3, 3, 4)), "a class of no vocabulary", False, absent)
    exported(name, ExportData([study("x", lesion)], INFO), tmp_path / "out")


@pytest.mark.parametrize("name", [SEG, SR])
def test_a_pseudonym_too_long_for_dicom_is_refused(name: str, tmp_path: Path):
    long = replace(studies()[0], subject="S" * 65)
    with pytest.raises(ExportError, match="64"):
        FORMATS[name].write(ExportData([long], INFO), tmp_path)


def test_a_segment_that_moved_does_not_pass(tmp_path: Path):
    out = exported(SEG, by_reference(), tmp_path / "out")
    path = out / "a1" / "seg.dcm"
    dataset = pydicom.dcmread(path)
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        position = frame.PlanePositionSequence[0].ImagePositionPatient
        position[0] = float(position[0]) + 0.01
    dataset.save_as(path)
    with pytest.raises(ExportError, match=r"0\.0100 mm"):
        FORMATS[SEG].check(by_reference(), out)


def test_a_report_that_measures_something_else_does_not_pass(tmp_path: Path):
    out = exported(SR, by_reference(), tmp_path / "out")
    path = out / "a1" / "sr.dcm"
    dataset = pydicom.dcmread(path)
    for item in dataset.iterall():
        if item.keyword in ("NumericValue", "FloatingPointValue"):
            item.value = 99
    dataset.save_as(path)
    with pytest.raises(ExportError, match="measures"):
        FORMATS[SR].check(by_reference(), out)


def test_a_series_that_changed_does_not_pass(tmp_path: Path):
    out = exported(SR, with_images(), tmp_path / "out")
    path = out / "a1" / "arterial" / "0003.dcm"
    dataset = pydicom.dcmread(path)
    dataset.PixelData = bytes(len(dataset.PixelData))
    dataset.save_as(path)
    with pytest.raises(ExportError, match="voxels"):
        FORMATS[SR].check(with_images(), out)
