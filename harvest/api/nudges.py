"""Where a phase lies on the reference grid, as a person says."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.permissions import ANYONE_SIGNED_IN, CLINICIANS, DATA_MANAGERS
from harvest.api.shapes import ErrorSerializer, choice, point
from harvest.domain import NudgeState
from harvest.selectors import nudges as selectors
from harvest.services import nudges as services


class PhaseNudgeSerializer(serializers.Serializer):
    """`revision` and `offset_mm` are what was said last (zeros where nobody said anything), `shown_mm` and
    `image_revision` what volumes and tiles show. The similarities are those of the liver with the reference,
    in nats, as registered and as shown; null where they were not measured."""

    phase = serializers.CharField(source="series.phase")
    revision = serializers.IntegerField()
    offset_mm = point()
    by = serializers.CharField(source="event.by.username", allow_null=True, default=None)
    at = serializers.DateTimeField(source="event.created_at", allow_null=True, default=None)
    state = choice(NudgeState)
    error = ErrorSerializer(source="series.nudge_error", allow_null=True)
    shown_mm = point(source="series.nudge_mm")
    image_revision = serializers.IntegerField(source="series.image_revision")
    similarity_registered = serializers.SerializerMethodField()
    similarity_shown = serializers.SerializerMethodField()
    flag = serializers.SerializerMethodField()

    def get_similarity_registered(self, row: selectors.Nudged) -> float | None:
        return row.series.registration.get("similarity_after")

    def get_similarity_shown(self, row: selectors.Nudged) -> float | None:
        figures = row.series.registration
        return figures.get("similarity_nudged", figures.get("similarity_after"))

    def get_flag(self, row: selectors.Nudged) -> str:
        return str(row.series.registration.get("flag", ""))


class NudgeCreateSerializer(serializers.Serializer):
    """`offset_mm` is the whole way from where registration put the phase; `seen` the revision of the latest
    nudge that the person saw; `id` is made by the person's browser, so that a retry stores nothing twice."""

    id = serializers.UUIDField()
    offset_mm = point()
    seen = serializers.IntegerField(min_value=0)


class PhaseNudgeView(GenericAPIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": CLINICIANS | DATA_MANAGERS}

    @extend_schema(operation_id="phase_nudge_get", request=None, responses=PhaseNudgeSerializer)
    def get(self, request: Request, id: UUID, phase: str) -> Response:
        return Response(PhaseNudgeSerializer(selectors.phase_nudge(id, phase)).data)

    @extend_schema(
        operation_id="phase_nudge_create",
        request=NudgeCreateSerializer,
        responses={200: PhaseNudgeSerializer, 201: PhaseNudgeSerializer},
    )
    def post(self, request: Request, id: UUID, phase: str) -> Response:
        given = NudgeCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        _, made = services.nudge_phase(
            study_id=id,
            phase=phase,
            by=request.user,  # type: ignore[arg-type]
            **given.validated_data,
        )
        return Response(
            PhaseNudgeSerializer(selectors.phase_nudge(id, phase)).data, status=201 if made else 200
        )
