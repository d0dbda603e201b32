"""Reviews: append-only events. The current verdicts are read from them; undo is a new event."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL

from harvest.domain import Verdict
from harvest.models.base import Base, choices
from harvest.models.candidate import Candidate
from harvest.models.round import RoundStudy


class Review(Base):
    """A reader's verdict on a candidate, or (candidate is null) on the study as a whole.

    The id is made by the reader's browser, so that a retry stores nothing twice. `undoes` takes an earlier
    event back; such an event has no verdict. `sequence` orders events that share a clock tick.
    """

    sequence = models.BigIntegerField(
        editable=False, unique=True, db_default=RawSQL("nextval('harvest_review_sequence')", [])
    )
    round_study = models.ForeignKey(RoundStudy, on_delete=models.PROTECT, related_name="reviews")
    candidate = models.ForeignKey(Candidate, null=True, on_delete=models.PROTECT, related_name="reviews")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=16, choices=choices(Verdict), blank=True)
    # Phases of the study in which a candidate is not to be seen; a lesion that follows takes them over.
    absent_phases = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")

    class Meta(Base.Meta):
        ordering = ("sequence",)
        constraints = [
            models.CheckConstraint(
                condition=(Q(verdict="") & Q(undoes__isnull=False))
                | (~Q(verdict="") & Q(undoes__isnull=True)),
                name="verdict_or_undo",
            ),
            models.CheckConstraint(condition=~Q(undoes=F("id")), name="no_self_undo"),
        ]
