"""Writing in the pixels is found whatever the header says, and anatomy is not taken for writing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from detector.deidentify.burned_in import slices_with_text
from detector.geometry import VolumeGeometry
from detector.phantom.generate import generate
from detector.phantom.parameters import training
from detector.volume import Volume

GRID = VolumeGeometry((6, 256, 256), (0.8, 0.8, 5.0), (0.0, 0.0, 0.0), "")


def body(seed: int = 0) -> np.ndarray:
    """Noisy soft tissue with bone in air: what a corner text is written beside."""
    rng = np.random.default_rng(seed)
    _, y, x = np.indices(GRID.shape_zyx)
    inside = ((y - 128) / 90) ** 2 + ((x - 128) / 110) ** 2 < 1
    bone = ((y - 190) / 18) ** 2 + ((x - 128) / 22) ** 2 < 1
    hu = np.where(inside, 50.0, -1000.0) + np.where(bone, 700.0, 0.0)
    return (hu + rng.normal(0, 12, hu.shape)).astype(np.int16)


def write(plane: np.ndarray, text: str, *, at=(8, 8), size: int = 14, value: int = 3071) -> None:
    """Draws text as a scanner burns it in: smooth edges, the strokes' core of one value."""
    canvas = Image.new("L", (plane.shape[1], plane.shape[0]))
    ImageDraw.Draw(canvas).text(at, text, fill=255, font=ImageFont.load_default(size))
    alpha = np.asarray(canvas, dtype=float) / 255
    plane[:] = np.where(alpha > 0, plane * (1 - alpha) + value * alpha, plane).astype(np.int16)


@pytest.mark.parametrize("size", [12, 18, 28])
@pytest.mark.parametrize("value", [400, 3071])
def test_a_name_in_the_corner_is_found_on_its_slice(size: int, value: int) -> None:
    voxels = body()
    write(voxels[2], "DOE JOHN 1961", size=size, value=value)
    assert slices_with_text(Volume(voxels, GRID)) == [2]


def test_writing_over_the_body_and_on_every_slice_is_found() -> None:
    voxels = body()
    for plane in voxels:
        write(plane, "ID 4711 0815", at=(90, 110))
    assert slices_with_text(Volume(voxels, GRID)) == list(range(6))


@pytest.mark.parametrize("turned", [np.fliplr, np.flipud, np.rot90])
def test_an_image_that_was_turned_hides_no_writing(turned) -> None:
    voxels = body()
    write(voxels[0], "DOE JOHN 1961")
    voxels[0] = turned(voxels[0])
    assert slices_with_text(Volume(voxels, GRID)) == [0]


def test_anatomy_clipped_metal_and_a_table_are_no_writing() -> None:
    voxels = body()
    voxels[:, 225:228, 40:216] = 900  # the table
    voxels[1, 120:126, 100:106] = 3071  # a clip
    voxels[1, 130:150, 60:62] = 3071  # a needle
    voxels[3] = np.minimum(voxels[3], 500)  # bone clipped at one value
    assert slices_with_text(Volume(voxels, GRID)) == []


def test_a_phantom_has_no_writing() -> None:
    phantom = generate(training(matrix=128, slices=16), 1)
    for volume in phantom.volumes.values():
        assert slices_with_text(volume) == []
