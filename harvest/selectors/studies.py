"""Studies of a cohort."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from harvest.domain import JobState, Split
from harvest.errors import NotFound
from harvest.models import Characterization, Lesion, RoundStudy, Study


def studies(cohort_id: UUID) -> QuerySet[Study]:
    """A cohort's studies, each with its subject, its series and `lesion_count` of those that stand."""
    return _studies().filter(cohort_id=cohort_id)


def study(id: UUID, *, lesions: QuerySet[Lesion]) -> Study:
    """One study as in `studies`, with those of `lesions` (lesions_for) that are its own as
    `current_lesions`, and `latest_round_study`; raises NotFound."""
    latest = RoundStudy.objects.filter(study=OuterRef("pk"), state=JobState.SUCCEEDED).order_by(
        "-round__number"
    )
    found = (
        _studies()
        .annotate(latest_round_study=Subquery(latest.values("pk")[:1]))
        .prefetch_related(Prefetch("lesions", queryset=lesions, to_attr="current_lesions"))
        .filter(pk=id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such study.")
    return found


def lesions_for(viewer: User, *, knows_truth: bool, round_study: UUID | None = None) -> QuerySet[Lesion]:
    """The lesions that stand, as a person may see them. Who reads a study of a round sees what `seen_by`
    says; else settled lesions are shown. To one who is not to know the truth of gold studies those of the
    pool alone, and beside them all own ones, so that what is missing tells nothing."""
    rows = lesions_that_stand()
    row = RoundStudy.objects.filter(pk=round_study).first() if round_study else None
    if row is not None:
        return rows.filter(seen_by(row, viewer))
    if knows_truth:
        return rows.filter(settled=True)
    return rows.filter(Q(settled=True, study__subject__split=Split.POOL) | Q(reader=viewer))


def seen_by(row: RoundStudy, reader: User) -> Q:
    """Which lesions the reader of a study of a round may see: the reader's own of this round, and those that
    are settled; of a hidden case, whose truth is not to be told, only the former."""
    own = Q(round_study=row, reader=reader, retired_at=None)
    return own if row.hidden else own | Q(study_id=row.study_id, settled=True, retired_at=None)


def with_characterizations() -> Prefetch:
    """What characterizers said of lesions, as their serializer asks for it."""
    return Prefetch("characterizations", queryset=Characterization.objects.select_related("model_version"))


def lesions_that_stand() -> QuerySet[Lesion]:
    """Settled or not, each with its reader and what characterizers said of it, oldest first."""
    return (
        Lesion.objects.filter(retired_at=None)
        .select_related("reader")
        .prefetch_related(with_characterizations())
    )


def study_row(id: UUID) -> Study:
    """One study with its series and no more; raises NotFound."""
    found = Study.objects.prefetch_related("series").filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such study.")
    return found


def study_named(*, cohort_id: UUID, name: str) -> Study:
    """A cohort's study by its ordinal or its UUID; raises NotFound."""
    rows = Study.objects.filter(cohort_id=cohort_id)
    try:
        found = rows.filter(ordinal=int(name)) if name.isdecimal() else rows.filter(pk=UUID(name))
    except ValueError:
        found = rows.none()
    row = found.first()
    if row is None:
        raise NotFound("The cohort has no such study. Name it by its number in the cohort, or its UUID.")
    return row


def _studies() -> QuerySet[Study]:
    # Counted study by study: a join would count those of the whole cohort for one page.
    standing = Lesion.objects.filter(study=OuterRef("pk"), retired_at=None, settled=True).order_by()
    counted = standing.values("study").annotate(n=Count("pk")).values("n")
    return (
        Study.objects.select_related("subject")
        .prefetch_related("series")
        .annotate(lesion_count=Coalesce(Subquery(counted, output_field=IntegerField()), 0))
    )
