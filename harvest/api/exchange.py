"""Model versions to and from other installations."""

from __future__ import annotations

import tempfile
from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.models import ModelVersionSerializer
from harvest.api.permissions import ANYONE_SIGNED_IN, ML_ENGINEERS
from harvest.exchange import own_fingerprint
from harvest.services.exchange import export_version, import_version


class VersionImportSerializer(serializers.Serializer):
    file = serializers.FileField()
    trust = serializers.CharField(required=False, allow_blank=True, default="", max_length=60)


class ProvenanceCheckSerializer(serializers.Serializer):
    text = serializers.CharField(source="what")
    holds = serializers.BooleanField()


class ImportedVersionSerializer(serializers.Serializer):
    version = ModelVersionSerializer()
    checks = ProvenanceCheckSerializer(many=True)


class FingerprintSerializer(serializers.Serializer):
    """What others compare before they take over a version of this installation."""

    fingerprint = serializers.CharField()


class VersionFileView(APIView):
    roles = {"GET": ML_ENGINEERS}

    @extend_schema(
        operation_id="model_file", request=None, responses={(200, "application/zip"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, id: UUID) -> FileResponse:
        """The version as a signed file for another installation."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
        name = export_version(version_id=id, out=file)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


class ImportVersionView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": ML_ENGINEERS}
    parser_classes = [MultiPartParser]

    @extend_schema(operation_id="own_fingerprint", request=None, responses=FingerprintSerializer)
    def get(self, request: Request) -> Response:
        return Response({"fingerprint": own_fingerprint()})

    @extend_schema(
        operation_id="model_import",
        request={"multipart/form-data": VersionImportSerializer},
        responses={201: ImportedVersionSerializer},
    )
    def post(self, request: Request) -> Response:
        given = VersionImportSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made, checks = import_version(
            source=given.validated_data["file"],
            owner=request.user,  # type: ignore[arg-type]
            trust=given.validated_data["trust"],
        )
        return Response(ImportedVersionSerializer({"version": made, "checks": checks}).data, status=201)
