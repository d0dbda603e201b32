"""What verdicts become in case lists and exports: the table of docs/reference/verdicts.md, cell by cell."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from detector.data.cases import read_cases, write_cases
from detector.data.images import load_case, read_image
from detector.geometry import Box3D, VoxelBox, iou
from harvest import store
from harvest.domain import LiverSource, ModelKind, Role, Split, Verdict
from harvest.engine_release import case_list, export_release
from harvest.manifest import snapshot
from harvest.selectors.manifest import manifest_of
from tests.harvest.curated import ELSEWHERE, TUMOUR, judge, make_round, make_study, mark_lesion, propose
from tests.harvest.misplaced import BACK_MM, GRID, make_misplaced_study, phases

pytestmark = pytest.mark.django_db
D, K, C = ModelKind.DETECTOR, ModelKind.KEY_SLICE_FILTER, ModelKind.CHARACTERIZER


def marks(cohort, kind: ModelKind) -> list[tuple[str, bool, str | None]]:
    cases = case_list(manifest_of(cohort), kind, Split.POOL, Path())
    return [(m.role, m.primary, m.lesion_class) for case in cases for m in case.marks]


@pytest.mark.parametrize(("kind", "role"), [(D, "positive"), (K, "positive"), (C, "positive")])
def test_a_primary_lesion_is_positive_for_all(cohort, kind, role):
    mark_lesion(make_study(cohort, lesion_class="hcc"))
    assert marks(cohort, kind) == [(role, True, None)]


@pytest.mark.parametrize(
    ("kind", "lesion_class", "expected"),
    [
        (D, "", [("positive", False, None)]),
        (K, "", [("negative", False, None)]),
        (C, "", []),
        (C, "cyst", [("positive", False, "cyst")]),
    ],
)
def test_another_lesion(cohort, kind, lesion_class, expected):
    mark_lesion(make_study(cohort), primary=False, lesion_class=lesion_class)
    assert marks(cohort, kind) == expected


@pytest.mark.parametrize(
    ("verdict", "kind", "expected"),
    [
        (Verdict.NOT_A_LESION, D, ["negative"]),
        (Verdict.NOT_A_LESION, K, ["negative"]),
        (Verdict.NOT_A_LESION, C, []),
        (Verdict.UNSURE, D, ["ignored"]),
        (Verdict.UNSURE, K, []),
        (Verdict.UNSURE, C, []),
    ],
)
def test_a_judged_candidate(cohort, user_of, verdict, kind, expected):
    row = propose(make_round(cohort), make_study(cohort, complete=True), ELSEWHERE)
    judge(row, user_of(Role.CLINICIAN), verdict, row.candidates.get())
    assert [role for role, _, _ in marks(cohort, kind)] == expected


@pytest.mark.parametrize("kind", [D, K])
def test_a_box_rejected_on_a_drawn_lesion_does_not_unteach_it(cohort, user_of, kind):
    study = mark_lesion(make_study(cohort)).study
    middle = Box3D(*(tuple(c + sign * 2 for c in TUMOUR.centre_mm) for sign in (-1, 1)))
    assert iou(middle, TUMOUR) < 0.1
    row = propose(make_round(cohort), study, middle, ELSEWHERE)
    for candidate in row.candidates.all():
        judge(row, user_of(Role.CLINICIAN), Verdict.NOT_A_LESION, candidate)
    assert sorted(role for role, _, _ in marks(cohort, kind)) == ["negative", "positive"]


def test_a_study_without_lesion_teaches_the_detector_alone(cohort):
    make_study(cohort, complete=True)
    manifest = manifest_of(cohort)
    assert [len(case_list(manifest, kind, Split.POOL, Path())) for kind in (D, K, C)] == [1, 0, 0]


def test_gold_is_never_learned_from(cohort):
    mark_lesion(make_study(cohort, split=Split.GOLD))
    pool = mark_lesion(make_study(cohort))
    manifest = manifest_of(cohort)
    assert [c.study for c in case_list(manifest, D, Split.POOL, Path())] == [str(pool.study_id)]
    assert str(pool.study_id) not in [c.study for c in case_list(manifest, D, Split.GOLD, Path())]


def test_the_images_of_a_case_are_found_from_its_folder(cohort):
    mark_lesion(make_study(cohort, volumes=True), absent_phases=["arterial"])
    folder = store.root() / "runs" / "one"
    folder.mkdir(parents=True)
    cases = case_list(manifest_of(cohort), D, Split.POOL, folder)
    assert not cases[0].images["arterial"].startswith("/")
    write_cases(cases, folder / "cases.json")
    (case,) = read_cases(folder / "cases.json")
    images = load_case(case)
    assert images.reference_phase == "portal_venous"
    assert images.liver is not None
    assert case.marks[0].absent_phases == ("arterial",)
    inside = images.volumes["arterial"].array_zyx[images.geometry.slices_from_box(case.marks[0].box)]
    assert inside.mean() > 100


def exported(cohort, format: str, out: Path) -> str:
    out.mkdir()
    export_release(manifest_of(cohort), format, {"release": 1}, out)
    (file,) = out.iterdir()
    return file.read_text()


@pytest.mark.parametrize("format", ["coco", "csv"])
def test_an_export_has_the_same_bytes_every_time(cohort, format, tmp_path):
    mark_lesion(make_study(cohort, lesion_class="icc"))
    make_study(cohort, complete=True)
    first, second = (exported(cohort, format, tmp_path / str(n)) for n in range(2))
    assert first == second
    assert "icc" in first
    assert str(TUMOUR.lo[0]) in first


def test_a_release_gives_a_phase_as_it_lay_when_it_was_frozen(cohort, state, tmp_path):
    """Whatever became of it since, and also where the derived volume is gone."""
    study = make_misplaced_study(cohort)
    mark_lesion(study, GRID.box_from_voxels(VoxelBox((4, 20, 20), (8, 30, 30))))
    series = study.series.get(phase="arterial")
    series.nudge_mm = list(BACK_MM)
    series.save()
    frozen = snapshot(manifest_of(cohort))
    series.nudge_mm = [0.0, 0.0, 0.0]
    series.save()
    now = snapshot(manifest_of(cohort))

    def arterial(manifest) -> list[np.ndarray]:
        write_cases(case_list(manifest, D, Split.POOL, tmp_path), tmp_path / "cases.json")
        (case,) = read_cases(tmp_path / "cases.json")
        out = tmp_path / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        export_release(manifest, "coco", {}, out, images=True)
        image = read_image(out / "images" / str(study.pk) / "arterial.nii.gz")
        return [np.asarray(v.array_zyx) for v in (load_case(case).volumes["arterial"], image)]

    reference, misplaced = phases()
    for _ in range(2):
        for array in arterial(frozen):
            assert (array[:-1, 2:, :-3] == reference[:-1, 2:, :-3]).all()
        for array in arterial(now):
            assert (array == misplaced).all()
        shutil.rmtree(store.path(f"{study.store_key}/nudged"))


def test_exports_say_how_phases_were_moved_and_lesions_stay(cohort, tmp_path):
    study = make_study(cohort)
    mark_lesion(study)
    still = {f: exported(cohort, f, tmp_path / f) for f in ("coco", "csv")}
    study.series.filter(phase="arterial").update(nudge_mm=[3.0, 0.0, -1.5])
    moved = {f: exported(cohort, f, tmp_path / f"{f} moved") for f in still}
    before, after = (json.loads(t["coco"]) for t in (still, moved))
    assert [before["images"][0]["nudges_mm"], after["images"][0]["nudges_mm"]] == [
        {},
        {"arterial": [3.0, 0.0, -1.5]},
    ]
    assert before["annotations"] == after["annotations"]
    (row,) = csv.DictReader(io.StringIO(moved["csv"]))
    assert row["nudges_mm"] == "arterial:3.0,0.0,-1.5"


def test_livers_are_learned_from_masks_that_came_with_their_study_alone(cohort):
    for source in (LiverSource.SUPPLIED, LiverSource.NETWORK, LiverSource.CLASSICAL, ""):
        study = make_study(cohort, complete=True, volumes=True)
        study.liver_source = source
        study.save()
    (case,) = case_list(manifest_of(cohort), ModelKind.LIVER_SEGMENTER, Split.POOL, store.root())
    assert case.liver is not None
    assert case.marks == ()
    assert len(case_list(manifest_of(cohort), D, Split.POOL, store.root())) == 4


def test_a_release_of_before_liver_sources_were_kept_has_no_livers_to_learn_from(cohort):
    make_study(cohort, complete=True, volumes=True)
    manifest = manifest_of(cohort)
    for study in list(manifest.studies):
        del study["liver_source"]
    assert case_list(manifest, ModelKind.LIVER_SEGMENTER, Split.POOL, store.root()) == []
