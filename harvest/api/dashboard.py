"""The cohort at a glance."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.models import KINDS, EstimateSerializer
from harvest.api.permissions import ANYONE_SIGNED_IN
from harvest.api.training import STATES
from harvest.selectors import cohorts
from harvest.selectors.dashboard import dashboard


class StripSerializer(serializers.Serializer):
    imported = serializers.IntegerField()
    proposed = serializers.IntegerField()
    reviewed = serializers.IntegerField()
    curated = serializers.IntegerField()
    trained = serializers.IntegerField()
    released = serializers.IntegerField()


class NeedSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(
        [
            "phases",
            "review",
            "draw",
            "adjudicate",
            "failed_import",
            "failed_preparation",
            "failed_training",
            "promote",
        ]
    )
    count = serializers.IntegerField()
    text = serializers.CharField()


class ClassCountSerializer(serializers.Serializer):
    lesion_class = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()


class ReaderMinutesSerializer(serializers.Serializer):
    reader = serializers.CharField()
    minutes = serializers.FloatField()
    studies = serializers.IntegerField()
    seconds_a_study = serializers.FloatField(allow_null=True)


class DashboardVersionSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(KINDS)
    promoted = serializers.BooleanField()
    round_numbers = serializers.ListField(child=serializers.IntegerField())
    created_at = serializers.DateTimeField()
    p1td_1 = EstimateSerializer(allow_null=True)
    p1td_10 = EstimateSerializer(allow_null=True)
    mean_f1 = EstimateSerializer(allow_null=True)


class JobSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(["registration", "import", "round", "training"])
    state = serializers.ChoiceField(STATES)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    text = serializers.CharField()


class DashboardSerializer(serializers.Serializer):
    strip = StripSerializer()
    needs = NeedSerializer(many=True)
    lesions_by_class = ClassCountSerializer(many=True)
    minutes_by_reader = ReaderMinutesSerializer(many=True)
    forecast_minutes = serializers.FloatField(allow_null=True)
    versions = DashboardVersionSerializer(many=True)
    jobs = JobSerializer(many=True)


class DashboardView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="dashboard_get", request=None, responses=DashboardSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(DashboardSerializer(dashboard(cohorts.cohort_row(id))).data)
