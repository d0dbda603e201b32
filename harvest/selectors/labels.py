"""Which study each row of a table of labels means, and the tables that were applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db.models import QuerySet

from harvest.domain import PROCEDURE_OUTCOME, LabelRow, RowProblem, RowState
from harvest.errors import NotFound
from harvest.models import LabelImport, Outcome, Study

Choices = Mapping[int, UUID | None]


@dataclass(frozen=True, slots=True)
class Fit:
    """One row and what becomes of it. `study` gets the label; `choices` are those a question is about."""

    number: int
    state: RowState
    code: str = ""
    message: str = ""
    row: LabelRow | None = None
    study: Study | None = None
    choices: tuple[Study, ...] = field(default=())

    def days(self, study: Study) -> int | None:
        """From the examination to the procedure; None where the study has no date."""
        if self.row is None or study.shifted_date is None:
            return None
        return (self.row.on - study.shifted_date).days


def fits(
    *,
    cohort_id: UUID,
    rows: Sequence[LabelRow],
    problems: Sequence[RowProblem],
    window_days: int,
    choices: Choices,
) -> list[Fit]:
    """What becomes of every row, in their order. A study fits that was made on the day of the procedure or up
    to `window_days` before it. `choices` answers questions: a row's study, or None to leave the row out.

    A fixed number of queries. No rows give an empty list.
    """
    by_subject: dict[str, list[Study]] = defaultdict(list)
    wanted = {row.pseudonym for row in rows}
    found = Study.objects.filter(cohort_id=cohort_id, subject__pseudonym__in=wanted).select_related("subject")
    for study in found.order_by("ordinal"):
        by_subject[study.subject.pseudonym].append(study)
    noted: set[tuple[object, ...]] = {
        (o.value.get("study"), o.on, o.value.get("procedure"), o.value.get("lesion_class"))
        for o in Outcome.objects.filter(
            subject__cohort_id=cohort_id, subject__pseudonym__in=wanted, kind=PROCEDURE_OUTCOME
        )
    }
    told = [_fit(row, by_subject[row.pseudonym], window_days, choices) for row in rows]
    told = [replace(f, state=RowState.UNCHANGED) if _is_noted(f, noted) else f for f in told]
    wrong = [Fit(p.number, RowState.ERROR, p.code, p.message) for p in problems]
    return sorted(_without_contradictions(told) + wrong, key=lambda f: f.number)


def _fit(row: LabelRow, studies: list[Study], window_days: int, choices: Choices) -> Fit:
    fit = Fit(row.number, RowState.ERROR, row=row)
    if not studies:
        return replace(fit, code="unknown_subject", message="The cohort has no study of this row's subject.")
    undated = [s for s in studies if s.shifted_date is None]
    days = {s: (row.on - s.shifted_date).days for s in studies if s.shifted_date}
    within = [s for s, n in days.items() if 0 <= n <= window_days]
    possible = tuple(within + undated)
    if not possible:
        nearest = min(days.values(), key=lambda n: -n if n < 0 else n)
        way = f"{-nearest} days after" if nearest < 0 else f"{nearest} days before"
        return replace(
            fit,
            code="outside_window",
            message=f"No study of this subject within {window_days} days before the procedure; "
            f"the nearest is {way} it.",
        )
    if row.number in choices:
        return _chosen(fit, possible, choices[row.number])
    fit = replace(fit, state=RowState.QUESTION, choices=possible)
    if len(within) > 1:
        return replace(fit, code="several", message="Several studies lie within the window. Which is meant?")
    if undated:
        return replace(fit, code="undated", message="The date of a study is not known. Is it the one meant?")
    (study,) = possible
    if study.lesion_class not in ("", row.lesion_class):
        return replace(
            fit,
            code="other_class",
            message=f"The study is {study.lesion_class} already. Is it to become {row.lesion_class}?",
        )
    return replace(fit, state=RowState.READY, study=study, choices=())


def _chosen(fit: Fit, possible: tuple[Study, ...], answer: UUID | None) -> Fit:
    # A person may think again, so what could be chosen stays.
    fit = replace(fit, choices=possible)
    if answer is None:
        return replace(fit, state=RowState.SKIPPED)
    study = next((s for s in possible if s.pk == answer), None)
    if study is None:
        return replace(fit, code="not_a_choice", message="The study chosen is none of this row's.")
    return replace(fit, state=RowState.READY, study=study)


def _is_noted(fit: Fit, noted: set[tuple[object, ...]]) -> bool:
    if fit.state != RowState.READY or fit.study is None or fit.row is None:
        return False
    said = (str(fit.study.pk), fit.row.on, fit.row.procedure or "", fit.row.lesion_class)
    return said in noted and fit.study.lesion_class == fit.row.lesion_class


def _without_contradictions(told: list[Fit]) -> list[Fit]:
    """Rows that give one study two classes are all errors: which is right is not for us to say."""
    by_study: dict[UUID, list[Fit]] = defaultdict(list)
    for f in told:
        if f.study is not None and f.row is not None:
            by_study[f.study.pk].append(f)
    bad: dict[int, str] = {}
    seen: set[int] = set()
    for same in by_study.values():
        if len({f.row.lesion_class for f in same if f.row}) > 1:
            numbers = ", ".join(str(f.number) for f in same)
            bad |= {f.number: f"Rows {numbers} give one study different classes." for f in same}
        once: set[object] = set()
        for f in same:
            said = f.row[1:] if f.row else ()
            seen |= {f.number} if said in once else set()
            once.add(said)
    return [
        replace(f, state=RowState.ERROR, code="contradiction", message=bad[f.number], study=None)
        if f.number in bad
        else replace(f, state=RowState.UNCHANGED, message="Another row says the same.")
        if f.number in seen
        else f
        for f in told
    ]


def label_imports(cohort_id: UUID) -> QuerySet[LabelImport]:
    """Tables that were applied to a cohort, with who did it."""
    return LabelImport.objects.filter(cohort_id=cohort_id).select_related("owner")


def label_import(id: UUID) -> LabelImport:
    """One of them; raises NotFound."""
    found = LabelImport.objects.select_related("owner", "cohort").filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such import of labels.")
    return found
