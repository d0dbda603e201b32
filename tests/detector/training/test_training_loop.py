"""The loop on a line that can be solved by hand, its reports, and its ends."""

from __future__ import annotations

import itertools
import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from detector.contracts import Progress
from detector.errors import TrainingError
from detector.training.loop import (
    LoopSettings,
    TrainingStopped,
    learning_rate,
    run_loop,
    seed_everything,
    stop_on_sigterm,
)
from detector.training.progress import ProgressWriter


def line() -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(0)
    while True:
        yield torch.randn(16, 1, generator=generator)


def loss(model: nn.Module, x: Tensor) -> Mapping[str, Tensor]:
    error = (model(x) - (3 * x + 1)).square().mean()
    return {"loss": error, "error": error}


def silent(progress: Progress) -> None:
    pass


def test_it_finds_the_line_and_returns_the_average_in_eval_mode() -> None:
    seed_everything(0)
    settings = LoopSettings(steps=300, lr=0.1, weight_decay=0, ema_decay=0.9)
    averaged = run_loop(nn.Linear(1, 1), line(), loss, settings, on_progress=silent)
    assert not averaged.training
    assert averaged.weight.item() == pytest.approx(3, abs=0.02)  # type: ignore[union-attr]
    assert averaged.bias.item() == pytest.approx(1, abs=0.02)  # type: ignore[union-attr]


def test_it_reports_every_few_steps_and_at_the_end() -> None:
    reports: list[Progress] = []
    settings = LoopSettings(steps=25, report_every=10)
    run_loop(nn.Linear(1, 1), line(), loss, settings, on_progress=reports.append)
    assert [(r.step, r.total) for r in reports] == [(10, 25), (20, 25), (25, 25)]
    assert set(reports[0].values) == {"loss", "error", "lr"}


def test_checkpoints_come_when_asked_for() -> None:
    steps = []
    settings = LoopSettings(steps=5, checkpoint_every=2)
    run_loop(
        nn.Linear(1, 1),
        line(),
        loss,
        settings,
        on_progress=silent,
        on_checkpoint=lambda s, m: steps.append(s),
    )
    assert steps == [2, 4]


def test_a_loss_that_is_not_finite_ends_it_with_the_step() -> None:
    count = itertools.count()

    def bad(model: nn.Module, x: Tensor) -> Mapping[str, Tensor]:
        return {"loss": model(x).sum() * (float("nan") if next(count) == 3 else 1)}

    with pytest.raises(TrainingError, match="step 4"):
        run_loop(nn.Linear(1, 1), line(), bad, LoopSettings(steps=9), on_progress=silent)


def test_no_step_is_refused() -> None:
    with pytest.raises(TrainingError, match="at least one step"):
        run_loop(nn.Linear(1, 1), line(), loss, LoopSettings(steps=0), on_progress=silent)


def test_memory_that_runs_out_has_a_remedy() -> None:
    def greedy(model: nn.Module, x: Tensor) -> Mapping[str, Tensor]:
        raise MemoryError

    with pytest.raises(TrainingError, match="batch"):
        run_loop(nn.Linear(1, 1), line(), greedy, LoopSettings(steps=1), on_progress=silent)


def test_sigterm_ends_it_and_the_handler_is_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def terminate(progress: Progress) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(TrainingStopped), stop_on_sigterm():
        run_loop(nn.Linear(1, 1), line(), loss, LoopSettings(steps=500), on_progress=terminate)
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_rate_rises_then_falls() -> None:
    settings = LoopSettings(steps=100, lr=1.0, warmup=10)
    rates = [learning_rate(s, settings) for s in range(100)]
    assert rates[:10] == pytest.approx([0.1 * i for i in range(1, 11)])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[-1] == pytest.approx(0.01, abs=0.001)


def test_progress_is_a_line_of_json_each(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    write = ProgressWriter(path)
    write(Progress(1, 2, {"loss": 0.5}, "first"))
    write(Progress(2, 2, {"loss": float("nan")}, "second"))
    first, second = (json.loads(text) for text in path.read_text().splitlines())
    assert {k: first[k] for k in ("step", "total", "values", "message")} == {
        "step": 1,
        "total": 2,
        "values": {"loss": 0.5},
        "message": "first",
    }
    assert first["time"].endswith("+00:00")
    assert second["values"] == {"loss": None}
