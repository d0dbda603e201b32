"""Model versions: which there are, which is promoted, and how two differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard
from uuid import UUID

from django.db.models import QuerySet

from harvest.domain import ModelKind
from harvest.errors import NotFound
from harvest.models import ModelVersion


def versions(kind: str = "") -> QuerySet[ModelVersion]:
    """All versions, or those of one kind."""
    rows = ModelVersion.objects.select_related("parent", "release").filter(experimental=False)
    return rows.filter(kind=kind) if kind else rows


def version(id: UUID) -> ModelVersion:
    """One version; raises NotFound."""
    found = ModelVersion.objects.select_related("parent", "release").filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such model version.")
    return found


def version_named(name: str) -> ModelVersion:
    """One version by its name (detector-v2); raises NotFound."""
    found = versions().filter(name=name).first()
    if found is None:
        raise NotFound(f"There is no model version named {name}. The Models page lists them.")
    return found


def promoted(kind: ModelKind) -> ModelVersion | None:
    """The version of a kind that rounds use and trainings start from."""
    return versions(kind).filter(promoted=True).first()


def is_estimate(metric: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether a metric is {"value", "lo", "hi", "n"}."""
    return isinstance(metric, Mapping) and {"value", "lo", "hi"} <= metric.keys()


def headline(metrics: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """A metric as {"value", "lo", "hi", "n"}; None where it was not estimated."""
    metric = metrics.get(name)
    if not is_estimate(metric) or metric["value"] is None:
        return None
    return {key: metric.get(key) for key in ("value", "lo", "hi", "n")}


def _estimates(metrics: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, metric in sorted(metrics.items()):
        if is_estimate(metric):
            yield prefix + name, dict(metric)
        elif isinstance(metric, Mapping):
            yield from _estimates(metric, f"{prefix}{name}.")


def difference(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any] | None:
    """b minus a with a 95 % interval, of two estimates; None where one is undefined.

    Square-and-add (MOVER; Zou and Donner, Statistics in Medicine 2008) from the two intervals. It takes them
    as independent; on the same studies they go together, so the interval is rather too wide than too narrow.
    """
    if None in (a["value"], a["lo"], a["hi"], b["value"], b["lo"], b["hi"]):
        return None
    value = b["value"] - a["value"]
    return {
        "value": value,
        "lo": value - math.hypot(b["value"] - b["lo"], a["hi"] - a["value"]),
        "hi": value + math.hypot(b["hi"] - b["value"], a["value"] - a["lo"]),
        "n": min(a.get("n", 0), b.get("n", 0)),
    }


def compare(a: ModelVersion, b: ModelVersion) -> list[dict[str, Any]]:
    """Each estimate that one of two versions has: [{"metric", "a", "b", "difference"}]. The difference is
    None where one lacks it, or where the two were not judged on the same gold studies."""
    of_a, of_b = dict(_estimates(a.metrics)), dict(_estimates(b.metrics))
    gold = a.provenance.get("gold_sha256")
    same = gold is not None and gold == b.provenance.get("gold_sha256")
    return [
        {
            "metric": name,
            "a": of_a.get(name),
            "b": of_b.get(name),
            "difference": difference(of_a[name], of_b[name])
            if same and name in of_a and name in of_b
            else None,
        }
        for name in [*of_a, *(n for n in of_b if n not in of_a)]
    ]
