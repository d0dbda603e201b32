"""Which series is which phase by what a person says or the names tell, and how it is asked for.

identify.py adds what the images show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from detector.errors import PhaseError
from detector.phaseid.model import PHASES

REFERENCES = ("portal_venous", "arterial")

_IN_TEXT = {
    "non_contrast": r"non ?contrast|unenhanced|(?:without|w ?o) contrast|native?|plain|pre(?: ?contrast)?",
    "arterial": r"arterial|arteriell|art|hap",
    "portal_venous": r"port(?:al|o) ?venous|portal|venous|pvp?",
    "delayed": r"delayed|delay|equilibrium|\d+ ?min",
}
_BOTH = re.compile(r"\bpost\b|with and without|\bw and w ?o\b|\bw w ?o\b")
_NOISE = re.compile(r"\b(?:phase|ct|liver|abdomen|\d+)\b")


class Series(Protocol):
    """What is needed of a series here: discover.FoundSeries is one."""

    @property
    def key(self) -> str: ...

    @property
    def phase_hint(self) -> str | None: ...

    @property
    def n_slices(self) -> int: ...

    @property
    def spacing(self) -> tuple[float, float, float]: ...


S = TypeVar("S", bound=Series)


def hint_from_text(text: str) -> str | None:
    """The phase that a series description or file name names, None where it names none or several.

    >>> hint_from_text("LIVER Portal-Venous 5.0"), hint_from_text("LIVER 3 PHASE (C/A/P)")
    ('portal_venous', None)
    >>> hint_from_text("arterial and venous") is None
    True
    """
    words = _words(text)
    found = [p for p, pattern in _IN_TEXT.items() if re.search(rf"\b(?:{pattern})\b", words)]
    if len(found) != 1 or (found == ["non_contrast"] and _BOTH.search(words)):
        return None
    return found[0]


def hint_from_folder(name: str) -> str | None:
    """The phase that a folder is named after, and nothing else: a folder may bear a patient's name.

    >>> hint_from_folder("2_Arterial_Phase"), hint_from_folder("Portal Art")
    ('arterial', None)
    """
    words = " ".join(_NOISE.sub(" ", _words(name)).split())
    found = [p for p, pattern in _IN_TEXT.items() if re.fullmatch(pattern, words)]
    return found[0] if len(found) == 1 and len(words) > 3 else None


def _words(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())


def parse_given(texts: Iterable[str]) -> dict[str, str]:
    """Turns ["4=portal_venous", ...] into {series: phase}.

    Raises:
        PhaseError: not SERIES=PHASE, or a phase that does not exist.
    """
    given: dict[str, str] = {}
    for text in texts:
        key, separator, phase = text.rpartition("=")
        if not separator or not key or phase not in PHASES:
            raise PhaseError(
                f"--phase wants SERIES=PHASE with one of the phases {', '.join(PHASES)}.",
                remedy="For example: --phase 4=portal_venous",
            )
        given[key] = phase
    return given


def assign_phases(series: Sequence[S], given: Mapping[str, str] | None = None) -> dict[str, S]:
    """Phase to series, in the order of PHASES.

    With `given` (series key to phase) only the named series are used. Without it, the series whose names
    tell their phase are used, if no phase is claimed twice; series that tell none are then left out.

    Raises:
        PhaseError: code phases, where a person must say it. details["series"] lists key, slices, spacing
            and hint of each; the remedy shows the option to give.
    """
    by_key = {s.key: s for s in series}
    if given:
        unknown = sorted(set(given) - set(by_key))
        if unknown:
            raise ask(series, f"The study has no series {', '.join(unknown)}.")
        claims = [(phase, by_key[key]) for key, phase in given.items()]
    else:
        claims = [(s.phase_hint, s) for s in series if s.phase_hint]
    chosen: dict[str, S] = {}
    for phase, s in claims:
        if phase not in PHASES:
            raise ask(series, f"There is no phase {phase}.")
        if phase in chosen:
            raise ask(series, f"Series {chosen[phase].key} and {s.key} both claim to be {phase}.")
        chosen[phase] = s
    if not any(phase in chosen for phase in REFERENCES):
        raise ask(series, "No series is known to be portal venous or arterial.")
    return {phase: chosen[phase] for phase in PHASES if phase in chosen}


def reference_of(phases: Iterable[str]) -> str:
    """Portal venous, else arterial.

    Raises:
        PhaseError: neither is there.
    """
    there = set(phases)
    for phase in REFERENCES:
        if phase in there:
            return phase
    raise PhaseError("A study needs a portal venous or an arterial phase.")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the images and names suggest of a series: a phase, or None to leave it out, and the probability
    of each phase."""

    phase: str | None
    probabilities: Mapping[str, float]


def ask(
    series: Sequence[Series], message: str, proposals: Mapping[str, Proposal] | None = None
) -> PhaseError:
    """The error that asks a person for the phases. details["series"] lists series (its key), slices,
    spacing_xyz_mm and hint of each and, with proposals by key, proposed and probabilities."""
    rows = []
    listed = []
    for s in series:
        row: dict[str, object] = {
            "series": s.key,
            "slices": s.n_slices,
            "spacing_xyz_mm": list(s.spacing),
            "hint": s.phase_hint,
        }
        text = f"{s.key}: {s.n_slices} slices of {s.spacing[2]:g} mm"
        if s.phase_hint:
            text += f", called {s.phase_hint}"
        if proposals and s.key in proposals:
            proposal = proposals[s.key]
            rounded = {phase: round(p, 3) for phase, p in proposal.probabilities.items()}
            row |= {"proposed": proposal.phase, "probabilities": rounded}
            if proposal.phase:
                text += f", perhaps {proposal.phase} ({proposal.probabilities[proposal.phase]:.2f})"
        rows.append(row)
        listed.append(text)
    example = " ".join(f"--phase {s.key}=PHASE" for s in series[:4])
    return PhaseError(
        f"{message} Series: {'; '.join(listed) or 'none'}.",
        remedy=f"Say which series is which phase: {example} (PHASE: {', '.join(PHASES)}).",
        details={"series": rows},
    )
