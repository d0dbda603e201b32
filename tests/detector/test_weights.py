"""Weights files: no pickle, a plan inside, equal bytes for equal weights."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from detector.errors import PlanError
from detector.weights import load_state, read_family, read_plan, save_weights, sha256

STATE = {"a.weight": torch.tensor([[0.5, -2.0]]), "count": torch.tensor(3)}
PLAN = {"size": "tiny", "stride_zyx": [2, 4, 4], "note": "µ"}


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, STATE, PLAN, "centernet3d")
    assert read_plan(path) == PLAN
    assert read_family(path) == "centernet3d"
    state = load_state(path, family="centernet3d")
    assert state["a.weight"].dtype == torch.float32
    assert torch.equal(state["a.weight"], STATE["a.weight"])
    assert state["count"] == 3
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


def test_half_precision_halves_the_file_and_whole_keeps_every_bit(tmp_path: Path) -> None:
    state = {"w": torch.randn(1000, generator=torch.Generator().manual_seed(0))}
    save_weights(tmp_path / "half", state, {}, "f")
    save_weights(tmp_path / "whole", state, {}, "f", half=False)
    assert (tmp_path / "whole").stat().st_size - (tmp_path / "half").stat().st_size >= 1990
    assert torch.equal(load_state(tmp_path / "whole")["w"], state["w"])


def test_equal_weights_have_equal_hashes(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        save_weights(tmp_path / name, STATE, PLAN, "centernet3d")
    assert len({sha256(tmp_path / name) for name in ("a", "b", "c", "d")}) == 1


def test_the_plan_is_read_without_torch(tmp_path: Path) -> None:
    save_weights(tmp_path / "w", STATE, PLAN, "f")
    code = (
        "import sys; from pathlib import Path; from detector.weights import read_plan;"
        "print(read_plan(Path(sys.argv[1]))['size'], 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "w")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["tiny", "False"]


@pytest.mark.parametrize("content", [b"", b"short", pickle.dumps({"a": 1}), b"\xff" * 64, bytes(64)])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)
    for read in (read_plan, read_family, load_state):
        with pytest.raises(PlanError):
            read(tmp_path / "w")


def test_damaged_missing_and_foreign_weights_are_refused(tmp_path: Path) -> None:
    save_weights(tmp_path / "w", STATE, PLAN, "ksf")
    with pytest.raises(PlanError, match="not of centernet3d"):
        load_state(tmp_path / "w", family="centernet3d")
    (tmp_path / "cut").write_bytes((tmp_path / "w").read_bytes()[:-2])
    with pytest.raises(PlanError, match="damaged"):
        load_state(tmp_path / "cut")
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan(tmp_path / "absent")


def test_a_plan_that_is_not_json_is_refused(tmp_path: Path) -> None:
    for plan in ({"lr": float("nan")}, {"path": tmp_path}):
        with pytest.raises(PlanError, match="plain JSON"):
            save_weights(tmp_path / "w", STATE, plan, "f")
