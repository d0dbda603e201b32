"""Studies and their voxels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from detector.volume import Volume
from harvest import engine
from harvest.api.imports import InOrder
from harvest.api.permissions import ANYONE_SIGNED_IN, DATA_MANAGERS, knows_truth
from harvest.api.shapes import GeometrySerializer, LesionSerializer, StudyBriefSerializer, choice, point
from harvest.domain import LesionClass, LiverSource, PhaseSource, Split
from harvest.errors import Conflict, HarvestError, NotFound
from harvest.models import Study
from harvest.selectors import cohorts as cohort_selectors
from harvest.selectors import studies as selectors
from harvest.services import studies as services
from harvest.services.preparation import retry_preparation

# What is under an id and a revision never changes, and is a patient's: browsers may keep it, proxies may not.
IMMUTABLE = "private, max-age=31536000, immutable"
CHANGING = "private, no-cache"


class TruthMixin(serializers.Serializer):
    """What would tell a gold study that measures its readers from others: null for who only reads."""

    split = serializers.SerializerMethodField()
    liver_source = serializers.SerializerMethodField()

    @extend_schema_field(choice(Split, allow_null=True))
    def get_split(self, row: Study) -> str | None:
        return row.subject.split if self.context["knows_truth"] else None

    @extend_schema_field(choice(LiverSource, allow_blank=True, allow_null=True))
    def get_liver_source(self, row: Study) -> str | None:
        return row.liver_source if self.context["knows_truth"] else None


class StudySerializer(TruthMixin, StudyBriefSerializer):
    ordinal = serializers.IntegerField()
    lesions = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_lesions(self, row: Study) -> int | None:
        return row.lesion_count if self.context["knows_truth"] else None  # type: ignore[attr-defined]


class SeriesSerializer(serializers.Serializer):
    phase = serializers.CharField()
    geometry = GeometrySerializer()
    registration = serializers.DictField()
    nudge_mm = point()
    image_revision = serializers.IntegerField()
    assigned_by = choice(PhaseSource, allow_blank=True)
    confidence = serializers.FloatField(allow_null=True)


class StudyDetailSerializer(TruthMixin, StudyBriefSerializer):
    ordinal = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    series = serializers.SerializerMethodField()
    lesions = LesionSerializer(many=True, source="current_lesions")
    round_study = serializers.UUIDField(source="latest_round_study", allow_null=True)

    @extend_schema_field(SeriesSerializer(many=True))
    def get_series(self, row: Study) -> object:
        return SeriesSerializer(row.series.all(), many=True).data


class StudyUpdateSerializer(serializers.Serializer):
    lesion_class = choice(LesionClass, allow_blank=True)


class StudyQuerySerializer(serializers.Serializer):
    round_study = serializers.UUIDField(required=False, default=None)


class VolumeQuerySerializer(serializers.Serializer):
    first = serializers.IntegerField(min_value=0, default=0)
    count = serializers.IntegerField(min_value=1, required=False)
    revision = serializers.IntegerField(min_value=0, required=False)


class StudiesView(ListAPIView):
    roles = {"GET": ANYONE_SIGNED_IN}
    serializer_class = StudySerializer
    pagination_class = InOrder

    def get_queryset(self) -> QuerySet[Study]:
        if not getattr(self, "swagger_fake_view", False):
            cohort_selectors.cohort_row(self.kwargs["id"])
        return selectors.studies(self.kwargs["id"])

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "knows_truth": knows_truth(self.request.user)}


class StudyView(GenericAPIView):
    roles = {"GET": ANYONE_SIGNED_IN, "PATCH": DATA_MANAGERS}

    @extend_schema(
        operation_id="study_get",
        parameters=[
            OpenApiParameter(
                "round_study", UUID, description="Read in this round: its lesions as its reader may see them."
            )
        ],
        request=None,
        responses=StudyDetailSerializer,
    )
    def get(self, request: Request, id: UUID) -> Response:
        given = StudyQuerySerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        return _detail(request, id, given.validated_data["round_study"])

    @extend_schema(
        operation_id="study_update", request=StudyUpdateSerializer, responses=StudyDetailSerializer
    )
    def patch(self, request: Request, id: UUID) -> Response:
        given = StudyUpdateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        services.update_study(study_id=id, **given.validated_data)
        return _detail(request, id)


class TextCheckedView(GenericAPIView):
    roles = {"POST": DATA_MANAGERS}

    @extend_schema(operation_id="study_text_checked", request=None, responses=StudyDetailSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        services.mark_text_checked(study_id=id, by=request.user)  # type: ignore[arg-type]
        return _detail(request, id)


class PrepareView(GenericAPIView):
    """Lets a study whose registration failed wait for it again."""

    roles = {"POST": DATA_MANAGERS}

    @extend_schema(operation_id="study_prepare", request=None, responses={202: StudyDetailSerializer})
    def post(self, request: Request, id: UUID) -> Response:
        retry_preparation(study_id=id)
        return _detail(request, id, status=202)


class VolumeView(APIView):
    """Slices of a phase on the study's grid: int16 HU, little endian, (z, y, x). 409 (code not_ready) while
    its phases are being registered."""

    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(
        operation_id="study_volume",
        parameters=[
            OpenApiParameter("first", int, description="First slice; 0 by default."),
            OpenApiParameter("count", int, description="Number of slices; all that follow by default."),
            OpenApiParameter(
                "revision", int, description="Of the image (image_revisions); another one is refused."
            ),
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: UUID, phase: str) -> StreamingHttpResponse:
        given = VolumeQuerySerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        study = selectors.study_row(id)
        series = next((s for s in study.series.all() if s.phase == phase), None)
        if series is None:
            raise NotFound(f"The study has no {phase} phase.", code="phase_absent")
        revision = given.validated_data.get("revision")
        if revision not in (None, series.image_revision):
            raise Conflict(
                "The phase was moved since this page was opened. Load the page again.", code="image_moved"
            )
        volume = engine.registered_volume(study, phase)
        slices = volume.geometry.shape_zyx[0]
        first = given.validated_data["first"]
        count = given.validated_data.get("count", slices - first)
        if count < 1 or first + count > slices:
            raise HarvestError(
                f"The volume has {slices} slices. Ask for slices within them.",
                code="outside",
                details={"slices": slices},
            )
        response = StreamingHttpResponse(
            _planes(volume, first, count), content_type="application/octet-stream"
        )
        response["Content-Length"] = str(count * volume.array_zyx[0].size * 2)
        response["Cache-Control"] = CHANGING if revision is None else IMMUTABLE
        return response


def _detail(request: Request, id: UUID, round_study: UUID | None = None, status: int = 200) -> Response:
    knows = knows_truth(request.user)
    lesions = selectors.lesions_for(request.user, knows_truth=knows, round_study=round_study)  # type: ignore[arg-type]
    study = selectors.study(id, lesions=lesions)
    return Response(StudyDetailSerializer(study, context={"knows_truth": knows}).data, status=status)


def _planes(volume: Volume, first: int, count: int) -> Iterator[bytes]:
    """A slice at a time, so that a request holds one slice in memory, not a volume."""
    for z in range(first, first + count):
        yield np.ascontiguousarray(volume.array_zyx[z], dtype="<i2").tobytes()
