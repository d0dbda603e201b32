"""Model versions: which there are, which is promoted, and how two differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from harvest.domain import ModelKind
from harvest.errors import NotFound
from harvest.models import ModelVersion


def versions(kind: str = "") -> QuerySet[ModelVersion]:
    """All versions, or those of one kind."""
    rows = ModelVersion.objects.select_related("parent", "release")
    return rows.filter(kind=kind) if kind else rows


def version(id: UUID) -> ModelVersion:
    """One version; raises NotFound."""
    found = versions().filter(pk=id).first()
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


def is_estimate(metric: Any) -> bool:
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


def compare(a: ModelVersion, b: ModelVersion) -> list[dict[str, Any]]:
    """Each estimate that one of two versions has: [{"metric", "a", "b", "difference"}], where the
    difference is b minus a, or None where one lacks it."""
    of_a, of_b = dict(_estimates(a.metrics)), dict(_estimates(b.metrics))
    rows = []
    for name in [*of_a, *(n for n in of_b if n not in of_a)]:
        values = [m[name]["value"] if name in m else None for m in (of_a, of_b)]
        known = None not in values
        rows.append(
            {
                "metric": name,
                "a": of_a.get(name),
                "b": of_b.get(name),
                "difference": values[1] - values[0] if known else None,
            }
        )
    return rows
