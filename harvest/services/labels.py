"""Labels from tables: previewed, applied at once, undone."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from harvest.domain import PROCEDURE_OUTCOME, RowState
from harvest.errors import Conflict, HarvestError, NotFound
from harvest.models import Cohort, LabelImport, Outcome, Study
from harvest.selectors.labels import Choices, Fit, fits
from harvest.services.label_files import read_table
from harvest.services.label_rows import read_rows

WINDOW_DAYS = 31
MAX_WINDOW_DAYS = 3650


def preview_labels(
    *, cohort: Cohort, data: bytes, window_days: int = WINDOW_DAYS, choices: Choices | None = None
) -> list[Fit]:
    """What would become of every row of a table; changes nothing.

    Raises:
        HarvestError: the file is no table of labels (codes table_*), or code window.
    """
    if not 0 <= window_days <= MAX_WINDOW_DAYS:
        raise HarvestError(f"The window is 0 to {MAX_WINDOW_DAYS} days.", code="window")
    rows, problems = read_rows(read_table(data))
    return fits(
        cohort_id=cohort.pk, rows=rows, problems=problems, window_days=window_days, choices=choices or {}
    )


@transaction.atomic
def apply_labels(
    *,
    cohort: Cohort,
    data: bytes,
    window_days: int = WINDOW_DAYS,
    choices: Choices | None = None,
    owner: User | None = None,
) -> tuple[LabelImport, list[Fit]]:
    """Gives the studies of the rows that are ready their class, and notes the procedures; all or nothing.
    Questions and errors are left as they are, and told.

    Raises:
        HarvestError: as preview_labels; code nothing_to_apply where no row is ready.
    """
    Cohort.objects.select_for_update(no_key=True).get(pk=cohort.pk)
    told = preview_labels(cohort=cohort, data=data, window_days=window_days, choices=choices)
    ready = [f for f in told if f.state == RowState.READY]
    if not ready:
        raise HarvestError(
            "No row is ready to be applied. See the preview.",
            code="nothing_to_apply",
            details={"rows": len(told)},
        )
    made = LabelImport.objects.create(cohort=cohort, owner=owner, window_days=window_days)
    made.changes = [_change(f) for f in ready]
    made.save(update_fields=["changes"])
    return made, told


def _change(fit: Fit) -> dict[str, object]:
    if fit.study is None or fit.row is None:
        raise ValueError("a row that is ready has a study")
    study = Study.objects.select_for_update().get(pk=fit.study.pk)
    row = fit.row
    outcome = Outcome.objects.create(
        subject=study.subject,
        kind=PROCEDURE_OUTCOME,
        on=row.on,
        value={
            "study": str(study.pk),
            "procedure": row.procedure or "",
            "lesion_class": row.lesion_class,
        },
    )
    change = {
        "row": fit.number,
        "study": str(study.pk),
        "before": study.lesion_class,
        "after": row.lesion_class.value,
        "outcome": str(outcome.pk),
    }
    study.lesion_class = row.lesion_class
    study.save(update_fields=["lesion_class"])
    return change


@transaction.atomic
def undo_labels(*, id: UUID) -> tuple[LabelImport, int]:
    """Takes an applied table back: classes become what they were, procedures are forgotten. A study whose
    class was changed since keeps it; returns how many did.

    Raises:
        NotFound: there is no such import.
        Conflict: code undone where it was taken back already.
    """
    row = LabelImport.objects.select_for_update(of=("self",)).filter(pk=id).first()
    if row is None:
        raise NotFound("There is no such import of labels.")
    if row.undone_at:
        raise Conflict("These labels were taken back already.", code="undone")
    kept = 0
    # The last change of a study first, should two rows have changed one.
    for change in reversed(row.changes):
        study = Study.objects.select_for_update().filter(pk=change["study"]).first()
        if study and study.lesion_class == change["after"]:
            study.lesion_class = change["before"]
            study.save(update_fields=["lesion_class"])
        elif study:
            kept += 1
    Outcome.objects.filter(pk__in=[change["outcome"] for change in row.changes]).delete()
    row.undone_at = timezone.now()
    row.save(update_fields=["undone_at"])
    return row, kept
