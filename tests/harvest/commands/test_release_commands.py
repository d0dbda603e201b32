from __future__ import annotations

import json

import nibabel
import pytest
from django.core.management import CommandError, call_command

from detector.export.coco import read_coco
from harvest import store
from harvest.domain import LiverSource, ModelKind
from harvest.engine import registered_key
from harvest.models import TrainingRun
from harvest.selectors.versions import promoted
from tests.harvest.curated import ELSEWHERE, TUMOUR, make_study, make_version, mark_lesion

pytestmark = pytest.mark.django_db


def said(capsys, *command: str) -> dict:
    call_command(*command, "--json")
    return json.loads(capsys.readouterr().out)


def test_a_release_is_frozen_and_exported_with_its_images(cohort, tmp_path, capsys):
    mark_lesion(make_study(cohort, volumes=True))
    liver = ("--cohort", "liver")
    assert said(capsys, "release", "create", *liver)["number"] == 1
    out = tmp_path / "out"
    said(capsys, "release", "export", *liver, "--format", "coco", "--out", str(out), "--images")
    (study,) = read_coco((out / "dataset.json").read_text())
    assert study.boxes[0].box.lo == pytest.approx(TUMOUR.lo, abs=1e-9)
    image = nibabel.load(out / study.images["portal_venous"])
    z, y, x = study.geometry.slices_from_box(study.boxes[0].box)
    assert image.get_fdata()[x, y, z].mean() > 100
    with pytest.raises(CommandError, match="not empty"):
        call_command("release", "export", *liver, "--format", "csv", "--out", str(out))
    said(capsys, "release", "export", *liver, "--format", "csv", "--out", str(tmp_path / "csv"))
    assert (tmp_path / "csv" / "boxes.csv").read_bytes().count(b"\n") == 2


def test_releases_are_listed_compared_and_verified(cohort, capsys):
    study = make_study(cohort, volumes=True)
    for series in study.series.all():
        series.image_sha256 = store.digest(store.path(registered_key(study.store_key, series.phase)))
        series.save()
    mark_lesion(study)
    liver = ("--cohort", "liver")
    said(capsys, "release", "create", *liver, "--note", "first")
    mark_lesion(make_study(cohort), ELSEWHERE)
    policy = ("--least-mm", "1", "--leaks", "leave_out")
    assert said(capsys, "release", "create", *liver, *policy)["policy"]["least_mm"] == 1
    listed = said(capsys, "release", "list", *liver)["releases"]
    assert [(r["number"], r["note"]) for r in listed] == [(1, "first"), (2, "")]
    changed = said(capsys, "release", "diff", *liver, "1", "2")
    assert [len(changed[k]) for k in ("added", "removed", "moved", "relabelled")] == [1, 0, 0, 0]
    assert said(capsys, "release", "verify", *liver, "--release", "1")["holds"]
    image = store.path(registered_key(study.store_key, "arterial"))
    image.write_bytes(image.read_bytes()[:-1] + b"?")
    with pytest.raises(SystemExit):
        call_command("release", "verify", *liver, "--release", "1")
    assert "study 1: The image of its arterial phase was changed." in capsys.readouterr().out


def test_a_cohort_without_a_release_says_how_to_make_one(cohort, tmp_path):
    out = ("--format", "csv", "--out", str(tmp_path))
    with pytest.raises(CommandError, match="release create"):
        call_command("release", "export", "--cohort", "liver", *out)
    with pytest.raises(CommandError, match="no cohort named other"):
        call_command("release", "export", "--cohort", "other", *out)


def test_a_training_is_queued_from_the_command_line(cohort, capsys):
    mark_lesion(make_study(cohort))
    (run,) = said(capsys, "train", "detector", "--cohort", "liver", "--size", "tiny", "--set", "steps=5")[
        "runs"
    ]
    assert (run["kind"], run["state"], run["release"]) == ("detector", "queued", 1)
    assert TrainingRun.objects.get().overrides == {"steps": 5}


def test_a_liver_training_is_asked_for_shortly_and_is_none_of_all(cohort, capsys):
    for lesion_class in ("hcc", "fnh"):
        study = mark_lesion(make_study(cohort, lesion_class=lesion_class)).study
        study.has_liver, study.liver_source = True, LiverSource.SUPPLIED
        study.save()
    (run,) = said(capsys, "train", "liver", "--cohort", "liver")["runs"]
    assert run["kind"] == "liver_segmenter"
    kinds = [run["kind"] for run in said(capsys, "train", "all", "--cohort", "liver")["runs"]]
    assert kinds == ["detector", "key_slice_filter", "characterizer"]


def test_what_cannot_be_trained_is_one_line(cohort):
    with pytest.raises(CommandError, match="Nothing is curated yet"):
        call_command("train", "all", "--cohort", "liver")


def test_a_model_is_promoted_by_name(capsys):
    make_version()
    second = make_version(promoted=False)
    with pytest.raises(CommandError, match="has not been judged beside detector-v1"):
        call_command("promote_model", "detector-v2")
    reason = ("--reason", "There is no gold set yet.")
    assert said(capsys, "promote_model", "detector-v2", *reason)["name"] == "detector-v2"
    assert promoted(ModelKind.DETECTOR) == second
