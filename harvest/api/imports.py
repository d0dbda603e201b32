"""Uploads and imports."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.permissions import ANYONE_SIGNED_IN, DATA_MANAGERS
from harvest.api.shapes import ErrorSerializer, choice
from harvest.domain import NAMES_FILES, ImportOutcome, ImportSource, JobState, Phase, Split
from harvest.errors import HarvestError
from harvest.models import ImportItem, ImportJob
from harvest.selectors import cohorts as cohort_selectors
from harvest.selectors import imports as selectors
from harvest.services import imports as services
from harvest.services import thumbnails, uploads

FOR_THE_IMPORTER = "The reason names a file; only the one who imported it is shown it."


class InOrder(CursorPagination):
    ordering = ("ordinal", "id")
    page_size_query_param = "page_size"
    max_page_size = 200


class ImportCountsSerializer(serializers.Serializer):
    taken = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    refused = serializers.IntegerField()
    phases_needed = serializers.IntegerField()
    waiting = serializers.IntegerField()


class PullProgressSerializer(serializers.Serializer):
    """How far the fetching from an archive is, which comes before anything is looked at."""

    studies = serializers.IntegerField()
    studies_done = serializers.IntegerField()
    objects_done = serializers.IntegerField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ImportJobSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    state = choice(JobState)
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    error = ErrorSerializer(allow_null=True)
    owner = serializers.SerializerMethodField()
    counts = ImportCountsSerializer(source="*")
    split = choice(Split)
    source = choice(ImportSource)  # type: ignore[assignment]
    source_name = serializers.CharField(allow_blank=True)
    pull = serializers.SerializerMethodField()

    @extend_schema_field(PullProgressSerializer(allow_null=True))
    def get_pull(self, row: ImportJob) -> object:
        pull = getattr(row, "pull", None)
        return PullProgressSerializer(pull).data if pull else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_owner(self, row: ImportJob) -> str | None:
        return row.owner.get_username() if row.owner else None


class ImportItemSerializer(serializers.Serializer):
    """`relative_path` is empty for everybody but the one who imports: a path may hold a person's name. So
    may the name of a volume file, and then the texts and details are the importer's alone, too."""

    id = serializers.UUIDField()
    ordinal = serializers.IntegerField()
    outcome = choice(ImportOutcome)
    study = serializers.UUIDField(source="study_id", allow_null=True)
    code = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    remedy = serializers.CharField(allow_blank=True)
    details = serializers.DictField()
    relative_path = serializers.CharField(allow_blank=True)

    def to_representation(self, instance: ImportItem) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        if self.context["is_owner"]:
            return shown
        if instance.code and instance.details.get(NAMES_FILES):
            shown |= {"message": FOR_THE_IMPORTER, "remedy": "", "details": {}}
        return shown | {"relative_path": ""}


class UploadInputSerializer(serializers.Serializer):
    file = serializers.ListField(child=serializers.FileField(), min_length=1)
    relative_path = serializers.ListField(child=serializers.CharField(trim_whitespace=False), min_length=1)
    offset = serializers.ListField(
        child=serializers.IntegerField(min_value=0),
        required=False,
        help_text="Where each part belongs in its file, for files that are sent in parts; 0 where left out.",
    )
    upload_id = serializers.UUIDField(required=False)


class ReceivedSerializer(serializers.Serializer):
    relative_path = serializers.CharField()
    bytes = serializers.IntegerField()


class UploadContentSerializer(serializers.Serializer):
    files = ReceivedSerializer(many=True)


class UploadSerializer(serializers.Serializer):
    upload_id = serializers.UUIDField()


class ImportCreateSerializer(serializers.Serializer):
    upload_id = serializers.UUIDField()
    given_phases = serializers.DictField(child=choice(Phase), required=False)
    split = choice(Split, default=Split.POOL)


class SaidOfItemSerializer(serializers.Serializer):
    """The phases of one study's series."""

    item = serializers.UUIDField()
    phases = serializers.DictField(child=choice(Phase), allow_empty=False)


class SayPhasesSerializer(serializers.Serializer):
    """Phases by series: of every study that has the series, or of single studies by their items."""

    given_phases = serializers.DictField(child=choice(Phase), allow_empty=False, required=False)
    items = SaidOfItemSerializer(many=True, allow_empty=False, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Say given_phases, or items.")
        return attrs


class UploadsView(APIView):
    roles = {"POST": DATA_MANAGERS}
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="upload_files",
        request={"multipart/form-data": UploadInputSerializer},
        responses={201: UploadSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        cohort_selectors.cohort_row(id)
        given = UploadInputSerializer(data=_multipart(request))
        given.is_valid(raise_exception=True)
        data = given.validated_data
        offsets = data.get("offset") or [0] * len(data["file"])
        if not len(data["file"]) == len(data["relative_path"]) == len(offsets):
            raise HarvestError(
                "Each file needs a relative_path, and an offset where one has.", code="invalid"
            )
        made = uploads.add_pieces(
            user_id=request.user.pk,  # type: ignore[arg-type]
            pieces=[
                uploads.Piece(*given)
                for given in zip(data["relative_path"], data["file"], offsets, strict=True)
            ],
            upload_id=data.get("upload_id"),
        )
        return Response({"upload_id": str(made)}, status=201)


class UploadView(APIView):
    """What has come of one's own upload, so that a sender can go on where it stopped."""

    roles = {"GET": DATA_MANAGERS}

    @extend_schema(operation_id="upload_get", request=None, responses=UploadContentSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        here = uploads.received(user_id=request.user.pk, upload_id=id)  # type: ignore[arg-type]
        return Response({"files": [{"relative_path": path, "bytes": size} for path, size in here]})


def _multipart(request: Request) -> dict[str, Any]:
    sent: Any = request.data
    data: dict[str, Any] = {
        "file": request.FILES.getlist("file"),
        "relative_path": sent.getlist("relative_path"),
    }
    if offsets := sent.getlist("offset"):
        data["offset"] = offsets
    if sent.get("upload_id"):
        data["upload_id"] = sent["upload_id"]
    return data


class ImportsView(ListAPIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": DATA_MANAGERS}
    serializer_class = ImportJobSerializer

    def get_queryset(self) -> QuerySet[ImportJob]:
        return selectors.imports(self.kwargs["id"])

    @extend_schema(
        operation_id="import_create", request=ImportCreateSerializer, responses={202: ImportJobSerializer}
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = ImportCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        job = services.start_upload_import(
            cohort=cohort_selectors.cohort_row(id),
            owner=request.user,  # type: ignore[arg-type]
            upload_id=data["upload_id"],
            given_phases=data.get("given_phases", {}),
            split=Split(data["split"]),
        )
        return _shown(job, 202)


class ImportView(GenericAPIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="import_get", request=None, responses=ImportJobSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(ImportJobSerializer(selectors.import_by_id(id)).data)


class ImportItemsView(ListAPIView):
    roles = {"GET": ANYONE_SIGNED_IN}
    serializer_class = ImportItemSerializer
    pagination_class = InOrder

    def get_queryset(self) -> QuerySet[ImportItem]:
        return selectors.items(self.kwargs["id"])

    def get_serializer_context(self) -> dict[str, Any]:
        if getattr(self, "swagger_fake_view", False):
            return {**super().get_serializer_context(), "is_owner": False}
        job = selectors.import_by_id(self.kwargs["id"])
        return {
            **super().get_serializer_context(),
            "is_owner": job.owner is not None and job.owner.pk == self.request.user.pk,
        }


class ImportPhasesView(GenericAPIView):
    roles = {"POST": DATA_MANAGERS}

    @extend_schema(
        operation_id="import_say_phases", request=SayPhasesSerializer, responses={202: ImportJobSerializer}
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = SayPhasesSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        job = services.say_phases(
            job_id=id,
            given_phases=data.get("given_phases"),
            items={said["item"]: said["phases"] for said in data.get("items", [])},
        )
        return _shown(job, 202)


class ImportThumbnailView(APIView):
    """A slice through the liver of one series that is asked about, numbered as in the item's details; 404
    once the question is answered. Who may import may see it."""

    roles = {"GET": DATA_MANAGERS}

    @extend_schema(operation_id="import_thumbnail", responses={(200, "image/webp"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: UUID, number: int) -> FileResponse:
        path = thumbnails.thumbnail_path(item_id=id, number=number)
        response = FileResponse(path.open("rb"), content_type="image/webp")
        response["Cache-Control"] = "private, no-store"
        return response


class ImportCancelView(GenericAPIView):
    roles = {"POST": DATA_MANAGERS}

    @extend_schema(operation_id="import_cancel", request=None, responses=ImportJobSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        return _shown(services.cancel_import(job_id=id), 200)


def _shown(job: ImportJob, status: int) -> Response:
    return Response(ImportJobSerializer(selectors.import_by_id(job.pk)).data, status=status)
