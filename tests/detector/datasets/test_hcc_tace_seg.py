"""HCC-TACE-Seg: the tumour that a segmentation beside the series draws, and nothing from after treatment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.datasets.registry import find_studies
from detector.errors import PhaseError
from detector.ingest.archive import unpacking_here
from detector.ingest.found import Discovery
from detector.ingest.masks import read_mask
from detector.ingest.phases import assign_phases
from detector.ingest.truth import read_truth
from tests.detector.datasets import layouts
from tests.detector.datasets.layouts import AFTER, BEFORE
from tests.detector.ingest.segments import write_segmentation


def found(root: Path, phase: str | None = None) -> Discovery:
    with unpacking_here() as unpacking:
        return find_studies("hcc-tace-seg", root, phase=phase, unpacking=unpacking)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return layouts.hcc_tace_seg(tmp_path)


def test_tumours_are_carcinomas_where_they_were_drawn_and_the_liver_holds_them(published: Path) -> None:
    discovery = found(published, "portal_venous")
    (study,) = discovery.studies
    assert study.subject_key == "HCC_009"
    truth = read_truth(study)
    assert truth is not None
    assert (truth.lesion_class, truth.series, truth.complete) == ("hcc", "103", True)
    assert [(m.lesion_class, m.primary) for m in truth.lesions] == [("hcc", True), ("hcc", False)]
    for lesion, box in zip(truth.lesions, layouts.boxes(), strict=True):
        assert (*lesion.box.lo, *lesion.box.hi) == pytest.approx((*box.lo, *box.hi))
    assert study.liver is not None
    assert np.array_equal(read_mask(study.liver).array_zyx, layouts.body())


def test_study_after_treatment_is_left_out_by_name(published: Path) -> None:
    refused = [r for r in found(published).refused if r.code == "no_segmentation"]
    assert [(r.relative_path.startswith(AFTER), r.routine) for r in refused] == [(True, True)]


def test_phase_is_asked_for_unless_it_is_said_and_then_means_the_segmented_series(published: Path) -> None:
    with pytest.raises(PhaseError):
        assign_phases(found(published).studies[0].acquisitions)
    chosen = assign_phases(found(published, "portal_venous").studies[0].acquisitions)
    assert {phase: s.key for phase, s in chosen.items()} == {"portal_venous": "103"}


def test_segmentation_of_a_series_that_is_not_here_is_refused(published: Path) -> None:
    for path in (published / BEFORE / "103.000000-LIVER 3 PHASE CAP-83135").iterdir():
        path.unlink()
    discovery = found(published)
    assert discovery.studies == []
    assert "no_series" in {r.code for r in discovery.refused}


def test_segmentation_without_a_tumour_names_its_segments(published: Path) -> None:
    write_segmentation(
        published / BEFORE / "300.000000-Segmentation-91221" / "1-1.dcm", {"Aorta": layouts.body()},
        layouts.GRID, study="1.1", series="1.1.103", patient="HCC_009",
    )  # fmt: skip
    (refusal,) = [r for r in found(published).refused if r.code == "no_tumour"]
    assert "Aorta" in refusal.message
