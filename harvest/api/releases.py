"""Releases: freeze, compare, download."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.permissions import ANYONE_SIGNED_IN, DATA_MANAGERS
from harvest.api.scope import require_open
from harvest.api.shapes import point
from harvest.engine_release import FILE_NAMES, FORMATS, export_text
from harvest.manifest import difference
from harvest.models import DatasetRelease
from harvest.selectors import cohorts
from harvest.selectors import releases as selectors
from harvest.services import releases as services

CONTENT_TYPES = {"coco": "application/json", "csv": "text/csv; charset=utf-8"}


class ReleaseCountsSerializer(serializers.Serializer):
    studies = serializers.IntegerField()
    subjects = serializers.IntegerField()
    pool = serializers.IntegerField()
    gold = serializers.IntegerField()
    without_lesion = serializers.IntegerField()
    lesions = serializers.IntegerField()
    primary = serializers.IntegerField()
    by_class = serializers.DictField(child=serializers.IntegerField())
    not_a_lesion = serializers.IntegerField()
    unsure = serializers.IntegerField()
    left_out = serializers.IntegerField(
        default=0, help_text="Curated studies that were not registered yet when it was frozen."
    )


class ReleaseSerializer(serializers.ModelSerializer):
    counts = ReleaseCountsSerializer()
    owner = serializers.CharField(source="owner.username", allow_null=True, default=None)

    class Meta:
        model = DatasetRelease
        fields = ["id", "cohort", "number", "manifest_sha256", "counts", "note", "owner", "created_at"]


class ReleaseCreateSerializer(serializers.Serializer):
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)


class ChangedLesionSerializer(serializers.Serializer):
    study = serializers.UUIDField()
    ordinal = serializers.IntegerField()
    lesion = serializers.UUIDField()
    primary = serializers.BooleanField()
    lesion_class = serializers.CharField(allow_blank=True)


class NudgedPhaseSerializer(serializers.Serializer):
    """A phase that was moved by hand from one place (x, y, z in mm, LPS) to another."""

    study = serializers.UUIDField()
    ordinal = serializers.IntegerField()
    phase = serializers.CharField()
    before_mm = point()
    after_mm = point()


class ReleaseDiffSerializer(serializers.Serializer):
    """Lesions and phases that changed on the way from this release to the other."""

    added = ChangedLesionSerializer(many=True)
    removed = ChangedLesionSerializer(many=True)
    moved = ChangedLesionSerializer(many=True)
    relabelled = ChangedLesionSerializer(many=True)
    nudged = NudgedPhaseSerializer(many=True)


class DiffRequestSerializer(serializers.Serializer):
    to = serializers.UUIDField()


class ExportRequestSerializer(serializers.Serializer):
    format = serializers.ChoiceField(list(FORMATS))


class ReleasesView(ListAPIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": DATA_MANAGERS}
    serializer_class = ReleaseSerializer

    def get_queryset(self) -> QuerySet[DatasetRelease]:
        if getattr(self, "swagger_fake_view", False):
            return DatasetRelease.objects.none()
        return selectors.releases(cohorts.cohort_row(self.kwargs["id"]).pk)

    @extend_schema(
        operation_id="release_create", request=ReleaseCreateSerializer, responses={201: ReleaseSerializer}
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = ReleaseCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.create_release(
            cohort=id,
            owner=request.user,  # type: ignore[arg-type]
            **given.validated_data,
        )
        return Response(ReleaseSerializer(made).data, status=201)


class ReleaseView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="release_get", request=None, responses=ReleaseSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(ReleaseSerializer(selectors.release(id)).data)


class ReleaseDiffView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(
        operation_id="release_diff",
        request=None,
        parameters=[OpenApiParameter("to", UUID, required=True)],
        responses=ReleaseDiffSerializer,
    )
    def get(self, request: Request, id: UUID) -> Response:
        asked = DiffRequestSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        before, after = selectors.release(id), selectors.release(asked.validated_data["to"])
        require_open(request, after.cohort_id)
        return Response(difference(selectors.manifest(before), selectors.manifest(after)))


class ReleaseExportView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(
        operation_id="release_export",
        request=None,
        parameters=[OpenApiParameter("format", str, required=True, enum=list(FORMATS))],
        responses={
            (200, "application/json"): OpenApiTypes.BINARY,
            (200, "text/csv"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        asked = ExportRequestSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        format = asked.validated_data["format"]
        row = selectors.release(id)
        text = export_text(selectors.manifest(row), format, selectors.export_info(row))
        name = f"{row.cohort.name}-release-{row.number}-{FILE_NAMES[format]}"
        return HttpResponse(
            text,
            content_type=CONTENT_TYPES[format],
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
