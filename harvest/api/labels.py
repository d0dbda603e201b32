"""Pathology labels from tables: a preview, its application, what was applied, and its undoing.

The table travels with every request and is kept by none: a preview stores nothing, and no identifier in the
file is in any answer. Rows go by their number.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.permissions import DATA_MANAGERS
from harvest.api.shapes import choice
from harvest.domain import LesionClass, Procedure, RowState
from harvest.models import LabelImport, Study
from harvest.selectors import cohorts as cohort_selectors
from harvest.selectors import labels as selectors
from harvest.selectors.labels import Fit
from harvest.services import labels as services
from harvest.services.label_files import MAX_BYTES


class LabelInputSerializer(serializers.Serializer):
    """`choices` answers questions: a row's number to the study that is meant, or to null to leave it out."""

    file = serializers.FileField(allow_empty_file=True)
    window_days = serializers.IntegerField(
        min_value=0, max_value=services.MAX_WINDOW_DAYS, default=services.WINDOW_DAYS
    )
    choices = serializers.JSONField(default=dict)

    def validate_choices(self, value: Any) -> dict[int, UUID | None]:
        try:
            return {int(row): UUID(study) if study is not None else None for row, study in value.items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise serializers.ValidationError("Maps a row's number to a study's id, or to null.") from error


class LabelStudySerializer(serializers.Serializer):
    """`days` from the examination to the procedure, null where the study has no date."""

    id = serializers.UUIDField()
    ordinal = serializers.IntegerField()
    lesion_class = choice(LesionClass, allow_blank=True)
    days = serializers.IntegerField(allow_null=True)


class LabelRowSerializer(serializers.Serializer):
    """`row` is its number in the table. `study` gets the class; `choices` are those a question is about."""

    row = serializers.IntegerField()
    state = choice(RowState)
    code = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    lesion_class = choice(LesionClass, allow_null=True)
    procedure = choice(Procedure, allow_null=True)
    study = LabelStudySerializer(allow_null=True)
    choices = LabelStudySerializer(many=True)


class LabelCountsSerializer(serializers.Serializer):
    ready = serializers.IntegerField()
    question = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    skipped = serializers.IntegerField()
    error = serializers.IntegerField()


class LabelPreviewSerializer(serializers.Serializer):
    counts = LabelCountsSerializer()
    rows = LabelRowSerializer(many=True)


class LabelImportSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    owner = serializers.SerializerMethodField()
    window_days = serializers.IntegerField()
    labels = serializers.SerializerMethodField()
    undone_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_owner(self, row: LabelImport) -> str | None:
        return row.owner.get_username() if row.owner else None

    @extend_schema_field(serializers.IntegerField())
    def get_labels(self, row: LabelImport) -> int:
        return len(row.changes)


class LabelsAppliedSerializer(serializers.Serializer):
    applied = LabelImportSerializer()
    preview = LabelPreviewSerializer()


class LabelsUndoneSerializer(serializers.Serializer):
    """`kept`: studies whose class was changed since, and so stays."""

    undone = LabelImportSerializer()
    kept = serializers.IntegerField()


class LabelPreviewView(GenericAPIView):
    roles = {"POST": DATA_MANAGERS}
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="labels_preview",
        request={"multipart/form-data": LabelInputSerializer},
        responses=LabelPreviewSerializer,
    )
    def post(self, request: Request, id: UUID) -> Response:
        cohort = cohort_selectors.cohort_row(id)
        return Response(_preview(services.preview_labels(cohort=cohort, **_given(request))))


class LabelsView(ListAPIView):
    roles = {"GET": DATA_MANAGERS, "POST": DATA_MANAGERS}
    parser_classes = [MultiPartParser]
    serializer_class = LabelImportSerializer

    def get_queryset(self) -> QuerySet[LabelImport]:
        if not getattr(self, "swagger_fake_view", False):
            cohort_selectors.cohort_row(self.kwargs["id"])
        return selectors.label_imports(self.kwargs["id"])

    @extend_schema(
        operation_id="labels_apply",
        request={"multipart/form-data": LabelInputSerializer},
        responses={201: LabelsAppliedSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        made, told = services.apply_labels(
            cohort=cohort_selectors.cohort_row(id),
            owner=request.user,  # type: ignore[arg-type]
            **_given(request),
        )
        applied = LabelImportSerializer(selectors.label_import(made.pk)).data
        return Response({"applied": applied, "preview": _preview(told)}, status=201)


class LabelUndoView(GenericAPIView):
    roles = {"POST": DATA_MANAGERS}

    @extend_schema(operation_id="labels_undo", request=None, responses=LabelsUndoneSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        row, kept = services.undo_labels(id=id)
        undone = LabelImportSerializer(selectors.label_import(row.pk)).data
        return Response({"undone": undone, "kept": kept})


def _given(request: Request) -> dict[str, Any]:
    given = LabelInputSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    file: UploadedFile = given.validated_data["file"]
    return {
        "data": file.read(MAX_BYTES + 1),
        "window_days": given.validated_data["window_days"],
        "choices": given.validated_data["choices"],
    }


def _preview(told: list[Fit]) -> dict[str, Any]:
    counts = Counter(f.state for f in told)
    return {"counts": {s.value: counts[s] for s in RowState}, "rows": [_row(f) for f in told]}


def _row(fit: Fit) -> dict[str, Any]:
    return {
        "row": fit.number,
        "state": fit.state,
        "code": fit.code,
        "message": fit.message,
        "lesion_class": fit.row.lesion_class if fit.row else None,
        "procedure": fit.row.procedure if fit.row else None,
        "study": _study(fit, fit.study) if fit.study else None,
        "choices": [_study(fit, s) for s in fit.choices],
    }


def _study(fit: Fit, study: Study) -> dict[str, Any]:
    return {
        "id": study.pk,
        "ordinal": study.ordinal,
        "lesion_class": study.lesion_class,
        "days": fit.days(study),
    }
