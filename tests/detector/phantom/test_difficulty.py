"""Hard phantoms: classes that overlap in every number and not in all, scanners, artefacts, missing phases."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest

from detector.errors import PlanError
from detector.geometry import VolumeGeometry
from detector.phantom.artefacts import draw_metal, draw_motion
from detector.phantom.cohort import member
from detector.phantom.generate import generate
from detector.phantom.layers import Grid
from detector.phantom.parameters import (
    LESION_CLASSES,
    PHASES,
    SUBTYPES,
    PhantomParameters,
    evaluation,
    training,
)
from detector.phantom.regions import draw_regions
from detector.phantom.scan import Scanner

Floats = npt.NDArray[np.float64]
SMALL = {"matrix": 64, "slices": 24}
CLASS_OF = {subtype: name for name, subtypes in SUBTYPES.items() for subtype in subtypes}


def regions(difficulty: float, count: int, seed: int) -> tuple[Floats, npt.NDArray[np.str_]]:
    """(count, 12) true numbers of lesions, classes equally often, and the subtype of each."""
    rng = np.random.default_rng(seed)
    numbers, subtypes = [], []
    for n in range(count):
        choices = SUBTYPES[LESION_CLASSES[n % 4]]
        subtypes.append(choices[int(rng.integers(len(choices)))])
        numbers.append(list(draw_regions(subtypes[-1], difficulty, rng).numbers().values()))
    return np.array(numbers), np.array(subtypes)


def accuracy(columns: slice, difficulty: float = 1.0) -> float:
    """On four classes, of a Gaussian for each subtype learned from 3000 lesions and judged on 2000 others."""
    known, their = regions(difficulty, 3000, 1)
    asked, truth = regions(difficulty, 2000, 2)
    known, asked = known[:, columns], asked[:, columns]
    totals = {name: np.full(len(asked), -np.inf) for name in LESION_CLASSES}
    for subtype in np.unique(their):
        mine = known[their == subtype]
        covariance = np.atleast_2d(np.cov(mine.T)) + 1e-6 * np.eye(mine.shape[1])
        away = asked - mine.mean(axis=0)
        distance = np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away)
        score = -0.5 * (distance + np.linalg.slogdet(covariance)[1]) + np.log(len(mine) / len(known))
        name = CLASS_OF[str(subtype)]
        totals[name] = np.logaddexp(totals[name], score)
    said = np.array(LESION_CLASSES)[np.argmax(np.stack(list(totals.values())), axis=0)]
    return float(np.mean(said == np.array([CLASS_OF[str(s)] for s in truth])))


def test_who_knows_the_numbers_of_a_hard_lesion_knows_its_class() -> None:
    assert accuracy(slice(None)) > 0.98


def test_no_single_number_of_a_hard_lesion_tells_its_class() -> None:
    assert max(accuracy(slice(n, n + 1)) for n in range(12)) < 0.75


def test_shape_of_the_rim_tells_less_than_dynamics_or_texture() -> None:
    dynamics, texture, front = accuracy(slice(0, 8)), accuracy(slice(8, 11)), accuracy(slice(11, 12))
    assert dynamics > texture > front


def test_classes_come_nearer_with_difficulty() -> None:
    assert accuracy(slice(0, 4), 0.0) > accuracy(slice(0, 4), 0.5) > accuracy(slice(0, 4), 1.0)


@pytest.mark.parametrize("make", [training, evaluation])
@pytest.mark.parametrize("seed", range(4))
def test_the_truth_of_a_hard_phantom_is_what_its_images_hold(make: object, seed: int) -> None:
    study = generate(make(**SMALL, difficulty=1.0, aligned=True), seed)  # type: ignore[operator]
    labels, geometry = np.asarray(study.labels.array_zyx), study.geometry
    assert sorted(np.unique(labels)) == [0, *(m.label for m in study.lesions)]
    for mark in study.lesions:
        index = np.argwhere(labels == mark.label)
        half = np.array(geometry.spacing_xyz_mm) / 2
        np.testing.assert_allclose(
            mark.box.lo, np.array(geometry.point_from_index(tuple(index.min(axis=0)))) - half, atol=1e-6
        )
        assert set(mark.numbers) >= {"rim_arterial", "core_delayed", "texture_mm", "front"}
        assert CLASS_OF[mark.subtype] == mark.lesion_class
    (primary,) = (m for m in study.lesions if m.primary)
    assert study.lesion_class == primary.lesion_class
    assert "portal_venous" in study.volumes
    assert set(study.volumes) <= set(PHASES)
    assert {v.geometry for v in study.volumes.values()} == {geometry}


def test_the_same_seed_gives_the_same_hard_study() -> None:
    first, again = (member(3, 5, "training", **SMALL, difficulty=1.0)[2] for _ in range(2))  # type: ignore[arg-type]
    assert first.lesions == again.lesions
    for phase, volume in first.volumes.items():
        assert volume.array_zyx.tobytes() == again.volumes[phase].array_zyx.tobytes()


def test_every_effect_comes_up_in_a_cohort() -> None:
    """In 40 studies: phases missing, fat, further lesions of another class, small and large ones."""
    studies = [generate(training(matrix=48, slices=20, difficulty=1.0), seed) for seed in range(40)]
    missing = Counter(p for s in studies for p in PHASES if p not in s.volumes)
    assert set(missing) == {"non_contrast", "arterial", "delayed"}
    kinds = {b.kind for s in studies for b in s.baits}
    assert kinds >= {"cyst", "arterial_blush", "portal_fork", "fat_sparing", "focal_fat"}
    assert any(len({m.lesion_class for m in s.lesions}) > 1 for s in studies)
    widest = [max(m.box.size_mm) for s in studies for m in s.lesions]
    assert min(widest) < 12
    assert max(widest) > 45


@pytest.mark.parametrize("difficulty", [-0.1, 1.1])
def test_a_difficulty_outside_its_range_is_refused(difficulty: float) -> None:
    with pytest.raises(PlanError, match="difficulty"):
        training(difficulty=difficulty)


@pytest.mark.parametrize("difficulty", [0.0, 0.5, 1.0])
def test_evaluation_draws_outside_what_training_draws(difficulty: float) -> None:
    """Every span, at every difficulty: an evaluation value never lies strictly inside a training interval."""

    def spans(parameters: PhantomParameters) -> dict[str, tuple[tuple[float, float], ...]]:
        held = parameters.spans
        return {name: getattr(held, name) for name in held.__slots__}

    learned, judged = spans(training(difficulty=difficulty)), spans(evaluation(difficulty=difficulty))
    for name, intervals in judged.items():
        for lo, hi in intervals:
            assert all(hi <= a or lo >= b for a, b in learned[name]), name


@pytest.mark.parametrize(
    "scanner", [Scanner(12.0), Scanner(12.0, 0.6, 0.5, 0.0, 0.1), Scanner(12.0, 1.6, 0.3)], ids=str
)
def test_a_scanner_keeps_the_mean_and_makes_the_noise_it_says(scanner: Scanner) -> None:
    flat = np.full((6, 96, 96), 50, np.float32)
    image = scanner.acquire(flat, 1.3, np.random.default_rng(0)).astype(float)
    assert image.mean() == pytest.approx(50, abs=0.5)
    assert image.std() == pytest.approx(12.0, rel=0.05)


def test_noise_is_greatest_in_the_middle_of_the_body() -> None:
    flat = np.zeros((8, 200, 200), np.float32)
    image = Scanner(10.0, noise_middle=0.6).acquire(flat, 1.7, np.random.default_rng(0)).astype(float)
    assert image[:, 90:110, 90:110].std() > 1.3 * image[:, :20, :20].std()


def test_metal_is_bright_and_its_streaks_fade() -> None:
    axis = ((np.arange(101) - 50) * 2.0).astype(np.float32)
    grid = Grid(((np.arange(11) - 5) * 5.0).astype(np.float32), axis, axis)
    image = np.zeros(grid.shape, np.float32)
    draw_metal((0.0, 0.0, 0.0), np.random.default_rng(3)).onto(image, grid)
    assert image[5, 50, 50] > 2000
    assert image[5, 45:56, 45:56].std() > 3 * image[5, :10].std() > 0
    assert not image[0].any()
    assert not image[-1].any()


def test_motion_ghosts_its_own_slices_alone() -> None:
    image = np.zeros((12, 40, 40), np.float32)
    image[:, 15:25, 15:25] = 100
    motion = draw_motion("arterial", 12, 1.5, np.random.default_rng(1))
    moved = image.copy()
    motion.onto(moved)
    inside = np.zeros(12, bool)
    inside[motion.first : motion.last] = True
    assert (moved[inside] != image[inside]).any()
    assert np.array_equal(moved[~inside], image[~inside])
    assert moved.mean() == pytest.approx(image.mean(), rel=1e-4)


def test_a_bent_hard_study_keeps_its_exact_way_back() -> None:
    """Breathing, warp and conditions together: the grid is the stated one in every phase that was taken."""
    parameters = PhantomParameters(
        training(difficulty=1.0).spans, "training", 64, 24, deformation_mm=6.0, difficulty=1.0
    )
    study = generate(parameters, 2)
    assert isinstance(study.geometry, VolumeGeometry)
    for phase in study.volumes:
        if phase != "portal_venous":
            assert study.warps[phase]
