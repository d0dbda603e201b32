"""What holds for every format, whatever it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from detector.export.dataset import ExportData, ExportError
from detector.export.formats import FORMATS
from tests.detector.export.releases import (
    INFO,
    by_reference,
    contents,
    exported,
    studies,
    voxels,
    with_images,
)

ALL = sorted(FORMATS)
AS_NIFTI = [name for name in ("coco", "csv", "monai", "croissant") if name in FORMATS]
BY_REFERENCE = [name for name in ALL if not FORMATS[name].needs_images]


def test_the_registry_alone_loads_no_heavy_library():
    program = "import sys, detector.export.formats; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "monai", "SimpleITK", "pydicom", "highdicom", "mlcroissant", "pandas"} & set(loaded)


@pytest.mark.parametrize("name", ALL)
def test_the_same_release_gives_the_same_bytes_anywhere_and_at_any_time(name: str, tmp_path: Path):
    first = contents(exported(name, with_images(), tmp_path / "first"))
    with mock.patch("time.time", return_value=2_000_000_000.0):
        assert contents(exported(name, with_images(), tmp_path / "another" / "place")) == first


@pytest.mark.parametrize("name", BY_REFERENCE)
def test_boxes_go_without_voxels(name: str, tmp_path: Path):
    out = exported(name, by_reference(), tmp_path / "out")
    assert not list(out.rglob("*.nii.gz"))
    assert contents(out) == contents(exported(name, by_reference(), tmp_path / "again"))


@pytest.mark.parametrize("name", AS_NIFTI)
def test_images_lie_where_the_studies_say(name: str, tmp_path: Path):
    out = exported(name, with_images(), tmp_path / "out")
    named = {image for study in studies() for image in study.images.values()}
    assert {n for n in contents(out) if n.endswith(".nii.gz")} == named


@pytest.mark.parametrize("name", ALL)
def test_no_file_names_the_machine(name: str, tmp_path: Path):
    for path in exported(name, with_images(), tmp_path / "out").rglob("*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes()


@pytest.mark.parametrize("name", ALL)
def test_an_export_of_another_release_does_not_pass(name: str, tmp_path: Path):
    out = exported(name, with_images(), tmp_path / "out")
    with pytest.raises(ExportError):
        FORMATS[name].check(ExportData(studies()[:-1], INFO, voxels), out)
    fewer = studies()
    fewer[0], fewer[2] = fewer[2], fewer[0]
    with pytest.raises(ExportError):
        FORMATS[name].check(ExportData([fewer[1], *fewer[3:]], INFO, voxels), out)


@pytest.mark.parametrize("name", AS_NIFTI)
def test_an_image_that_changed_does_not_pass(name: str, tmp_path: Path):
    out = exported(name, with_images(), tmp_path / "out")
    (out / studies()[0].images["arterial"]).write_bytes((out / studies()[2].images["arterial"]).read_bytes())
    with pytest.raises(ExportError, match=r"voxels|not the one"):
        FORMATS[name].check(with_images(), out)
