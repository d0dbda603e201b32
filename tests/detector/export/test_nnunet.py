"""The raw dataset against what nnU-Net's documentation asks for (published.json cites it)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from detector.export.dataset import ExportData, ExportError
from detector.export.formats import FORMATS
from detector.volume import AIR_HU
from tests.detector.export.releases import INFO, by_reference, exported, studies, voxels, with_images

PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text())["nnunet"]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return exported("nnunet", with_images(), tmp_path / "out") / "Dataset107_Liver2020"


def described(dataset: Path) -> dict[str, object]:
    return json.loads((dataset / "dataset.json").read_text())


def test_names_and_keys_are_the_documented_ones(dataset: Path):
    assert re.fullmatch(PUBLISHED["dataset_folder"], dataset.name)
    assert set(PUBLISHED["dataset_keys"]) <= described(dataset).keys()
    assert all((dataset / name).is_dir() for name in PUBLISHED["folders"])
    for folder in ("imagesTr", "imagesTs"):
        assert all(re.fullmatch(PUBLISHED["image"], p.name) for p in (dataset / folder).iterdir())


def test_labels_are_consecutive_and_channels_normalised_as_ct(dataset: Path):
    said = described(dataset)
    assert said["labels"] == {"background": 0, "cyst": 1, "fnh": 2, "hcc": 3, "lesion": 4, "metastasis": 5}
    assert said["channel_names"] == {"0": "CT", "1": "CT", "2": "CT"}
    assert said["phases"] == {"0": "arterial", "1": "portal_venous", "2": "delayed"}
    assert said["numTraining"] == 3 == len(list((dataset / "labelsTr").iterdir()))


def test_every_case_has_every_channel_and_air_stands_for_a_missing_phase(dataset: Path):
    names = {p.name for p in (dataset / "imagesTr").iterdir()}
    assert names == {f"{case}_{n:04d}.nii.gz" for case in ("a1", "a2", "b1") for n in range(3)}
    missing = sitk.GetArrayFromImage(sitk.ReadImage(str(dataset / "imagesTr" / "a1_0002.nii.gz")))
    assert np.unique(missing).tolist() == [AIR_HU]
    assert "a1,S1,pool,arterial portal_venous\n" in (dataset / "cases.csv").read_text()


def test_a_small_box_is_seen_within_a_large_one(dataset: Path):
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(dataset / "labelsTr" / "b1.nii.gz")))
    assert labels[2:4, 6:10, 8:12].tolist() == np.full((2, 4, 4), 4).tolist()
    assert labels[4, 6, 8] == 5
    assert labels[0].max() == 0


def test_folds_keep_subjects_together(dataset: Path):
    folds = json.loads((dataset / "splits_final.json").read_text())
    assert [set(f) for f in folds] == [{"train", "val"}] * 2
    assert sorted(f["val"] for f in folds) == [["a1", "a2"], ["b1"]]
    assert all(sorted(f["train"] + f["val"]) == ["a1", "a2", "b1"] for f in folds)


def test_one_subject_makes_no_folds(tmp_path: Path):
    out = exported("nnunet", ExportData(studies()[:2], INFO, voxels), tmp_path / "out")
    assert not list(out.rglob("splits_final.json"))


def test_labels_that_moved_do_not_pass(dataset: Path):
    path = str(dataset / "labelsTr" / "a1.nii.gz")
    labels = sitk.ReadImage(path)
    moved = sitk.GetImageFromArray(np.roll(sitk.GetArrayFromImage(labels), 1, axis=2))
    moved.CopyInformation(labels)
    sitk.WriteImage(moved, path)
    with pytest.raises(ExportError, match="labels"):
        FORMATS["nnunet"].check(with_images(), dataset.parent)


def test_it_needs_voxels(tmp_path: Path):
    with pytest.raises(ExportError, match="images"):
        FORMATS["nnunet"].write(by_reference(), tmp_path)
