"""Releases: freeze, compare, download."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from detector.export.formats import FORMATS
from harvest import store
from harvest.api.files import FileRenderer, send_file
from harvest.api.permissions import ANYONE_SIGNED_IN, DATA_MANAGERS
from harvest.api.scope import require_open
from harvest.api.shapes import point
from harvest.domain import JobState
from harvest.engine_release import card_text
from harvest.errors import NotReady
from harvest.manifest import difference
from harvest.models import DatasetRelease, ReleaseExport
from harvest.release_card import NAME
from harvest.release_policy import LEAVE_OUT, LESIONS, REFUSE, SOURCES, ReleasePolicy
from harvest.selectors import cohorts
from harvest.selectors import releases as selectors
from harvest.selectors.verifying import findings
from harvest.services import releases as services
from harvest.services.exports import request_export


class ReleaseCountsSerializer(serializers.Serializer):
    studies = serializers.IntegerField()
    subjects = serializers.IntegerField()
    pool = serializers.IntegerField()
    gold = serializers.IntegerField()
    without_lesion = serializers.IntegerField()
    lesions = serializers.IntegerField()
    primary = serializers.IntegerField()
    by_class = serializers.DictField(child=serializers.IntegerField())
    by_site = serializers.DictField(child=serializers.IntegerField(), default=dict)
    excluded = serializers.DictField(
        child=serializers.IntegerField(), default=dict, help_text="Studies that the policy left out, by why."
    )
    not_a_lesion = serializers.IntegerField()
    unsure = serializers.IntegerField()
    left_out = serializers.IntegerField(
        default=0, help_text="Curated studies that were not registered yet when it was frozen."
    )


class PolicySerializer(serializers.Serializer):
    """What goes into a release (harvest.release_policy); what is not named takes everything."""

    verdicts = serializers.ListField(child=serializers.ChoiceField(list(LESIONS)), required=False)
    sources = serializers.ListField(child=serializers.ChoiceField(list(SOURCES)), required=False)
    least_readers = serializers.IntegerField(min_value=1, max_value=2, required=False)
    least_agreement = serializers.FloatField(min_value=0, max_value=1, required=False)
    least_mm = serializers.FloatField(min_value=0, max_value=1000, required=False)
    sites = serializers.ListField(child=serializers.CharField(max_length=40), required=False)
    negatives = serializers.BooleanField(required=False)
    leaks = serializers.ChoiceField([REFUSE, LEAVE_OUT], required=False)


class ReleaseSerializer(serializers.ModelSerializer):
    counts = ReleaseCountsSerializer()
    policy = PolicySerializer()
    owner = serializers.CharField(source="owner.username", allow_null=True, default=None)

    class Meta:
        model = DatasetRelease
        fields = [
            "id",
            "cohort",
            "number",
            "manifest_sha256",
            "counts",
            "policy",
            "note",
            "owner",
            "created_at",
        ]


class ReleaseCreateSerializer(serializers.Serializer):
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)
    policy = PolicySerializer(required=False)


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


class FormatSerializer(serializers.Serializer):
    name = serializers.CharField()
    title = serializers.CharField()
    needs_images = serializers.BooleanField()


class ExportRequestSerializer(serializers.Serializer):
    format = serializers.ChoiceField(list(FORMATS))
    images = serializers.BooleanField(required=False, default=False)


class ExportErrorSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()


class ExportSerializer(serializers.ModelSerializer):
    format = serializers.ChoiceField(list(FORMATS))
    state = serializers.ChoiceField([state.value for state in JobState])
    error = ExportErrorSerializer(allow_null=True)

    class Meta:
        model = ReleaseExport
        fields = [
            "id",
            "release",
            "format",
            "with_images",
            "state",
            "stage",
            "done",
            "total",
            "error",
            "file_name",
            "sha256",
            "size_bytes",
            "created_at",
            "finished_at",
        ]


class FindingSerializer(serializers.Serializer):
    study = serializers.IntegerField(help_text="The number of the study; 0 for the release.")
    text = serializers.CharField(source="what")


class VerifiedSerializer(serializers.Serializer):
    holds = serializers.BooleanField()
    findings = FindingSerializer(many=True)


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
            note=given.validated_data.get("note", ""),
            policy=ReleasePolicy.from_json(given.validated_data.get("policy", {})),
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


class ReleaseVerifyView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="release_verify", request=None, responses=VerifiedSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        """Whether a release is what was frozen; `manage.py release verify` hashes its images too."""
        found = [finding._asdict() for finding in findings(selectors.release(id), images=False)]
        return Response(VerifiedSerializer({"holds": not found, "findings": found}).data)


class ReleaseCardView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}
    renderer_classes = [FileRenderer]

    @extend_schema(
        operation_id="release_card", request=None, responses={(200, "text/markdown"): OpenApiTypes.STR}
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """What is in it, who said so, and what it does not have."""
        row = selectors.release(id)
        text = card_text(selectors.manifest(row), selectors.export_info(row))
        name = f"{row.cohort.name}-release-{row.number}-{NAME}"
        return HttpResponse(
            text,
            content_type="text/markdown; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


class ReleaseExportsView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="release_exports", request=None, responses=ExportSerializer(many=True))
    def get(self, request: Request, id: UUID) -> Response:
        return Response(ExportSerializer(selectors.exports(selectors.release(id).pk), many=True).data)

    @extend_schema(
        operation_id="release_export",
        request=ExportRequestSerializer,
        responses={202: ExportSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = ExportRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row = request_export(
            release=selectors.release(id),
            format=given.validated_data["format"],
            images=given.validated_data["images"],
            owner=request.user,  # type: ignore[arg-type]
        )
        return Response(ExportSerializer(row).data, status=202)


class ExportView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="export_get", request=None, responses=ExportSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(ExportSerializer(selectors.export(id)).data)


class ExportFileView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}
    renderer_classes = [FileRenderer]

    @extend_schema(operation_id="export_file", request=None, responses={(200, "*/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """The file, streamed; a download that broke off goes on by a Range."""
        row = selectors.export(id)
        if row.state != JobState.SUCCEEDED:
            raise NotReady("This export is not ready yet. Wait until it is.", code="not_exported")
        return send_file(request, store.path(row.store_key), name=row.file_name, sha256=row.sha256)


class FormatsView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="export_formats", request=None, responses=FormatSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(FormatSerializer(list(FORMATS.values()), many=True).data)
