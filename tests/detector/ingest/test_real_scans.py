"""Real scans: what hospitals export is read, and what cannot be read is refused by name."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from detector.errors import ReadError
from detector.evaluation.segmentation import overlap
from detector.ingest.archive import open_root
from detector.ingest.discover import discover
from detector.ingest.identify import decide_phases
from detector.ingest.liver import REFERENCE_WEIGHTS, LiverFinder, find_liver
from detector.ingest.masks import boxes_from_mask, read_mask
from detector.ingest.phases import assign_phases
from detector.ingest.truth import read_truth
from detector.registration.register import register

pytestmark = pytest.mark.real_data


def test_three_phase_hcc_is_one_study_whose_phases_the_images_tell(real_data: Path) -> None:
    found = discover(real_data / "hcc_tace_009")
    (study,) = found.studies
    assert [(s.key, s.n_slices, s.phase_hint) for s in study.acquisitions] == [
        ("2", 20, "non_contrast"),
        ("4", 69, None),
        ("103", 69, None),
    ]
    assert all(r.routine for r in found.refused)
    decided = decide_phases(study.acquisitions)
    assert {phase: (t.series.key, t.assigned_by) for phase, t in decided.items()} == {
        "non_contrast": ("2", "name"),
        "arterial": ("4", "image"),
        "portal_venous": ("103", "image"),
    }


@pytest.mark.parametrize("scan", ["ircad_trauma", "mirp_crlm"])
def test_single_portal_venous_scans_are_told_by_the_image(real_data: Path, scan: str) -> None:
    (study,) = discover(real_data / scan).studies
    ((phase, told),) = decide_phases(study.acquisitions).items()
    assert phase == "portal_venous"
    assert told.assigned_by == "image"


@pytest.mark.parametrize("alone", ["4", "103"])
def test_phases_of_the_hcc_study_are_told_without_each_other(real_data: Path, alone: str) -> None:
    (study,) = discover(real_data / "hcc_tace_009").studies
    decided = decide_phases([s for s in study.acquisitions if s.key == alone])
    assert list(decided) == [{"4": "arterial", "103": "portal_venous"}[alone]]


def test_phases_of_the_hcc_study_are_read_registered_and_hold_the_tumour(real_data: Path) -> None:
    (study,) = discover(real_data / "hcc_tace_009").studies
    given = {"2": "non_contrast", "4": "arterial", "103": "portal_venous"}
    chosen = assign_phases(study.acquisitions, given)
    volumes = {phase: s.read() for phase, s in chosen.items()}
    assert [v.array_zyx.shape for v in volumes.values()] == [(20, 512, 512), (69, 512, 512), (69, 512, 512)]
    assert volumes["portal_venous"].geometry.spacing_xyz_mm == pytest.approx((0.742188, 0.742188, 2.5))
    fixed = volumes["portal_venous"]
    liver = find_liver(fixed).mask
    assert liver is not None
    tumour = fixed.geometry.index_from_point((-10.0, -90.0, -309.0))
    assert liver[tuple(round(i) for i in tumour)] == 1
    done = register(volumes["non_contrast"], fixed, liver)
    assert done.volume.geometry == fixed.geometry
    assert done.quality.method == "deformable"
    assert done.quality.flag == ""
    assert 5 < done.quality.translation_mm < 30
    assert done.quality.similarity_rigid > 1.3 * done.quality.similarity_before
    assert done.quality.similarity_after > 1.1 * done.quality.similarity_rigid


def test_ircad_masks_lie_on_their_scan_and_give_its_tumours(real_data: Path) -> None:
    (study,) = discover(real_data / "ircad_trauma").studies
    assert set(study.masks) == {"liver", "livertumor1", "livertumor2"}
    volume = study.acquisitions[0].read()
    assert study.liver is not None
    liver = read_mask(study.liver)
    assert liver.geometry.shape_zyx == volume.geometry.shape_zyx
    assert 60 < np.median(volume.array_zyx[liver.array_zyx > 0]) < 180
    truth = read_truth(study)
    assert truth is not None
    assert len(truth.lesions) == 2
    assert sum(m.primary for m in truth.lesions) == 1
    inside = boxes_from_mask(liver)[0]
    assert all(inside.contains(m.box.centre_mm) for m in truth.lesions)
    network = find_liver(volume, finder=LiverFinder(weights=REFERENCE_WEIGHTS))
    assert network.source == "network"
    for mask, floor in ((find_liver(volume).mask, 0.89), (network.mask, 0.84)):
        assert mask is not None
        found = overlap(mask, liver.array_zyx, volume.geometry)
        assert found.dice > floor
        assert found.recall > 0.88


def test_metastasis_ct_is_read_and_its_padding_is_air(real_data: Path) -> None:
    (study,) = discover(real_data / "mirp_crlm").studies
    volume = study.acquisitions[0].read()
    assert volume.array_zyx.shape == (51, 512, 512)
    assert volume.array_zyx.min() == -1024
    # The classical outline leaks into spleen, stomach and heart, and the network tells.
    found = find_liver(volume)
    assert (found.source, found.note) == ("network", "")
    assert found.mask is not None
    spleen = volume.array_zyx.shape[2] * 3 // 4
    assert found.mask[:, :, spleen:].sum() == 0


def test_mr_and_volumes_without_spacing_are_refused_by_name(real_data: Path) -> None:
    mr = discover(real_data / "tcga_bc4073_mr")
    assert not mr.studies
    assert {r.code for r in mr.refused if not r.routine} == {"not_ct"}
    mrc = discover(real_data / "lits117")
    assert not mrc.studies
    assert {r.code for r in mrc.refused} == {"not_described"}


def test_every_oddity_is_read_or_refused_by_name(real_data: Path) -> None:
    found = discover(real_data / "dicom_oddities")
    codes = {r.code for r in found.refused}
    assert {
        "missing_slices", "localizer", "dose_report", "index", "too_few_slices", "two_patients",
        "segmentation", "secondary_capture", "not_ct", "damaged", "monitoring", "nested_archive",
    } <= codes  # fmt: skip
    assert all(r.message and r.remedy for r in found.refused)
    for series in (s for study in found.studies for s in study.acquisitions):
        with suppress(ReadError):
            assert series.read().geometry.spacing_xyz_mm == series.spacing


def test_each_odd_file_alone_in_its_folder_never_raises(real_data: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted((real_data / "dicom_oddities").rglob("*"))):
        if path.is_file() and path.stat().st_size < 3_000_000:
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / path.name).symlink_to(path)
            found = discover(folder)
            assert found.refused, path.name
            assert not found.studies


def test_doubled_positions_in_an_archive_are_read_or_refused_by_name(real_data: Path) -> None:
    with open_root(real_data / "dicom_oddities/dicom_numpy/tests/dupe-positions.zip") as root:
        found = discover(root)
        for study in found.studies:
            for series in study.acquisitions:
                with suppress(ReadError):
                    assert series.read().array_zyx.shape[0] == series.n_slices
        assert found.studies or [r for r in found.refused if not r.routine]


def test_tilted_head_of_two_slice_distances_is_two_upright_scans(real_data: Path) -> None:
    """Slices of 4 and of 7 mm under one series uid, tilted by 18.5 degrees."""
    (study,) = discover(real_data / "dicom_oddities/dcm_qa_ct/In/GE").studies
    assert [(s.key, s.n_slices, s.note[:28]) for s in study.acquisitions] == [
        ("2.1", 14, "gantry tilt of 18.5 degrees "),
        ("2.2", 14, "gantry tilt of 18.5 degrees "),
    ]
    for series in study.acquisitions:
        tissue = np.asarray(series.read().array_zyx) > 0
        rows = [np.nonzero(plane)[0].mean() for plane in tissue if plane.any()]
        # What was scanned lies along the tilt: the higher the upright slice, the further to the front.
        assert np.mean(rows[:4]) > np.mean(rows[-4:]) + 60
