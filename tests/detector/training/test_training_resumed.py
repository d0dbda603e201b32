"""A training killed without a word goes on bit for bit, and several processes train as one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from detector.contracts import Progress
from detector.data.cases import read_cases, write_cases
from detector.errors import TrainingError
from detector.training.loop import LoopSettings, run_loop, seed_everything
from detector.training.run import train
from detector.training.state import Running, StateFile
from detector.weights import load_state
from tests.detector.centernet.test_centernet_training import SMALL, SPHERES, write_sphere
from tests.detector.training.lines import Line

STEPS = 6
KILLED_AFTER = 4
KILLED = f"""
import os, signal, sys
from detector.training import loop
from detector.training.state import StateFile
from detector.__main__ import main
loop.STATE_EVERY_S = loop.STATE_SHARE = 0
write = StateFile.write
def write_and_die(self, running):
    write(self, running)
    if running.step == {KILLED_AFTER}:
        os.kill(os.getpid(), signal.SIGKILL)
StateFile.write = write_and_die
main(sys.argv[1:])
"""


@pytest.fixture
def spheres(tmp_path: Path) -> Path:
    path = tmp_path / "cases.json"
    write_cases([write_sphere(tmp_path, name) for name in SPHERES], path)
    return path


def arguments(cases: Path, out: Path) -> list[str]:
    plan = {**SMALL, "steps": STEPS, "precision": "fp32"}
    sets = [word for name, value in plan.items() for word in ("--set", f"{name}={json.dumps(value)}")]
    return ["train", "--size", "tiny", "--cases", str(cases), "--out", str(out), *sets]


def run(*words: str, threads: int = 1) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_killed_training_ends_with_the_weights_it_would_have_had(spheres: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run("-m", "detector", *arguments(spheres, whole)).returncode == 0
    assert run("-c", KILLED, *arguments(spheres, killed)).returncode == -signal.SIGKILL
    assert not (killed / "weights.safetensors").exists()
    assert (killed / "state.safetensors").exists()

    again = run("-m", "detector", *arguments(spheres, killed), "--resume")
    assert again.returncode == 0, again.stderr
    files = [folder / "weights.safetensors" for folder in (whole, killed)]
    assert files[0].read_bytes() == files[1].read_bytes()
    told = [json.loads(line) for line in (killed / "progress.jsonl").read_text().splitlines()]
    assert f"going on after step {KILLED_AFTER}" in [line["message"] for line in told]
    last = json.loads((whole / "progress.jsonl").read_text().splitlines()[-1])
    assert told[-1]["values"]["loss"] == last["values"]["loss"]
    assert sorted(p.name for p in killed.iterdir()) == sorted(p.name for p in whole.iterdir())


def test_a_state_of_another_training_is_refused_and_kept(spheres: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("-c", KILLED, *arguments(spheres, out)).returncode == -signal.SIGKILL
    plan = {**SMALL, "steps": STEPS, "precision": "fp32", "lr": 0.5}
    with pytest.raises(TrainingError, match="another plan"):
        train("centernet3d", spheres, out, size="tiny", overrides=plan, resume=True)
    assert (out / "state.safetensors").exists()
    train("centernet3d", spheres, out, size="tiny", overrides=plan)
    assert not (out / "state.safetensors").exists()


def test_nothing_left_to_resume_begins_anew(spheres: Path, tmp_path: Path) -> None:
    result = train(
        "centernet3d", spheres, tmp_path / "out", size="tiny", overrides={**SMALL, "steps": 1}, resume=True
    )
    assert result["weights_sha256"]


def test_a_damaged_state_is_said(tmp_path: Path) -> None:
    (tmp_path / "state.safetensors").write_bytes(b"half a state")
    model = nn.Linear(1, 1)
    running = Running(model, model, torch.optim.AdamW(model.parameters()))
    with pytest.raises(TrainingError, match="cannot be read"):
        StateFile(tmp_path / "state.safetensors", "key").read(running)


def test_a_resumed_report_tells_of_the_steps_before_the_kill(tmp_path: Path) -> None:
    """The means of a report are over all of its steps, those before the kill too."""
    state = StateFile(tmp_path / "state.safetensors", "line")
    settings = LoopSettings(steps=10, lr=0.1)

    def losses(stop_after: int | None) -> list[float]:
        reports: list[Progress] = []

        class Stopping(Line):
            def size(self, step: int) -> int:
                if step == stop_after:
                    raise KeyboardInterrupt
                return super().size(step)

        seed_everything(0)
        run_loop(nn.Linear(1, 1), Stopping(), settings, on_progress=reports.append, state=state)
        return [r.values["loss"] for r in reports if "loss" in r.values]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detector.training.loop.STATE_EVERY_S", 0)
        patch.setattr("detector.training.loop.STATE_SHARE", 0)
        whole = losses(None)
        state.path.unlink()
        with pytest.raises(KeyboardInterrupt):
            losses(7)
        assert losses(None) == whole


def test_two_processes_train_as_one_with_twice_the_batch(spheres: Path, tmp_path: Path) -> None:
    """Gloo, each process half of every step: the same steps but for the order in which sums are formed."""
    one, two = tmp_path / "one", tmp_path / "two"
    assert run("-m", "detector", *arguments(spheres, one)).returncode == 0
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "detector"]
    joined = run(*launch, *arguments(spheres, two), "--gold", str(spheres))
    assert joined.returncode == 0, joined.stderr
    states = [load_state(folder / "weights.safetensors") for folder in (one, two)]
    for name, tensor in states[0].items():
        torch.testing.assert_close(states[1][name], tensor, atol=2e-3, rtol=0)
    losses = []
    for folder in (one, two):
        told = [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]
        losses += [[line["values"]["loss"] for line in told if "loss" in line["values"]]]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    result = json.loads((two / "result.json").read_text())
    assert result["environment"]["processes"] == "2"
    assert result["metrics"]["p1td_1"]["n"] == len(read_cases(spheres))
