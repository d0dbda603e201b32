"""What the review grid is given."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from harvest.api.shapes import LesionSerializer, StudyBriefSerializer, choice, point
from harvest.domain import QueueState, Strategy, Verdict
from harvest.selectors.reviews import Judged, ReviewStudy


class TileSerializer(serializers.Serializer):
    """Where the tile lies: `count` slices from `first_z_index`, the key slice `key_offset` down. `crop_lo`
    and `crop_hi` are (x, y) in mm, LPS, the outer edges of its pixels."""

    first_z_index = serializers.IntegerField()
    count = serializers.IntegerField()
    key_offset = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    mm_per_px = serializers.FloatField()
    crop_lo = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    crop_hi = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)


class CandidateSerializer(serializers.Serializer):
    """`verdict` and `review_id` are the reader's own, null where there is none that stands; `absent_phases`
    are those in which the reader does not see it."""

    id = serializers.UUIDField()
    rank = serializers.IntegerField()
    lo = point()
    hi = point()
    score = serializers.FloatField()
    phase_scores = serializers.DictField(child=serializers.FloatField())
    key_z_index = serializers.IntegerField()
    primary_score = serializers.FloatField(allow_null=True)
    suggested_primary = serializers.BooleanField()
    verdict = choice(Verdict, allow_null=True)
    review_id = serializers.UUIDField(allow_null=True)
    absent_phases = serializers.ListField(child=serializers.CharField())
    tile = TileSerializer()

    def to_representation(self, judged: Judged) -> dict[str, Any]:
        """The fields above by hand: a study has ten, and each field by itself took a reader's time."""
        candidate, review = judged.candidate, judged.review
        return {
            "id": str(candidate.pk),
            "rank": candidate.rank,
            "lo": candidate.lo,
            "hi": candidate.hi,
            "score": candidate.score,
            "phase_scores": candidate.phase_scores,
            "key_z_index": candidate.key_z_index,
            "primary_score": candidate.primary_score,
            "suggested_primary": candidate.suggested_primary,
            "verdict": review.verdict if review else None,
            "review_id": str(review.pk) if review else None,
            "absent_phases": review.absent_phases if review else [],
            "tile": asdict(judged.tile),
        }


class StudyVerdictSerializer(serializers.Serializer):
    verdict = choice(Verdict)
    review_id = serializers.UUIDField()


class WhySerializer(serializers.Serializer):
    """Why this study is shown now: the arm that shows it, its best score, its pathology class where the arm
    takes classes in turn, and the chance that any study of the round had to be drawn for the random arm."""

    model_version = serializers.CharField()
    strategy = choice(Strategy)
    score = serializers.FloatField(allow_null=True)
    stratum = serializers.CharField(allow_blank=True)
    random_share = serializers.FloatField()


class ReviewStudySerializer(serializers.Serializer):
    """A study of a round as its reader sees it."""

    id = serializers.UUIDField(source="row.id")
    round = serializers.UUIDField(source="row.round_id")
    study = StudyBriefSerializer(source="row.study")
    queue_state = serializers.SerializerMethodField()
    reviewed_at = serializers.SerializerMethodField()
    from_scratch = serializers.BooleanField(source="row.from_scratch")
    candidates = CandidateSerializer(many=True)
    study_verdict = serializers.SerializerMethodField()
    lesions = LesionSerializer(many=True)
    why = serializers.SerializerMethodField()

    @extend_schema_field(choice(QueueState))
    def get_queue_state(self, seen: ReviewStudy) -> str:
        return seen.reading.state if seen.reading else QueueState.PENDING

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_reviewed_at(self, seen: ReviewStudy) -> datetime | None:
        return seen.reading.done_at if seen.reading else None

    @extend_schema_field(StudyVerdictSerializer(allow_null=True))
    def get_study_verdict(self, seen: ReviewStudy) -> dict[str, Any] | None:
        review = seen.verdicts.of_study
        return {"verdict": review.verdict, "review_id": str(review.pk)} if review else None

    @extend_schema_field(WhySerializer)
    def get_why(self, seen: ReviewStudy) -> dict[str, Any]:
        return {
            "model_version": seen.row.round.model_version.name,
            "strategy": seen.row.arm,
            # What the model thinks of it must not be told to one who reads without candidates.
            "score": None if seen.row.from_scratch else seen.row.top_score,
            "stratum": seen.row.stratum,
            "random_share": seen.row.round.random_share,
        }


class NextStudySerializer(serializers.Serializer):
    """`order`: the study to read now and those to load ahead; empty where nothing is left for this reader.
    `studies`: those of them that the page does not hold yet. `remaining` and `reviewed` count readings."""

    order = serializers.ListField(child=serializers.UUIDField())
    studies = ReviewStudySerializer(many=True)
    remaining = serializers.IntegerField()
    reviewed = serializers.IntegerField()


class ReviewSerializer(serializers.Serializer):
    """A stored event: the receipt. `verdict` is empty for an undoing."""

    id = serializers.UUIDField()
    candidate = serializers.UUIDField(source="candidate_id", allow_null=True)
    verdict = choice(Verdict, allow_blank=True)
    undoes = serializers.UUIDField(source="undoes_id", allow_null=True)
    created_at = serializers.DateTimeField()
