"""The review queue, verdicts and tiles."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.permissions import ANYONE_SIGNED_IN, CLINICIANS
from harvest.api.review_shapes import NextStudySerializer, ReviewSerializer, ReviewStudySerializer
from harvest.api.shapes import choice
from harvest.domain import Verdict
from harvest.selectors import reviews as selectors
from harvest.selectors import rounds as round_selectors
from harvest.services import leases
from harvest.services import reviews as services

# No study takes a reader longer than a day; anything above is a clock gone wrong.
MAX_SECONDS = 86400


def seconds(**options: Any) -> serializers.FloatField:
    return serializers.FloatField(min_value=0, max_value=MAX_SECONDS, **options)


class NextInputSerializer(serializers.Serializer):
    ahead = serializers.IntegerField(min_value=0, max_value=2, default=0)


class ReviewInputSerializer(serializers.Serializer):
    """A verdict on a candidate, one on the study (candidate null), or the undoing of an own verdict."""

    id = serializers.UUIDField()
    candidate = serializers.UUIDField(required=False, allow_null=True)
    verdict = choice(Verdict, required=False)
    undoes = serializers.UUIDField(required=False, allow_null=True)
    absent_phases = serializers.ListField(child=serializers.CharField(), default=list)
    active_seconds = seconds(default=0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("verdict")) == bool(attrs.get("undoes")):
            raise serializers.ValidationError("Give a verdict, or the review that this one undoes.")
        return attrs


class CompleteInputSerializer(serializers.Serializer):
    active_seconds = seconds(default=0)


class NextStudyView(GenericAPIView):
    roles = {"POST": CLINICIANS}

    @extend_schema(operation_id="review_next", request=NextInputSerializer, responses=NextStudySerializer)
    def post(self, request: Request, id: UUID) -> Response:
        given = NextInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        parent = round_selectors.round_by_id(id)
        handed = leases.hand_out(parent=parent, reader=request.user, **given.validated_data)  # type: ignore[arg-type]
        ids = [i for i in (handed.now, *handed.ahead) if i]
        seen = selectors.review_studies(ids, request.user)  # type: ignore[arg-type]
        body = {
            "study": seen[0] if seen else None,
            "ahead": seen[1:],
            "remaining": parent.reviewable - parent.reviewed,
            "reviewed": parent.reviewed,
        }
        return Response(NextStudySerializer(body).data)


class RoundStudyView(GenericAPIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="round_study_get", request=None, responses=ReviewStudySerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return _seen(request, id)


class ReviewsView(GenericAPIView):
    roles = {"POST": CLINICIANS}

    @extend_schema(
        operation_id="review_create",
        request=ReviewInputSerializer,
        responses={200: ReviewSerializer, 201: ReviewSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = ReviewInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        common = {
            "id": data["id"],
            "round_study_id": id,
            "reader": request.user,
            "active_seconds": data["active_seconds"],
        }
        if data.get("undoes"):
            review, made = services.undo_review(**common, undoes_id=data["undoes"])
        else:
            review, made = services.record_review(
                **common,
                verdict=Verdict(data["verdict"]),
                candidate_id=data.get("candidate"),
                absent_phases=data["absent_phases"],
            )
        return Response(ReviewSerializer(review).data, status=201 if made else 200)


class CompleteView(GenericAPIView):
    roles = {"POST": CLINICIANS}

    @extend_schema(
        operation_id="round_study_complete", request=CompleteInputSerializer, responses=ReviewStudySerializer
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = CompleteInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        services.complete_study(round_study_id=id, reader=request.user, **given.validated_data)  # type: ignore[arg-type]
        return _seen(request, id)


class ReleaseLeaseView(GenericAPIView):
    roles = {"POST": CLINICIANS}

    @extend_schema(operation_id="round_study_release", request=None, responses=ReviewStudySerializer)
    def post(self, request: Request, id: UUID) -> Response:
        leases.release_study(round_study_id=id, reader=request.user)  # type: ignore[arg-type]
        return _seen(request, id)


def _seen(request: Request, id: UUID) -> Response:
    seen = selectors.review_studies([id], request.user)  # type: ignore[arg-type]
    return Response(ReviewStudySerializer(seen[0]).data)
