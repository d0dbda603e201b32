"""Cohorts and the pseudonymous subjects in them."""

from __future__ import annotations

from django.db import models

from harvest.domain import ReadingPolicy, Split
from harvest.models.base import Base, choices
from harvest.sealing import SealedTextField


class Cohort(Base):
    """Studies that are harvested together, under one name."""

    name = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    score_threshold = models.FloatField(default=0.1)
    max_candidates = models.PositiveSmallIntegerField(default=10)
    reading_policy = models.CharField(
        max_length=16, choices=choices(ReadingPolicy), default=ReadingPolicy.ONE
    )
    # Otherwise it is open to everyone whose role lets them in.
    members_only = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class Subject(Base):
    """A person under a pseudonym: a keyed hash, the same for all of the person's studies. The split is the
    subject's, so that no patient is both learned from and judged on.

    `identifier` is whom the pseudonym stands for, sealed, and empty unless the installation keeps links.
    """

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="subjects")
    pseudonym = models.CharField(max_length=32)
    split = models.CharField(max_length=8, choices=choices(Split), default=Split.POOL)
    identifier = SealedTextField(blank=True)

    class Meta(Base.Meta):
        constraints = [models.UniqueConstraint(fields=("cohort", "pseudonym"), name="subject_once_a_cohort")]


class Outcome(Base):
    """A typed, dated outcome of a subject (recurrence within a year, say)."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="outcomes")
    kind = models.SlugField(max_length=60)
    on = models.DateField(null=True, blank=True)
    value = models.JSONField()
