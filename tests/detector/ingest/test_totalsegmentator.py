"""The adapter for TotalSegmentator, against a stand-in called as it is: its mask is read, failures named."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from detector.ingest.liver import LiverFinder, find_liver
from detector.ingest.totalsegmentator import TotalSegmentatorError, find_with_totalsegmentator
from detector.volume import Volume
from tests.detector.ingest.builders import BLOB_GRID, blob_liver, blob_scan

SCAN = Volume(blob_scan(), BLOB_GRID)

BEGIN = """
import sys, os, numpy as np, SimpleITK as sitk
given = sys.argv[1:]
ct, out = given[given.index("-i") + 1], given[given.index("-o") + 1]
assert given[given.index("--roi_subset") + 1] == "liver"
image = sitk.ReadImage(ct)
os.makedirs(out)
"""
# Warm parts on the patient's right, as a program that reads NIfTI sees them.
WRITES = """
hu = sitk.GetArrayFromImage(image)
mask = sitk.GetImageFromArray(((hu > 85) & (hu < 135)).astype(np.uint8))
mask.CopyInformation(image)
sitk.WriteImage(mask, out + "/liver.nii.gz")
"""
COARSER = """
mask = sitk.Cast(image[::2, ::2, :] > 85, sitk.sitkUInt8)
sitk.WriteImage(mask, out + "/liver.nii.gz")
"""


def program(folder: Path, text: str) -> Path:
    path = folder / "TotalSegmentator"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return path


def test_its_mask_comes_back_on_the_grid_of_the_scan(tmp_path: Path) -> None:
    mask = find_with_totalsegmentator(SCAN, program(tmp_path, BEGIN + WRITES))
    hu = np.asarray(SCAN.array_zyx)
    assert mask.dtype == np.uint8
    assert (mask == ((hu > 85) & (hu < 135))).all()
    assert mask[blob_liver()].mean() > 0.9


def test_a_plausible_mask_is_taken_and_says_whose_it_is(tmp_path: Path) -> None:
    finder = LiverFinder("totalsegmentator", totalsegmentator=program(tmp_path, BEGIN + WRITES))
    found = find_liver(SCAN, finder=finder)
    assert (found.source, found.note) == ("totalsegmentator", "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise SystemExit(3)", "ended with code 3"),
        ("pass", "left no liver mask"),
        (BEGIN + "open(out + '/liver.nii.gz', 'wb').write(b'1234')", "cannot be read"),
        (BEGIN + COARSER, "not lie on the scan's grid"),
        ("import time; time.sleep(30)", "took longer"),
    ],
)
def test_failure_is_named_with_a_remedy(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(TotalSegmentatorError, match=told) as caught:
        find_with_totalsegmentator(SCAN, program(tmp_path, text), timeout_s=3)
    assert caught.value.remedy


def test_program_that_is_not_there_is_named_and_costs_no_study(tmp_path: Path) -> None:
    absent = tmp_path / "none"
    with pytest.raises(TotalSegmentatorError, match="cannot be run"):
        find_with_totalsegmentator(SCAN, absent)
    found = find_liver(SCAN, finder=LiverFinder("totalsegmentator", totalsegmentator=absent))
    assert found.source == "classical"
    assert "cannot be run" in found.note
    assert found.mask is not None
