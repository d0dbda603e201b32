"""Readings: who reads which study of a round. The review queue is the readings that nobody has taken."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from harvest.domain import ADJUDICATION, QueueState, Strategy
from harvest.models.base import Base, choices
from harvest.models.round import HarvestRound, RoundStudy


class Reading(Base):
    """One reader's pass over a study of a round. Blind ones count from 1; ADJUDICATION decides what they
    differ in. They are made when there is something to read.

    `round`, `arm` and `stratum` are those of the study of the round, kept here so that the queue is one
    index: the highest `priority` of an arm (sampling/priority.py) is read first.
    """

    round_study = models.ForeignKey(RoundStudy, on_delete=models.CASCADE, related_name="readings")
    number = models.PositiveSmallIntegerField()
    round = models.ForeignKey(HarvestRound, on_delete=models.CASCADE, related_name="+", db_index=False)
    arm = models.CharField(max_length=16, choices=choices(Strategy))
    stratum = models.CharField(max_length=20, blank=True)
    priority = models.FloatField()
    state = models.CharField(max_length=8, choices=choices(QueueState), default=QueueState.PENDING)
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    leased_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta(Base.Meta):
        constraints = [
            models.UniqueConstraint(fields=("round_study", "number"), name="reading_number"),
            models.UniqueConstraint(fields=("round_study", "reader"), name="reader_once_a_study"),
        ]
        indexes = [
            # The next study is the first row of these, what readers hold the few rows of the last.
            models.Index(
                fields=("round", "arm", "stratum", "-priority", "id"),
                condition=Q(state=QueueState.PENDING) & ~Q(number=ADJUDICATION),
                name="review_queue",
            ),
            models.Index(
                fields=("round", "-priority", "id"),
                condition=Q(state=QueueState.PENDING, number=ADJUDICATION),
                name="adjudication_queue",
            ),
            models.Index(
                fields=("round", "leased_until"), condition=Q(state=QueueState.LEASED), name="review_leases"
            ),
        ]
