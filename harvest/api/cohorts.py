"""Cohorts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.permissions import ANYONE_SIGNED_IN, DATA_MANAGERS
from harvest.api.scope import reach_of
from harvest.api.shapes import choice
from harvest.domain import ReadingPolicy
from harvest.models import Cohort
from harvest.selectors import cohorts as selectors
from harvest.services import cohorts as services


class CohortCountsSerializer(serializers.Serializer):
    studies = serializers.IntegerField()
    pool = serializers.IntegerField()
    gold = serializers.IntegerField()
    unprepared = serializers.IntegerField(help_text="Studies that wait for their registration.")
    preparation_failed = serializers.IntegerField()


class CohortReviewSerializer(serializers.Serializer):
    """The latest round, and how many of its studies nobody has finished."""

    round = serializers.UUIDField()
    waiting = serializers.IntegerField()


class CohortSerializer(serializers.ModelSerializer):
    counts = serializers.SerializerMethodField()
    review = serializers.SerializerMethodField()
    reading_policy = choice(ReadingPolicy)

    class Meta:
        model = Cohort
        fields = [
            "id",
            "name",
            "description",
            "created_at",
            "score_threshold",
            "max_candidates",
            "reading_policy",
            "members_only",
            "counts",
            "review",
        ]

    @extend_schema_field(CohortCountsSerializer)
    def get_counts(self, row: Any) -> dict[str, int]:
        return {
            "studies": row.studies_count,
            "pool": row.pool_count,
            "gold": row.gold_count,
            "unprepared": row.unprepared,
            "preparation_failed": row.preparation_failed,
        }

    @extend_schema_field(CohortReviewSerializer(allow_null=True))
    def get_review(self, row: Any) -> dict[str, Any] | None:
        return {"round": row.review_round, "waiting": row.waiting} if row.review_round else None


class CohortCreateSerializer(serializers.Serializer):
    name = serializers.SlugField(max_length=80)
    description = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class CohortUpdateSerializer(serializers.Serializer):
    description = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    score_threshold = serializers.FloatField(required=False, min_value=0, max_value=1)
    max_candidates = serializers.IntegerField(required=False, min_value=1, max_value=100)
    reading_policy = choice(ReadingPolicy, required=False)


class CohortsView(ListAPIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": DATA_MANAGERS}
    serializer_class = CohortSerializer

    def get_queryset(self) -> QuerySet[Cohort]:
        reach = reach_of(self.request)
        rows = selectors.cohorts().exclude(pk__in=reach.closed)
        return rows.filter(pk=reach.only) if reach.only else rows

    @extend_schema(
        operation_id="cohort_create", request=CohortCreateSerializer, responses={201: CohortSerializer}
    )
    def post(self, request: Request) -> Response:
        given = CohortCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.create_cohort(**given.validated_data)
        return Response(CohortSerializer(selectors.cohort(made.pk)).data, status=201)


class CohortView(GenericAPIView):
    roles = {"GET": ANYONE_SIGNED_IN, "PATCH": DATA_MANAGERS}

    @extend_schema(operation_id="cohort_get", request=None, responses=CohortSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(CohortSerializer(selectors.cohort(id)).data)

    @extend_schema(operation_id="cohort_update", request=CohortUpdateSerializer, responses=CohortSerializer)
    def patch(self, request: Request, id: UUID) -> Response:
        given = CohortUpdateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        services.update_cohort(cohort=id, **given.validated_data)
        return Response(CohortSerializer(selectors.cohort(id)).data)
