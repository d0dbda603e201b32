"""Archives over DICOMweb: entered by admins, searched and pulled from by data managers."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.imports import ImportJobSerializer
from harvest.api.permissions import ADMINS, DATA_MANAGERS
from harvest.api.shapes import choice
from harvest.domain import Modality, Split
from harvest.models import ImageArchive
from harvest.network.dicomweb import Filters
from harvest.selectors import cohorts as cohort_selectors
from harvest.selectors import imports as import_selectors
from harvest.selectors import network as selectors
from harvest.services import archives as services
from harvest.services import pulls


class ArchiveSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    url = serializers.CharField()
    username = serializers.CharField(allow_blank=True)
    has_password = serializers.SerializerMethodField()
    has_token = serializers.SerializerMethodField()

    def get_has_password(self, row: ImageArchive) -> bool:
        return bool(row.password)

    def get_has_token(self, row: ImageArchive) -> bool:
        return bool(row.token)


def _secret(length: int) -> serializers.CharField:
    return serializers.CharField(
        required=False, allow_blank=True, max_length=length, trim_whitespace=False, write_only=True
    )


class ArchiveUpdateSerializer(serializers.Serializer):
    url = serializers.CharField(max_length=300, required=False)
    username = serializers.CharField(max_length=150, required=False, allow_blank=True)
    password = _secret(200)
    token = _secret(4000)


class ArchiveCreateSerializer(ArchiveUpdateSerializer):
    name = serializers.SlugField(max_length=80)
    url = serializers.CharField(max_length=300)


class ArchiveSearchSerializer(serializers.Serializer):
    """In a body, so that no identifier stands in an address or a log. At least one of the first four."""

    date_from = serializers.DateField(required=False, allow_null=True)
    date_to = serializers.DateField(required=False, allow_null=True)
    patient_id = serializers.CharField(required=False, allow_blank=True, max_length=64)
    accession = serializers.CharField(required=False, allow_blank=True, max_length=16)
    description = serializers.CharField(required=False, allow_blank=True, max_length=64)
    modality = choice(Modality, default=Modality.CT)


class FoundInArchiveSerializer(serializers.Serializer):
    """A study as the archive lists it; shown to who searches, and never kept."""

    study_uid = serializers.CharField()
    date = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    patient_id = serializers.CharField(allow_blank=True)
    accession = serializers.CharField(allow_blank=True)
    modalities = serializers.ListField(child=serializers.CharField())
    series = serializers.IntegerField(allow_null=True)
    instances = serializers.IntegerField(allow_null=True)


class ArchiveFoundSerializer(serializers.Serializer):
    studies = FoundInArchiveSerializer(many=True)
    more = serializers.BooleanField()


class PullCreateSerializer(serializers.Serializer):
    archive = serializers.UUIDField()
    studies = serializers.ListField(
        child=serializers.CharField(max_length=64), min_length=1, max_length=pulls.MAX_STUDIES
    )
    modality = choice(Modality, default=Modality.CT)
    split = choice(Split, default=Split.POOL)


class ArchivesView(ListAPIView):
    roles = {"GET": DATA_MANAGERS, "POST": ADMINS}
    serializer_class = ArchiveSerializer

    def get_queryset(self) -> QuerySet[ImageArchive]:
        return selectors.archives()

    @extend_schema(
        operation_id="archive_create", request=ArchiveCreateSerializer, responses={201: ArchiveSerializer}
    )
    def post(self, request: Request) -> Response:
        given = ArchiveCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.create_archive(**given.validated_data)
        return Response(ArchiveSerializer(made).data, status=201)


class ArchiveView(GenericAPIView):
    roles = {"PATCH": ADMINS, "DELETE": ADMINS}

    @extend_schema(
        operation_id="archive_update", request=ArchiveUpdateSerializer, responses=ArchiveSerializer
    )
    def patch(self, request: Request, id: UUID) -> Response:
        given = ArchiveUpdateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(ArchiveSerializer(services.update_archive(archive=id, **given.validated_data)).data)

    @extend_schema(operation_id="archive_delete", request=None, responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        services.delete_archive(archive=id)
        return Response(status=204)


class ArchiveTestView(GenericAPIView):
    roles = {"POST": ADMINS}

    @extend_schema(operation_id="archive_test", request=None, responses={204: None})
    def post(self, request: Request, id: UUID) -> Response:
        services.check_archive(archive=id)
        return Response(status=204)


class ArchiveSearchView(GenericAPIView):
    roles = {"POST": DATA_MANAGERS}

    @extend_schema(
        operation_id="archive_search", request=ArchiveSearchSerializer, responses=ArchiveFoundSerializer
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = ArchiveSearchSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        for end in ("date_from", "date_to"):
            day = data.pop(end, None)
            data[end] = f"{day:%Y%m%d}" if day else ""
        found, more = services.search_archive(archive=selectors.archive(id), filters=Filters(**data))
        return Response(ArchiveFoundSerializer({"studies": found, "more": more}).data)


class PullsView(GenericAPIView):
    roles = {"POST": DATA_MANAGERS}

    @extend_schema(
        operation_id="pull_create", request=PullCreateSerializer, responses={202: ImportJobSerializer}
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = PullCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        job = pulls.start_pull(
            cohort=cohort_selectors.cohort(id),
            archive=selectors.archive(data["archive"]),
            study_uids=data["studies"],
            owner=request.user,
            modality=Modality(data["modality"]),
            split=Split(data["split"]),
        )
        return Response(ImportJobSerializer(import_selectors.import_by_id(job.pk)).data, status=202)
