"""Samples, augmentation and a training on spheres that a network of this size learns by heart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from detector import registry
from detector.centernet.augmentation import Move, draw_crop, draw_move, matrix_of, see
from detector.centernet.losses import centernet_loss
from detector.centernet.network import CenterNet3D
from detector.centernet.plan import Axes, plan_for
from detector.centernet.samples import build_samples, marks_on_grid, phases_of, read_samples
from detector.centernet.targets import SampleMarks, make_targets
from detector.contracts import CandidateDetector, ModelFamily, Progress
from detector.data.cases import Case, Mark, read_cases, write_cases
from detector.data.images import load_case
from detector.errors import PlanError, ReadError, TrainingError
from detector.geometry import Box3D, VolumeGeometry, iou
from detector.training.run import train as run
from detector.volume import Volume, write_volume
from detector.weights import load_state

GRID = VolumeGeometry((10, 48, 56), (2.0, 2.5, 6.0), (-30.0, 12.0, 100.0))
SPHERES = {"one": (130.0, (20.0, 60.0, 128.0)), "two": (160.0, (42.0, 95.0, 124.0))}
SMALL = {"input_zyx": (8, 32, 40), "dims": (12, 16), "modules": (1, 1), "stem": 6, "head": 12, "batch": 2}


def write_sphere(folder: Path, name: str, radius_mm: float = 13.0) -> Case:
    """A bright ball in a dim volume, in two phases."""
    hu, centre = SPHERES[name]
    z, y, x = np.meshgrid(*(np.arange(n) for n in GRID.shape_zyx), indexing="ij")
    points = np.stack(GRID.point_from_index((z, y, x)))  # type: ignore[arg-type]
    inside = np.sqrt(((points - np.array(centre)[:, None, None, None]) ** 2).sum(0)) < radius_mm
    for phase, gain in (("arterial", 1.0), ("portal_venous", 0.8)):
        array = np.where(inside, hu * gain, 20).astype(np.int16)
        write_volume(Volume(array, GRID), folder / f"{name}-{phase}.npy")
    lo, hi = ([c + s * radius_mm for c in centre] for s in (-1, 1))
    return Case(
        study=name,
        subject=name,
        reference_phase="portal_venous",
        images={p: f"{name}-{p}.npy" for p in ("arterial", "portal_venous")},
        marks=(Mark(lo=lo, hi=hi, primary=True),),  # type: ignore[arg-type]
    )


@pytest.fixture
def spheres(tmp_path: Path) -> Path:
    path = tmp_path / "cases.json"
    write_cases([write_sphere(tmp_path, name) for name in SPHERES], path)
    return path


def train(cases: Path, out: Path, **overrides: object) -> tuple[CandidateDetector, list[Progress], dict]:
    reports: list[Progress] = []
    out.mkdir(exist_ok=True)
    family = registry.family("centernet3d")
    result = family.trainer().train(
        cases,
        out,
        size="tiny",
        overrides={**SMALL, **overrides},
        gold=cases,
        initial_weights=None,
        on_progress=reports.append,
    )
    return family.load(result.weights), reports, dict(result.metrics)


def test_a_tiny_network_learns_two_spheres_by_heart(spheres: Path, tmp_path: Path) -> None:
    detector, reports, metrics = train(
        spheres, tmp_path / "out", steps=120, lr=0.01, ema_decay=0.95, scale_range=(0.95, 1.05)
    )
    for case in read_cases(spheres):
        best = detector.detect(load_case(case))[0]
        assert iou(best.box, case.marks[0].box) > 0.4
        assert set(best.phase_scores) == {"arterial", "portal_venous"}
    assert metrics["p1td_1"]["value"] == 1.0
    losses = [r.values["loss"] for r in reports if "loss" in r.values]
    assert losses[-1] < losses[0] / 3
    watched = [r.values["p1td_1"] for r in reports if "p1td_1" in r.values]
    assert watched
    assert set(watched) <= {0.0, 0.5, 1.0}


def test_the_same_seed_trains_the_same_weights(spheres: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        train(spheres, tmp_path / name, steps=2)
    files = [tmp_path / name / "weights.safetensors" for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_training_can_start_from_weights_of_the_same_plan_only(spheres: Path, tmp_path: Path) -> None:
    train(spheres, tmp_path / "a", steps=1)
    trainer = registry.family("centernet3d").trainer()
    with pytest.raises(PlanError, match="do not fit"):
        trainer.train(
            spheres,
            tmp_path,
            size="tiny",
            overrides={**SMALL, "stem": 8},
            gold=None,
            initial_weights=tmp_path / "a" / "weights.safetensors",
            on_progress=lambda p: None,
        )


def test_the_family_follows_the_contract() -> None:
    family = registry.family("centernet3d")
    assert isinstance(family, ModelFamily)
    assert family.kind == registry.kind_of("centernet3d") == "detector"


def test_no_case_and_no_positive_are_refused(spheres: Path, tmp_path: Path) -> None:
    write_cases([], tmp_path / "empty.json")
    with pytest.raises(TrainingError, match="empty"):
        train(tmp_path / "empty.json", tmp_path / "out")
    unmarked = [c.model_copy(update={"marks": ()}) for c in read_cases(spheres)]
    write_cases(unmarked, tmp_path / "unmarked.json")
    with pytest.raises(TrainingError, match="no positive"):
        train(tmp_path / "unmarked.json", tmp_path / "out")


def test_a_loss_that_explodes_is_said(spheres: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="not finite"):
        train(spheres, tmp_path / "out", steps=60, lr=1e20, warmup=0)


def test_a_missing_image_names_the_study(spheres: Path, tmp_path: Path) -> None:
    (tmp_path / "two-arterial.npy").unlink()
    with pytest.raises(ReadError, match="Study two"):
        train(spheres, tmp_path / "out")


def test_rejecting_a_candidate_changes_the_loss() -> None:
    torch.manual_seed(0)
    plan = plan_for("tiny", SMALL)
    network, image = CenterNet3D(plan), torch.zeros(1, 1, *plan.input_zyx)
    box = np.array([[2.0, 8, 8, 5, 16, 16]])
    none = np.zeros((0, 6))
    losses = []
    for negative in (none, box):
        marks = SampleMarks(none, negative, none, (5.0, 2.0, 2.0))
        told = make_targets([marks], plan.heatmap_zyx, plan.stride_zyx)
        losses.append(centernet_loss(network(image), told, plan)["loss"].item())
    assert losses[1] > losses[0]


def test_a_phase_in_which_a_lesion_cannot_be_seen_is_left_out(spheres: Path, tmp_path: Path) -> None:
    case = read_cases(spheres)[0]
    mark = case.marks[0].model_copy(update={"absent_phases": ("arterial",)})
    unseen = case.model_copy(update={"marks": (mark,)})
    assert phases_of(case) == ["arterial", "portal_venous"]
    assert phases_of(unseen) == ["portal_venous"]
    build_samples([case, unseen], plan_for("tiny", SMALL), tmp_path)
    store = read_samples(tmp_path)
    assert store.images.shape == (3, 8, 32, 40)
    assert store.positives == 3


def test_a_lesion_that_cannot_be_seen_beside_one_that_can_is_ignored(spheres: Path) -> None:
    case = read_cases(spheres)[0]
    seen = case.marks[0]
    unseen = Mark(lo=(0, 20, 100), hi=(10, 30, 112), absent_phases=("arterial",))
    both = case.model_copy(update={"marks": (seen, unseen)})
    assert phases_of(both) == ["arterial", "portal_venous"]
    arterial, portal = (marks_on_grid(both, phase, GRID) for phase in phases_of(both))
    assert (len(arterial.positive), len(arterial.ignored)) == (1, 1)
    assert (len(portal.positive), len(portal.ignored)) == (2, 0)


def through(image: torch.Tensor, move: Move, shape: Axes) -> np.ndarray:
    """A (1, 1, Z, Y, X) image as it is seen through a move."""
    matrix = torch.from_numpy(matrix_of(move, tuple(image.shape[2:]), shape))  # type: ignore[arg-type]
    return see(image, matrix[None], shape)[0, 0].numpy()


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_images_and_marks_move_together(seed: int) -> None:
    """The bright block of the moved image lies where its mark was moved to."""
    plan = plan_for("tiny", {"input_zyx": (16, 32, 24), "flip_zyx": (True, True, True)})
    edges = np.array([[6.0, 12, 8, 11, 20, 15]])
    image = torch.full((1, 1, 16, 32, 24), -1.0)
    image[0, 0, 6:11, 12:20, 8:15] = 1
    move = draw_move(np.random.default_rng(seed), plan)
    moved = through(image, move, (16, 32, 24))
    where = np.argwhere(moved > 0)
    expected = move.edges(edges)[0]
    np.testing.assert_allclose(where.min(0), expected[:3], atol=1.01)
    np.testing.assert_allclose(where.max(0) + 1, expected[3:], atol=1.01)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_crop_shows_what_its_marks_say(seed: int) -> None:
    plan = plan_for("tiny", {"scale_range": (1.0, 1.0), "flip_zyx": (True, True, True)})
    none = np.zeros((0, 6))
    marks = SampleMarks(np.array([[6.0, 28, 20, 11, 36, 27]]), none, none, (5.0, 2.0, 2.0))
    image = torch.full((1, 1, 16, 64, 64), -1.0)
    image[0, 0, 6:11, 28:36, 20:27] = 1
    move = draw_crop(np.random.default_rng(seed), plan, (12, 24, 32), marks)
    seen = through(image, move, (12, 24, 32))
    lo, hi = np.split(move.edges(marks.positive)[0], 2)
    cells = np.stack(np.meshgrid(*(np.arange(n) + 0.5 for n in seen.shape), indexing="ij"), -1)
    deep = ((cells > lo + 1) & (cells < hi - 1)).all(-1)
    clear = ((cells < lo - 1) | (cells > hi + 1)).any(-1)
    assert (seen[deep] > 0.9).all()
    assert (seen[clear] < -0.9).all()


def test_crops_come_to_lesions_however_many_boxes_were_rejected() -> None:
    plan = plan_for("small")
    lesion = np.array([[4.0, 8, 8, 8, 16, 16]])
    rejected = np.array([[20.0, 40 + i, 60, 24, 48 + i, 68] for i in range(9)])
    none = np.zeros((0, 6))
    rng = np.random.default_rng(0)

    def shares(marks: SampleMarks) -> tuple[float, float]:
        """Of crops with the middle of a lesion in view, and of a rejected box."""
        seen = [draw_crop(rng, plan, (16, 40, 56), marks).marks(marks) for _ in range(400)]

        def inside(boxes: np.ndarray) -> bool:
            middles = (boxes[:, :3] + boxes[:, 3:]) / 2
            return bool(((middles >= 0) & (middles < (16, 40, 56))).all(1).any())

        return sum(inside(m.positive) for m in seen) / 400, sum(inside(m.negative) for m in seen) / 400

    at_lesions, at_rejected = shares(SampleMarks(lesion, rejected, none, (5.0, 2.0, 2.0), False))
    assert at_lesions >= 0.45
    assert at_rejected >= 0.2
    assert shares(SampleMarks(none, rejected, none, (5.0, 2.0, 2.0), False))[1] >= 0.7
    assert shares(SampleMarks(lesion, none, none, (5.0, 2.0, 2.0)))[0] >= 0.7


def test_a_flip_keeps_low_edges_low_and_scale_changes_the_voxel() -> None:
    marks = SampleMarks(np.array([[1.0, 2, 3, 4, 6, 8]]), np.zeros((0, 6)), np.zeros((0, 6)), (5.0, 2.0, 1.0))
    middle = np.array([5.0, 6, 7])
    moved = Move(np.array([-2.0, 2.0, 2.0]), middle, middle).marks(marks)
    assert moved.positive.tolist() == [[7, -2, -1, 13, 6, 9]]
    assert moved.voxel_zyx_mm == (2.5, 1.0, 0.5)


def test_candidates_that_do_not_touch_the_liver_are_left_out(spheres: Path, tmp_path: Path) -> None:
    detector, _, _ = train(spheres, tmp_path / "out", steps=1)
    study = load_case(read_cases(spheres)[0])
    corner = np.zeros(GRID.shape_zyx, np.uint8)
    corner[:3, :12, :12] = 1
    corner_mm = Box3D((-31.0, 10.75, 97.0), (-7.0, 40.75, 115.0))
    near = detector.detect(type(study)(study.volumes, study.reference_phase, corner))
    assert near
    for candidate in near:
        shared = zip(candidate.box.lo, candidate.box.hi, corner_mm.lo, corner_mm.hi, strict=True)
        assert all(lo < other_hi and hi > other_lo for lo, hi, other_lo, other_hi in shared)


def test_weights_without_the_head_of_what_lies_inside_are_first_weights_all_the_same(tmp_path: Path) -> None:
    """Those of before there was one, and the paper's."""
    cases = tmp_path / "cases.json"
    write_cases([write_sphere(tmp_path, name) for name in SPHERES], cases)

    def trained(name: str, first: Path | None, **changes: object) -> Path:
        overrides = {**SMALL, "steps": 1, **changes}
        out = tmp_path / name
        run("centernet3d", cases, out, size="tiny", overrides=overrides, initial_weights=first)
        return out / "weights.safetensors"

    def has_head(weights: Path) -> bool:
        return any(".inside." in name for name in load_state(weights))

    plain = trained("plain", None, inside_weight=0)
    dense = trained("dense", plain)
    back = trained("back", dense, inside_weight=0)
    assert [has_head(w) for w in (plain, dense, back)] == [False, True, False]
