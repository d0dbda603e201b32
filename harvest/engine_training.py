"""A training as a process: its folder, its case lists, the child that trains, and what it tells.

`Training` is used by the supervisor alone; the functions below it also read a run's folder for the pages.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import psutil
from django.conf import settings

from detector.data.cases import write_cases
from detector.training.leftovers import drop_inserted, drop_leftovers
from harvest import store
from harvest.domain import ModelKind, Split
from harvest.engine_release import case_list, unmarked_cases
from harvest.manifest import Manifest
from harvest.settings.env import child_environment

LOG, PROGRESS, RESULT = "log.txt", "progress.jsonl", "result.json"
LOG_LINES = 40
CURVE_POINTS = 200
GRACE_SECONDS = 10
# Reviews come first on a machine that also serves pages.
NICENESS = 10
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def folder_of(run: UUID) -> Path:
    """The run's folder in the store; it need not exist yet."""
    return store.root() / "runs" / str(run)


def start_supervisor(run: UUID, attempt: int) -> None:
    """Starts `manage.py supervise_training` for this start of a run, in the caller's process group, and
    returns.

    Raises:
        OSError: it cannot be started.
    """
    folder = folder_of(run)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOG).open("ab") as log:
        subprocess.Popen(
            [sys.executable, "manage.py", "supervise_training", str(run), str(attempt)],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


class Training:
    """The child process of one run, in `folder`, on `devices` (cuda:N or cpu:N) of this machine; it goes on
    from the state that one before it left there. It does not outlive the process that started it."""

    def __init__(self, folder: Path, devices: Sequence[str] = ("cpu:0",)) -> None:
        self.folder = folder
        self.devices = list(devices)
        self._child: subprocess.Popen[bytes] | None = None
        self._progress: IO[str] | None = None
        self._partial = ""

    def start(
        self,
        manifest: Manifest,
        *,
        kind: ModelKind,
        family: str,
        size: str,
        overrides: Mapping[str, Any],
        initial_weights: Path | None,
    ) -> None:
        """Writes the case lists and starts the training; a gold list only where there are gold studies."""
        self.folder.mkdir(parents=True, exist_ok=True)
        argv = ["train", "--resume", "--family", family]
        argv += ["--cases", str(self._write(manifest, kind, Split.POOL, "cases.json"))]
        if gold := self._write(manifest, kind, Split.GOLD, "gold.json"):
            argv += ["--gold", str(gold)]
        self._start([*argv, *_plan(size, overrides, initial_weights)])

    def start_cold(
        self,
        unmarked: Manifest,
        release: Manifest | None,
        *,
        size: str,
        overrides: Mapping[str, Any],
        initial_weights: Path | None,
    ) -> None:
        """Starts the training of a first detector from studies in which nothing is marked; it is judged on
        the gold studies of a release, where there is one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        cases = self.folder / "cases.json"
        write_cases(unmarked_cases(unmarked, self.folder), cases)
        argv = ["cold_start", "--cases", str(cases)]
        if release and (gold := self._write(release, ModelKind.DETECTOR, Split.GOLD, "gold.json")):
            argv += ["--gold", str(gold)]
        self._start([*argv, *_plan(size, overrides, initial_weights)])

    def start_out_of_fold(
        self,
        manifest: Manifest,
        *,
        size: str,
        overrides: Mapping[str, Any],
        initial_weights: Path | None,
    ) -> None:
        """Starts the training of a key slice filter on candidates of detectors that had not seen them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kind = ModelKind.KEY_SLICE_FILTER
        argv = ["out_of_fold", "--cases", str(self._write(manifest, kind, Split.POOL, "cases.json"))]
        learnt = self._write(manifest, ModelKind.DETECTOR, Split.POOL, "detector.json")
        argv += ["--detector-cases", str(learnt)]
        if gold := self._write(manifest, kind, Split.GOLD, "gold.json"):
            argv += ["--gold", str(gold)]
        self._start([*argv, *_plan(size, overrides, initial_weights)])

    def _start(self, argv: list[str]) -> None:
        end_processes_in(self.folder)
        (self.folder / RESULT).unlink(missing_ok=True)
        many = len(self.devices)
        torchrun = ["torch.distributed.run", "--standalone", f"--nproc-per-node={many}", "-m"]
        spread = torchrun if many > 1 else []
        gpus = [name for kind, name in (d.split(":") for d in self.devices) if kind == "cuda"]
        with (self.folder / LOG).open("ab") as log:
            self._child = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    *spread,
                    "detector",
                    *argv,
                    "--out",
                    str(self.folder),
                ],
                cwd=settings.BASE_DIR,
                env=child_environment(CUDA_VISIBLE_DEVICES=",".join(gpus)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        with contextlib.suppress(psutil.Error):
            psutil.Process(self._child.pid).nice(NICENESS)

    def _write(self, manifest: Manifest, kind: ModelKind, split: Split, name: str) -> Path | None:
        cases = case_list(manifest, kind, split, self.folder)
        if split is Split.GOLD and not cases:
            return None
        write_cases(cases, self.folder / name)
        return self.folder / name

    def progress(self) -> dict[str, Any] | None:
        """The last whole line that was told since the last call, None where there is none."""
        if self._progress is None:
            with contextlib.suppress(FileNotFoundError):
                self._progress = (self.folder / PROGRESS).open()
        if self._progress is None:
            return None
        *lines, self._partial = (self._partial + self._progress.read()).split("\n")
        return _parsed(lines[-1]) if lines else None

    def wait(self, seconds: float) -> int | None:
        """The exit code, waiting for it so long at most; None while it runs."""
        if self._child is None:
            return None
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """Asks the child to end, and ends it by force after a grace."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.terminate()
        if self.wait(GRACE_SECONDS) is None:
            self._child.kill()
            self._child.wait()

    def result(self) -> tuple[Path, dict[str, Any]]:
        """(weights, result.json) of a training that ended well."""
        told: dict[str, Any] = json.loads((self.folder / RESULT).read_text())
        return self.folder / told["weights"], told


def _plan(size: str, overrides: Mapping[str, Any], initial_weights: Path | None) -> list[str]:
    words = ["--size", size]
    if initial_weights:
        words += ["--init", str(initial_weights)]
    for name, value in sorted(overrides.items()):
        words += ["--set", f"{name}={json.dumps(value)}"]
    return words


def lost(code: int, lines: list[str]) -> str | None:
    """Why a training of this exit code and these last log lines was lost without a fault of its own, in
    words; None where it ended by itself."""
    name = signal.Signals(-code).name if code < 0 else None
    # torchrun itself ends in order where one of its processes was killed.
    told = re.search(r"Signal \d+ \((SIG\w+)\) received", "\n".join(lines))
    name = name or (told and told[1])
    return f"The training process was killed ({name}); memory may have run out." if name else None


def failure(code: int, lines: list[str]) -> tuple[str, str]:
    """(code, message) for people of a training that ended with an exit code and last log lines."""
    said = next((line for line in reversed(lines) if line.startswith("error: ")), None)
    message = f"The training ended with exit code {code}. Its log says more."
    return "training_failed", said.removeprefix("error: ") if said else message


def tidy(run: UUID) -> None:
    """Removes what a run kept to go on from."""
    drop_leftovers(folder_of(run))
    drop_inserted(folder_of(run))


def end_processes(run: UUID) -> None:
    """Ends the training processes of a run that are still there on this machine."""
    end_processes_in(folder_of(run))


def end_processes_in(folder: Path) -> None:
    """Ends what trains in a folder, all of torchrun's processes too: its supervisor was killed."""
    found = list(_processes_in(folder))
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(found, timeout=GRACE_SECONDS)


def _processes_in(folder: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(folder) in process.cmdline():
                yield process


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)


def log_tail(run: UUID, lines: int = LOG_LINES) -> list[str]:
    """The last lines of a run's log, without folders; empty where there is no log."""
    try:
        with (folder_of(run) / LOG).open("rb") as file:
            file.seek(max(file.seek(0, 2) - 20_000, 0))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [without_folders(line) for line in text.splitlines()[-lines:]]


def without_folders(line: str) -> str:
    """A line whose absolute paths are cut down to their last part.

    >>> without_folders('File "/srv/store/runs/7/cases.json" is gone')
    'File "cases.json" is gone'
    """
    return re.sub(r"(?<![\w.:/])/(?:[^\s/\"':]+/)+", "", line)


def curve(run: UUID, points: int = CURVE_POINTS) -> list[dict[str, Any]]:
    """At most `points` of what a run told on its way, the last always among them: [{"step", "values"}]."""
    try:
        text = (folder_of(run) / PROGRESS).read_text()
    except OSError:
        return []
    told: list[dict[str, Any]] = []
    for t in filter(None, map(_parsed, text.splitlines())):
        if str(t.get("message", "")).startswith("going on after step"):
            # What was told of steps that are taken again.
            told = [before for before in told if int(before["step"]) <= int(t["step"])]
        elif t.get("values"):
            told.append(t)
    every = -(-len(told) // points) or 1
    kept = told[::-1][::every][::-1]
    return [{"step": int(t["step"]), "values": t["values"]} for t in kept]


def seconds_left(run: UUID, lines: int = 20) -> float | None:
    """How long a run has still to train at the pace of its last reports; None where they do not tell."""
    try:
        with (folder_of(run) / PROGRESS).open("rb") as file:
            file.seek(max(file.seek(0, 2) - 20_000, 0))
            text = file.read().decode(errors="replace")
    except OSError:
        return None
    told = [t for line in text.splitlines() if (t := _parsed(line)) and t.get("values") and t.get("time")]
    told = told[-lines:]
    # Before a step that is taken again lies the time until the training went on.
    starts = [i for i, (a, b) in enumerate(pairwise(told), 1) if b["step"] < a["step"]]
    told = told[starts[-1] if starts else 0 :]
    if len(told) < 2 or told[-1]["step"] == told[0]["step"]:
        return None
    first, last = (datetime.fromisoformat(told[i]["time"]) for i in (0, -1))
    pace = (last - first).total_seconds() / (told[-1]["step"] - told[0]["step"])
    return float(pace * (told[-1]["total"] - told[-1]["step"]))


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) and "step" in told and "total" in told else None
