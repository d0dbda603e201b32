"""The DICOM listener is killed again and again while objects come: what it acknowledged is there, whole."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pydicom
import pytest
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage  # type: ignore[attr-defined]

from tests.detector.ingest.builders import voxels, write_series
from tests.e2e.running import Installation, free_port, installation

pytestmark = pytest.mark.soak
KILLS, OBJECTS = 8, 400


def listener_of(running: Installation) -> psutil.Process | None:
    children = psutil.Process(running.launcher.pid).children()
    return next((p for p in children if "dicom_listener" in p.cmdline()), None)


def kill_again_and_again(running: Installation, done: threading.Event) -> None:
    order = random.Random(20261125)
    for _ in range(KILLS):
        # The launcher gives a process up that dies more than five times in a minute.
        if done.wait(12 + 4 * order.random()):
            return
        if found := listener_of(running):
            os.kill(found.pid, signal.SIGKILL)


def send(port: int, files: list[Path], done: threading.Event) -> set[str]:
    """Sends the files, over and over until told to stop; returns the UIDs of what was acknowledged."""
    ae = AE("SCANNER")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 5
    ae.add_requested_context(CTImageStorage)
    acknowledged: set[str] = set()
    while not done.is_set():
        association = ae.associate("127.0.0.1", port, ae_title="HARVEST")
        if not association.is_established:
            time.sleep(0.5)
            continue
        for file in files:
            data = pydicom.dcmread(file)
            if not association.is_established:
                break
            status = association.send_c_store(data)
            if "Status" in status and status.Status == 0x0000:
                acknowledged.add(str(data.SOPInstanceUID))
            if done.is_set():
                break
        association.release()
    return acknowledged


def test_what_was_acknowledged_survives_every_kill(tmp_path: Path) -> None:
    files = write_series(tmp_path / "in", voxels(OBJECTS, 64, 64))
    network = {"HARVEST_DICOM_PORT": str(free_port()), "HARVEST_INBOX_QUIET_SECONDS": "100000"}
    with (
        tempfile.TemporaryDirectory(prefix="hvs") as folder,
        installation(Path(folder) / "var", **network) as running,
    ):
        running.manage("shell", "-c", MAKE_SENDER)
        done = threading.Event()
        killer = threading.Thread(target=kill_again_and_again, args=(running, done))
        killer.start()
        stop = threading.Timer(16 * KILLS + 10, done.set)
        stop.start()
        acknowledged = send(int(network["HARVEST_DICOM_PORT"]), files, done)
        killer.join()
        kept = [pydicom.dcmread(p) for p in (running.home / "inbox").glob("*/*/*/*.dcm")]
        assert sum("dicom stopped unexpectedly" in line for line in running.output) >= KILLS - 1
    assert len(acknowledged) > OBJECTS / 4
    assert acknowledged <= {str(data.SOPInstanceUID) for data in kept}
    assert all(len(data.PixelData) == 64 * 64 * 2 for data in kept)


MAKE_SENDER = """
from harvest.services.cohorts import create_cohort
from harvest.services.senders import create_sender
create_sender(ae_title="SCANNER", cohort=create_cohort(name="soak").pk)
"""
