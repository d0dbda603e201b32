"""The data card of a release, from its manifest alone: who read, how far two agree, what it took, what lacks.

Readers are numbered in it: their names stay in the manifest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from detector.evaluation.bootstrap import mean_estimate
from detector.export.card import data_card
from detector.export.dataset import ExportStudy
from harvest.domain import Split
from harvest.manifest import Manifest

NAME = "DATACARD.md"
WHY = {
    "site": "are of other sites",
    "readers": "were read by too few",
    "agreement": "were agreed on too little",
    "negative": "have no lesion, and were not asked for",
    "nothing": "hold nothing that counts",
    "leak": "are of patients on the other side of the split elsewhere",
}


def card_of(manifest: Manifest, studies: Iterable[ExportStudy], info: Mapping[str, Any]) -> str:
    """The card in Markdown; `studies` are those of the manifest as formats take them."""
    verdicts: Counter[str] = Counter()
    readers: set[str] = set()
    agreement: list[float] = []
    subjects: list[str] = []
    splits: Counter[str] = Counter()
    incomplete = by_two = unhashed = 0
    for study in manifest.studies:
        verdicts.update(one["verdict"] for one in study["verdicts"])
        readers.update(one["reader"] for one in study["verdicts"])
        splits[study["split"]] += 1
        incomplete += not study["complete"]
        by_two += study["readings"] > 1
        unhashed += any(not phase["image_sha256"] for phase in study["phases"])
        if study["agreement"] is not None:
            agreement.append(study["agreement"])
            subjects.append(study["subject"])
    return data_card(
        studies,
        info,
        readers={
            "readers": len(readers),
            "studies read by two": by_two,
            **{f"verdicts: {name.replace('_', ' ')}": n for name, n in sorted(verdicts.items())},
        },
        agreement=_agreement(agreement, subjects),
        labour=_labour(manifest.labour_s),
        gaps=list(_gaps(manifest, splits, incomplete, unhashed)),
    )


def _agreement(shares: list[float], subjects: list[str]) -> dict[str, object]:
    if not shares:
        return {"studies read by two": "none, so agreement is not known"}
    found = mean_estimate(shares, subjects)
    return {
        "candidates that both judged alike": f"{found['value']:.1%} "
        f"(95 % interval {found['lo']:.1%} to {found['hi']:.1%} by patient, {len(shares)} studies)"
    }


def _labour(seconds: Mapping[str, float]) -> dict[str, object]:
    each = {
        f"reader {number}, minutes": f"{spent / 60:.1f}"
        for number, (_, spent) in enumerate(sorted(seconds.items()), start=1)
    }
    return {"active minutes of reading": f"{sum(seconds.values()) / 60:.1f}", **each}


def _gaps(manifest: Manifest, splits: Mapping[str, int], incomplete: int, unhashed: int) -> Iterable[str]:
    yield "A lesion is a box, not an outline: masks of the formats are filled boxes."
    if not splits.get(Split.GOLD):
        yield "There is no gold study: nothing in it was kept from harvesting to judge models on."
    if incomplete:
        yield f"In {incomplete} studies lesions may be unmarked: nobody said that there is nothing else."
    if manifest.left_out:
        yield f"{len(manifest.left_out)} curated studies were not registered yet, and are not in it."
    if unhashed:
        yield f"Of {unhashed} studies the hashes of the registered images were not kept."
    for why, n in sorted(manifest.excluded.items()):
        yield f"{n} studies are not in it: they {WHY.get(why, why)}."
