"""The loop on a line that can be solved by hand, its reports, and its ends."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
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
from tests.detector.training.lines import Line


def silent(progress: Progress) -> None:
    pass


def fitted(task: Line, settings: LoopSettings) -> nn.Linear:
    """The average of a line fitted from fixed weights."""
    seed_everything(0)
    averaged = run_loop(nn.Linear(1, 1), task, settings, on_progress=silent)
    assert isinstance(averaged, nn.Linear)
    return averaged


def test_it_finds_the_line_and_returns_the_average_in_eval_mode() -> None:
    averaged = fitted(Line(), LoopSettings(steps=300, lr=0.1, weight_decay=0, ema_decay=0.9))
    assert not averaged.training
    assert averaged.weight.item() == pytest.approx(3, abs=0.02)
    assert averaged.bias.item() == pytest.approx(1, abs=0.02)


def test_a_step_in_parts_is_the_same_step() -> None:
    whole, parts = (fitted(Line(), LoopSettings(steps=20, lr=0.1, parts=p)) for p in (1, 5))
    assert whole.weight.item() == pytest.approx(parts.weight.item(), abs=1e-5)
    assert whole.bias.item() == pytest.approx(parts.bias.item(), abs=1e-5)


def test_bf16_learns_the_same_line() -> None:
    settings = LoopSettings(steps=300, lr=0.1, weight_decay=0, ema_decay=0.9, precision="bf16")
    assert fitted(Line(), settings).weight.item() == pytest.approx(3, abs=0.05)


def test_it_reports_every_few_steps_and_at_the_end() -> None:
    reports: list[Progress] = []
    settings = LoopSettings(steps=25, report_every=10)
    run_loop(nn.Linear(1, 1), Line(), settings, on_progress=reports.append)
    assert [(r.step, r.total) for r in reports] == [(10, 25), (20, 25), (25, 25)]
    assert set(reports[0].values) == {"loss", "error", "lr", "samples_per_s", "loader_share", "memory_gib"}
    assert 0 <= reports[0].values["loader_share"] <= 1


def test_it_is_looked_at_on_its_way_and_learns_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.training.loop.LOOK_SHARE", 0)
    settings = LoopSettings(steps=100, lr=0.1, report_every=5)
    reports: list[Progress] = []
    seed_everything(0)
    watched = run_loop(
        nn.Linear(1, 1),
        Line(),
        settings,
        on_progress=reports.append,
        on_look=lambda averaged: {"p1td_1": float(averaged.training)},
    )
    assert [r.step for r in reports if "p1td_1" in r.values] == list(range(10, 100, 10))
    assert watched.weight.item() == fitted(Line(), settings).weight.item()


def test_a_short_training_is_not_looked_at() -> None:
    reports: list[Progress] = []
    run_loop(
        nn.Linear(1, 1),
        Line(),
        LoopSettings(steps=50, report_every=10),
        on_progress=reports.append,
        on_look=lambda averaged: {"p1td_1": 1.0},
    )
    assert not any("p1td_1" in r.values for r in reports)


def test_checkpoints_come_when_asked_for() -> None:
    steps = []
    settings = LoopSettings(steps=5, checkpoint_every=2)
    run_loop(
        nn.Linear(1, 1), Line(), settings, on_progress=silent, on_checkpoint=lambda s, m: steps.append(s)
    )
    assert steps == [2, 4]


class Broken(Line):
    """Its loss is multiplied by `factor` from the fourth step on."""

    def __init__(self, factor: float, first: int) -> None:
        self.factor, self.first, self.calls = factor, first, 0

    def loss(self, model: nn.Module, batch: Tensor, count: float) -> Mapping[str, Tensor]:
        self.calls += 1
        terms = super().loss(model, batch, count)
        return {"loss": terms["loss"] * (self.factor if self.calls >= self.first else 1)}


def test_a_loss_that_is_not_finite_ends_it_and_keeps_the_batch(tmp_path: Path) -> None:
    kept = tmp_path / "failed.safetensors"
    with pytest.raises(TrainingError, match="The loss is not finite at step 4"):
        run_loop(
            nn.Linear(1, 1), Broken(float("nan"), 4), LoopSettings(steps=9), on_progress=silent, failed=kept
        )
    with safe_open(kept, "pt") as file:
        assert torch.equal(file.get_tensor("batch.0"), Line().batch(3, range(16)))
        assert json.loads(file.metadata()["about"]) == {"step": 4, "terms": {"loss": "nan"}}


def test_a_loss_that_runs_away_ends_it() -> None:
    with pytest.raises(TrainingError, match="run away"):
        run_loop(nn.Linear(1, 1), Broken(1e4, 20), LoopSettings(steps=90), on_progress=silent)


def test_no_step_is_refused() -> None:
    with pytest.raises(TrainingError, match="at least one step"):
        run_loop(nn.Linear(1, 1), Line(), LoopSettings(steps=0), on_progress=silent)


class Greedy(Line):
    """Needs more memory than there is for more than `room` samples at once."""

    def __init__(self, room: int, error: type[Exception] | None = None) -> None:
        self.room, self.error = room, error

    def loss(self, model: nn.Module, batch: Tensor, count: float) -> Mapping[str, Tensor]:
        if len(batch) > self.room:
            raise (self.error or torch.OutOfMemoryError)("allocate memory")
        return super().loss(model, batch, count)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError, RuntimeError])
def test_memory_that_runs_out_halves_the_parts_and_says_so(error: type[Exception]) -> None:
    said: list[str] = []
    settings = LoopSettings(steps=20, lr=0.1)
    seed_everything(0)
    model = run_loop(
        nn.Linear(1, 1), Greedy(5, error), settings, on_progress=lambda p: said.append(p.message)
    )
    warned = [text for text in said if text.startswith("warning")]
    assert [text.split()[-2] for text in warned] == ["2", "4"]
    assert model.weight.item() == pytest.approx(fitted(Line(), settings).weight.item(), abs=1e-5)  # type: ignore[union-attr]


def test_memory_that_runs_out_for_one_sample_has_a_remedy() -> None:
    with pytest.raises(TrainingError, match="batch"):
        run_loop(nn.Linear(1, 1), Greedy(0), LoopSettings(steps=1), on_progress=silent)


def test_another_error_is_not_taken_for_memory() -> None:
    class Wrong(Line):
        def loss(self, model: nn.Module, batch: Tensor, count: float) -> Mapping[str, Tensor]:
            raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        run_loop(nn.Linear(1, 1), Wrong(), LoopSettings(steps=1), on_progress=silent)


def test_sigterm_ends_it_and_the_handler_is_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def terminate(progress: Progress) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(TrainingStopped), stop_on_sigterm():
        run_loop(nn.Linear(1, 1), Line(), LoopSettings(steps=500), on_progress=terminate)
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
    ProgressWriter(path, append=True)
    assert len(path.read_text().splitlines()) == 2
    ProgressWriter(path)
    assert path.read_text() == ""
