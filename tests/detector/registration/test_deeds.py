"""The adapter for a deeds program: called as deedsBCV is, its field read, and every failure named."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from detector.registration.deeds import DeedsError, find_field_with_deeds
from detector.registration.register import register
from detector.registration.transform import Transform
from detector.volume import Volume
from tests.detector.ingest.builders import BLOB_GRID, blob_liver, blob_scan

LIVER = blob_liver().astype(np.uint8)
FIXED = Volume(blob_scan(), BLOB_GRID)
MOVING = Volume(blob_scan((0.0, 0.0, 5.0), seed=1), BLOB_GRID)

# A grid every fourth voxel; blocks for the second, the first and the third axis, the first axis fastest.
FIELD = """
import SimpleITK as sitk, numpy as np, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
fixed, moving = (sitk.ReadImage(given[k]) for k in ("-F", "-M"))
assert fixed.GetSize() == moving.GetSize()
x, y, z = (n // 4 for n in fixed.GetSize())
blocks = [np.full((z, y, x), v, np.float32) for v in ({second}, {first}, {third})]
np.stack(blocks).tofile(given["-O"] + "_displacements.dat")
"""


def program(folder: Path, text: str) -> Path:
    path = folder / "deedsBCV"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return path


def test_displacements_in_voxels_of_each_axis_become_mm(tmp_path: Path) -> None:
    deeds = program(tmp_path, FIELD.format(second=2, first=1, third=-3))
    field = find_field_with_deeds(MOVING, FIXED, LIVER, Transform(), deeds)
    voxel = field.geometry.spacing_xyz_mm[0] / 4
    middle = np.array(FIXED.geometry.extent.centre_mm)
    assert field.at(middle[None])[0] == pytest.approx([voxel, 2 * voxel, -3 * voxel])
    assert np.allclose(field.determinants(), 1)


def test_program_that_finds_nothing_to_move_leaves_the_rigid_result(tmp_path: Path) -> None:
    deeds = program(tmp_path, FIELD.format(second=0, first=0, third=0))
    done = register(MOVING, FIXED, LIVER, deeds=deeds)
    assert done.quality.method == "rigid"
    assert done.quality.note.startswith("No deformation")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise SystemExit(3)", "ended with code 3"),
        ("pass", "left no displacements"),
        ("open('out_displacements.dat', 'wb').write(b'1234' * 7)", "do not fit"),
        ("import time; time.sleep(30)", "took longer"),
    ],
)
def test_failure_is_named_with_a_remedy(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DeedsError, match=told) as caught:
        find_field_with_deeds(MOVING, FIXED, LIVER, Transform(), program(tmp_path, text), timeout_s=1.5)
    assert caught.value.remedy


def test_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeedsError, match="cannot be run"):
        find_field_with_deeds(MOVING, FIXED, LIVER, Transform(), tmp_path / "none")
