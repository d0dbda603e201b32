"""`python -m tests.bench.network`: receiving and pulling a real study, beside dcmtk and a bare download.

Needs the real scans, Orthanc and dcmtk. All but storescp wait until the disk keeps what came.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import requests

from harvest.network.dicomweb import DicomWeb
from harvest.network.listener import Address, Status, listen
from harvest.network.objects import identity_of, sync, write_object
from tests.e2e.running import free_port
from tests.orthanc import PASSWORD, USERNAME, Orthanc, orthanc
from tests.real_data import unpacked

RUNS = 5


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def in_turns(*runs: Callable[[], object]) -> list[float]:
    """Medians of each, measured in turns, so that a busy minute falls on all of them."""
    times = [[seconds(run) for run in runs] for _ in range(RUNS)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def send(port: int, files: list[Path]) -> None:
    subprocess.run(["storescu", "-aec", "HARVEST", "127.0.0.1", str(port), *map(str, files)], check=True)


def receive(port: str, folder: str) -> None:
    """Listens as the product does, a folder in place of the inbox, until told to stop; prints its peak."""
    target = Path(folder)

    def keep(_: str, path: Path, instance: str) -> int:
        found = identity_of(path)
        sync(path)
        path.replace(target / f"{found.instance}.dcm")
        return Status.SUCCESS

    server = listen(
        Address("127.0.0.1", int(port), "HARVEST"),
        find_route=lambda title, host: title,
        store=keep,
        staging=target / ".coming",
        block=False,
    )
    sys.stdin.readline()
    server.shutdown()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def receiving(files: list[Path], folder: Path) -> str:
    ours, theirs = free_port(), free_port()
    for name in ("ours", "theirs"):
        (folder / name).mkdir()
    argv = [sys.executable, "-m", "tests.bench.network", "receive", str(ours), str(folder / "ours")]
    listener = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    storescp = subprocess.Popen(["storescp", "-od", str(folder / "theirs"), str(theirs)])
    time.sleep(5)
    us, dcmtk = in_turns(lambda: send(ours, files), lambda: send(theirs, files))
    storescp.kill()
    peak = float(listener.communicate("\n")[0])
    assert len(list((folder / "ours").glob("*.dcm"))) == len(files)
    return f"C-STORE: {us:.2f} s, dcmtk's storescp {dcmtk:.2f} s; peak memory {peak:.0f} MB"


def pulling(pacs: Orthanc, files: list[Path], folder: Path) -> str:
    pacs.put(files)
    client = DicomWeb(pacs.dicomweb, username=USERNAME, password=PASSWORD)
    study = identity_of(files[0]).study

    def pull() -> None:
        target = Path(tempfile.mkdtemp(dir=folder))
        for series in client.listing(study, modality="CT"):
            with client.objects(study, series.uid) as parts:
                for number, part in enumerate(parts):
                    path = target / f"{series.uid}.{number}"
                    write_object(path, part.content, limit_bytes=1 << 30)
                    identity_of(path)
        sync(*target.iterdir())
        assert len(list(target.iterdir())) == len(files)

    def download() -> None:
        accept = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
        address = f"{pacs.dicomweb}/studies/{study}"
        with requests.get(address, headers=accept, auth=(USERNAME, PASSWORD), stream=True, timeout=60) as got:
            write_object(folder / "bare", got.iter_content(1 << 18), limit_bytes=1 << 40)
        sync(folder / "bare")

    us, bare = in_turns(pull, download)
    return f"WADO-RS: {us:.2f} s, the whole study into one file {bare:.2f} s"


def main() -> None:
    files = sorted((unpacked() / "hcc_tace_009").rglob("*.dcm"))
    print(f"{len(files)} objects, {sum(p.stat().st_size for p in files) / 1e6:.0f} MB")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        print(receiving(files, folder), flush=True)
        (folder / "pacs").mkdir()
        with orthanc(folder / "pacs") as pacs:
            print(pulling(pacs, files, folder), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["receive"]:
        receive(*sys.argv[2:4])
    else:
        main()
