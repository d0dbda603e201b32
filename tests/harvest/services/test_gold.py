"""Masks that were drawn on another phase than the reference are carried over, and say so."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command

from detector.geometry import VolumeGeometry, VoxelBox
from detector.phantom.write import write_nifti
from detector.volume import Volume
from harvest.errors import HarvestError
from harvest.models import Cohort, Series, Study
from harvest.services.carrying import DRAWN_ON
from harvest.services.gold import import_masks
from tests.detector.ingest.segments import write_segmentation
from tests.harvest.misplaced import BACK_MM, GRID, make_misplaced_study

# In the reference, and the same lesion as the arterial phase shows it: (z, y, x) edges, moved by the way.
IN_REFERENCE = VoxelBox((4, 20, 20), (7, 28, 30))
IN_ARTERIAL = VoxelBox((5, 18, 23), (8, 26, 33))
# As a thinner series of its own would lie.
OTHER_GRID = replace(GRID, origin_xyz_mm=(-61.0, -60.0, 100.0))


@pytest.fixture
def study(cohort: Cohort, state: object) -> Study:
    return make_misplaced_study(cohort)


def mask(path: Path, box: VoxelBox, grid: VolumeGeometry = GRID) -> Path:
    voxels = np.zeros(grid.shape_zyx, np.uint8)
    voxels[tuple(slice(int(a), int(b)) for a, b in zip(box.lo_zyx, box.hi_zyx, strict=True))] = 1
    write_nifti(Volume(voxels, grid), path)
    return path


def nudged(study: Study) -> Series:
    series = study.series.get(phase="arterial")
    series.nudge_mm = list(BACK_MM)
    series.save()
    return series


def test_lesion_drawn_on_a_moved_phase_lies_where_the_reference_shows_it(
    study: Study, tmp_path: Path
) -> None:
    nudged(study)
    path = mask(tmp_path / "a.nii.gz", IN_ARTERIAL)
    (lesion,) = import_masks(study=study, masks=[path], lesion_class=None, phase="arterial")
    there = GRID.box_from_voxels(IN_REFERENCE)
    assert (lesion.lo, lesion.hi) == (pytest.approx(there.lo), pytest.approx(there.hi))
    assert (lesion.attributes, lesion.reference_phase) == ({DRAWN_ON: "arterial"}, "portal_venous")


def test_mask_on_the_slices_of_one_other_phase_tells_by_itself_where_it_was_drawn(
    study: Study, tmp_path: Path
) -> None:
    study.series.filter(phase="arterial").update(geometry=OTHER_GRID.as_json())
    path = mask(tmp_path / "a.nii.gz", IN_REFERENCE, OTHER_GRID)
    (lesion,) = import_masks(study=study, masks=[path], lesion_class=None)
    assert lesion.attributes == {DRAWN_ON: "arterial"}
    # Half a voxel off, to the nearest: the box is there to half a voxel.
    there = OTHER_GRID.box_from_voxels(IN_REFERENCE)
    assert np.abs(np.subtract((*lesion.lo, *lesion.hi), (*there.lo, *there.hi))).max() <= 1.0 + 1e-6


def test_mask_on_the_grid_of_all_phases_is_taken_as_the_references(study: Study, tmp_path: Path) -> None:
    (lesion,) = import_masks(
        study=study, masks=[mask(tmp_path / "a.nii.gz", IN_REFERENCE)], lesion_class=None
    )
    assert lesion.attributes == {}
    assert np.allclose(lesion.lo, GRID.box_from_voxels(IN_REFERENCE).lo)


def test_mask_that_fits_two_other_phases_or_none_or_an_unknown_one_is_refused(
    study: Study, tmp_path: Path
) -> None:
    for phase in ("arterial", "delayed"):
        study.series.filter(phase=phase).delete()
        Series.objects.create(study=study, phase=phase, geometry=OTHER_GRID.as_json(), source_sha256=phase)
    other = mask(tmp_path / "a.nii.gz", IN_REFERENCE, OTHER_GRID)
    nowhere = mask(tmp_path / "b.nii.gz", IN_REFERENCE, replace(GRID, origin_xyz_mm=(5.0, 5.0, 5.0)))
    codes = []
    for path, phase in ((other, None), (nowhere, None), (other, "portal_venous"), (other, "native")):
        with pytest.raises(HarvestError) as refused:
            import_masks(study=study, masks=[path], lesion_class=None, phase=phase)
        codes.append((refused.value.code, "arterial and delayed" in refused.value.message))
    assert codes == [
        ("other_grid", True),
        ("other_grid", False),
        ("other_grid", False),
        ("unknown_phase", False),
    ]


def test_segmentation_of_a_phase_with_slices_of_its_own_is_carried_over(study: Study, tmp_path: Path) -> None:
    """Of its segments those that name a tumour; the transform is the identity, so the place stays."""
    thin = VolumeGeometry((20, 60, 60), (2.0, 2.0, 2.5), (-60.0, -60.0, 99.0))
    study.series.filter(phase="arterial").update(geometry=thin.as_json())
    tumour, liver = np.zeros((2, *thin.shape_zyx), np.uint8)
    tumour[8:12, 20:28, 20:30] = 1
    liver[2:18, 10:50, 10:50] = 1
    path = write_segmentation(
        tmp_path / "seg.dcm", {"Liver": liver, "Mass": tumour}, thin, study="1.2", series="1.2.3"
    )
    (lesion,) = import_masks(study=study, masks=[path], lesion_class=None)
    assert lesion.attributes == {DRAWN_ON: "arterial"}
    there = thin.box_from_voxels(VoxelBox((8, 20, 20), (12, 28, 30)))
    assert (lesion.lo[:2], lesion.hi[:2]) == (pytest.approx(there.lo[:2]), pytest.approx(there.hi[:2]))
    # To the nearest slice of the reference.
    assert max(abs(lesion.lo[2] - there.lo[2]), abs(lesion.hi[2] - there.hi[2])) <= GRID.spacing_xyz_mm[2]
    other = write_segmentation(tmp_path / "b.dcm", {"Liver": liver}, thin, study="1.2", series="1.2.3")
    with pytest.raises(HarvestError) as refused:
        import_masks(study=study, masks=[other], lesion_class=None)
    assert refused.value.code == "no_tumour"


def test_mask_that_is_carried_out_of_the_reference_is_refused(study: Study, tmp_path: Path) -> None:
    nudged(study)
    edge = mask(tmp_path / "a.nii.gz", VoxelBox((0, 0, 0), (1, 10, 3)))
    with pytest.raises(HarvestError) as refused:
        import_masks(study=study, masks=[edge], lesion_class=None, phase="arterial")
    assert refused.value.code == "mask_elsewhere"
    study.refresh_from_db()
    assert not study.complete


def test_the_command_says_what_was_carried_over_and_warns_of_a_phase_that_lies_loosely(
    study: Study, tmp_path: Path
) -> None:
    path, out = mask(tmp_path / "a.nii.gz", IN_ARTERIAL), io.StringIO()
    call_command(
        *("import_lesions", "--cohort", study.cohort.name, "--study", "1", "--mask", str(path)),
        *("--phase", "arterial"),
        stdout=out,
    )
    assert "1 were drawn on arterial and carried over to portal_venous." in out.getvalue()
    assert "loosely aligned: look at them" in out.getvalue()
