"""Schedules: when a cohort's models are retrained unattended."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.models import KINDS
from harvest.api.permissions import ANYONE_SIGNED_IN, ML_ENGINEERS
from harvest.api.training import TrainingRequestSerializer
from harvest.domain import Condition
from harvest.models import TrainingSchedule
from harvest.selectors import cohorts, outlook
from harvest.selectors import training as selectors
from harvest.services import schedules as services
from harvest.services.training import DEFAULT_SIZE

A_YEAR_MINUTES = 366 * 24 * 60


class ScheduleSerializer(serializers.ModelSerializer):
    kinds = serializers.ListField(child=serializers.ChoiceField(KINDS))
    overrides = serializers.DictField()
    condition = serializers.ChoiceField([c.value for c in Condition])

    class Meta:
        model = TrainingSchedule
        fields = [
            "id",
            "cohort",
            "kinds",
            "size",
            "overrides",
            "every_minutes",
            "condition",
            "amount",
            "quiet_from",
            "quiet_until",
            "enabled",
            "chained",
            "last_outcome",
            "last_fired_at",
            "created_at",
        ]


class ScheduleUpdateSerializer(serializers.Serializer):
    kinds = serializers.ListField(
        child=serializers.ChoiceField(KINDS), allow_empty=False, max_length=len(KINDS), required=False
    )
    size = serializers.SlugField(required=False, max_length=20)
    overrides = serializers.DictField(required=False)
    every_minutes = serializers.IntegerField(min_value=1, max_value=A_YEAR_MINUTES, required=False)
    condition = serializers.ChoiceField([c.value for c in Condition], required=False)
    amount = serializers.FloatField(min_value=0, max_value=1e6, required=False, allow_null=True)
    quiet_from = serializers.TimeField(required=False, allow_null=True)
    quiet_until = serializers.TimeField(required=False, allow_null=True)
    enabled = serializers.BooleanField(required=False)
    chained = serializers.BooleanField(required=False)


class ScheduleCreateSerializer(ScheduleUpdateSerializer):
    kinds = serializers.ListField(
        child=serializers.ChoiceField(KINDS), allow_empty=False, max_length=len(KINDS)
    )
    every_minutes = serializers.IntegerField(min_value=1, max_value=A_YEAR_MINUTES)


class SchedulesView(ListAPIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": ML_ENGINEERS}
    serializer_class = ScheduleSerializer

    def get_queryset(self) -> QuerySet[TrainingSchedule]:
        if getattr(self, "swagger_fake_view", False):
            return TrainingSchedule.objects.none()
        return selectors.schedules(cohorts.cohort_row(self.kwargs["id"]).pk)

    @extend_schema(
        operation_id="schedule_create",
        request=ScheduleCreateSerializer,
        responses={201: ScheduleSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = ScheduleCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.create_schedule(cohort=id, owner=request.user, **given.validated_data)  # type: ignore[arg-type]
        return Response(ScheduleSerializer(made).data, status=201)


class ScheduleView(APIView):
    roles = {"PATCH": ML_ENGINEERS, "DELETE": ML_ENGINEERS}

    @extend_schema(
        operation_id="schedule_update", request=ScheduleUpdateSerializer, responses=ScheduleSerializer
    )
    def patch(self, request: Request, id: UUID) -> Response:
        given = ScheduleUpdateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(
            ScheduleSerializer(services.update_schedule(schedule=id, **given.validated_data)).data
        )

    @extend_schema(operation_id="schedule_delete", request=None, responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        services.delete_schedule(schedule=id)
        return Response(status=204)


class OutlookKindSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(KINDS)
    obstacle = serializers.CharField(allow_null=True)
    cases = serializers.IntegerField()
    positives = serializers.IntegerField()
    gold_cases = serializers.IntegerField()
    minutes = serializers.FloatField(allow_null=True)


class OutlookHostSerializer(serializers.Serializer):
    name = serializers.CharField()
    devices = serializers.ListField(child=serializers.CharField())


class OutlookSerializer(serializers.Serializer):
    """What a training would learn from, and how long it may take."""

    counts = serializers.DictField()
    kinds = OutlookKindSerializer(many=True)
    hosts = OutlookHostSerializer(many=True)
    waiting = serializers.IntegerField()


class ScheduleOutlookSerializer(OutlookSerializer):
    due = serializers.BooleanField()
    why = serializers.CharField()
    have = serializers.FloatField(allow_null=True)
    need = serializers.FloatField(allow_null=True)
    quiet_until = serializers.CharField(allow_null=True)


class ScheduleDryRunView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="schedule_dry_run", request=None, responses=ScheduleOutlookSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        row = selectors.schedule(id)
        return Response(ScheduleOutlookSerializer(outlook.dry_run_of(row)).data)


class TrainingDryRunView(APIView):
    roles = {"POST": ML_ENGINEERS}

    @extend_schema(
        operation_id="training_dry_run", request=TrainingRequestSerializer, responses=OutlookSerializer
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = TrainingRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked = {"size": DEFAULT_SIZE, "overrides": {}} | given.validated_data
        asked.pop("devices", None)
        return Response(OutlookSerializer(outlook.dry_run(cohort=id, **asked)).data)
