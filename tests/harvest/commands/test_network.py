"""The commands of the network: an archive added without its password in sight, studies listed and pulled."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from harvest.models import Cohort, ImageArchive, ImportJob, Study
from tests.harvest.network_studies import write_ct
from tests.harvest.test_deidentification import found
from tests.orthanc import PASSWORD, USERNAME, Orthanc, needs_orthanc, orthanc

pytestmark = [needs_orthanc, pytest.mark.usefixtures("state", "db")]


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("pacs")) as started:
        started.put(write_ct(tmp_path_factory.mktemp("in")))
        yield started


@pytest.fixture
def archive(pacs: Orthanc, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert said("add_archive", "pacs", pacs.dicomweb, "--username", USERNAME) == (
        "Archive pacs added. It answers.\n"
    )
    return "pacs"


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_password_is_read_and_kept_sealed(archive: str) -> None:
    row = ImageArchive.objects.get()
    assert (row.username, row.password) == (USERNAME, PASSWORD)


def test_a_dry_run_lists_and_pulls_nothing(archive: str) -> None:
    listed = said(
        "pull_studies", "--archive", archive, "--cohort", "new", "--patient-id", "P-558213", "--dry-run"
    )
    assert "Liver of the mayor" in listed
    assert "1 study found." in listed
    assert not Cohort.objects.exists()
    assert not ImportJob.objects.exists()


@pytest.mark.parametrize(
    ("dates", "pulled"),
    [("20190314", 1), ("20190301-20190331", 1), ("20190314-", 1), ("-20190313", 0), ("20200101-20201231", 0)],
)
def test_studies_of_these_days_are_pulled_and_imported(archive: str, dates: str, pulled: int) -> None:
    out = io.StringIO()
    try:
        call_command(
            *("pull_studies", "--archive", archive, "--cohort", "new", f"--study-date={dates}", "--json"),
            stdout=out,
        )
    except SystemExit:
        assert pulled == 0
    report: dict[str, Any] = json.loads(out.getvalue())
    assert report.get("counts", {}).get("taken", 0) == pulled == Study.objects.count()
    assert [x for x in found(out.getvalue()) if x not in ("2019-03-14", "20190314")] == []


@pytest.mark.parametrize("dates", ["2019", "-", "20190314-2020", "yesterday"])
def test_what_is_no_date_is_refused(archive: str, dates: str) -> None:
    with pytest.raises(CommandError, match="--study-date as YYYYMMDD"):
        said("pull_studies", "--archive", archive, "--cohort", "new", f"--study-date={dates}")


def test_an_unknown_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no archive of that name"):
        said("pull_studies", "--archive", "none", "--cohort", "new", "--accession", "1")
