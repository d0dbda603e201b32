"""What is drawn of the experiment: detection by what was learnt from, and what minutes of a reader buy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.errors import PlanError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
TITLE = "Phantom result, {what}; 95 % intervals"


def draw(result: Mapping[str, Any], folder: Path) -> None:
    """Writes detection.svg and curve.svg; raises PlanError without matplotlib."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlanError(
            "Plots need matplotlib.", remedy='Install it: pip install "harvest[plots]".'
        ) from error
    with rc_context(
        {"svg.hashsalt": "harvest", "svg.fonttype": "none", "font.size": 9}
    ):  # equal results, equal bytes
        for name, what in (("detection", _detection), ("curve", _curve)):
            figure = Figure(figsize=(6.4, 3.2), layout="constrained")
            what(figure, result)
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})


def _detection(figure: Figure, result: Mapping[str, Any]) -> None:
    axes = figure.subplots()
    rows = result["detection"]
    names = [f"{row['detector']}\n{row['name']}" for row in rows]
    for shift, top in ((-0.1, "1"), (0.1, "10")):
        _points(axes, [i + shift for i in range(len(rows))], rows, f"p1td_{top}", f"P1TD-{top}", line="")
    axes.set_xticks(range(len(rows)), names, fontsize=7)
    axes.set_title(TITLE.format(what="detector by what it learnt from"))
    _finish(axes)


def _curve(figure: Figure, result: Mapping[str, Any]) -> None:
    axes = figure.subplots()
    for way in ("clicked", "drawn"):
        rows = [row for row in result["curve"] if row["way"] == way]
        _points(axes, [row["minutes"] for row in rows], rows, "p1td_1", way, line="-")
    axes.set_xlabel("minutes of a reader")
    axes.set_title(TITLE.format(what="P1TD-1 by minutes of a reader"))
    _finish(axes)


def _points(axes: Axes, at: Sequence[float], rows: Sequence[Row], key: str, label: str, *, line: str) -> None:
    values = [row[key]["value"] for row in rows]
    reach = [
        [v - row[key]["lo"] for v, row in zip(values, rows, strict=True)],
        [row[key]["hi"] - v for v, row in zip(values, rows, strict=True)],
    ]
    axes.errorbar(at, values, yerr=reach, fmt=f"o{line}", capsize=3, label=label)


def _finish(axes: Axes) -> None:
    axes.set_ylim(0, 1)
    axes.grid(axis="y", alpha=0.3)
    axes.legend()
