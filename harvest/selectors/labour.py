"""The labour ledger of a cohort: what reading took, what candidates saved, how long the rest will take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.contrib.auth.models import User
from django.db.models import F, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from detector.evaluation.bootstrap import Estimate
from harvest.domain import ADJUDICATION, QueueState, ReadingMode
from harvest.labour.forecast import Forecast, Work, forecast
from harvest.labour.means import mean_seconds
from harvest.labour.saved import Saved, labour_saved
from harvest.labour.table import csv_lines
from harvest.models import Activity, Cohort, HarvestRound, Labour, Reading
from harvest.selectors.said import rounds_told

# Days of reading further back say nothing of the present pace.
RECENT = timedelta(days=120)
COLUMNS = (
    *("round", "study", "reader", "adjudication", "from_scratch", "done"),
    *(f"{mode}_s" for mode in ReadingMode),
)


@dataclass(frozen=True, slots=True)
class Spent:
    """A reading of a study of a round with its active seconds by mode. `hidden`: of a hidden case."""

    round_number: int
    study_number: int
    reader: str
    adjudicates: bool
    done: bool
    from_scratch: bool
    hidden: str
    seconds: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


@dataclass(frozen=True, slots=True)
class Row:
    """What a reader spent in a round. `readings` were finished; `a_reading` is the mean of those."""

    round_number: int
    reader: str
    readings: int
    seconds: dict[str, float]
    a_reading: Estimate


@dataclass(frozen=True, slots=True)
class RoundSaved:
    round_number: int
    saved: Saved


@dataclass(frozen=True, slots=True)
class Ledger:
    rows: list[Row]
    saved: Saved
    saved_by_round: list[RoundSaved]
    forecast: Forecast


def ledger(cohort: Cohort, *, own: User | None = None) -> Ledger:
    """The ledger; with `own` of this reader alone, but for the forecast, which is the cohort's. What is saved
    leaves hidden cases out and is told of rounds_told alone: it must not tell them."""
    spent = list(readings_of(cohort))
    mine = [s for s in spent if own is None or s.reader == own.get_username()]
    told = set(rounds_told(cohort, own=own).values_list("number", flat=True))
    rows: dict[tuple[int, str], list[Spent]] = defaultdict(list)
    for one in mine:
        rows[one.round_number, one.reader].append(one)
    numbers = sorted({s.round_number for s in mine} & told)
    return Ledger(
        rows=[_row(number, reader, found) for (number, reader), found in sorted(rows.items())],
        saved=_saved([s for s in mine if s.round_number in told]),
        saved_by_round=[
            RoundSaved(number, _saved([s for s in mine if s.round_number == number])) for number in numbers
        ],
        forecast=_forecast(cohort, spent),
    )


def readings_of(cohort: Cohort, *, own: User | None = None) -> Iterator[Spent]:
    """Readings on which time was spent, oldest round first, each with its seconds; one query."""
    rows = Labour.objects.filter(reading__round__cohort=cohort)
    if own is not None:
        rows = rows.filter(reader=own)
    named = rows.values(
        "reading",
        "mode",
        "seconds",
        name=F("reader__username"),
        number=F("reading__number"),
        round=F("reading__round__number"),
        study=F("reading__round_study__study__ordinal"),
        state=F("reading__state"),
        from_scratch=F("reading__round_study__from_scratch"),
        hidden=F("reading__round_study__hidden"),
    )
    for _, parts in groupby(
        named.order_by("round", "study", "reading", "name", "mode"),
        key=lambda row: (row["reading"], row["name"]),
    ):
        found = list(parts)
        row = found[0]
        yield Spent(
            round_number=row["round"],
            study_number=row["study"],
            reader=row["name"],
            adjudicates=row["number"] == ADJUDICATION,
            done=row["state"] == QueueState.DONE,
            from_scratch=row["from_scratch"],
            hidden=row["hidden"],
            seconds={part["mode"]: part["seconds"] for part in found},
        )


def table(cohort: Cohort, *, own: User | None = None) -> Iterator[str]:
    """The ledger as lines of CSV, one a reading. `hidden`, the kind of a hidden case, is a column for those
    alone who see everybody's figures."""
    columns = [*COLUMNS, "hidden"] if own is None else COLUMNS
    rows = (
        {
            "round": s.round_number,
            "study": s.study_number,
            "reader": s.reader,
            "adjudication": int(s.adjudicates),
            "from_scratch": int(s.from_scratch),
            "done": int(s.done),
            **{f"{mode}_s": round(s.seconds.get(mode, 0.0), 1) for mode in ReadingMode},
            **({"hidden": s.hidden} if own is None else {}),
        }
        for s in readings_of(cohort, own=own)
    )
    return csv_lines(columns, rows)


def _row(number: int, reader: str, spent: list[Spent]) -> Row:
    done = [s for s in spent if s.done]
    return Row(
        round_number=number,
        reader=reader,
        readings=len(done),
        seconds={mode.value: sum(s.seconds.get(mode, 0.0) for s in spent) for mode in ReadingMode},
        a_reading=mean_seconds([s.total for s in done]),
    )


def _saved(spent: list[Spent]) -> Saved:
    counted = [s for s in spent if s.done and not s.adjudicates and not s.hidden]
    return labour_saved(
        [s.total for s in counted if s.from_scratch], [s.total for s in counted if not s.from_scratch]
    )


def _forecast(cohort: Cohort, spent: list[Spent]) -> Forecast:
    """Blind readings and open decisions of the latest round. Decisions that blind readings will call for
    are counted with these; before any decision was made, one is taken to last as a blind reading."""
    latest = HarvestRound.objects.filter(cohort=cohort).order_by("-number").first()
    left = latest.readings - latest.readings_done if latest else 0
    waiting = ~Q(state=QueueState.DONE) & Q(round=latest, number=ADJUDICATION)
    undecided = Reading.objects.filter(waiting).count() if latest else 0
    blind = [dict(s.seconds) for s in spent if s.done and not s.adjudicates]
    decisions = [dict(s.seconds) for s in spent if s.done and s.adjudicates]
    calls = len(decisions) / len(blind) if blind else 0.0
    if decisions:
        mean = sum(sum(d.values()) for d in decisions) / len(decisions)
        for modes in blind:
            modes[ReadingMode.ADJUDICATE] = modes.get(ReadingMode.ADJUDICATE, 0.0) + calls * mean
    return forecast(
        [Work(left, blind), Work(undecided, decisions or blind)], _by_day(cohort), today=timezone.localdate()
    )


def _by_day(cohort: Cohort) -> dict[date, float]:
    recent = Activity.objects.filter(reading__round__cohort=cohort, at__gte=timezone.now() - RECENT)
    days = recent.order_by().annotate(day=TruncDate("at")).values_list("day")
    return dict(days.annotate(s=Sum("seconds")))
