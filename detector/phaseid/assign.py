"""All series of a study at once: phases follow each other in time, and each is usually taken once.

Exact sums over every labelling by dynamic programming: series in the order of acquisition, the state being
the set of phases that were taken so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from detector.phaseid.model import PHASES, Matrix

# A name is right this often; wrong ones are spread evenly. Reused protocols and late renamings are not rare.
HINT_RIGHT = 0.98
# Going back in time against the clocks of the scanner, or against mere series numbers.
_BACK_BY_CLOCK = 0.001
_BACK_BY_NUMBER = 0.15
# A phase again: a further reconstruction, or an early and a late one.
_AGAIN = 0.2
# A delayed phase is an addition to the portal venous one: hardly a protocol has it alone.
_DELAYED_ALONE = 0.15
# Acquisitions that start together are one acquisition, reconstructed several times.
_SAME_ACQUISITION_S = 5.0
_ALIKE_HU, _ALIKE_PART = 3.0, 0.01

_N = len(PHASES)


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known of a series: log likelihood (phases,) of its HU, the phase its name tells, when it was
    acquired, in seconds on any clock shared by the study, and its series number."""

    log_likelihood: npt.NDArray[np.float64]
    hint: str | None = None
    acquired_at: float | None = None
    number: float | None = None
    regions: Mapping[str, float] = field(default_factory=dict)


def assign(observed: Sequence[Observed], *, use_hints: bool = True) -> list[dict[str, float]]:
    """Probability by phase of each series, given all of them and the order in which they were taken: by the
    clock where every series has its time, else by series number, which counts for little, else none.

    Returns one mapping a series, in the order given; an empty list for no series.
    """
    if not observed:
        return []
    groups, back = _in_time(observed)
    terms = np.array([_evidence([observed[i] for i in group], use_hints) for group in groups])
    marginal = _marginals(terms, back)
    out: list[dict[str, float]] = [{}] * len(observed)
    for group, row in zip(groups, marginal, strict=True):
        for i in group:
            out[i] = dict(zip(PHASES, (float(p) for p in row), strict=True))
    return out


def best(probabilities: Mapping[str, float]) -> tuple[str, float]:
    """The likeliest phase and its probability.

    >>> best({"arterial": 0.7, "delayed": 0.3})
    ('arterial', 0.7)
    """
    phase = max(probabilities, key=lambda p: probabilities[p])
    return phase, probabilities[phase]


def _in_time(observed: Sequence[Observed]) -> tuple[list[list[int]], float]:
    """Series by acquisition, in order, and what it costs to go back in that order."""
    times = [o.acquired_at for o in observed if o.acquired_at is not None]
    groups: list[list[int]] = []
    if len(times) == len(observed):
        for i in sorted(range(len(observed)), key=lambda i: times[i]):
            if groups and times[i] - times[groups[-1][0]] < _SAME_ACQUISITION_S:
                groups[-1].append(i)
            else:
                groups.append([i])
        return groups, _BACK_BY_CLOCK
    for i, one in enumerate(observed):
        same = next((g for g in groups if _alike(observed[g[0]].regions, one.regions)), None)
        if same is None:
            groups.append([i])
        else:
            same.append(i)
    numbers = [o.number for o in observed if o.number is not None]
    if len(numbers) < len(observed):
        return groups, 1.0
    return sorted(groups, key=lambda group: min(numbers[i] for i in group)), _BACK_BY_NUMBER


def _alike(a: Mapping[str, float], b: Mapping[str, float]) -> bool:
    """Whether two series show one moment: the aorta and two levels more that differ by noise alone."""
    shared = (set(a) & set(b)) - {"cortex"}
    return (
        len(shared) >= 3
        and "aorta" in shared
        and all(abs(a[name] - b[name]) <= _ALIKE_HU + _ALIKE_PART * abs(a[name]) for name in shared)
    )


def _evidence(members: Sequence[Observed], use_hints: bool) -> Matrix:
    """Log evidence (phases,) of one acquisition; its reconstructions show the same voxels, so their
    likelihoods are averaged, and each name counts once."""
    total = np.mean([m.log_likelihood for m in members], axis=0)
    for hint in sorted({m.hint for m in members if m.hint in PHASES}) if use_hints else ():
        wrong = (1 - HINT_RIGHT) / (_N - 1)
        total = total + np.log([HINT_RIGHT if phase == hint else wrong for phase in PHASES])
    return np.asarray(total)


def _marginals(terms: Matrix, back: float) -> Matrix:
    """Posterior (series, phases) by the forward and backward sums over the sets of phases taken so far."""
    likelihood = np.exp(terms - terms.max(axis=1, keepdims=True))
    n, states = len(terms), 1 << _N
    step = np.array([[_factor(s, p, back) for p in range(_N)] for s in range(states)])
    after = np.array([[s | 1 << p for p in range(_N)] for s in range(states)])
    forward = np.zeros((n + 1, states))
    forward[0, 0] = 1
    for k in range(n):
        weight = forward[k][:, None] * step * likelihood[k]
        np.add.at(forward[k + 1], after, weight)
        forward[k + 1] /= forward[k + 1].sum()
    backward = np.array([_whole(s) for s in range(states)])
    out = np.zeros((n, _N))
    for k in range(n - 1, -1, -1):
        onward = step * likelihood[k] * backward[after]
        out[k] = forward[k] @ onward
        backward = onward.sum(axis=1)
        backward /= backward.max()
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def _factor(taken: int, phase: int, back: float) -> float:
    factor = _AGAIN if taken >> phase & 1 else 1.0
    return factor * (back if taken >> (phase + 1) else 1.0)


def _whole(taken: int) -> float:
    alone = taken >> PHASES.index("delayed") & 1 and not taken >> PHASES.index("portal_venous") & 1
    return _DELAYED_ALONE if alone else 1.0
