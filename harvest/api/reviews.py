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
from harvest.domain import ReadingMode, Verdict
from harvest.selectors import reviews as selectors
from harvest.selectors import rounds as round_selectors
from harvest.services import leases, readings
from harvest.services import reviews as services

# No answer waits for the network longer than a week; anything above is a clock gone wrong.
MAX_WAITED_MS = 7 * 86400 * 1000


class WaitedSerializer(serializers.Serializer):
    """`waited_ms`: how long ago the reader did it; more than 0 where the network was away."""

    waited_ms = serializers.IntegerField(min_value=0, max_value=MAX_WAITED_MS, default=0)

    @property
    def waited_s(self) -> float:
        return float(self.validated_data["waited_ms"] / 1000)


class NextInputSerializer(serializers.Serializer):
    """`have`: studies that the reader's page holds already and that are not to be sent again."""

    ahead = serializers.IntegerField(min_value=0, max_value=2, default=0)
    have = serializers.ListField(child=serializers.UUIDField(), max_length=10, default=list)


class ReviewInputSerializer(WaitedSerializer):
    """A verdict on a candidate, one on the study (candidate null), or the undoing of an own verdict. `seen`
    is the own verdict on the same thing that the page showed, null for none; where another one stands, the
    answer is 409, code stale, with that one. Left out, whatever stands is overwritten."""

    id = serializers.UUIDField()
    candidate = serializers.UUIDField(required=False, allow_null=True)
    verdict = choice(Verdict, required=False)
    undoes = serializers.UUIDField(required=False, allow_null=True)
    absent_phases = serializers.ListField(child=serializers.CharField(), default=list)
    seen = serializers.UUIDField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("verdict")) == bool(attrs.get("undoes")):
            raise serializers.ValidationError("Give a verdict, or the review that this one undoes.")
        return attrs


class ActivitySerializer(WaitedSerializer):
    mode = choice(ReadingMode, default=ReadingMode.CLICK)


# Made once: a serializer copies all of its fields, and those of its fields, each time it is made.
_STUDY = ReviewStudySerializer()


class NextStudyView(GenericAPIView):
    roles = {"POST": CLINICIANS}

    @extend_schema(operation_id="review_next", request=NextInputSerializer, responses=NextStudySerializer)
    def post(self, request: Request, id: UUID) -> Response:
        given = NextInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        parent = round_selectors.round_to_read(id)
        ahead, have = given.validated_data["ahead"], set(given.validated_data["have"])
        handed = leases.hand_out(parent=parent, reader=request.user, ahead=ahead)  # type: ignore[arg-type]
        order = [i for i in (handed.now, *handed.ahead) if i]
        new = [i for i in order if i not in have]
        shown = selectors.review_studies(new, request.user, parent=parent) if new else []  # type: ignore[arg-type]
        return Response(
            {
                "order": order,
                "studies": [_STUDY.to_representation(study) for study in shown],
                "remaining": parent.readings - parent.readings_done,
                "reviewed": parent.readings_done,
            }
        )


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
            "waited_s": given.waited_s,
        }
        if data.get("undoes"):
            review, made = services.undo_review(**common, undoes_id=data["undoes"])
        else:
            review, made = services.record_review(
                **common,
                verdict=Verdict(data["verdict"]),
                candidate_id=data.get("candidate"),
                absent_phases=data["absent_phases"],
                seen=services.Seen(data["seen"]) if "seen" in data else None,
            )
        return Response(ReviewSerializer(review).data, status=201 if made else 200)


class CompleteView(GenericAPIView):
    roles = {"POST": CLINICIANS}

    @extend_schema(operation_id="round_study_complete", request=WaitedSerializer, responses={204: None})
    def post(self, request: Request, id: UUID) -> Response:
        given = WaitedSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        services.complete_study(round_study_id=id, reader=request.user, waited_s=given.waited_s)  # type: ignore[arg-type]
        return Response(status=204)


class ActivityView(GenericAPIView):
    """A beat: the reader moves the mouse or presses keys at this study. At most one in ten seconds is asked
    for; verdicts and drawn boxes count by themselves."""

    roles = {"POST": CLINICIANS}

    @extend_schema(operation_id="round_study_activity", request=ActivitySerializer, responses={204: None})
    def post(self, request: Request, id: UUID) -> Response:
        given = ActivitySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        services.beat(
            round_study_id=id,
            reader=request.user,  # type: ignore[arg-type]
            mode=ReadingMode(given.validated_data["mode"]),
            waited_s=given.waited_s,
        )
        return Response(status=204)


class ReleaseLeaseView(GenericAPIView):
    roles = {"POST": CLINICIANS}

    @extend_schema(operation_id="round_study_release", request=None, responses={204: None})
    def post(self, request: Request, id: UUID) -> Response:
        readings.release_study(round_study_id=id, reader=request.user)  # type: ignore[arg-type]
        return Response(status=204)


def _seen(request: Request, id: UUID) -> Response:
    seen = selectors.review_studies([id], request.user)  # type: ignore[arg-type]
    return Response(ReviewStudySerializer(seen[0]).data)
