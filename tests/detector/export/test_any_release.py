"""Every format gives boxes back whatever the grid and wherever they lie on it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.export.dataset import ExportBox, ExportData, ExportStudy
from detector.export.formats import FORMATS
from detector.geometry import VolumeGeometry, VoxelBox
from detector.volume import Volume
from tests.detector.export.releases import INFO, exported

spacings, places = st.floats(0.31, 7.9), st.floats(-700, 700)


@st.composite
def releases(draw: st.DrawFn) -> list[ExportStudy]:
    made = []
    for number in range(draw(st.integers(1, 2))):
        shape = (draw(st.integers(2, 9)), draw(st.integers(4, 16)), draw(st.integers(4, 16)))
        grid = VolumeGeometry(
            shape,
            (draw(spacings), draw(spacings), draw(spacings)),
            (draw(places), draw(places), draw(places)),
        )
        boxes = []
        for lesion in range(draw(st.integers(0, 2))):
            lo = tuple(draw(st.floats(-0.4, n - 2)) for n in shape)
            hi = tuple(a + draw(st.floats(1.6, n)) for a, n in zip(lo, shape, strict=True))
            box = grid.box_from_voxels(VoxelBox(lo, hi))  # type: ignore[arg-type]
            boxes.append(ExportBox(f"l{lesion}", box, draw(st.sampled_from(["hcc", "lesion", "odd"]))))
        split = draw(st.sampled_from(["pool", "gold"]))
        images = {"portal_venous": f"images/s{number}/portal_venous.nii.gz"}
        made.append(
            ExportStudy(f"s{number}", f"p{number}", split, "portal_venous", grid, images, tuple(boxes))
        )
    return made


@pytest.mark.parametrize("name", sorted(FORMATS))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(studies=releases())
def test_boxes_come_back(name: str, studies: list[ExportStudy]):
    grids = {s.id: s.geometry for s in studies}

    def volume(study: str, phase: str) -> Volume:
        return Volume(np.full(grids[study].shape_zyx, 40, np.int16), grids[study])

    with tempfile.TemporaryDirectory() as folder:
        exported(name, ExportData(studies, INFO, volume), Path(folder) / "out")
