"""The commands of imports, gold lesions and rounds, as a script calls them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from detector.phantom.write import write_nifti
from detector.volume import Volume
from harvest.domain import ModelKind
from harvest.models import Cohort, HarvestRound, Lesion, Study
from tests.harvest.archive import GEOMETRY, write_study
from tests.harvest.fixtures import BOXES, Work, make_study, make_version

pytestmark = pytest.mark.usefixtures("state", "db")


def call(*arguments: str) -> tuple[int, str]:
    """Exit status and what was printed."""
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue() or str(error)
    return 0, out.getvalue()


def reported(*arguments: str) -> tuple[int, dict[str, Any]]:
    status, printed = call(*arguments, "--json")
    return status, json.loads(printed)


def test_importing_makes_the_cohort_and_says_each_study(tmp_path: Path) -> None:
    write_study(tmp_path / "in" / "one", seed=1)
    status, printed = call("import_studies", str(tmp_path / "in"), "--cohort", "new")
    assert status == 0
    assert "Cohort new is new." in printed
    assert "[1/1] one: taken" in printed
    assert str(tmp_path) not in printed
    status, said = reported("import_studies", str(tmp_path / "in"), "--cohort", "new")
    assert (status, said["counts"]["duplicate"], said["items"][0]["outcome"]) == (0, 1, "duplicate")
    assert Cohort.objects.get().studies.count() == 1


def test_phases_that_nobody_said_end_non_zero_and_are_said_by_option(tmp_path: Path) -> None:
    write_study(tmp_path / "in" / "one", seed=1, names=("4", "5"))
    status, said = reported("import_studies", str(tmp_path / "in"), "--cohort", "new")
    assert (status, said["counts"]["phases_needed"]) == (1, 1)
    assert "--phase 4=PHASE" in said["items"][0]["remedy"]
    given = ["--phase", "4=arterial", "--phase", "5=portal_venous"]
    status, said = reported("import_studies", str(tmp_path / "in"), "--cohort", "new", *given)
    assert (status, said["counts"]["taken"]) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["import_studies", "nowhere", "--cohort", "c"], "not_found"),
        (["import_studies", "{tmp}", "--cohort", "c", "--phase", "4=venal"], "phases"),
        (["import_lesions", "--cohort", "c", "--study", "1", "--mask", "{tmp}"], "not_found"),
        (["run_round", "--cohort", "c"], "not_found"),
    ],
)
def test_mistakes_end_with_one_line_and_non_zero(arguments: list[str], code: str, tmp_path: Path) -> None:
    status, said = reported(*(a.format(tmp=tmp_path) for a in arguments))
    assert (status, said["code"]) == (1, code)
    assert said["message"]


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    status, printed = call("import_studies", str(tmp_path / "in"), "--cohort", "c")
    assert status == 1
    assert "no study" in printed
    assert "was not kept" in printed
    assert not Cohort.objects.exists()


def test_an_unforeseen_error_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError("/home/Doe")

    monkeypatch.setattr("harvest.management.importing.run_import", broken)
    status, said = reported("import_studies", str(tmp_path), "--cohort", "c")
    assert (status, said["code"]) == (1, "internal")
    assert "Doe" not in said["message"]


@pytest.fixture
def gold(tmp_path: Path) -> Study:
    write_study(tmp_path / "in" / "one", seed=1, truth=False)
    call("import_studies", str(tmp_path / "in"), "--cohort", "c", "--gold")
    return Study.objects.get()


def mask(path: Path, *boxes: tuple[slice, slice, slice], shift: float = 0.0) -> str:
    voxels = np.zeros(GEOMETRY.shape_zyx, np.uint8)
    for box in boxes:
        voxels[box] = 1
    origin = (GEOMETRY.origin_xyz_mm[0] + shift, *GEOMETRY.origin_xyz_mm[1:])
    grid = type(GEOMETRY)(GEOMETRY.shape_zyx, GEOMETRY.spacing_xyz_mm, origin)
    write_nifti(Volume(voxels, grid), path)
    return str(path)


def test_masks_become_lesions_and_the_largest_is_primary(gold: Study, tmp_path: Path) -> None:
    small, large = (slice(2, 4), slice(10, 14), slice(8, 12)), (slice(6, 10), slice(20, 30), slice(20, 26))
    path = mask(tmp_path / "mask.nii.gz", small, large)
    options = ["--cohort", "c", "--study", "1", "--mask", path, "--lesion-class", "hcc"]
    status, said = reported("import_lesions", *options)
    assert (status, [m["primary"] for m in said["added"]]) == (0, [True, False])
    lesion = Lesion.objects.get(primary=True)
    # Outer faces: index 20 begins at -50 + 19.5 * 2.5.
    assert lesion.lo == pytest.approx([-1.25, 8.75, -2.5])
    assert lesion.hi == pytest.approx([13.75, 33.75, 17.5])
    gold.refresh_from_db()
    assert (gold.complete, gold.lesion_class, lesion.source) == (True, "hcc", "imported")
    status, said = reported("import_lesions", *options)
    assert (status, said["added"], Lesion.objects.count()) == (0, [], 2)


def test_a_mask_on_another_grid_and_an_empty_one_are_refused(gold: Study, tmp_path: Path) -> None:
    elsewhere = mask(tmp_path / "a.nii.gz", (slice(2, 4), slice(10, 14), slice(8, 12)), shift=1.0)
    options = ["--cohort", "c", "--study", str(gold.pk), "--mask"]
    assert reported("import_lesions", *options, elsewhere)[1]["code"] == "other_grid"
    gold.refresh_from_db()
    assert (Lesion.objects.count(), gold.complete) == (0, False)
    status, said = reported("import_lesions", *options, mask(tmp_path / "b.nii.gz"))
    assert (status, Lesion.objects.count()) == (1, 0)
    assert said["message"]


def test_a_round_is_run_and_waited_for(cohort: Cohort, work: Work) -> None:
    make_version(ModelKind.DETECTOR, BOXES)
    make_study(cohort)
    with work():
        status, said = reported("run_round", "--cohort", "liver", "--model", "detector-v1")
    assert (status, said["number"], said["state"], said["total"]) == (0, 1, "queued", 1)
    status, said = reported("run_round", "--cohort", "liver", "--model", "detector-v9")
    assert (status, said["code"]) == (1, "unknown_model")
    assert "detector-v1" in said["message"]


def test_waiting_ends_with_the_round(
    cohort: Cohort, work: Work, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    make_version(ModelKind.DETECTOR, BOXES)
    make_study(cohort), make_study(cohort, phases=("arterial",))

    def working(seconds: float) -> None:
        """What happens while the command sleeps: a worker does its work."""
        from harvest.tasks import harvesting

        for row in HarvestRound.objects.get().studies.filter(state="queued"):
            harvesting.run_round_study(str(row.pk))

    monkeypatch.setattr("harvest.management.commands.run_round.time.sleep", working)
    status, said = reported("run_round", "--cohort", "liver", "--wait")
    assert (status, said["state"], said["done"], said["failed"], said["candidates"]) == (
        1,
        "succeeded",
        2,
        1,
        2,
    )
    assert said["failures"][0]["ordinal"] == 2
