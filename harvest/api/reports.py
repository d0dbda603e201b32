"""Reports of rounds: what a round bought."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.gate import GatedFigureSerializer
from harvest.api.models import EstimateSerializer
from harvest.api.permissions import ANYONE_SIGNED_IN, ML_ENGINEERS
from harvest.api.shapes import choice
from harvest.domain import JobState, ReportArm
from harvest.models import ReportPoint, RoundReport
from harvest.selectors import reports as selectors
from harvest.selectors.rounds import round_by_id
from harvest.services.reports import cancel_report, request_report


class PointFiguresSerializer(serializers.Serializer):
    p1td_1 = EstimateSerializer(allow_null=True)
    p1td_10 = EstimateSerializer(allow_null=True)
    froc_mean = EstimateSerializer(allow_null=True)


class ReportPointSerializer(serializers.Serializer):
    arm = choice(ReportArm)
    upto = serializers.IntegerField(help_text="The number of the last round in it; 0: before any.")
    studies = serializers.IntegerField()
    lesions = serializers.IntegerField()
    minutes = serializers.FloatField()
    message = serializers.CharField()
    run = serializers.UUIDField(source="run_id", allow_null=True)
    state = serializers.SerializerMethodField()
    figures = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField([s.value for s in JobState], allow_null=True))
    def get_state(self, row: ReportPoint) -> str | None:
        return row.run.state if row.run else None

    @extend_schema_field(PointFiguresSerializer)
    def get_figures(self, row: ReportPoint) -> dict[str, Any]:
        return selectors.figures(row)


class RoundReportSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    round = serializers.UUIDField(source="round_id")
    number = serializers.IntegerField(source="round.number")
    size = serializers.CharField()
    overrides = serializers.DictField()
    state = choice(JobState)
    message = serializers.CharField()
    owner = serializers.CharField(source="owner.username", allow_null=True, default=None)
    points = ReportPointSerializer(many=True)
    with_without = serializers.SerializerMethodField()
    with_random = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.DictField(child=GatedFigureSerializer(), allow_null=True))
    def get_with_without(self, row: RoundReport) -> dict[str, Any] | None:
        return _metrics(row.with_without)

    @extend_schema_field(serializers.DictField(child=GatedFigureSerializer(), allow_null=True))
    def get_with_random(self, row: RoundReport) -> dict[str, Any] | None:
        return _metrics(row.with_random)


def _metrics(judgement: Any) -> dict[str, Any] | None:
    compared = judgement.comparison if judgement else None
    return compared["metrics"] if compared else None


class ReportRequestSerializer(serializers.Serializer):
    size = serializers.SlugField(required=False, max_length=20)
    overrides = serializers.DictField(required=False)


class RoundReportsView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": ML_ENGINEERS}

    @extend_schema(operation_id="round_reports", request=None, responses=RoundReportSerializer(many=True))
    def get(self, request: Request, id: UUID) -> Response:
        rows = selectors.reports(round_by_id(id).pk)
        return Response(RoundReportSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="round_report_create",
        request=ReportRequestSerializer,
        responses={202: RoundReportSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = ReportRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        request_report(round_id=id, owner=request.user, **given.validated_data)  # type: ignore[arg-type]
        return Response(RoundReportSerializer(selectors.reports(id)[0]).data, status=202)


class ReportCancelView(APIView):
    roles = {"POST": ML_ENGINEERS}

    @extend_schema(operation_id="report_cancel", request=None, responses=RoundReportSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        row = cancel_report(report=id)
        found = next(one for one in selectors.reports(row.round_id) if one.pk == row.pk)
        return Response(RoundReportSerializer(found).data)
