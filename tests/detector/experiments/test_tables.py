"""Tables leave out what no row fills, keep intervals, and say what they are of."""

from __future__ import annotations

import csv
import io
from typing import Any

from detector.experiments.sadt.characterization import figures
from detector.experiments.sadt.tables import DETECTION, as_csv, cell
from tests.detector.experiments.cases import gold_case

ESTIMATE = {"value": 0.5, "lo": 0.25, "hi": 0.75, "n": 8}


def test_an_estimate_is_written_with_its_interval_and_its_parts_are_columns() -> None:
    rows: list[dict[str, Any]] = [{"name": "marked", "studies": 8, "p1td_1": ESTIMATE}]
    assert cell(ESTIMATE) == ".500 [.250, .750]"
    (read,) = csv.DictReader(io.StringIO(as_csv(DETECTION[1:4], rows)))
    assert read == {
        "name": "marked",
        "studies": "8",
        "p1td_1 value": "0.5",
        "p1td_1 lo": "0.25",
        "p1td_1 hi": "0.75",
    }


def test_a_study_in_which_nothing_was_found_is_answered_wrongly() -> None:
    gold = [gold_case(n, name) for n, name in enumerate(("hcc", "hcc", "icc", "benign"))]
    found = {
        "shares": [[0.7, 0.1, 0.1, 0.1], None, [0.2, 0.6, 0.1, 0.1], [0.3, 0.1, 0.2, 0.4]],
        "votes": [None] * 4,
    }
    row = figures(found, gold)
    assert row["hits"] == [1.0, 0.0, 1.0, 1.0]
    assert row["accuracy"]["value"] == 0.75
    # Of four pairs the found HCC is above both others, the one without a box below both.
    assert row["hcc"]["value"] == 0.5
    assert "calibration_error" not in row


def test_votes_are_counted_and_shares_break_ties() -> None:
    gold = [gold_case(0, "icc"), gold_case(1, "hcc")]
    found = {
        "shares": [[0.6, 0.3, 0.1, 0.0], [0.3, 0.2, 0.5, 0.0]],
        "votes": [[1, 2, 0, 0], [1, 0, 1, 0]],
    }
    assert figures(found, gold, "vote")["hits"] == [1.0, 0.0]
    assert figures(found, gold, "probability")["hits"] == [0.0, 0.0]
