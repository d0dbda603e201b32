"""`make bench`: figures, each with a limit or a peer beside it in the same run. Medians of a few runs."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from detector.sadt.encoding import encode
from tests.bench import grid, reading

REPOSITORY = Path(__file__).resolve().parents[2]
WEIGHTS = REPOSITORY / "fixtures" / "centernet3d-small.safetensors"


class Figure(NamedTuple):
    what: str
    value: str
    beside: str


def child(*arguments: str) -> tuple[float, float]:
    """Runs `python -m detector ...` alone; returns its wall seconds and peak memory in GB."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "detector", *arguments], cwd=REPOSITORY, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        sys.exit(f"error: python -m detector {arguments[0]} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_maxrss * unit / 1e9


def detect_end_to_end(folder: Path, matrix: int, slices: int) -> list[Figure]:
    """One study of four phases from files to boxes: reading, rigid registration, liver, network, merge."""
    where = folder / str(matrix)
    shape = ("--matrix", str(matrix), "--slices", str(slices))
    child("phantom", "--out", str(where), "--studies", "1", "--seed", "7", *shape)
    study = str(where / "study-0001")
    runs = [
        child("detect", study, "--weights", str(WEIGHTS), "--out", str(where / "boxes.json"))
        for _ in range(3)
    ]
    seconds, memory = statistics.median(s for s, _ in runs), max(m for _, m in runs)
    name = f"detect, one study end to end, {matrix} x {matrix} x {slices}, four phases"
    return [
        Figure(f"{name}: seconds", f"{seconds:.1f}", "limit 60"),
        Figure(f"{name}: peak memory", f"{memory:.2f} GB", "limit 4 GB"),
    ]


def naive_encode(x: Tensor, codewords: Tensor, smoothing: Tensor, delta: Tensor) -> Tensor:
    """The textbook form with its (B, N, K, D) tensor of residuals."""
    residual = x[:, :, None] - codewords
    weight = torch.softmax(-smoothing * residual.square().sum(-1), dim=-1) * delta[..., None]
    return (weight[..., None] * residual).sum(1)


def encoding() -> list[Figure]:
    torch.manual_seed(0)
    given = (
        torch.randn(4, 256, 128, requires_grad=True),
        torch.randn(32, 128, requires_grad=True),
        torch.rand(32, requires_grad=True),
        torch.ones(4, 256),
    )

    def seconds(form: Callable[..., Tensor]) -> float:
        times = []
        for _ in range(7):
            started = time.perf_counter()
            form(*given).square().sum().backward()
            times.append(time.perf_counter() - started)
        return statistics.median(times)

    ratio = seconds(naive_encode) / seconds(encode)
    naive = f"the naive form takes {ratio:.0f} times as long"
    return [Figure("texture encoding, forward and backward", "1", naive)]


def reading_figures(folder: Path) -> list[Figure]:
    """Real studies from DICOM to canonical volumes, beside dcm2niix on the same files."""
    data = os.environ.get("HARVEST_TEST_DATA") or tempfile.gettempdir() + f"/harvest-test-data-{os.getuid()}"
    figures = []
    for study in reading.STUDIES:
        name = f"reading {study.split('/')[0]}: seconds"
        if reading.peer() is None or not (Path(data) / study).is_dir():
            figures.append(Figure(name, "not measured", "needs dcm2niix and the real scans unpacked"))
            continue
        mine, peer = reading.times(Path(data) / study, folder / "peer")
        beside = f"dcm2niix {peer:.2f} ({mine / peer:.1f} times; limit 2)"
        figures.append(Figure(name, f"{mine:.2f}", beside))
    return figures


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        figures = [
            *detect_end_to_end(Path(folder), 192, 36),
            *detect_end_to_end(Path(folder), 512, 48),
            *encoding(),
            *reading_figures(Path(folder)),
            *(Figure(f"grid: {what}", value, beside) for what, value, beside in grid.figures()),
        ]
    print("| figure | value | beside it |\n|---|---|---|")
    for figure in figures:
        print(f"| {figure.what} | {figure.value} | {figure.beside} |")


if __name__ == "__main__":
    main()
