"""The manifest of a release: plain data, bytes that depend on it alone, and what changed between two.

It is a text of JSON lines, so that one of any size is written and read study by study:

- first {"format", "cohort", "policy"}: what the studies were chosen by (harvest.release_policy);
- then a line for each study: {"id", "ordinal", "subject", "split", "lesion_class", "site", "reference_phase",
  "geometry", "complete", "store_key", "has_liver", "liver_source", "source_sha256", "readings", "agreement",
  "phases", "lesions", "marks", "verdicts"};
- last {"studies": their number, "left_out", "excluded", "labour_s"}: without it the text is not whole.

`phases` are {"phase", "modality", "source_sha256", "image_sha256"}, with "nudge_mm" (x, y, z in LPS) where a
person moved one; `source_sha256` is of the voxels that came, `image_sha256` of the registered file. `lesions`
is the curated truth, with who vouched for each and when; `marks` are candidates that readers judged to be no
lesion, were unsure of, or that the policy leaves out; `verdicts` all that stands of what readers said.
`readings` counts the readers of the study's last word, `agreement` the share of candidates that two of them
agreed on. `left_out` are numbers of curated studies whose phases did not lie on one grid yet, `excluded`
counts what the policy left out by its reasons, `labour_s` the active seconds of each reader. A lesion's `key`
stays while its box or class is edited.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detector.geometry import Vector
from harvest.domain import Split, Verdict
from harvest.errors import PermanentError

FORMAT = "harvest-release/2"
LEFT_OUT = "left_out"
LABELS = ("primary", "lesion_class", "absent_phases")

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manifest:
    """`head` is the first line; `studies` can be gone through again and again. `left_out` and `excluded` are
    whole once that was done."""

    head: Mapping[str, Any]
    studies: Iterable[Entry]
    left_out: list[int] = field(default_factory=list)
    excluded: Counter[str] = field(default_factory=Counter)
    labour_s: Mapping[str, float] = field(default_factory=dict)


def snapshot(manifest: Manifest) -> Manifest:
    """The same with all its studies in memory, as they are now."""
    studies = list(manifest.studies)
    excluded = Counter(manifest.excluded)
    return Manifest(manifest.head, studies, manifest.left_out, excluded, manifest.labour_s)


def lines_of(manifest: Manifest) -> Iterator[bytes]:
    """Its text, line by line: sorted keys, no spaces; the same data gives the same bytes."""
    yield _line({"format": FORMAT, **manifest.head})
    count = 0
    for study in manifest.studies:
        count += 1
        yield _line(study)
    excluded = dict(sorted(manifest.excluded.items()))
    labour_s = dict(sorted(manifest.labour_s.items()))
    yield _line({"studies": count, LEFT_OUT: manifest.left_out, "excluded": excluded, "labour_s": labour_s})


def sha256_of(manifest: Manifest) -> str:
    """The hash that the release of this manifest has."""
    digest = hashlib.sha256()
    for line in lines_of(manifest):
        digest.update(line)
    return digest.hexdigest()


def read_manifest(path: Path) -> Manifest:
    """The manifest of a file, whose studies are read as they are gone through.

    Raises:
        PermanentError: it is not a whole manifest.
    """
    head, tail = _ends(path)
    if head.get("format") != FORMAT or "studies" not in tail:
        raise PermanentError("A stored manifest is not whole. Restore it from a backup.", code="manifest")
    known = {key: value for key, value in head.items() if key != "format"}
    return Manifest(known, _Stored(path), tail[LEFT_OUT], Counter(tail["excluded"]), tail["labour_s"])


@dataclass(frozen=True, slots=True)
class _Stored:
    """The studies of a file."""

    path: Path

    def __iter__(self) -> Iterator[Entry]:
        with self.path.open("rb") as file:
            next(file)
            before = next(file)
            for line in file:
                yield json.loads(before)
                before = line


def _ends(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with path.open("rb") as file:
            head = json.loads(file.readline())
            size = file.seek(0, 2)
            step = 1 << 16
            while True:
                file.seek(max(0, size - step))
                lines = file.read().splitlines()
                if len(lines) > 1 or step >= size:
                    return head, json.loads(lines[-1])
                step *= 4
    except (OSError, ValueError, IndexError) as error:
        raise PermanentError(
            "A stored manifest cannot be read. Restore it from a backup.", code="manifest"
        ) from error


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode() + b"\n"


class Counts:
    """How much a release holds, by what matters to whoever uses it; told study by study."""

    def __init__(self) -> None:
        self.n: Counter[str] = Counter()
        self.classes: Counter[str] = Counter()
        self.sites: Counter[str] = Counter()
        self.subjects: set[str] = set()

    def add(self, study: Entry) -> None:
        lesions = study["lesions"]
        self.subjects.add(study["subject"])
        self.n["studies"] += 1
        self.n[study["split"]] += 1
        self.n["without_lesion"] += study["complete"] and not lesions
        self.n["lesions"] += len(lesions)
        self.n["primary"] += sum(lesion["primary"] for lesion in lesions)
        self.classes.update(lesion["lesion_class"] for lesion in lesions if lesion["lesion_class"])
        self.sites.update([study["site"]] if study.get("site") else [])
        self.n.update(mark["verdict"] for mark in study["marks"])

    def of(self, manifest: Manifest) -> dict[str, Any]:
        """The counts, once every study was added."""
        names = ("studies", "without_lesion", "lesions", "primary")
        return {
            **{name: self.n[name] for name in names},
            "subjects": len(self.subjects),
            "pool": self.n[Split.POOL],
            "gold": self.n[Split.GOLD],
            "by_class": dict(sorted(self.classes.items())),
            "by_site": dict(sorted(self.sites.items())),
            "not_a_lesion": self.n[Verdict.NOT_A_LESION],
            "unsure": self.n[Verdict.UNSURE],
            "excluded": dict(sorted(manifest.excluded.items())),
            LEFT_OUT: len(manifest.left_out),
        }


def counts_of(manifest: Manifest) -> dict[str, Any]:
    """Counts of all of a manifest's studies."""
    counts = Counts()
    for study in manifest.studies:
        counts.add(study)
    return counts.of(manifest)


def nudges_of(study: Entry) -> dict[str, Vector]:
    """How a manifest's study has its phases moved; those that were not are absent."""
    return {p["phase"]: tuple(p["nudge_mm"]) for p in study["phases"] if "nudge_mm" in p}


def difference(before: Manifest, after: Manifest) -> dict[str, list[dict[str, Any]]]:
    """Lesions added, removed, moved (another box) and relabelled (primary, class or phases) on the way from
    one release to another; a lesion may be both moved and relabelled. Then phases `nudged`: those of studies
    in both that lie elsewhere."""
    old, nudged_before = _lesions_of(before)
    new, nudged_after = _lesions_of(after)

    def entry(key: str) -> dict[str, Any]:
        study, lesion = new.get(key) or old[key]
        return {
            "study": study[0],
            "ordinal": study[1],
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
        "nudged": list(_nudged(nudged_before, nudged_after)),
    }


Place = tuple[str, int]


def _lesions_of(
    manifest: Manifest,
) -> tuple[dict[str, tuple[Place, dict[str, Any]]], dict[Place, dict[str, Vector]]]:
    """(study, lesion) by the lesion's key, and the nudges of every study: what a difference needs of it."""
    lesions: dict[str, tuple[Place, dict[str, Any]]] = {}
    nudges: dict[Place, dict[str, Vector]] = {}
    for study in manifest.studies:
        place = (study["id"], study["ordinal"])
        nudges[place] = nudges_of(study)
        lesions |= {lesion["key"]: (place, lesion) for lesion in study["lesions"]}
    return lesions, nudges


def _nudged(
    before: Mapping[Place, Mapping[str, Vector]], after: Mapping[Place, Mapping[str, Vector]]
) -> Iterator[dict[str, Any]]:
    still = (0.0, 0.0, 0.0)
    for place, new in after.items():
        if place in before:
            old = before[place]
            for phase in sorted(old.keys() | new.keys()):
                was, now = old.get(phase, still), new.get(phase, still)
                if was != now:
                    yield {
                        "study": place[0],
                        "ordinal": place[1],
                        "phase": phase,
                        "before_mm": list(was),
                        "after_mm": list(now),
                    }
