"""The labour ledger, live and as a table."""

from __future__ import annotations

from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.estimates import whose
from harvest.api.models import EstimateSerializer
from harvest.api.permissions import ANYONE_SIGNED_IN
from harvest.labour.idle import IDLE_S
from harvest.selectors.cohorts import cohort_row
from harvest.selectors.labour import ledger, table


class ReadingSecondsSerializer(serializers.Serializer):
    click = serializers.FloatField()
    draw = serializers.FloatField()
    adjudicate = serializers.FloatField()


class LabourRowSerializer(serializers.Serializer):
    """What a reader spent in a round: all seconds by mode, and the mean of the finished `readings`."""

    round = serializers.IntegerField(source="round_number")
    reader = serializers.CharField()
    readings = serializers.IntegerField()
    seconds = ReadingSecondsSerializer()
    a_reading = EstimateSerializer()


class SavedSerializer(serializers.Serializer):
    """Active seconds a reading drawn from scratch and read with candidates, and what is saved of them; so
    many readings of each are `missing` to an interval that holds."""

    scratch_mean = EstimateSerializer()
    scratch_median = EstimateSerializer()
    shown_mean = EstimateSerializer()
    shown_median = EstimateSerializer()
    seconds = EstimateSerializer()
    share = EstimateSerializer()
    missing_scratch = serializers.IntegerField()
    missing_shown = serializers.IntegerField()


class RoundSavedSerializer(serializers.Serializer):
    round = serializers.IntegerField(source="round_number")
    saved = SavedSerializer()


class ForecastSerializer(serializers.Serializer):
    """What the cohort's latest round still takes: active hours, and days at the pace of late."""

    remaining = serializers.IntegerField()
    hours = EstimateSerializer()
    hours_by_mode = serializers.DictField(child=serializers.FloatField())
    hours_a_day = serializers.FloatField(allow_null=True)
    days = EstimateSerializer()


class LabourSerializer(serializers.Serializer):
    """`own`: of the one who asks, but for the forecast; what is saved then of rounds read to the end."""

    own = serializers.BooleanField()
    idle_s = serializers.FloatField(help_text="Between two events of a reader so many seconds count at most.")
    rows = LabourRowSerializer(many=True)
    saved = SavedSerializer()
    saved_by_round = RoundSavedSerializer(many=True)
    forecast = ForecastSerializer()


class LabourView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="labour_get", request=None, responses=LabourSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        own = whose(request)
        found = ledger(cohort_row(id), own=own)
        shown = {"rows": found.rows, "saved": found.saved, "saved_by_round": found.saved_by_round}
        told = {"own": own is not None, "idle_s": IDLE_S, "forecast": found.forecast}
        return Response(LabourSerializer(told | shown).data)


class LabourTableView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(
        operation_id="labour_table", request=None, responses={(200, "text/csv"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, id: UUID) -> StreamingHttpResponse:
        cohort = cohort_row(id)
        return StreamingHttpResponse(
            table(cohort, own=whose(request)),
            content_type="text/csv",
            headers={"Content-Disposition": f'attachment; filename="{cohort.name}-labour.csv"'},
        )
