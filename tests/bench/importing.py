"""How fast an archive is read and registered, and in how much memory.

`python -m tests.bench.importing --studies 500 --registered 20 --workers 2`: phantom DICOM studies of
128 x 128 x 24 in four phases are imported by `manage.py import_studies`, then some of them are registered by
`manage.py prepare_studies`, both against a database of their own.

Only BODIES phantoms are generated; each study is one of them with noise and uids of its own, so that no two
have a voxel array in common. Memory is the resident set of the command and all its processes, sampled four
times a second, as its peak in the first and in the second half of the studies.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pydicom

from detector.phantom.dicom import write_series
from detector.phantom.generate import generate
from detector.phantom.parameters import LESION_CLASSES, evaluation
from harvest.stack.embedded import Database

REPOSITORY = Path(__file__).resolve().parents[2]
BODIES = 4
MATRIX, SLICES = 128, 24
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
SUBJECT = "BENCH-00000000"


@dataclass(frozen=True)
class Template:
    """One slice's file: its bytes, the uids in them, and where its pixels begin."""

    name: Path
    data: bytes
    uids: tuple[bytes, ...]
    pixels_at: int


def templates(body: int, scratch: Path) -> list[Template]:
    """The files of one phantom."""
    parameters = evaluation(matrix=MATRIX, slices=SLICES, lesion_class=LESION_CLASSES[body % 4])
    study = generate(parameters, 7000 + body)
    found = []
    for number, (phase, volume) in enumerate(study.volumes.items(), start=1):
        folder = scratch / phase
        write_series(volume, folder, subject=SUBJECT, phase=phase, number=number)
        for path in sorted(folder.iterdir()):
            data, header = path.read_bytes(), pydicom.dcmread(path)
            uids = tuple({str(header[name].value).encode() for name in UIDS})
            found.append(Template(Path(phase) / path.name, data, uids, len(data) - 2 * MATRIX * MATRIX))
    return found


def write_archive(root: Path, studies: int) -> int:
    """Writes the studies; returns their bytes."""
    noise = np.random.default_rng(5).integers(0, 4, 2 * MATRIX * MATRIX).astype("<u2")
    total = 0
    with tempfile.TemporaryDirectory() as scratch:
        bodies = [templates(body, Path(scratch) / str(body)) for body in range(min(BODIES, studies))]
    for number in range(1, studies + 1):
        mark = f"{number:08d}".encode()
        own = noise[number : number + MATRIX * MATRIX]
        for template in bodies[number % len(bodies)]:
            head = template.data[: template.pixels_at].replace(SUBJECT.encode(), b"BENCH-" + mark)
            for uid in template.uids:
                head = head.replace(uid, uid[:-8] + mark)
            pixels = np.frombuffer(template.data, "<u2", offset=template.pixels_at) + own
            path = root / f"{number:04d}" / template.name
            path.parent.mkdir(parents=True, exist_ok=True)
            total += path.write_bytes(head + pixels.astype("<u2").tobytes())
    return total


@dataclass
class Run:
    """A command's wall seconds, and (studies done, bytes resident) as it went."""

    seconds: float = 0.0
    samples: list[tuple[int, int]] = field(default_factory=list)
    first_at: float = 0.0

    def peak(self, after: int, until: int) -> float:
        """Peak in MB while more than `after` and at most `until` studies were done."""
        held = [size for done, size in self.samples if after < done <= until]
        return max(held, default=0) / 1e6


def run(arguments: list[str], env: dict[str, str], word: str) -> Run:
    """Runs `manage.py`, counting its lines that hold `word`."""
    found = Run()
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments], cwd=REPOSITORY, env=env, stdout=subprocess.PIPE, text=True
    )
    if process.stdout is None:
        raise SystemExit("error: the command says nothing")
    os.set_blocking(process.stdout.fileno(), False)
    done, tree = 0, psutil.Process(process.pid)
    while process.poll() is None:
        lines = process.stdout.readlines() or []
        done += sum(word in line for line in lines)
        if done and not found.first_at:
            found.first_at = time.perf_counter() - started
        found.samples.append((done, resident(tree)))
        time.sleep(0.25)
    found.seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"error: manage.py {arguments[0]} failed")
    return found


def resident(tree: psutil.Process) -> int:
    total = 0
    try:
        for one in (tree, *tree.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.Error:
        pass
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--registered", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hvb") as folder:
        home, archive = Path(folder) / "var", Path(folder) / "archive"
        started = time.perf_counter()
        size = write_archive(archive, arguments.studies)
        print(f"{arguments.studies} studies, {size / 1e6:.0f} MB, in {time.perf_counter() - started:.0f} s")
        database = Database(home / "database")
        env = {
            **os.environ,
            "HARVEST_HOME": str(home),
            "HARVEST_DATABASE_URL": database.start(),
            "OMP_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
        }
        try:
            measure(arguments, archive, size, env)
        finally:
            database.stop()
            shutil.rmtree(archive, ignore_errors=True)


def measure(arguments: argparse.Namespace, archive: Path, size: int, env: dict[str, str]) -> None:
    n, workers = arguments.studies, str(arguments.workers)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=REPOSITORY, env=env, check=True)
    options = ["--cohort", "bench", "--workers", workers, "--no-prepare"]
    load = os.getloadavg()[0]
    read = run(["import_studies", str(archive), *options], env, ": taken")
    print(json.dumps({"done": [d for d, _ in read.samples][-1], "first": round(read.first_at, 1)}))
    rows = [
        ("load when it began", f"{load:.1f}"),
        ("import: studies a minute", f"{60 * n / read.seconds:.0f}"),
        ("import: MB a second", f"{size / 1e6 / read.seconds:.1f}"),
        ("import: seconds before the first study (looking through)", f"{read.first_at:.0f}"),
        ("import: peak memory, first half", f"{read.peak(0, n // 2):.0f} MB"),
        ("import: peak memory, second half", f"{read.peak(n // 2, n):.0f} MB"),
    ]
    if arguments.registered:
        # The rest is marked ready, so that the command has only these to do.
        keep = (
            "from harvest.models import Study; "
            f"Study.objects.filter(ordinal__gt={arguments.registered}).update(preparation='ready')"
        )
        shell = [sys.executable, "manage.py", "shell", "-c", keep]
        subprocess.run(shell, cwd=REPOSITORY, env=env, check=True, stdout=subprocess.DEVNULL)
        load = os.getloadavg()[0]
        made = run(["prepare_studies", "--workers", workers], env, "registered")
        rows += [
            ("load when it began", f"{load:.1f}"),
            (
                f"registration of {arguments.registered}: studies a minute",
                f"{60 * arguments.registered / made.seconds:.1f}",
            ),
            ("registration: peak memory", f"{max(s for _, s in made.samples) / 1e6:.0f} MB"),
        ]
    print("| figure | value |\n|---|---|")
    for what, value in rows:
        print(f"| {what} | {value} |")


if __name__ == "__main__":
    main()
