"""The SaDT experiment, whole, in its smallest size: every table is there, and a second run trains nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detector.__main__ import main


@pytest.mark.soak  # a minute; its parts have tests of their own
@pytest.mark.timeout(300)
def test_every_table_is_there_and_what_was_finished_is_used_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["experiment", "sadt", "--size", "ci", "--out", str(tmp_path)]) == 0
    first = capsys.readouterr().out
    assert "A phantom result" in first
    result = json.loads((tmp_path / "result.json").read_text())
    learnt = [(row["detector"], row["name"]) for row in result["detection"]]
    from_what = ("marked and public", "with the harvest")
    assert learnt == [(d, name) for d in ("centernet2d", "centernet3d") for name in from_what]
    assert result["detection"][1]["studies"] == 8 + 4 + 4 + 8
    for row in result["detection"]:
        assert row["p1td_1"]["lo"] <= row["p1td_1"]["value"] <= row["p1td_1"]["hi"]
        assert row["p1td_1"]["value"] <= row["p1td_10"]["value"]
    assert [row["name"] for row in result["pipelines"]] == [
        "centernet2d",
        "centernet3d",
        "centernet2d, key slice filter",
        "centernet3d, key slice filter",
        "reader's box (upper bound)",
    ]
    ledger = result["ledger"]
    assert ledger["minutes"] == pytest.approx(8 + 15 * ledger["drawn"])
    assert {row["answer"] for row in result["classes"]} == {"probability", "vote"}
    for name in ("table-3-detection", "table-2-classes", "table-4-key-slices", "table-5-pipelines", "curve"):
        assert (tmp_path / f"{name}.csv").stat().st_size > 0
    for name in ("detection", "curve"):
        assert (tmp_path / f"{name}.svg").read_text().startswith("<?xml")

    # Killed while it judged: one cell is lost and computed again from the models that are there.
    lost = tmp_path / "cells" / "detection-with-the-harvest.json"
    told = json.loads(lost.read_text())
    lost.unlink()
    assert main(["experiment", "sadt", "--size", "ci", "--out", str(tmp_path)]) == 0
    again = capsys.readouterr().out
    assert [line for line in again.splitlines() if line.startswith(("model", "cell"))] == [
        "cell detection with the harvest"
    ]
    assert json.loads(lost.read_text())["hits"] == told["hits"]
    assert main(["experiment", "sadt", "--size", "ci", "--seed", "1", "--out", str(tmp_path)]) == 1
    assert "other settings" in capsys.readouterr().err
