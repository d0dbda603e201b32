"""Trainings: ask for them, follow them, cancel them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest import engine_training
from harvest.api.events import EventRenderer, stream
from harvest.api.models import KINDS, ReleaseRefSerializer, VersionRefSerializer
from harvest.api.permissions import ANYONE_SIGNED_IN, ML_ENGINEERS
from harvest.domain import ENDED, JobState, TrainingSource
from harvest.models import TrainingRun
from harvest.selectors import cohorts
from harvest.selectors import training as selectors
from harvest.services import supervision
from harvest.services import training as services
from harvest.services.cold_start import request_cold_start

STATES = [state.value for state in JobState]
SOURCES = [source.value for source in TrainingSource]


class TrainingErrorSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()
    details = serializers.DictField()


class CurvePointSerializer(serializers.Serializer):
    step = serializers.IntegerField()
    values = serializers.DictField(child=serializers.FloatField(allow_null=True))


class TrainingRunSummarySerializer(serializers.ModelSerializer):
    kind = serializers.ChoiceField(KINDS)
    state = serializers.ChoiceField(STATES)
    learns_from = serializers.ChoiceField(SOURCES)
    release = ReleaseRefSerializer(allow_null=True)
    result = VersionRefSerializer(allow_null=True)
    initial_version = VersionRefSerializer(allow_null=True)
    owner = serializers.CharField(source="owner.username", allow_null=True, default=None)
    values = serializers.DictField(child=serializers.FloatField(allow_null=True))
    overrides = serializers.DictField()
    error = TrainingErrorSerializer(allow_null=True)

    class Meta:
        model = TrainingRun
        fields = [
            "id",
            "cohort",
            "chain",
            "kind",
            "size",
            "devices",
            "overrides",
            "learns_from",
            "state",
            "step",
            "total",
            "values",
            "message",
            "reason",
            "error",
            "created_at",
            "started_at",
            "finished_at",
            "heartbeat_at",
            "release",
            "initial_version",
            "result",
            "owner",
        ]


class TrainingRunSerializer(TrainingRunSummarySerializer):
    eta_seconds = serializers.SerializerMethodField()
    curve = serializers.SerializerMethodField()
    log_tail = serializers.SerializerMethodField()

    class Meta(TrainingRunSummarySerializer.Meta):
        fields = [*TrainingRunSummarySerializer.Meta.fields, "eta_seconds", "curve", "log_tail"]

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_eta_seconds(self, row: TrainingRun) -> float | None:
        return engine_training.seconds_left(row.pk) if row.state == JobState.RUNNING else None

    @extend_schema_field(CurvePointSerializer(many=True))
    def get_curve(self, row: TrainingRun) -> list[dict[str, Any]]:
        return engine_training.curve(row.pk)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_log_tail(self, row: TrainingRun) -> list[str]:
        return engine_training.log_tail(row.pk)


class TrainingRequestSerializer(serializers.Serializer):
    kinds = serializers.ListField(
        child=serializers.ChoiceField(KINDS), allow_empty=False, max_length=len(KINDS)
    )
    size = serializers.SlugField(required=False, max_length=20)
    overrides = serializers.DictField(required=False)
    devices = serializers.IntegerField(min_value=1, max_value=64, required=False)


class TrainingRunsView(ListAPIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": ML_ENGINEERS}
    serializer_class = TrainingRunSummarySerializer

    def get_queryset(self) -> QuerySet[TrainingRun]:
        if getattr(self, "swagger_fake_view", False):
            return TrainingRun.objects.none()
        return selectors.training_runs(cohorts.cohort_row(self.kwargs["id"]).pk)

    @extend_schema(
        operation_id="training_runs_create",
        request=TrainingRequestSerializer,
        responses={202: TrainingRunSummarySerializer(many=True)},
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = TrainingRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        runs = services.request_training(
            cohort=id,
            owner=request.user,  # type: ignore[arg-type]
            **given.validated_data,
        )
        return Response(TrainingRunSummarySerializer(runs, many=True).data, status=202)


class ColdStartSerializer(serializers.Serializer):
    """How many unmarked studies there are to learn from, and how many lesions are curated."""

    studies = serializers.IntegerField()
    lesions = serializers.IntegerField()


class ColdStartRequestSerializer(serializers.Serializer):
    size = serializers.SlugField(required=False, max_length=20)
    overrides = serializers.DictField(required=False)


class ColdStartView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": ML_ENGINEERS}

    @extend_schema(operation_id="cold_start_get", request=None, responses=ColdStartSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(selectors.cold_start(cohorts.cohort_row(id).pk))

    @extend_schema(
        operation_id="cold_start_create",
        request=ColdStartRequestSerializer,
        responses={202: TrainingRunSummarySerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = ColdStartRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        run = request_cold_start(
            cohort=id,
            owner=request.user,  # type: ignore[arg-type]
            **given.validated_data,
        )
        return Response(TrainingRunSummarySerializer(run).data, status=202)


class TrainingRunView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="training_run_get", request=None, responses=TrainingRunSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(TrainingRunSerializer(selectors.training_run(id)).data)


class TrainingRunEventsView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}
    renderer_classes = [EventRenderer]

    @extend_schema(
        operation_id="training_run_events",
        request=None,
        responses={(200, "text/event-stream"): OpenApiTypes.STR, 204: None},
    )
    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """Server-sent events {"state", "step", "message"}: something about the run has changed."""
        selectors.training_run(id)
        return stream(lambda: selectors.glance(id), lambda seen: seen["state"] in ENDED)


class TrainingRunCancelView(APIView):
    roles = {"POST": ML_ENGINEERS}

    @extend_schema(operation_id="training_run_cancel", request=None, responses=TrainingRunSummarySerializer)
    def post(self, request: Request, id: UUID) -> Response:
        supervision.cancel(run=id)
        return Response(TrainingRunSummarySerializer(selectors.training_run(id)).data)


class TrainingRunResumeView(APIView):
    roles = {"POST": ML_ENGINEERS}

    @extend_schema(operation_id="training_run_resume", request=None, responses=TrainingRunSummarySerializer)
    def post(self, request: Request, id: UUID) -> Response:
        supervision.resume(run=id)
        return Response(TrainingRunSummarySerializer(selectors.training_run(id)).data)
