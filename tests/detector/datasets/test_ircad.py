"""3D-IRCADb-01: patients in folders or zip files, every tumour and cyst of the liver where it was drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.datasets.registry import find_studies
from detector.ingest.archive import unpacking_here
from detector.ingest.masks import read_mask
from detector.ingest.truth import read_truth
from tests.detector.datasets import layouts


@pytest.mark.parametrize("zipped", [False, True])
def test_patients_come_with_their_tumours_cysts_and_liver(tmp_path: Path, zipped: bool) -> None:
    with unpacking_here() as unpacking:
        discovery = find_studies("ircad", layouts.ircad(tmp_path, zipped=zipped), unpacking=unpacking)
        assert [s.subject_key for s in discovery.studies] == ["lits-28", "lits-32"]
        assert [s.relative_path for s in discovery.studies] == [
            "3Dircadb1/3Dircadb1.1",
            "3Dircadb1/3Dircadb1.5",
        ]
        first, without = discovery.studies
        truth = read_truth(first)
        assert truth is not None
        assert [(m.lesion_class, m.primary) for m in truth.lesions] == [
            (None, False),
            (None, True),
            ("cyst", False),
        ]
        large, small = layouts.boxes()
        for lesion, box in zip(truth.lesions, (small, large), strict=False):
            assert (*lesion.box.lo, *lesion.box.hi) == pytest.approx((*box.lo, *box.hi))
        assert [a.phase_hint for a in first.acquisitions] == ["portal_venous"]
        assert first.acquisitions[0].read().array_zyx.shape == layouts.SHAPE
        assert first.liver is not None
        assert read_mask(first.liver).array_zyx.sum() == layouts.body().sum()
        empty = read_truth(without)
        assert empty is not None
        assert (empty.lesions, empty.complete) == ((), True)


def test_mask_of_all_tumours_beside_a_mask_of_each_gives_each_once(tmp_path: Path) -> None:
    layouts.ircad(tmp_path)
    masks = tmp_path / "3Dircadb1" / "3Dircadb1.1" / "MASKS_DICOM"
    both = layouts.filled(layouts.LARGE, layouts.SMALL).astype("int16") * 255
    layouts.dicom(masks / "livertumors", both, intercept=0.0)
    with unpacking_here() as unpacking:
        truth = read_truth(find_studies("ircad", tmp_path, unpacking=unpacking).studies[0])
    assert truth is not None
    assert len(truth.lesions) == 3


def test_patient_whose_zip_file_is_broken_is_refused_and_the_others_come(tmp_path: Path) -> None:
    layouts.ircad(tmp_path, zipped=True)
    bad = tmp_path / "3Dircadb1" / "3Dircadb1.1" / "PATIENT_DICOM.zip"
    bad.write_bytes(bad.read_bytes()[:1000])
    with unpacking_here() as unpacking:
        discovery = find_studies("ircad", tmp_path, unpacking=unpacking)
    assert [s.subject_key for s in discovery.studies] == ["lits-32"]
    assert [r.code for r in discovery.refused] == ["damaged"]


@pytest.mark.real_data
def test_patient_17_has_the_two_tumours_that_were_drawn(real_data: Path) -> None:
    with unpacking_here() as unpacking:
        (study,) = find_studies("ircad", real_data / "ircad_trauma", unpacking=unpacking).studies
        truth = read_truth(study)
    assert truth is not None
    assert len(truth.lesions) == 2
    assert study.acquisitions[0].n_slices == 119
