"""When a candidate hits a lesion. Paper 004 does not say; the rules are named so that figures can say it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from detector.contracts import Candidate
from detector.geometry import Box3D, iou

HitRule = Callable[[Box3D, Box3D], bool]

HIT_RULES: dict[str, HitRule] = {
    "iou3d>=0.1": lambda candidate, lesion: iou(candidate, lesion) >= 0.1,
    "centre_in_box": lambda candidate, lesion: lesion.contains(candidate.centre_mm),
    "iou3d>=0.3": lambda candidate, lesion: iou(candidate, lesion) >= 0.3,
}
HEADLINE_RULE = "iou3d>=0.1"


@dataclass(frozen=True, slots=True)
class StudyOutcome:
    """What a detector said of one study, beside the truth. Boxes of `ignored` are neither hit nor miss."""

    study: str
    subject: str
    candidates: tuple[Candidate, ...]
    lesions: tuple[Box3D, ...]
    primary: tuple[bool, ...]
    ignored: tuple[Box3D, ...] = ()


def primary_hit(outcome: StudyOutcome, top: int, rule: HitRule) -> bool:
    """Whether one of the `top` best candidates hits a primary lesion."""
    wanted = [b for b, is_primary in zip(outcome.lesions, outcome.primary, strict=True) if is_primary]
    return any(rule(c.box, lesion) for c in outcome.candidates[:top] for lesion in wanted)


def score_candidates(outcome: StudyOutcome, rule: HitRule) -> list[tuple[float, bool]]:
    """(score, is a true positive) of a study's candidates for FROC, best first.

    Each lesion is found once, by the best candidate that hits it; a further candidate on a lesion that is
    already found, or on an ignored box, is left out: it is neither a find nor a false alarm.
    """
    found: set[int] = set()
    scored: list[tuple[float, bool]] = []
    for candidate in sorted(outcome.candidates, key=lambda c: -c.score):
        hits = [i for i, lesion in enumerate(outcome.lesions) if rule(candidate.box, lesion)]
        new = [i for i in hits if i not in found]
        if new:
            found.add(max(new, key=lambda i: iou(candidate.box, outcome.lesions[i])))
            scored.append((candidate.score, True))
        elif not hits and not _any_hit(candidate, outcome.ignored, rule):
            scored.append((candidate.score, False))
    return scored


def _any_hit(candidate: Candidate, boxes: Sequence[Box3D], rule: HitRule) -> bool:
    return any(rule(candidate.box, box) for box in boxes)
