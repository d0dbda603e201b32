"""A real Orthanc and a real installation: it sends by C-STORE and STOW-RS, and is pulled from by a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import sign_in
from tests.e2e.running import Installation
from tests.harvest.network_studies import write_ct
from tests.harvest.test_deidentification import found
from tests.orthanc import AE_TITLE, PASSWORD, USERNAME, Orthanc, needs_orthanc, orthanc

pytestmark = [pytest.mark.e2e, needs_orthanc]


def token_of(running: Installation, username: str) -> str:
    """A token as a script gets it."""
    session = requests.Session()
    session.get(f"{running.url}/api/v1/session", timeout=30)
    login = {"username": username, "password": running.logins[username]}
    for path, body in (("session", login), ("tokens", {"name": "a script", "scope": "write"})):
        headers = {"X-CSRFToken": session.cookies["csrftoken"]}
        answer = session.post(f"{running.url}/api/v1/{path}", json=body, headers=headers, timeout=30)
        answer.raise_for_status()
    return str(answer.json()["secret"])


def call(running: Installation, path: str, **body: Any) -> Any:
    """An admin's call of the API."""
    headers = {"Authorization": f"Token {token_of(running, 'admin')}"}
    answer = requests.post(f"{running.url}/api/v1/{path}", json=body, headers=headers, timeout=30)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def configuration(running: Installation, cohort: str) -> dict[str, Any]:
    """An Orthanc that knows this installation by both ways."""
    port = int(running.env["HARVEST_DICOM_PORT"])
    login = {"Authorization": f"Token {token_of(running, 'manager')}"}
    address = {"Url": f"{running.url}/dicom-web/{cohort}", "HttpHeaders": login}
    return {
        "DicomModalities": {"harvest": ["HARVEST", "127.0.0.1", port]},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Servers": {"harvest": address}},
    }


def send(pacs: Orthanc, files: list[Path], way: str, **how: Any) -> None:
    """Puts a study into Orthanc and has it send that study on."""
    before = set(pacs.studies())
    pacs.put(files)
    pacs.rest(
        "POST", way, json={"Resources": sorted(set(pacs.studies()) - before), "Synchronous": True} | how
    )


def test_studies_come_in_by_every_way(
    running: Installation, page: Page, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cohort = call(running, "cohorts", name="networked")["id"]
    folder = tmp_path_factory.mktemp("pacs")
    studies = {n: write_ct(tmp_path / str(n), study=n, seed=10 * n) for n in (1, 2, 3)}
    with orthanc(folder, **configuration(running, cohort)) as pacs:
        # Nobody may send before an admin has said so.
        with pytest.raises(requests.HTTPError):
            send(pacs, studies[1], "/modalities/harvest/store")
        call(running, "dicom-senders", ae_title=AE_TITLE, cohort=cohort, host="127.0.0.1")
        pacs.rest(
            "POST", "/modalities/harvest/store", json={"Resources": pacs.studies(), "Synchronous": True}
        )
        send(pacs, studies[2], "/dicom-web/servers/harvest/stow")
        pacs.put(studies[3])

        login = {"username": USERNAME, "password": PASSWORD}
        call(running, "archives", name="hospital", url=pacs.dicomweb, **login)
        sign_in(page, running, "manager")
        page.goto(f"/cohorts/{cohort}/import")
        page.get_by_test_id("pacs-patient").fill("nobody")
        page.get_by_test_id("pacs-search").click()
        expect(page.get_by_test_id("pacs-empty")).to_be_visible()
        page.get_by_test_id("pacs-patient").fill("P-558213")
        page.get_by_test_id("pacs-search").press("Enter")
        expect(page.get_by_test_id("pacs-row")).to_have_count(3)
        page.get_by_label("All studies").check()
        page.get_by_test_id("pacs-pull").click()
        pulled = page.get_by_test_id("import-row").filter(has_text="hospital")
        expect(pulled).to_have_attribute("data-state", "succeeded", timeout=60_000)
        counts = pulled.get_by_test_id("import-counts")
        # What was sent may have been imported before; together they are three studies.
        expect(counts).to_contain_text("taken")

        pacs.kill()
        page.get_by_test_id("pacs-search").click()
        expect(page.get_by_role("alert")).to_contain_text("The archive does not answer")

    for source in (AE_TITLE, "STOW-RS"):
        row = page.get_by_test_id("import-row").filter(has_text=source)
        # Quiet for two seconds, looked for every thirty.
        expect(row).to_have_attribute("data-state", "succeeded", timeout=90_000)
    page.goto(f"/cohorts/{cohort}/studies")
    expect(page.get_by_test_id("study-row")).to_have_count(3)
    logs = "".join(path.read_text(errors="replace") for path in (running.home / "logs").glob("*.log"))
    assert f"'{AE_TITLE}' from 127.0.0.1 is no sender of ours" in logs
    assert found(logs) == []
    names = " ".join(str(p.relative_to(running.home)) for p in running.home.rglob("*"))
    assert found(names) == []
