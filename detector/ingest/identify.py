"""Which series is which phase: said, or by names and images together where those are sure, else asked for.

Never guessed silently: below CONFIDENT, or where a name and a clear image disagree, a person is asked, with
what was found as a proposal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from detector.errors import ReadError
from detector.ingest import phases as by_name
from detector.ingest.phases import PHASES, REFERENCES, Proposal, ask, assign_phases
from detector.phaseid.assign import Observed, assign, best
from detector.phaseid.coarse import Coarse
from detector.phaseid.model import at_usual_voltage, shipped_model
from detector.phaseid.regions import find_regions

# A wrong phase spoils a study unseen, a question costs one click. At this threshold one to four in a
# hundred series taken of whole hard phantom studies are wrong, and one in five or six is asked for
# (docs/benchmarks.md); a name alone, with nothing seen in the image, has 0.98.
CONFIDENT = 0.9
# An image alone that is this sure of another phase than the name is asked about, whatever the rest says.
_CONTRADICTS = 0.98

AssignedBy = Literal["said", "name", "image"]


class Series(by_name.Series, Protocol):
    """A series that can also be looked at."""

    def read_coarse(self) -> Coarse: ...


S = TypeVar("S", bound=Series)


@dataclass(frozen=True, slots=True)
class Told(Generic[S]):
    """A phase's series, and how its phase is known: confidence is 1 where a person said it."""

    series: S
    assigned_by: AssignedBy
    confidence: float


def decide_phases(series: Sequence[S], given: Mapping[str, str] | None = None) -> dict[str, Told[S]]:
    """Phase to series, in the order of PHASES; series of a phase that has a better one are left out.

    With `given` (series key to phase) only the named series are used and no image is looked at.

    Raises:
        PhaseError: code phases, where a person must say it (phases.ask).
    """
    if given:
        said = assign_phases(series, given)
        return {phase: Told(s, "said", 1.0) for phase, s in said.items()}
    regions = {s.key: _regions(s) for s in series}
    observed = [_observed(s, regions[s.key]) for s in series]
    together = {s.key: p for s, p in zip(series, assign(observed), strict=True)}
    # What neither shows an organ nor bears a phase's name is of another part of the body: left out.
    known = [s for s in series if regions[s.key] or s.phase_hint]
    claims: dict[str, list[S]] = {}
    for s in known:
        claims.setdefault(best(together[s.key])[0], []).append(s)
    chosen = {phase: _fullest(claims[phase]) for phase in PHASES if phase in claims}
    proposals = {
        s.key: Proposal(next((p for p, c in chosen.items() if c is s), None), together[s.key]) for s in series
    }
    by_images = assign(observed, use_hints=False)
    for s, seen in zip(series, by_images, strict=True):
        phase, sure = best(seen)
        if s.phase_hint and phase != s.phase_hint and sure >= _CONTRADICTS:
            message = f"Series {s.key} is called {s.phase_hint}, but looks {phase}."
            raise ask(series, message, proposals)
    unsure = [s.key for s in known if best(together[s.key])[1] < CONFIDENT]
    if unsure:
        named = f"Series {', '.join(unsure)}"
        raise ask(series, f"The phase of {named} is not sure from name and image.", proposals)
    if not any(phase in chosen for phase in REFERENCES):
        raise ask(series, "No series is known to be portal venous or arterial.", proposals)
    return {
        phase: Told(s, "name" if s.phase_hint == phase else "image", together[s.key][phase])
        for phase, s in chosen.items()
    }


def _regions(series: Series) -> dict[str, float]:
    try:
        return at_usual_voltage(find_regions(series.read_coarse()), getattr(series, "tube_kv", None))
    except ReadError:  # told by name when the series itself is read; one that is not used may be broken
        return {}


def _observed(series: Series, regions: Mapping[str, float]) -> Observed:
    number = re.fullmatch(r"(\d+)(?:\.(\d+))?", series.key)
    return Observed(
        log_likelihood=shipped_model().log_likelihood(regions),
        hint=series.phase_hint,
        acquired_at=getattr(series, "acquired_at", None),
        regions=regions,
        number=int(number[1]) + int(number[2] or 0) / 1000 if number else None,
    )


def _fullest(series: Iterable[S]) -> S:
    """Of several reconstructions the one that covers most of the body (by 10 mm), then with most slices."""
    return max(series, key=lambda s: (round(s.n_slices * s.spacing[2] / 10), s.n_slices))
