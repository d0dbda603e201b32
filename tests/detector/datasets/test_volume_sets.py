"""LiTS, the Decathlon's liver task, nnDetection and our own COCO: studies with lesions where they lie."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from detector.datasets.classes import CLASSES, class_named
from detector.datasets.registry import DATASETS, find_studies
from detector.errors import ReadError, UnknownNameError
from detector.ingest.archive import unpacking_here
from detector.ingest.found import Discovery, FoundStudy
from detector.ingest.masks import read_mask
from detector.ingest.truth import read_truth
from tests.detector.datasets import layouts


def found(name: str, root: Path, phase: str | None = None) -> Discovery:
    with unpacking_here() as unpacking:
        return find_studies(name, root, phase=phase, unpacking=unpacking)


def boxes_of(study: FoundStudy) -> list[tuple[object, bool]]:
    truth = read_truth(study)
    assert truth is not None
    return [(m.box, m.primary) for m in truth.lesions]


def test_lits_gives_a_study_a_case_with_its_tumours_and_its_liver(tmp_path: Path) -> None:
    discovery = found("lits", layouts.lits(tmp_path))
    assert [s.subject_key for s in discovery.studies] == ["lits-0", "lits-28", "lits-test-0"]
    assert discovery.refused == []
    first, empty, unlabelled = discovery.studies
    large, small = layouts.boxes()
    assert boxes_of(first) == [(large, True), (small, False)]
    assert [a.phase_hint for a in first.acquisitions] == ["portal_venous"]
    assert first.liver is not None
    liver = read_mask(first.liver)
    assert np.array_equal(liver.array_zyx, layouts.body())
    truth = read_truth(empty)
    assert truth is not None
    assert (truth.lesions, truth.complete) == ((), True)
    assert read_truth(unlabelled) is None


def test_segmentation_whose_header_strays_lies_on_its_volume_voxel_for_voxel(tmp_path: Path) -> None:
    layouts.volume(tmp_path / "volume-3.nii", layouts.scan(3))
    layouts.volume(
        tmp_path / "segmentation-3.nii", layouts.labels(layouts.LARGE), spacing=(1, 1, 1), origin=(0, 0, 0)
    )
    (study,) = found("lits", tmp_path).studies
    assert boxes_of(study) == [(layouts.boxes()[0], True)]


def test_volume_that_lies_head_first_keeps_its_tumour_in_place(tmp_path: Path) -> None:
    """A flipped file is the same patient: its boxes must not move."""
    flipped = (-1, 0, 0, 0, 1, 0, 0, 0, -1)
    far = tuple(
        o + s * (n - 1) if sign < 0 else o
        for o, s, n, sign in zip(
            layouts.ORIGIN, layouts.SPACING, layouts.SHAPE[::-1], (-1, 1, -1), strict=True
        )
    )
    for name, array in (("volume", layouts.scan(4)), ("segmentation", layouts.labels(layouts.LARGE))):
        layouts.volume(tmp_path / f"{name}-4.nii", array[::-1, :, ::-1].copy(), origin=far, direction=flipped)
    (study,) = found("lits", tmp_path).studies
    ((box, _),) = boxes_of(study)
    assert box.lo == pytest.approx(layouts.boxes()[0].lo)
    assert box.hi == pytest.approx(layouts.boxes()[0].hi)


def test_case_whose_labels_are_of_another_size_is_refused_when_it_is_taken(tmp_path: Path) -> None:
    layouts.volume(tmp_path / "volume-3.nii", layouts.scan(3))
    layouts.volume(tmp_path / "segmentation-3.nii", layouts.labels()[:-1])
    (study,) = found("lits", tmp_path).studies
    with pytest.raises(ReadError) as caught:
        read_truth(study)
    assert caught.value.code == "other_shape"


def test_broken_volume_and_a_lone_segmentation_are_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    layouts.lits(tmp_path)
    (tmp_path / "Training Batch 1" / "volume-1.nii").write_bytes(b"\0" * 400)
    layouts.volume(tmp_path / "Training Batch 1" / "segmentation-9.nii", layouts.labels())
    discovery = found("lits", tmp_path)
    assert len(discovery.studies) == 3
    assert sorted(r.code for r in discovery.refused) == ["damaged", "mask"]


def test_decathlon_gives_the_cases_its_json_names(tmp_path: Path) -> None:
    discovery = found("msd-liver", layouts.msd(tmp_path))
    assert discovery.refused == []
    training, test = discovery.studies
    large, small = layouts.boxes()
    assert boxes_of(training) == [(large, True), (small, False)]
    assert read_truth(test) is None
    assert training.acquisitions[0].phase_hint == "portal_venous"


def test_the_decathlons_patients_are_those_of_lits(tmp_path: Path) -> None:
    """They are the same people, so they must keep one split."""
    ours = found("msd-liver", layouts.msd(tmp_path / "msd")).studies[0].subject_key
    assert ours == found("lits", layouts.lits(tmp_path / "lits")).studies[0].subject_key


def test_case_that_is_missing_is_named_and_a_path_outside_the_set_is_refused(tmp_path: Path) -> None:
    task = layouts.msd(tmp_path) / "Task03_Liver"
    (task / "imagesTs" / "liver_132.nii.gz").unlink()
    assert [r.code for r in found("msd-liver", tmp_path).refused] == ["missing"]
    said = json.loads((task / "dataset.json").read_text())
    said["training"][0]["image"] = "../../liver_1.nii.gz"
    (task / "dataset.json").write_text(json.dumps(said))
    with pytest.raises(ReadError) as caught:
        found("msd-liver", tmp_path)
    assert caught.value.code == "unsafe_path"


def test_nndetection_instances_that_touch_stay_two_lesions_with_their_classes(tmp_path: Path) -> None:
    discovery = found("nndetection", layouts.nndetection(tmp_path), phase="arterial")
    assert discovery.refused == []
    training, test = discovery.studies
    truth = read_truth(training)
    assert truth is not None
    assert [(m.lesion_class, m.primary) for m in truth.lesions] == [("hcc", True), ("cyst", False)]
    assert truth.lesions[0].box == layouts.boxes()[0]
    assert training.acquisitions[0].phase_hint == "arterial"
    assert read_truth(test) is None


def test_nndetection_modalities_that_are_phases_are_one_study(tmp_path: Path) -> None:
    names = {"0": "CT arterial", "1": "CT portal venous"}
    study = found("nndetection", layouts.nndetection(tmp_path, names)).studies[0]
    assert [a.phase_hint for a in study.acquisitions] == ["arterial", "portal_venous"]


def test_nndetection_task_in_yaml_is_read_and_a_wrong_table_of_lesions_refused(tmp_path: Path) -> None:
    layouts.nndetection(tmp_path)
    (tmp_path / "dataset.json").unlink()
    (tmp_path / "dataset.yaml").write_text("task: Task100\nlabels: {'0': lesion}\nmodalities: {'0': CT}\n")
    (tmp_path / "raw_splitted" / "labelsTr" / "case_a.json").write_text('{"instances": {"1": 0}}')
    study = found("nndetection", tmp_path).studies[0]
    with pytest.raises(ReadError) as caught:
        read_truth(study)
    assert caught.value.code == "instances"


def test_our_own_export_comes_back_with_every_box_and_word(tmp_path: Path) -> None:
    exported = layouts.coco(tmp_path)
    (study,) = found("coco", tmp_path).studies
    assert {a.phase_hint for a in study.acquisitions} == {"arterial", "portal_venous"}
    truth = read_truth(study)
    assert truth is not None
    assert (truth.reference_phase, truth.complete) == ("portal_venous", None)
    for box, lesion in zip(exported.boxes, truth.lesions, strict=True):
        assert (lesion.primary, lesion.absent_phases) == (box.primary, box.absent_phases)
        assert lesion.box.lo == pytest.approx(box.box.lo)
    assert [m.lesion_class for m in truth.lesions] == ["hcc", None]


def test_export_without_its_images_or_with_others_is_refused(tmp_path: Path) -> None:
    layouts.coco(tmp_path)
    path = tmp_path / "images" / "s1" / "portal_venous.nii.gz"
    layouts.volume(path, layouts.scan(1), origin=(0, 0, 0))
    (study,) = found("coco", tmp_path).studies
    with pytest.raises(ReadError) as caught:
        read_truth(study)
    assert caught.value.code == "other_grid"
    path.unlink()
    assert [r.code for r in found("coco", tmp_path).refused] == ["missing"]


@pytest.mark.parametrize("name", list(DATASETS))
def test_folder_that_holds_something_else_is_said_not_to_be_the_set(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "dataset.json").write_text("{}")
    with pytest.raises(ReadError) as caught:
        found(name, tmp_path)
    assert caught.value.code == "wrong_layout"
    assert caught.value.remedy


def test_set_or_phase_that_nobody_knows_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="lits"):
        found("imagenet", tmp_path)
    with pytest.raises(UnknownNameError, match="arterial"):
        found("lits", tmp_path, phase="venal")


def test_every_name_of_a_class_means_one_class() -> None:
    for key, names in CLASSES.items():
        assert {class_named(name.upper()) for name in (key, *names)} == {key}
    assert class_named("") is None
