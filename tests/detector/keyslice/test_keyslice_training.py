"""The key slice filter measures lesions in mm2, finds the slice that shows most, and knows primaries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from detector.contracts import KeySliceFilter, ModelFamily, Progress
from detector.data.cases import Mark, read_cases, write_cases
from detector.data.images import load_case
from detector.errors import PlanError, TrainingError
from detector.geometry import Box3D, intersection_mm3
from detector.keyslice.config import make_plan
from detector.keyslice.filter import SegmentingKeySliceFilter
from detector.keyslice.losses import segmentation_loss
from detector.keyslice.network import KeySliceNetwork
from detector.keyslice.samples import random_liver_boxes, slabs_of, view_image
from detector.keyslice.trainer import RandomNegatives
from detector.registry import family
from tests.detector.small_studies import CLASS_HU, GEOMETRY, sphere_box, study_with, write_cohort

QUICK = {"phase_dropout": 0.0, "ema_decay": 0.9, "lr": 1e-2, "view_side": 32}


class BrightIsLesion(torch.nn.Module):
    """A segmentation that is right by construction: bright pixels of the middle slice are lesion."""

    def forward(self, slabs: torch.Tensor) -> torch.Tensor:
        return slabs[:, 1:2] - 0.45  # HU above about 140 in the window of -20 to 200


def perfect_filter(spacing_mm: float = 1.0) -> SegmentingKeySliceFilter:
    plan = make_plan("tiny", {"spacing_mm": spacing_mm})
    network = KeySliceNetwork(plan)
    network.segment = BrightIsLesion()  # type: ignore[assignment]
    return SegmentingKeySliceFilter(network, plan)


BRIGHT = {**CLASS_HU["benign"], "portal_venous": 195}


def test_areas_are_in_mm2_and_the_key_slice_shows_the_largest() -> None:
    lesion = sphere_box((10, -40, 331), 30)  # centred on slice 6
    study = study_with([(lesion, BRIGHT)])
    generous = Box3D((lesion.lo[0] - 6, lesion.lo[1] - 6, 303), (lesion.hi[0] + 6, lesion.hi[1] + 6, 350))
    (key,) = perfect_filter().key_slices(study, [generous])
    z_mm = [GEOMETRY.point_from_index((key.first_z_index + i, 0, 0))[2] for i in range(len(key.areas_mm2))]
    disc = [np.pi * max(0.0, 15**2 - (z - 331) ** 2) for z in z_mm]
    assert (key.first_z_index, len(key.areas_mm2)) == (1, 9)
    np.testing.assert_allclose(key.areas_mm2, disc, atol=0.12 * max(disc))
    assert key.z_index == 6  # the slice at 330 mm, the nearest to the lesion's middle
    assert key.areas_mm2[key.z_index - key.first_z_index] == max(key.areas_mm2)
    assert 0 <= key.primary_score <= 1


@pytest.mark.parametrize("spacing_mm", [0.7, 1.4, 2.8])
def test_areas_do_not_depend_on_the_pixel_size(spacing_mm: float) -> None:
    lesion = sphere_box((10, -40, 325), 40)
    (key,) = perfect_filter(spacing_mm).key_slices(study_with([(lesion, BRIGHT)]), [lesion])
    assert max(key.areas_mm2) == pytest.approx(np.pi * 20**2, rel=0.1)


def test_only_the_lesion_in_the_box_counts() -> None:
    lesion, neighbour = sphere_box((10, -40, 326), 20), sphere_box((40, -40, 326), 30)
    both, alone = study_with([(lesion, BRIGHT), (neighbour, BRIGHT)]), study_with([(lesion, BRIGHT)])
    areas = [perfect_filter().areas_mm2(study, lesion) for study in (both, alone)]
    np.testing.assert_allclose(
        *areas, atol=8
    )  # a neighbour's disc would add 700 mm2; noise moves a few pixels


def test_where_nothing_is_predicted_the_middle_slice_is_taken() -> None:
    box = Box3D((0, -50, 303), (20, -30, 337))
    (key,) = perfect_filter().key_slices(study_with([]), [box])
    assert set(key.areas_mm2) == {0.0}
    assert key.z_index == key.first_z_index + len(key.areas_mm2) // 2


def test_no_boxes_give_no_key_slices() -> None:
    assert perfect_filter().key_slices(study_with([]), []) == []


def test_a_missing_phase_is_told_from_zeros() -> None:
    box = sphere_box((10, -40, 326), 30)
    plan = make_plan("tiny")
    view = view_image(study_with([], phases=("arterial", "portal_venous")), box, 5, plan, plan.view_side)
    assert view[4:8].max(axis=(1, 2)).tolist() == [0, 1, 1, 0]
    zeros = view.copy()
    zeros[4:8] = 1
    torch.manual_seed(0)
    classify = KeySliceNetwork(plan).classify.eval()
    there, not_there = (classify(torch.from_numpy(v)[None]) for v in (zeros, view))
    assert not torch.allclose(there, not_there)


def test_pixels_that_do_not_teach_add_no_loss_and_no_gradient() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 1, 8, 8, requires_grad=True)
    target = (torch.rand(2, 1, 8, 8) > 0.5).float()
    teaches = torch.rand(2, 1, 8, 8) > 0.3
    loss = segmentation_loss(logits, target, teaches)
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert (logits.grad[~teaches] == 0).all()
    assert (logits.grad[teaches] != 0).any()
    flipped = torch.where(teaches, target, 1 - target)
    assert torch.equal(segmentation_loss(logits, flipped, teaches), loss)


def test_targets_are_ellipsoids_and_an_incomplete_study_teaches_in_its_boxes_alone(tmp_path: Path) -> None:
    (case,) = read_cases(write_cohort(tmp_path, ["hcc"]))
    plan = make_plan("tiny", {"spacing_mm": 1.0, "segment_side": 64, "zoom": [1, 1]})
    study, rng = load_case(case), np.random.default_rng(0)
    complete = slabs_of(case, study, plan, rng)
    assert all(s.teaches.all() for s in complete)
    assert max(int(s.target.sum()) for s in complete) == pytest.approx(np.pi * 15**2, rel=0.05)
    assert min(int(s.target.sum()) for s in complete) == 0  # the slices past its ends
    partly = slabs_of(case.model_copy(update={"complete": False}), study, plan, rng)
    assert max(int(s.teaches.sum()) for s in partly) == pytest.approx(30**2, rel=0.05)
    ignored = case.marks[0].model_copy(update={"role": "ignored"})
    assert slabs_of(case.model_copy(update={"marks": (ignored,)}), study, plan, rng) == []


def test_random_liver_boxes_lie_in_the_liver_and_clear_of_what_is_marked() -> None:
    lesion = sphere_box((10, -40, 326), 30)
    study = study_with([(lesion, BRIGHT)])
    boxes = random_liver_boxes(study, [lesion], [(20.0, 20.0, 15.0)], 5, np.random.default_rng(0))
    assert len(boxes) == 5
    for number, box in enumerate(boxes):
        assert study.geometry.extent.contains(box.centre_mm)
        assert box.size_mm == pytest.approx((20, 20, 15))
        assert all(intersection_mm3(box, other) == 0 for other in [lesion, *boxes[:number]])


def test_random_boxes_fill_up_to_the_number_of_primaries_and_spare_incomplete_studies(tmp_path: Path) -> None:
    cases = read_cases(write_cohort(tmp_path, ["hcc", "icc", "icc"]))
    assert RandomNegatives(cases, 0).per_study == 1
    study = load_case(cases[0])
    assert len(RandomNegatives(cases, 0).of(cases[0], study)) == 1
    assert RandomNegatives(cases, 0).of(cases[0].model_copy(update={"complete": False}), study) == []
    rejected = Mark(lo=(0, 0, 0), hi=(1, 1, 1), role="negative")
    judged = [c.model_copy(update={"marks": (*c.marks, rejected)}) for c in cases]
    assert RandomNegatives(judged, 0).per_study == 0


def train(cases: Path, out: Path, **changes: object) -> dict[str, object]:
    arguments: dict[str, object] = {
        "size": "tiny",
        "overrides": {**QUICK, "steps": 1},
        "gold": None,
        "initial_weights": None,
        "on_progress": lambda _: None,
    }
    result = family("ksf").trainer().train(cases, out, **{**arguments, **changes})  # type: ignore[arg-type]
    return {"weights": result.weights, **result.metrics}


def test_it_learns_lesions_and_primaries_and_loads_back_as_it_was(tmp_path: Path) -> None:
    cases = write_cohort(
        tmp_path / "c", ["hcc", "icc", "metastasis", "benign"], negatives=True, satellites=True
    )
    reports: list[Progress] = []
    said = train(
        cases,
        tmp_path / "out",
        overrides={**QUICK, "steps": 80},
        gold=cases,
        on_progress=reports.append,
    )
    assert reports[0].step == 0
    assert said["accuracy"]["value"] >= 0.75  # type: ignore[index]
    assert said["accuracy"]["n"] == 4  # type: ignore[index]
    assert 0.3 < said["area_agreement"]["value"] <= 1  # type: ignore[index]
    segment = [r.values["segment"] for r in reports if r.values]
    assert segment[-1] < 0.8 * segment[0]
    applied = family("ksf").load(said["weights"])  # type: ignore[arg-type]
    assert isinstance(applied, KeySliceFilter)
    case = read_cases(cases)[0]
    (key,) = applied.key_slices(load_case(case), [case.marks[0].box])
    assert key.areas_mm2[key.z_index - key.first_z_index] > 0
    train(cases, tmp_path / "again", initial_weights=said["weights"])
    with pytest.raises(PlanError, match="do not fit"):
        train(
            cases,
            tmp_path / "again",
            initial_weights=said["weights"],
            overrides={**QUICK, "steps": 1, "segment_width": 4},
        )


def test_too_few_boxes_say_how_many_there_are_and_are_needed(tmp_path: Path) -> None:
    cases = write_cohort(tmp_path / "one", ["hcc"], negatives=True)
    with pytest.raises(TrainingError, match=r"1 primary and 1 not primary.*At least 2 of each"):
        train(cases, tmp_path / "out")
    bare = [
        c.model_copy(update={"liver": None}) for c in read_cases(write_cohort(tmp_path / "two", ["hcc"] * 3))
    ]
    write_cases(bare, tmp_path / "bare.json")
    with pytest.raises(TrainingError, match=r"3 primary and 0 not primary.*liver mask"):
        train(tmp_path / "bare.json", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_slices_of_lesions_nobody_judged_are_first_weights_and_not_a_filter(tmp_path: Path) -> None:
    """As 2D-derived lesions are: in incomplete studies, none of them primary."""
    cases = read_cases(write_cohort(tmp_path / "c", ["hcc", "icc"]))
    bare = [
        c.model_copy(
            update={
                "complete": False,
                "marks": tuple(m.model_copy(update={"primary": False}) for m in c.marks),
            }
        )
        for c in cases
    ]
    write_cases(bare, tmp_path / "bare.json")
    with pytest.raises(TrainingError, match="0 primary"):
        train(tmp_path / "bare.json", tmp_path / "both")
    plan = {**QUICK, "steps": 2, "learns": "slices"}
    first = train(tmp_path / "bare.json", tmp_path / "slices", overrides=plan)["weights"]
    with pytest.raises(PlanError, match="not which lesion is primary"):
        family("ksf").load(first)  # type: ignore[arg-type]
    then = train(
        write_cohort(tmp_path / "d", ["hcc"] * 2, negatives=True), tmp_path / "then", initial_weights=first
    )
    assert isinstance(family("ksf").load(then["weights"]), KeySliceFilter)  # type: ignore[arg-type]
    write_cases([c.model_copy(update={"marks": ()}) for c in cases], tmp_path / "none.json")
    with pytest.raises(TrainingError, match="No slice"):
        train(tmp_path / "none.json", tmp_path / "no", overrides=plan)


def test_an_unknown_size_or_field_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="Unknown size: huge"):
        train(tmp_path, tmp_path, size="huge")
    with pytest.raises(PlanError, match="colour"):
        train(tmp_path, tmp_path, overrides={"colour": 1})


def test_the_family_is_what_the_registry_says() -> None:
    assert isinstance(family("ksf"), ModelFamily)
    assert family("ksf").kind == "key_slice_filter"
