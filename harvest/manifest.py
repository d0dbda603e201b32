"""The manifest of a release: plain data, bytes that depend on it alone, and what changed between two.

{"format", "cohort", "studies": [{"id", "ordinal", "subject", "split", "lesion_class", "site",
"reference_phase", "geometry", "complete", "store_key", "has_liver", "liver_source", "source_sha256",
"phases", "lesions", "marks"}]}

`phases` are {"phase", "modality", "source_sha256"}, with "nudge_mm" (x, y, z in LPS) where a person moved
one.

`lesions` is the curated truth, `marks` are candidates that readers judged to be no lesion, or were unsure
of; `left_out`, where it is not empty, the numbers of curated studies whose phases did not lie on one grid
yet. A lesion's `key` stays the same while its box or class is edited.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from detector.geometry import Vector
from harvest.domain import Split, Verdict

FORMAT = "harvest-release/1"
LEFT_OUT = "left_out"
LABELS = ("primary", "lesion_class", "absent_phases")

Manifest = dict[str, Any]


def to_bytes(manifest: Manifest) -> bytes:
    """Canonical JSON: sorted keys, no spaces; the same data gives the same bytes."""
    return json.dumps(manifest, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def lesions_of(manifest: Manifest) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(study, lesion) pairs, in the manifest's order."""
    for study in manifest["studies"]:
        for lesion in study["lesions"]:
            yield study, lesion


def counts_of(manifest: Manifest) -> dict[str, Any]:
    """How much a release holds, by what matters to whoever uses it."""
    studies = manifest["studies"]
    lesions = [lesion for _, lesion in lesions_of(manifest)]
    marks = Counter(mark["verdict"] for study in studies for mark in study["marks"])
    splits = Counter(study["split"] for study in studies)
    classes = Counter(lesion["lesion_class"] or "" for lesion in lesions)
    return {
        "studies": len(studies),
        "subjects": len({study["subject"] for study in studies}),
        "pool": splits[Split.POOL],
        "gold": splits[Split.GOLD],
        "without_lesion": sum(1 for study in studies if study["complete"] and not study["lesions"]),
        "lesions": len(lesions),
        "primary": sum(1 for lesion in lesions if lesion["primary"]),
        "by_class": {name: n for name, n in sorted(classes.items()) if name},
        "not_a_lesion": marks[Verdict.NOT_A_LESION],
        "unsure": marks[Verdict.UNSURE],
        LEFT_OUT: len(manifest.get(LEFT_OUT, [])),
    }


def nudges_of(study: dict[str, Any]) -> dict[str, Vector]:
    """How a manifest's study has its phases moved; those that were not are absent."""
    return {p["phase"]: tuple(p["nudge_mm"]) for p in study["phases"] if "nudge_mm" in p}


def difference(before: Manifest, after: Manifest) -> dict[str, list[dict[str, Any]]]:
    """Lesions added, removed, moved (another box) and relabelled (primary, class or phases) on the way from
    one release to another; a lesion may be both moved and relabelled. Then phases `nudged`: those of studies
    in both that lie elsewhere."""
    old = {lesion["key"]: (study, lesion) for study, lesion in lesions_of(before)}
    new = {lesion["key"]: (study, lesion) for study, lesion in lesions_of(after)}

    def entry(key: str) -> dict[str, Any]:
        study, lesion = new.get(key) or old[key]
        return {
            "study": study["id"],
            "ordinal": study["ordinal"],
            "lesion": lesion["id"],
            "primary": lesion["primary"],
            "lesion_class": lesion["lesion_class"],
        }

    both = sorted(old.keys() & new.keys())
    return {
        "added": [entry(k) for k in sorted(new.keys() - old.keys())],
        "removed": [entry(k) for k in sorted(old.keys() - new.keys())],
        "moved": [
            entry(k) for k in both if (old[k][1]["lo"], old[k][1]["hi"]) != (new[k][1]["lo"], new[k][1]["hi"])
        ],
        "relabelled": [entry(k) for k in both if any(old[k][1][n] != new[k][1][n] for n in LABELS)],
        "nudged": list(_nudged(before, after)),
    }


def _nudged(before: Manifest, after: Manifest) -> Iterator[dict[str, Any]]:
    known = {study["id"]: nudges_of(study) for study in before["studies"]}
    still = (0.0, 0.0, 0.0)
    for study in after["studies"]:
        if study["id"] in known:
            old, new = known[study["id"]], nudges_of(study)
            for phase in sorted(old.keys() | new.keys()):
                was, now = old.get(phase, still), new.get(phase, still)
                if was != now:
                    yield {
                        "study": study["id"],
                        "ordinal": study["ordinal"],
                        "phase": phase,
                        "before_mm": list(was),
                        "after_mm": list(now),
                    }
