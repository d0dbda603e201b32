"""Candidates: boxes that a round says may be lesions."""

from __future__ import annotations

from django.db import models

from harvest.domain import CandidateKind
from harvest.models.base import Base, HasBox, choices
from harvest.models.round import RoundStudy


class Candidate(Base, HasBox):
    """A box with its score, per-phase support and key slice, ranked best first from 1."""

    round_study = models.ForeignKey(RoundStudy, on_delete=models.CASCADE, related_name="candidates")
    kind = models.CharField(max_length=8, choices=choices(CandidateKind), default=CandidateKind.MODEL)
    rank = models.PositiveSmallIntegerField()
    score = models.FloatField()
    phase_scores = models.JSONField(default=dict)
    key_z_index = models.PositiveIntegerField()
    primary_score = models.FloatField(null=True)
    suggested_primary = models.BooleanField(default=False)

    class Meta(Base.Meta):
        ordering = ("rank",)
        constraints = [models.UniqueConstraint(fields=("round_study", "rank"), name="candidate_rank")]
