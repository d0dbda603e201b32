"""Real studies beside dcm2niix, the converter of the field: the same grids and the same voxels."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.ingest.discover import discover
from tests.bench.reading import STUDIES, compared, ours, peer, theirs
from tests.detector.ingest.builders import voxels, write_series

needs_peer = pytest.mark.skipif(peer() is None, reason="dcm2niix is not installed (apt-get install dcm2niix)")


@needs_peer
@pytest.mark.real_data
@pytest.mark.parametrize("study", STUDIES)
def test_real_studies_have_the_geometry_and_the_voxels_that_dcm2niix_gives(
    real_data: Path, tmp_path: Path, study: str
) -> None:
    mine, other = ours(real_data / study)[1], theirs(real_data / study, tmp_path / "out")[1]
    assert len(mine) == len(other)
    for comparison in compared(mine, other):
        assert comparison.same_shape
        assert comparison.place_mm <= 1e-3
        assert comparison.differing == 0


@needs_peer
@pytest.mark.parametrize(
    "orientation", [(1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, -1, 0), (-1, 0, 0, 0, 1, 0), (0, 1, 0, 1, 0, 0)]
)
def test_lying_otherwise_gives_what_dcm2niix_gives(tmp_path: Path, orientation: tuple[int, ...]) -> None:
    write_series(tmp_path / "in", voxels(12, 40, 36), orientation=orientation, PatientName="X")
    (study,) = discover(tmp_path / "in").studies
    mine, other = [study.acquisitions[0].read()], theirs(tmp_path / "in", tmp_path / "out")[1]
    (comparison,) = compared(mine, other)
    assert comparison.same_shape
    assert comparison.place_mm <= 1e-3
    assert comparison.differing == 0
