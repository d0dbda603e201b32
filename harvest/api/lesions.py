"""Lesions that are drawn, described and taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.permissions import CLINICIANS
from harvest.api.reviews import WaitedSerializer
from harvest.api.shapes import LesionSerializer, choice, point
from harvest.domain import LesionClass
from harvest.services import lesions as services


class LesionCreateSerializer(WaitedSerializer):
    """A drawn box; `id` is made by the reader's browser, so that a retry stores nothing twice."""

    id = serializers.UUIDField()
    lo = point()
    hi = point()
    primary = serializers.BooleanField(default=False)
    lesion_class = choice(LesionClass, required=False, allow_blank=True, allow_null=True)
    absent_phases = serializers.ListField(child=serializers.CharField(), required=False)
    round_study = serializers.UUIDField(required=False, allow_null=True)
    replaces = serializers.UUIDField(required=False, allow_null=True)


class LesionUpdateSerializer(serializers.Serializer):
    primary = serializers.BooleanField(required=False)
    lesion_class = choice(LesionClass, required=False, allow_blank=True)
    absent_phases = serializers.ListField(child=serializers.CharField(), required=False)


class StudyLesionsView(GenericAPIView):
    roles = {"POST": CLINICIANS}

    @extend_schema(
        operation_id="lesion_create",
        request=LesionCreateSerializer,
        responses={200: LesionSerializer, 201: LesionSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = LesionCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data: dict[str, Any] = given.validated_data
        lesion, made = services.draw_lesion(
            id=data["id"],
            study_id=id,
            reader=request.user,  # type: ignore[arg-type]
            lo=data["lo"],
            hi=data["hi"],
            primary=data["primary"],
            lesion_class=LesionClass(data["lesion_class"]) if data.get("lesion_class") else None,
            absent_phases=data.get("absent_phases", []),
            round_study_id=data.get("round_study"),
            replaces_id=data.get("replaces"),
            waited_s=given.waited_s,
        )
        return Response(LesionSerializer(lesion).data, status=201 if made else 200)


class LesionView(GenericAPIView):
    roles = {"PATCH": CLINICIANS, "DELETE": CLINICIANS}

    @extend_schema(operation_id="lesion_update", request=LesionUpdateSerializer, responses=LesionSerializer)
    def patch(self, request: Request, id: UUID) -> Response:
        given = LesionUpdateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(LesionSerializer(services.update_lesion(lesion_id=id, **given.validated_data)).data)

    @extend_schema(operation_id="lesion_retire", request=None, responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        services.retire_lesion(lesion_id=id)
        return Response(status=204)
