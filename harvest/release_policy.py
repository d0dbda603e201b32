"""What goes into a release: pure rules on the entries of a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from harvest.domain import LesionSource, Verdict
from harvest.errors import HarvestError

LESIONS = (Verdict.PRIMARY_LESION.value, Verdict.OTHER_LESION.value)
SOURCES = tuple(source.value for source in LesionSource)
REFUSE, LEAVE_OUT = "refuse", "leave_out"


@dataclass(frozen=True, slots=True)
class ReleasePolicy:
    """How studies and lesions are chosen; the default takes all that is curated.

    verdicts: what counts as a lesion, of LESIONS. sources: who vouched for it, of SOURCES.
    least_readers: so many readers at least, the blind ones, of a study that was read; truth that came with
    its study needs none. least_agreement: the share of candidates on which two readers have to agree.
    least_mm: the diameter of a lesion in the axial plane; what is smaller is marked as neither lesion nor
    healthy. sites: those that are taken, none for all. negatives: whether studies without a lesion stay.
    leaks: whether a patient who is on the other side of the split elsewhere stops the release, or is left
    out; it is not told in a manifest, which says what was left out. rounds: what stood after the round of
    this number (0: before any), None for all. chance: only studies drawn by chance of what was read.
    """

    verdicts: tuple[str, ...] = LESIONS
    sources: tuple[str, ...] = SOURCES
    least_readers: int = 1
    least_agreement: float = 0.0
    least_mm: float = 0.0
    sites: tuple[str, ...] = ()
    negatives: bool = True
    leaks: str = REFUSE
    rounds: int | None = None
    chance: bool = False

    def __post_init__(self) -> None:
        if not set(self.verdicts) <= set(LESIONS) or not self.verdicts:
            raise _bad(f"What counts as a lesion is one of: {', '.join(LESIONS)}.")
        if not set(self.sources) <= set(SOURCES) or not self.sources:
            raise _bad(f"Who vouched for a lesion is one of: {', '.join(SOURCES)}.")
        if self.rounds is not None and self.rounds < 0:
            raise _bad("Rounds are numbered from 1; 0 asks for what stood before any.")
        if self.least_readers not in (1, 2) or not 0 <= self.least_agreement <= 1 or self.least_mm < 0:
            raise _bad("A policy asks for 1 or 2 readers, an agreement from 0 to 1 and a size from 0 mm up.")
        if self.leaks not in (REFUSE, LEAVE_OUT):
            raise _bad("A leak stops the release (refuse) or its studies stay out (leave_out).")

    def as_json(self) -> dict[str, Any]:
        """Plain data, the same for the same policy."""
        told = asdict(self)
        del told["leaks"]
        sets = {name: sorted(told[name]) for name in ("verdicts", "sources", "sites")}
        return told | sets

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> ReleasePolicy:
        """Raises HarvestError for a name that is none of a policy, or a value that is not allowed."""
        names = {f.name for f in fields(cls)}
        if unknown := set(told) - names:
            raise _bad(f"A policy has no {', '.join(sorted(unknown))}. It has: {', '.join(sorted(names))}.")
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list | tuple) else v for k, v in told.items()}
        return cls(**given)


def chosen(entry: dict[str, Any], policy: ReleasePolicy) -> dict[str, Any] | str:
    """The entry as the policy takes it, or why it does not: site, readers, agreement, negative, nothing.

    A lesion that does not count goes to the marks as UNSURE, so that it teaches nobody that nothing is there.
    """
    if policy.sites and entry["site"] not in policy.sites:
        return "site"
    came_with_truth = any(lesion["source"] == LesionSource.IMPORTED for lesion in entry["lesions"])
    if not came_with_truth and entry["readings"] < policy.least_readers and policy.least_readers > 1:
        return "readers"
    agreement = entry["agreement"]
    if agreement is not None and agreement < policy.least_agreement:
        return "agreement"
    kept = [lesion for lesion in entry["lesions"] if _counts(lesion, policy)]
    aside = [
        {"candidate": None, "lo": lesion["lo"], "hi": lesion["hi"], "verdict": Verdict.UNSURE.value}
        for lesion in entry["lesions"]
        if lesion not in kept
    ]
    if not kept and not entry["complete"] and not entry["marks"]:
        return "nothing"
    if not entry["lesions"] and entry["complete"] and not policy.negatives:
        return "negative"
    return entry | {"lesions": kept, "marks": [*entry["marks"], *aside]}


def _counts(lesion: Mapping[str, Any], policy: ReleasePolicy) -> bool:
    said = Verdict.PRIMARY_LESION if lesion["primary"] else Verdict.OTHER_LESION
    across = max(hi - lo for lo, hi in zip(lesion["lo"][:2], lesion["hi"][:2], strict=True))
    return said in policy.verdicts and lesion["source"] in policy.sources and across >= policy.least_mm


def _bad(message: str) -> HarvestError:
    return HarvestError(message, code="policy")
