"""`import_dataset`: public sets become studies with lesions that teach, or gold that judges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harvest import engine
from harvest.domain import LesionSource, ModelKind, Split
from harvest.engine_release import case_list
from harvest.models import Cohort, Lesion, Study
from harvest.selectors.manifest import manifest_of
from harvest.services.preparation import prepare_study
from tests.detector.datasets import layouts
from tests.detector.datasets.deeplesion_layout import deeplesion
from tests.harvest.commands.test_harvesting import call, reported

pytestmark = pytest.mark.usefixtures("state", "db")


def imported(name: str, path: Path, *options: str, cohort: str = "public") -> tuple[int, Any]:
    return reported("import_dataset", name, str(path), "--cohort", cohort, *options)


def test_lits_comes_with_its_lesions_its_liver_and_its_empty_case(tmp_path: Path) -> None:
    status, said = imported("lits", layouts.lits(tmp_path / "in"))
    assert (status, said["counts"]["taken"]) == (0, 3)
    first, empty, test = Study.objects.order_by("ordinal")
    assert [(s.complete, s.has_liver, s.reference_phase) for s in (first, empty, test)] == [
        (True, True, "portal_venous"),
        (True, True, "portal_venous"),
        (False, False, "portal_venous"),
    ]
    lesions = list(first.lesions.order_by("-primary"))
    assert [(m.source, m.primary, m.box) for m in lesions] == [
        (LesionSource.IMPORTED, True, layouts.boxes()[0]),
        (LesionSource.IMPORTED, False, layouts.boxes()[1]),
    ]
    assert Lesion.objects.count() == 2


def test_lesions_of_a_pool_study_teach_the_detector_at_once(tmp_path: Path) -> None:
    imported("lits", layouts.lits(tmp_path / "in"))
    manifest = manifest_of(Cohort.objects.get())
    pool = case_list(manifest, ModelKind.DETECTOR, Split.POOL, tmp_path)
    assert [(c.complete, len(c.marks)) for c in pool] == [(True, 2), (True, 0)]
    assert case_list(manifest, ModelKind.DETECTOR, Split.GOLD, tmp_path) == []


def test_with_gold_they_are_only_judged_on(tmp_path: Path) -> None:
    imported("lits", layouts.lits(tmp_path / "in"), "--gold")
    manifest = manifest_of(Cohort.objects.get())
    assert case_list(manifest, ModelKind.DETECTOR, Split.POOL, tmp_path) == []
    assert len(case_list(manifest, ModelKind.DETECTOR, Split.GOLD, tmp_path)) >= 2


def test_importing_again_adds_nothing(tmp_path: Path) -> None:
    imported("msd-liver", layouts.msd(tmp_path / "in"))
    status, said = imported("msd-liver", tmp_path / "in")
    assert (status, said["counts"]) == (0, {"taken": 0, "duplicate": 2, "refused": 0, "phases_needed": 0})
    assert (Study.objects.count(), Lesion.objects.count()) == (2, 2)


def test_a_patient_of_two_sets_keeps_the_split_it_got_first(tmp_path: Path) -> None:
    imported("lits", layouts.lits(tmp_path / "lits"), "--gold")
    status, said = imported("msd-liver", layouts.msd(tmp_path / "msd"))
    assert status == 1
    assert [(i["outcome"], i["code"]) for i in said["items"]] == [
        ("refused", "split_fixed"),
        ("taken", ""),
    ]


def test_phase_that_a_set_does_not_tell_is_asked_for_and_taken_from_the_command(tmp_path: Path) -> None:
    layouts.nndetection(tmp_path / "in")
    status, said = imported("nndetection", tmp_path / "in")
    assert (status, said["counts"]["phases_needed"]) == (1, 2)
    status, said = imported("nndetection", tmp_path / "in", "--phase", "arterial")
    assert (status, said["counts"]["taken"]) == (0, 2)
    assert set(Study.objects.values_list("reference_phase", flat=True)) == {"arterial"}
    assert set(Lesion.objects.values_list("lesion_class", flat=True)) == {"hcc", "cyst"}


def test_ircad_in_its_zip_files_is_taken_and_nothing_stays_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    status, said = imported("ircad", layouts.ircad(tmp_path / "in", zipped=True))
    assert (status, said["counts"]["taken"]) == (0, 2)
    assert list(scratch.iterdir()) == []
    assert Lesion.objects.filter(lesion_class="cyst", primary=False).count() == 1


def test_one_bad_case_does_not_stop_the_others_and_leaves_nothing(tmp_path: Path) -> None:
    layouts.lits(tmp_path / "in")
    layouts.volume(tmp_path / "in" / "Training Batch 1" / "segmentation-0.nii", layouts.labels()[:-1])
    status, said = imported("lits", tmp_path / "in")
    assert status == 1
    assert [(i["outcome"], i["code"]) for i in said["items"]] == [
        ("refused", "other_shape"),
        ("taken", ""),
        ("taken", ""),
    ]
    assert Lesion.objects.count() == 0


def test_a_segmentation_gives_carcinomas_on_the_series_it_was_drawn_on(tmp_path: Path) -> None:
    layouts.hcc_tace_seg(tmp_path / "in")
    status, said = imported("hcc-tace-seg", tmp_path / "in")
    assert (status, said["counts"]["phases_needed"]) == (1, 1)
    status, said = imported("hcc-tace-seg", tmp_path / "in", "--phase", "4=portal_venous")
    (refused,) = [i for i in said["items"] if not i["details"].get("routine")]
    assert (refused["outcome"], refused["code"]) == ("refused", "truth_frame")
    assert "series 103" in refused["remedy"]
    status, said = imported("hcc-tace-seg", tmp_path / "in", "--phase", "portal_venous")
    assert (status, said["counts"]["taken"]) == (0, 1)
    study = Study.objects.get()
    assert (study.lesion_class, study.complete, study.has_liver) == ("hcc", True, True)
    assert study.shifted_date is not None
    assert [m.lesion_class for m in study.lesions.all()] == ["hcc", "hcc"]


def test_lesions_drawn_on_another_phase_are_carried_over_when_it_is_registered(tmp_path: Path) -> None:
    layouts.hcc_tace_seg(tmp_path / "in")
    phases = ["--phase", "4=portal_venous", "--phase", "103=arterial"]
    _, said = imported("hcc-tace-seg", tmp_path / "in", *phases, "--no-prepare")
    (taken,) = [i for i in said["items"] if not i["details"].get("routine")]
    assert "drawn on arterial and are carried over to portal_venous" in taken["message"]
    drawn = {m.pk: m.box for m in Lesion.objects.filter(reference_phase="arterial")}
    study = Study.objects.get()
    assert len(drawn) == 2
    prepare_study(study_id=study.pk)
    carried = list(study.lesions.filter(reference_phase="portal_venous", retired_at=None))
    assert {m.pk for m in carried} == set(drawn)
    transform = engine.transform_of(study.store_key, "arterial")
    for lesion in carried:
        assert lesion.attributes["drawn_on"] == "arterial"
        assert lesion.attributes["drawn_box_mm"] == drawn[lesion.pk].as_json()
        # From the reference to the phase it was drawn on, its middle comes home.
        home = transform.points(lesion.box.centre_mm)
        assert np.abs(home - np.array(drawn[lesion.pk].centre_mm)).max() < 6


def test_deeplesion_keeps_what_was_annotated_and_is_still_to_be_harvested(tmp_path: Path) -> None:
    status, _ = imported("deeplesion", deeplesion(tmp_path / "in"), "--phase", "portal_venous")
    assert status == 0
    study = Study.objects.order_by("ordinal").first()
    assert study is not None
    assert study.complete is False
    assert study.lesions.get().attributes["annotated_z_mm"] == [-67.5, -62.5]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["lits", "{tmp}"], "wrong_layout"),
        (["lits", "{tmp}/nowhere"], "not_found"),
        (["lits", "{tmp}", "--phase", "venal"], "phases"),
        (["lits", "{tmp}", "--phase", "arterial", "--phase", "delayed"], "phases"),
    ],
)
def test_what_cannot_be_done_is_said_and_makes_no_cohort(
    tmp_path: Path, arguments: list[str], code: str
) -> None:
    given = [a.format(tmp=tmp_path) for a in arguments]
    status, said = reported("import_dataset", *given, "--cohort", "c")
    assert status == 1
    assert code in (said.get("code"), *[e["code"] for e in said.get("errors", [])])
    assert not Cohort.objects.exists()


def test_each_study_is_told_as_it_comes(tmp_path: Path) -> None:
    layouts.msd(tmp_path / "in")
    status, printed = call("import_dataset", "msd-liver", str(tmp_path / "in"), "--cohort", "public")
    assert status == 0
    assert "[1/2] Task03_Liver/imagesTr/liver_0.nii.gz: taken" in printed
    assert "2 taken" in printed
