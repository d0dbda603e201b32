"""A real Orthanc for the tests: a process of its own on loopback alone, with DICOMweb, one login, no data."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.running import free_port

PROGRAM = shutil.which("Orthanc") or shutil.which("orthanc")
_PLUGINS = ("/usr/share/orthanc/plugins", "/usr/lib/orthanc", "/usr/lib/orthanc/plugins")
PLUGIN = next((p for f in _PLUGINS for p in Path(f).glob("libOrthancDicomWeb.*")), None)
needs_orthanc = pytest.mark.skipif(
    PROGRAM is None or PLUGIN is None,
    reason="needs Orthanc with its DICOMweb plugin (Debian: apt-get install orthanc orthanc-dicomweb)",
)
USERNAME, PASSWORD = "harvest", "open-sesame"
AE_TITLE = "PACS"


@dataclass
class Orthanc:
    """A running Orthanc: where it is, and its own REST interface."""

    folder: Path
    http_port: int
    dicom_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def dicomweb(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/dicom-web"

    def start(self) -> None:
        """Starts it, the same as before where it ran already, and waits until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(PROGRAM), str(self.folder / "orthanc.json")], stdout=log, stderr=log
            )
        for _ in range(200):
            try:
                self.rest("GET", "/system")
            except requests.ConnectionError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def rest(self, method: str, path: str, **body: Any) -> Any:
        """Its answer to a call of its REST interface."""
        response = requests.request(
            method,
            f"http://127.0.0.1:{self.http_port}{path}",
            auth=(USERNAME, PASSWORD),
            timeout=60,
            **body,
        )
        response.raise_for_status()
        return response.json() if response.content else None

    def put(self, files: Iterable[Path]) -> None:
        """Stores DICOM files in it."""
        for path in files:
            self.rest("POST", "/instances", data=path.read_bytes())

    def studies(self) -> list[str]:
        """Its own ids of its studies."""
        return list(self.rest("GET", "/studies"))


@contextmanager
def orthanc(folder: Path, **more: Any) -> Iterator[Orthanc]:
    """A started Orthanc with an empty index below a folder; `more` goes into its configuration."""
    made = Orthanc(folder, free_port(), free_port())
    (folder / "orthanc.json").write_text(json.dumps(_configuration(made) | more))
    made.start()
    try:
        yield made
    finally:
        made.kill()


def _configuration(made: Orthanc) -> Mapping[str, Any]:
    return {
        "Name": "Harvest tests",
        "StorageDirectory": str(made.folder / "storage"),
        "IndexDirectory": str(made.folder / "storage"),
        "HttpPort": made.http_port,
        "DicomPort": made.dicom_port,
        "DicomAet": AE_TITLE,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USERNAME: PASSWORD},
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "StableAge": 1,
    }
