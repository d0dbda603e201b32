"""The metadata as a user of mlcroissant sees it."""

from __future__ import annotations

import logging
from pathlib import Path

import mlcroissant as mlc
import pytest

from detector.export.dataset import ExportError
from detector.export.formats import FORMATS
from tests.detector.export.releases import by_reference, exported, studies, with_images


def test_mlcroissant_finds_no_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    out = exported("croissant", with_images(), tmp_path / "out")
    with caplog.at_level(logging.WARNING):
        dataset = mlc.Dataset(jsonld=str(out / "metadata.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert dataset.metadata.license == ["https://creativecommons.org/licenses/by/4.0/"]
    assert dataset.metadata.version == "7.0.0"


def test_a_record_is_a_box_in_mm(tmp_path: Path):
    out = exported("croissant", by_reference(), tmp_path / "out")
    record = next(iter(mlc.Dataset(jsonld=str(out / "metadata.json")).records("lesions")))
    lesion = studies()[0].boxes[0]
    assert record["lesions/category"] == b"hcc"
    assert record["lesions/primary"]
    assert record["lesions/absent_phases"] == b"|arterial|"
    assert [record[f"lesions/{end}_{axis}_mm"] for end in ("lo", "hi") for axis in "xyz"] == pytest.approx(
        [*lesion.box.lo, *lesion.box.hi]
    )


def test_images_are_records_with_their_digests(tmp_path: Path):
    out = exported("croissant", with_images(), tmp_path / "out")
    records = list(mlc.Dataset(jsonld=str(out / "metadata.json")).records("images"))
    assert len(records) == sum(len(s.images) for s in studies())
    assert all(len(r["images/sha256"]) == 64 for r in records)


def test_by_reference_there_are_no_records_of_images(tmp_path: Path):
    out = exported("croissant", by_reference(), tmp_path / "out")
    dataset = mlc.Dataset(jsonld=str(out / "metadata.json"))
    assert [r.id for r in dataset.metadata.record_sets] == ["lesions", "studies"]


@pytest.mark.parametrize("name", ["lesions.csv", "images/a1/arterial.nii.gz"])
def test_a_file_that_changed_does_not_pass(name: str, tmp_path: Path):
    out = exported("croissant", with_images(), tmp_path / "out")
    with (out / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(ExportError, match="is not the one"):
        FORMATS["croissant"].check(with_images(), out)
