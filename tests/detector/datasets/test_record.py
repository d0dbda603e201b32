"""Found studies as plain records: equal when they come back, whatever found them, and only ever data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from detector.datasets.record import from_record, to_record
from detector.datasets.registry import find_studies
from detector.errors import ReadError
from detector.ingest.archive import unpacking_here
from detector.ingest.discover import discover
from detector.ingest.found import FoundStudy
from detector.ingest.truth import read_truth
from tests.detector.datasets import deeplesion_layout, layouts
from tests.detector.ingest.builders import voxels, write_series


def comes_back(found: FoundStudy) -> FoundStudy:
    again = from_record(to_record(found))
    assert again == found
    return again


def test_dicom_reads_the_same_from_its_record(tmp_path: Path) -> None:
    write_series(tmp_path / "Jane \udcff Doe", voxels(), SeriesDescription="arterial", patient="Doe^Jane")
    (found,) = discover(tmp_path).studies
    again = comes_back(found)
    (before,), (after,) = found.acquisitions, again.acquisitions
    assert (after.read().array_zyx == before.read().array_zyx).all()
    assert (after.sha256, again.subject_key) == (before.sha256, "Doe^Jane")


LAYOUTS = {
    "lits": layouts.lits,
    "msd-liver": layouts.msd,
    "nndetection": layouts.nndetection,
    "ircad": layouts.ircad,
    "hcc-tace-seg": layouts.hcc_tace_seg,
    "deeplesion": deeplesion_layout.deeplesion,
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_public_set_comes_back_with_its_lesions(name: str, tmp_path: Path) -> None:
    with unpacking_here() as unpacking:
        found = find_studies(name, LAYOUTS[name](tmp_path), unpacking=unpacking).studies  # type: ignore[operator]
        assert found
        for study in found:
            assert read_truth(comes_back(study)) == read_truth(study)


def test_an_export_and_a_described_file_come_back(tmp_path: Path) -> None:
    layouts.coco(tmp_path / "coco")
    with unpacking_here() as unpacking:
        (exported,) = find_studies("coco", tmp_path / "coco", unpacking=unpacking).studies
    assert read_truth(comes_back(exported)) == read_truth(exported)
    for name, array in (("img", layouts.scan(1)), ("lab", layouts.labels(layouts.LARGE))):
        sitk.WriteImage(sitk.GetImageFromArray(array.astype(np.float32)), str(tmp_path / f"{name}.mrc"))
    series = {"file": "img.mrc", "phase": "arterial", "spacing_ijk_mm": [2.5, 2.0, 5.0], "axes": "LPS"}
    labels = {"file": "lab.mrc", "liver": [1, 2], "lesions": [2]}
    study = {"study": "s", "subject": "p", "date": "2020-02-01", "series": [series], "labels": labels}
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "harvest-files/1", "studies": [study]}))
    (described,) = (s for s in discover(tmp_path).studies if s.subject_key == "p")
    again = comes_back(described)
    assert read_truth(again) == read_truth(described)
    assert again.acquisitions[0].sha256 == described.acquisitions[0].sha256


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "7", '["FoundStudy"]', '["Path", "x"]', '["os.system", "x"]']
)
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ReadError, match="damaged"):
        from_record(text)


def test_a_record_makes_listed_kinds_alone(tmp_path: Path) -> None:
    write_series(tmp_path, voxels())
    (found,) = discover(tmp_path).studies
    text = to_record(found).replace('"DicomSource"', '"Popen"')
    with pytest.raises(ReadError):
        from_record(text)
    assert json.loads(text)
