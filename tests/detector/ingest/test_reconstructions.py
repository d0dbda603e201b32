"""Several reconstructions of one scan: the best is read by the stated rule, the others are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.ingest.discover import discover
from tests.detector.ingest.builders import voxels, write_series

TIMES = {"StudyTime": "080000", "AcquisitionNumber": 2}


def write_scan(folder: Path, number: int, *, seconds: int = 15, **options: object) -> None:
    """A reconstruction of the scan acquired from 08:30 and these seconds on, as series `number`."""
    n, dz = options.pop("n", 12), options.pop("dz", 5.0)
    write_series(
        folder / str(number), voxels(n, seed=number), dz=dz, series=f"1.2.3.{number}", SeriesNumber=number,
        **{"AcquisitionTime": f"0830{seconds:02d}"} | TIMES | options,
    )  # fmt: skip


def other_phase(folder: Path) -> None:
    """Another phase of the study, so that times are seen to differ."""
    write_scan(folder, 9, seconds=55, AcquisitionNumber=3, ConvolutionKernel="B30f", SliceThickness=5.0)


SOFT = {"ConvolutionKernel": "B30f", "SliceThickness": 5.0}


@pytest.mark.parametrize(
    ("worse", "why"),
    [
        ({"ConvolutionKernel": "B70f", "SliceThickness": 5.0}, "its kernel is sharper"),
        ({"ConvolutionKernel": "LUNG", "SliceThickness": 5.0}, "its kernel is sharper"),
        ({"SliceThickness": 0.75, "n": 60, "dz": 1.0}, "thinner than 1 mm"),
        ({"SliceThickness": 8.0}, "its slices of 8 mm are further from 5 mm"),
        ({"SliceThickness": 2.0, "n": 30, "dz": 2.0}, "its slices of 2 mm are further from 5 mm"),
        ({"spacing": (0.4, 0.35), "SliceThickness": 4.9}, "it covers a part only"),
        ({"n": 6, "SliceThickness": 4.8}, "it covers a part only"),
        ({"ImageType": ["DERIVED", "SECONDARY", "REFORMATTED"]}, "it is a reformat"),
    ],
)
def test_best_reconstruction_of_a_scan_is_read_and_the_other_left_out_with_the_reason(
    tmp_path: Path, worse: dict[str, object], why: str
) -> None:
    other_phase(tmp_path)
    write_scan(tmp_path, 3, **(SOFT | worse))
    write_scan(tmp_path, 4, **SOFT)
    found = discover(tmp_path)
    assert [s.key for s in found.studies[0].acquisitions] == ["4", "9"]
    (refusal,) = found.refused
    assert (refusal.code, refusal.routine) == ("other_reconstruction", True)
    assert refusal.message.startswith("Series 3: another reconstruction of series 4")
    assert why in refusal.message


def test_one_exposure_is_one_scan_whatever_the_times_say(tmp_path: Path) -> None:
    for number, kernel in ((3, "B30f"), (4, "B70f")):
        write_scan(tmp_path, number, ConvolutionKernel=kernel, AcquisitionTime="", IrradiationEventUID="1.9")
    assert [s.key for s in discover(tmp_path).studies[0].acquisitions] == ["3"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"seconds": 15}, {"seconds": 45}),  # half a minute apart: two phases
        ({"AcquisitionNumber": 2}, {"AcquisitionNumber": 4}),
        ({"AcquisitionTime": None}, {"AcquisitionTime": None}),
        ({"AcquisitionTime": "080000"}, {"AcquisitionTime": "080000"}),  # the study's: no time of its own
        ({"AcquisitionTime": "000000"}, {"AcquisitionTime": "000000"}),
        ({"FrameOfReferenceUID": "1.1"}, {"FrameOfReferenceUID": "1.2"}),
        ({"SeriesDescription": "arterial"}, {"SeriesDescription": "portal venous"}),
        ({"z0": 100.0}, {"z0": 400.0}),  # chest and pelvis
    ],
)
def test_in_doubt_both_stay(tmp_path: Path, first: dict[str, object], second: dict[str, object]) -> None:
    other_phase(tmp_path)
    write_scan(tmp_path, 3, **{"ConvolutionKernel": "B30f", "SliceThickness": 5.0} | first)
    write_scan(tmp_path, 4, **{"ConvolutionKernel": "B70f", "SliceThickness": 3.0} | second)
    found = discover(tmp_path)
    assert [s.key for s in found.studies[0].acquisitions] == ["3", "4", "9"]
    assert not found.refused


def test_times_that_are_all_the_same_say_nothing(tmp_path: Path) -> None:
    write_scan(tmp_path, 3, ConvolutionKernel="B30f", SliceThickness=10.0)
    write_scan(tmp_path, 4, ConvolutionKernel="B30f", SliceThickness=2.5)
    assert [s.key for s in discover(tmp_path).studies[0].acquisitions] == ["3", "4"]


def test_alike_stacks_of_one_time_are_left_to_a_person(tmp_path: Path) -> None:
    """Two energies of one scan differ in no kernel, thickness or spacing."""
    other_phase(tmp_path)
    write_scan(tmp_path, 3, **SOFT)
    write_scan(tmp_path, 4, **SOFT)
    assert [s.key for s in discover(tmp_path).studies[0].acquisitions] == ["3", "4", "9"]
