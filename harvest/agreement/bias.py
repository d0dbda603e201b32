"""How far the machine leads a reader: measured on studies whose truth is known and that look like all others.

Two errors have a name in human factors (Parasuraman and Manzey 2010): commission, to follow the machine where
it errs, and omission, to miss what it does not point at. Each stands beside the same reader without that
lead: candidates that the machine itself got wrong, and lesions drawn from scratch with nothing proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from detector.evaluation.bootstrap import Estimate
from detector.evaluation.shares import Share, cases_wanted, difference, rate_of, share_by_study

# The half width that a share's interval should have before an installation leans on it.
HALF_WIDTH = 0.1


@dataclass(frozen=True, slots=True)
class KnownStudy:
    """One reading of a study whose truth is known, counted.

    Candidates shown: `invented` (boxes where nothing is) and `wrong` (the machine's own, on no lesion), each
    with how many were accepted. Lesions of the truth: `withheld` (their candidate was taken out) and the
    rest, each with how many the reader marked all the same. `marks_on_nothing`: lesions of the reader's on
    none of the truth. `from_scratch`: no candidate was shown, so all lesions are among the rest.
    """

    study: str
    invented: int = 0
    invented_accepted: int = 0
    wrong: int = 0
    wrong_accepted: int = 0
    withheld: int = 0
    withheld_found: int = 0
    lesions: int = 0
    lesions_found: int = 0
    marks_on_nothing: int = 0
    from_scratch: bool = False


@dataclass(frozen=True, slots=True)
class Lead:
    """An error where the machine leads, the same reader's without the lead, and the difference: above zero,
    the machine leads the reader into the error. `more_cases` bring the lead's interval to +- HALF_WIDTH."""

    led: Share
    unled: Share
    difference: Estimate
    more_cases: int


@dataclass(frozen=True, slots=True)
class Bias:
    """A reader's figures. `sensitivity` and `on_nothing` (marks on no lesion, a study) are of studies that
    were altered in no way and read with candidates."""

    studies: int
    unaltered: int
    commission: Lead
    omission: Lead
    sensitivity: Share
    on_nothing: Estimate


def bias_of(read: Iterable[KnownStudy]) -> Bias:
    """Figures of the readings of one reader, or of all readers together."""
    rows = list(read)
    shown = [row for row in rows if not row.from_scratch]
    plain = [row for row in shown if not row.invented and not row.withheld]
    scratch = [row for row in rows if row.from_scratch]
    return Bias(
        studies=len(rows),
        unaltered=len(plain),
        commission=_lead(
            _share(shown, lambda row: (row.invented_accepted, row.invented)),
            _share(shown, lambda row: (row.wrong_accepted, row.wrong)),
        ),
        omission=_lead(
            _share(shown, lambda row: (row.withheld - row.withheld_found, row.withheld)),
            _share(scratch, lambda row: (row.lesions - row.lesions_found, row.lesions)),
        ),
        sensitivity=_share(plain, lambda row: (row.lesions_found, row.lesions)),
        on_nothing=rate_of([row.marks_on_nothing for row in plain]),
    )


def _share(rows: Sequence[KnownStudy], counted: Callable[[KnownStudy], tuple[int, int]]) -> Share:
    """Hits of cases; readings of one study stay together."""
    pairs = [counted(row) for row in rows]
    return share_by_study([row.study for row in rows], [hit for hit, _ in pairs], [of for _, of in pairs])


def _lead(led: Share, unled: Share) -> Lead:
    return Lead(
        led, unled, difference(led.estimate, unled.estimate), cases_wanted(led, half_width=HALF_WIDTH)
    )
