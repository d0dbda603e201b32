"""The raw task against nnDetection's README and toy task (published.json cites them), and by our importer."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from detector.datasets.contract import Asked
from detector.datasets.nndetection import find
from detector.export.dataset import ExportBox, ExportError, on_voxels
from detector.export.nndetection import instances
from tests.detector.export.releases import GRID, edges, exported, studies, study, with_images

PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text())["nndetection"]


@pytest.fixture
def task(tmp_path: Path) -> Path:
    return exported("nndetection", with_images(), tmp_path / "out") / "Task107_Liver2020"


def test_names_and_keys_are_the_published_ones(task: Path):
    said = json.loads((task / "dataset.json").read_text())
    assert re.fullmatch(PUBLISHED["task_folder"], task.name)
    assert said["task"] == task.name
    assert set(PUBLISHED["dataset_keys"]) <= said.keys()
    assert said["dim"] == 3
    assert said["test_labels"] is True
    for numbered in (said["labels"], said["modalities"]):
        first = PUBLISHED["classes_and_modalities_from"]
        assert sorted(map(int, numbered)) == list(range(first, first + len(numbered)))
    assert all((task / name).is_dir() for name in PUBLISHED["folders"])
    for part in ("Tr", "Ts"):
        images = {p.name for p in (task / "raw_splitted" / f"images{part}").iterdir()}
        assert all(re.fullmatch(PUBLISHED["image"], name) for name in images)
        labels = {p.name for p in (task / "raw_splitted" / f"labels{part}").iterdir()}
        cases = {name.rpartition("_")[0] for name in images}
        assert labels == {f"{c}{end}" for c in cases for end in (".nii.gz", ".json")}
        assert all(any(re.fullmatch(p, name) for p in PUBLISHED["labels"]) for name in labels)


def test_instances_are_numbered_from_one_with_classes_from_zero(task: Path):
    said = json.loads((task / "raw_splitted" / "labelsTr" / "a1.json").read_text())
    names = json.loads((task / "dataset.json").read_text())["labels"]
    assert {n: names[str(c)] for n, c in said["instances"].items()} == {"1": "hcc", "2": "cyst"}
    empty = json.loads((task / "raw_splitted" / "labelsTr" / "a2.json").read_text())
    assert empty == {"instances": {}}


def test_our_importer_finds_the_same_lesions_and_phases(task: Path):
    found = {
        s.subject_key.rpartition("-")[2]: s for s in find(task, Asked(phase=None, unpacking=None)).studies
    }
    assert set(found) == {"a1", "a2", "b1", "c1"}
    for one in studies():
        said = {a.phase_hint for a in found[one.id].acquisitions}
        assert said == {"arterial", "portal_venous", "delayed"}
        read = found[one.id].lesions.read().lesions
        expected = on_voxels(one).boxes
        assert len(read) == len(expected)
        for lesion, box in zip(read, expected, strict=True):
            assert (*lesion.box.lo, *lesion.box.hi) == pytest.approx((*box.box.lo, *box.box.hi), abs=1e-3)
            assert lesion.lesion_class == (None if box.category == "lesion" else box.category)


def extents(*boxes: ExportBox) -> None:
    one = study("x", *boxes)
    seen = ndimage.find_objects(instances(one), max_label=len(boxes))
    assert seen == [GRID.slices_from_box(b.box) for b in boxes]


def test_boxes_that_overlap_keep_their_extents():
    large = ExportBox("large", edges((1, 1, 1), (6, 12, 12)))
    extents(ExportBox("inside", edges((2, 3, 3), (4, 6, 6))), large)
    extents(ExportBox("at the top", edges((1, 1, 1), (4, 12, 12))), large)
    extents(large, ExportBox("the same", edges((1, 1, 1), (6, 12, 12))))


starts, sizes = st.integers(0, 5), st.integers(2, 3)


@given(st.lists(st.tuples(starts, starts, starts, sizes, sizes, sizes), max_size=3))
def test_whatever_lies_in_each_other_keeps_its_extent_or_is_refused(places):
    boxes = [
        ExportBox(str(n), edges((z, y, x), (z + a, y + b, x + c)))
        for n, (z, y, x, a, b, c) in enumerate(places)
    ]
    try:
        extents(*boxes)
    except ExportError:
        assert len(boxes) > 2


def test_lesions_that_hide_each_other_are_refused_by_name():
    voxel = edges((1, 1, 1), (2, 2, 2))
    with pytest.raises(ExportError, match="hides") as refused:
        instances(study("x", ExportBox("l1", voxel), ExportBox("l2", voxel)))
    assert refused.value.details == {"study": "x", "lesions": ["l1"]}
