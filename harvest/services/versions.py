"""Model versions: registering weights. services/promotion.py says which is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from detector.registry import kind_of
from detector.weights import read_family, read_plan, sha256
from harvest import store
from harvest.domain import ModelKind
from harvest.models import DatasetRelease, ModelVersion
from harvest.selectors.versions import headline
from harvest.services.promotion import note_first
from harvest.services.turns import take_turn

HEADLINES = {
    "p1td_1": "P1TD-1",
    "p1td_10": "P1TD-10",
    "mean_f1": "Mean F1",
    "accuracy": "Accuracy",
    "dice": "Dice",
}


@transaction.atomic
def register_version(
    *,
    weights: Path,
    metrics: Mapping[str, Any],
    provenance: Mapping[str, Any],
    parent: ModelVersion | None = None,
    release: DatasetRelease | None = None,
    used_if_first: bool = True,
    experimental: bool = False,
) -> ModelVersion:
    """Stores a weights file as the next version of its kind; promoted only where no other of that kind is,
    and `used_if_first`.

    Raises:
        PlanError: it is not a weights file.
        UnknownNameError: its family is not registered here.
        StorageFull: the disk is full.
    """
    family, plan = read_family(weights), read_plan(weights)
    kind = ModelKind(kind_of(family))
    key, digest = store.put_file("weights", weights)
    take_turn("model versions")
    siblings = ModelVersion.objects.filter(kind=kind)
    number = (siblings.aggregate(last=Max("number"))["last"] or 0) + 1
    name = f"{kind}-v{number}"
    first = used_if_first and not siblings.filter(promoted=True).exists()
    made = ModelVersion.objects.create(
        name=name,
        kind=kind,
        number=number,
        registry_name=family,
        store_key=key,
        weights_sha256=digest,
        plan=plan,
        metrics=dict(metrics),
        provenance=dict(provenance),
        card=card(name, kind, family, plan, metrics, provenance),
        parent=parent,
        release=release,
        promoted=first,
        experimental=experimental,
    )
    if first:
        note_first(made)
    return made


def card(
    name: str,
    kind: str,
    family: str,
    plan: Mapping[str, Any],
    metrics: Mapping[str, Any],
    provenance: Mapping[str, Any],
) -> str:
    """The model card as Markdown: what it is, what it learned from, how it was judged, what it is not for."""
    lines = [
        f"# {name}",
        "",
        f"A {kind.replace('_', ' ')} of family {family}, size {plan.get('size', '?')}.",
        "",
    ]
    lines += ["## Learned from", "", str(provenance.get("data", "Not recorded.")), "", "## Judged", ""]
    judged = [
        f"- {title}: {m['value']:.3f} (95 % interval {m['lo']:.3f} to {m['hi']:.3f}, n = {m['n']})"
        for key, title in HEADLINES.items()
        if (m := headline(metrics, key))
    ]
    lines += judged or ["Not judged on a gold set."]
    lines += ["", "## Not for", "", "Diagnosis: it proposes, a reader decides. Not a medical device."]
    return "\n".join(lines) + "\n"


@transaction.atomic
def ensure_reference_version(*, weights: Path) -> ModelVersion | None:
    """Registers weights that come with the software, once; None where they were there already.

    Their figures are read from the JSON of the same name beside them, where there is one.
    """
    if ModelVersion.objects.filter(weights_sha256=sha256(weights)).exists():
        return None
    beside = weights.with_suffix(".json")
    told: dict[str, Any] = json.loads(beside.read_text()) if beside.is_file() else {}
    kept = ("seed", "code_version", "environment", "cases_sha256", "gold_sha256")
    return register_version(
        weights=weights,
        metrics=told.get("metrics", {}),
        provenance={
            "data": "Reference weights that come with Harvest; learned from synthetic phantoms only. "
            + (f"Judged on {told['judged_on']}." if "judged_on" in told else ""),
            "reference": True,
            **{key: told[key] for key in kept if key in told},
        },
    )
