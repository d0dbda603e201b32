"""The liver network: what it is shown, what it makes of it on odd grids, and that it learns which side is
which."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from detector.contracts import LiverSegmenter, ModelFamily, Progress
from detector.data.cases import read_cases, write_cases
from detector.errors import PlanError, TrainingError
from detector.evaluation.segmentation import overlap
from detector.geometry import VolumeGeometry
from detector.liver.augmentation import random_view
from detector.liver.body import AIR, channels, find_body
from detector.liver.config import make_plan
from detector.liver.segmenter import UNetLiverSegmenter
from detector.phantom.cohort import member
from detector.phantom.parameters import REFERENCE_PHASE
from detector.phantom.write import case_of, write_study
from detector.registry import family
from detector.volume import Volume

PLAN = make_plan("tiny")


def body_with(organ_hu: int, spacing_xyz: tuple[float, float, float], shape: tuple[int, int, int]) -> Volume:
    """A cylinder of 0 HU with air around it; a ball of `organ_hu`, radius 40 mm, at (-40, 10, 30) mm from its
    middle, in an off-centre scan."""
    grid = VolumeGeometry(shape, spacing_xyz, (-170.0, -140.0, -400.0))
    z, y, x = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    middle = np.array(grid.extent.centre_mm)
    mm = [
        grid.origin_xyz_mm[axis] + index * spacing_xyz[axis] - middle[axis]
        for axis, index in enumerate((x, y, z))
    ]
    hu = np.full(shape, -1000, np.int16)
    hu[(mm[0] / 130) ** 2 + (mm[1] / 100) ** 2 < 1] = 0
    hu[(mm[0] + 40) ** 2 + (mm[1] - 10) ** 2 + (mm[2] - 30) ** 2 < 40**2] = organ_hu
    return Volume(hu, grid)


class BrightIsLiver(nn.Module):
    """A network that is right by construction: whatever is brighter than 60 HU in the soft window."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        low, high = PLAN.soft_hu
        return 40 * (x[:, :1] - (2 * (60 - low) / (high - low) - 1))


@pytest.mark.parametrize(
    ("spacing", "shape"),
    [((2.0, 2.0, 3.0), (61, 141, 171)), ((3.1, 2.4, 10.0), (19, 117, 110)), ((4.0, 4.0, 1.0), (190, 70, 85))],
)
def test_what_it_says_lies_where_it_was_seen_on_any_grid(
    spacing: tuple[float, float, float], shape: tuple[int, int, int]
) -> None:
    volume = body_with(120, spacing, shape)
    plan = make_plan("tiny", {"spacing_mm": 4.0})
    mask = UNetLiverSegmenter(BrightIsLiver(), plan).segment(volume)
    assert mask.shape == shape
    assert mask.dtype == np.uint8
    found = overlap(mask, volume.array_zyx == 120, volume.geometry)
    assert found.dice > 0.93
    assert found.hd95_mm < 6


def test_the_largest_piece_is_kept_and_what_it_encloses() -> None:
    volume = body_with(120, (2.0, 2.0, 3.0), (61, 141, 171))
    hu = np.array(volume.array_zyx)
    hu[30:34, 60:66, 110:116] = 120
    centre = volume.geometry.index_from_point(tuple(np.add(volume.geometry.extent.centre_mm, (-40, 10, 30))))
    k, j, i = (round(c) for c in centre)
    hu[k - 3 : k + 4, j - 5 : j + 6, i - 5 : i + 6] = 20  # a dark tumour in the middle of the organ
    plan = make_plan("tiny", {"spacing_mm": 4.0})
    mask = UNetLiverSegmenter(BrightIsLiver(), plan).segment(Volume(hu, volume.geometry))
    assert mask[k, j, i] == 1
    assert mask[32, 63, 113] == 0


def test_a_scan_of_nothing_has_no_liver() -> None:
    air = Volume(np.full((20, 60, 50), -1000, np.int16), VolumeGeometry((20, 60, 50), (3, 3, 5), (0, 0, 0)))
    assert not UNetLiverSegmenter(BrightIsLiver(), PLAN).segment(air).any()


def test_the_body_is_cut_out_and_what_lies_beside_it_is_air() -> None:
    volume = body_with(120, (2.0, 2.0, 3.0), (61, 141, 171))
    hu = np.array(volume.array_zyx)
    hu[:, 130:136, 20:150] = 60  # a table
    body = find_body(Volume(hu, volume.geometry), 4.0)
    assert body is not None
    assert body.geometry.extent.size_mm[0] == pytest.approx(260, abs=10)
    assert body.geometry.extent.size_mm[1] == pytest.approx(200, abs=10)
    middle = np.array(body.geometry.extent.centre_mm)[:2]
    assert middle == pytest.approx(np.array(volume.geometry.extent.centre_mm)[:2], abs=4)
    assert (body.hu[:, -1, :3] == AIR).all()


def test_places_in_the_body_run_from_its_right_to_its_left_and_front_to_back() -> None:
    body = find_body(body_with(120, (2.0, 2.0, 3.0), (61, 141, 171)), 4.0)
    assert body is not None
    given = channels(torch.from_numpy(body.hu), PLAN)
    assert given.shape == (4, *body.hu.shape)
    assert given[2, 5, 7, [0, -1]].tolist() == [-1, 1]
    assert given[3, 5, [0, -1], 7].tolist() == [-1, 1]
    assert (given[2].diff(dim=2) > 0).all()
    assert (given[3].diff(dim=1) > 0).all()


def test_a_random_view_keeps_sides_and_moves_image_and_liver_together() -> None:
    body = find_body(body_with(400, (2.0, 2.0, 3.0), (61, 141, 171)), 8.0)
    assert body is not None
    hu, liver = torch.from_numpy(body.hu), torch.from_numpy(body.hu > 150).float()
    plan = make_plan("tiny", {"tumours": 0, "organ_hu": 0, "noise_hu": 0})
    for seed in range(8):
        image, moved = random_view(hu, liver, 24, plan, np.random.default_rng(seed))
        assert image.shape == moved.shape == (24, 32, 40)
        columns = torch.nonzero(image.amax(dim=(0, 1)) > AIR / 2)[:, 0].float()
        if moved.sum() > 20:
            assert torch.nonzero(moved)[:, 2].float().mean() < columns.mean()
            assert image[moved > 0].mean() > image[(moved == 0) & (image > AIR / 2)].mean() + 60


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantoms")
    cases = []
    for number in range(1, 7):
        name, subject, study = member(5, number, "varied", matrix=64, slices=36, aligned=True)
        write_study(study, folder / name, subject)
        cases.append(case_of(study, name, subject))
    write_cases(cases[:4], folder / "cases.json")
    write_cases(cases[4:], folder / "gold.json")
    return folder


def train(folder: Path, out: Path, **overrides: object) -> tuple[LiverSegmenter, dict, list[Progress]]:
    told: list[Progress] = []
    trained = (
        family("liver-unet")
        .trainer()
        .train(
            folder / "cases.json",
            out,
            size="tiny",
            overrides=overrides,
            gold=folder / "gold.json",
            initial_weights=None,
            on_progress=told.append,
        )
    )
    return family("liver-unet").load(trained.weights), dict(trained.metrics), told


def test_it_learns_livers_from_a_few_phantoms_and_on_which_side_they_lie(
    phantoms: Path, tmp_path: Path
) -> None:
    assert isinstance(family("liver-unet"), ModelFamily)
    segmenter, metrics, told = train(phantoms, tmp_path, steps=50)
    assert isinstance(segmenter, LiverSegmenter)
    losses = [p.values["loss"] for p in told if "loss" in p.values]
    assert losses[-1] < 0.75 * losses[0]
    assert (metrics["train_studies"], metrics["train_samples"], metrics["studies"]) == (4, 16, 2)
    assert metrics["dice"]["value"] > 0.6
    assert 0 <= metrics["dice"]["lo"] <= metrics["dice"]["hi"] <= 1
    _, _, study = member(5, 9, "varied", matrix=64, slices=36, aligned=True)
    scan = study.volumes[REFERENCE_PHASE]
    mirrored = replace(scan, array_zyx=scan.array_zyx[:, :, ::-1])
    given, turned = segmenter.segment(scan), segmenter.segment(mirrored)[:, :, ::-1]
    dice = [overlap(mask, study.liver.array_zyx, scan.geometry).dice for mask in (given, turned)]
    assert dice[0] > 0.6
    assert dice[1] < dice[0] - 0.1  # a mirror image is no body that it knows


def test_the_same_seed_gives_the_same_weights(phantoms: Path, tmp_path: Path) -> None:
    both = [train(phantoms, tmp_path / name, steps=2) for name in ("a", "b")]
    files = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("a", "b")]
    assert files[0] == files[1]
    assert both[0][1]["dice"] == both[1][1]["dice"]


def test_cases_without_a_liver_teach_nothing_and_that_is_said(phantoms: Path, tmp_path: Path) -> None:
    bare = [c.model_copy(update={"liver": None}) for c in read_cases(phantoms / "cases.json")]
    write_cases(bare, tmp_path / "cases.json")
    (tmp_path / "gold.json").write_bytes((tmp_path / "cases.json").read_bytes())
    with pytest.raises(TrainingError, match="No case has a liver mask"):
        train(tmp_path, tmp_path / "out")


def test_a_plan_that_cannot_be_is_refused_by_its_field() -> None:
    with pytest.raises(PlanError, match="multiples"):
        make_plan("tiny", {"depths": [17]})
    with pytest.raises(PlanError, match="tiny, small"):
        make_plan("huge")
