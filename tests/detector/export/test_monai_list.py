"""The data list as MONAI's detection tutorial takes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from monai.apps.detection.transforms.dictionary import AffineBoxToImageCoordinated
from monai.data import load_decathlon_datalist
from monai.transforms import Compose, LoadImaged

from detector.export.dataset import ExportData
from tests.detector.export.releases import INFO, by_reference, exported, studies, voxels, with_images


def test_monai_takes_a_box_to_the_voxels_that_it_was_drawn_on(tmp_path: Path):
    out = exported("monai", with_images(), tmp_path / "out")
    item = load_decathlon_datalist(out / "datalist.json", is_segmentation=False)[0]
    place = Compose(
        [
            LoadImaged("image", ensure_channel_first=True),
            AffineBoxToImageCoordinated("box", "image", affine_lps_to_ras=True),
        ]
    )
    placed = place({"image": item["image"], "box": np.array(item["box"])})
    assert placed["image"].shape == (2, 28, 24, 8)
    # Edges less a half: MONAI counts from centres. It was drawn on (2, 4, 5) to (5, 12, 14).
    assert np.asarray(placed["box"])[0] == pytest.approx([4.5, 3.5, 1.5, 13.5, 11.5, 4.5], abs=1e-4)
    assert np.array_equal(
        np.asarray(placed["image"])[0], voxels("a1", "arterial").array_zyx.transpose(2, 1, 0).astype(float)
    )


def test_gold_is_for_testing_and_a_subject_stays_in_its_fold(tmp_path: Path):
    out = exported("monai", by_reference(), tmp_path / "out")
    training = load_decathlon_datalist(out / "datalist.json", False, "training")
    test = load_decathlon_datalist(out / "datalist.json", False, "test")
    assert [i["study"] for i in training] == ["a1", "a2", "b1"]
    assert [i["study"] for i in test] == ["c1"]
    assert training[0]["fold"] == training[1]["fold"] != training[2]["fold"]
    assert training[1]["box"] == []
    assert [Path(p).name for p in training[2]["image"]] == [
        f"{phase}.nii.gz" for phase in ("arterial", "portal_venous", "delayed")
    ]


def test_a_release_without_gold_has_no_list_that_monai_stumbles_over(tmp_path: Path):
    out = exported("monai", ExportData(studies()[:3], INFO), tmp_path / "out")
    with pytest.raises(ValueError, match="test"):
        load_decathlon_datalist(out / "datalist.json", False, "test")
