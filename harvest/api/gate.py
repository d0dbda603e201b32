"""The promotion gate: have a version judged, see what was found, put it in use, go back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from detector.evaluation.noninferiority import LEAST_CASES, MARGIN
from harvest.api.models import (
    KINDS,
    EstimateSerializer,
    ModelVersionSerializer,
    ReleaseRefSerializer,
    VersionRefSerializer,
)
from harvest.api.permissions import ANYONE_SIGNED_IN, ML_ENGINEERS
from harvest.api.scope import require_open
from harvest.domain import JobState, ModelKind, PromotionGround
from harvest.models import Judgement, Promotion
from harvest.selectors import judgements as selectors
from harvest.selectors import versions
from harvest.selectors.releases import release
from harvest.services import judging, promotion

STATES = [state.value for state in JobState]


class GatedFigureSerializer(serializers.Serializer):
    """A figure of both versions on the same gold cases, and what it changes by."""

    before = EstimateSerializer()
    after = EstimateSerializer()
    difference = EstimateSerializer()


class StratumSerializer(serializers.Serializer):
    by = serializers.CharField()
    name = serializers.CharField()
    cases = serializers.IntegerField()
    metrics = serializers.DictField(child=GatedFigureSerializer())


class ComparedSerializer(serializers.Serializer):
    cases = serializers.IntegerField()
    subjects = serializers.IntegerField()
    metrics = serializers.DictField(child=GatedFigureSerializer())
    strata = StratumSerializer(many=True)


class RefusalSerializer(serializers.Serializer):
    metric = serializers.CharField()
    stratum = serializers.CharField(allow_null=True)
    lo = serializers.FloatField(allow_null=True)


class JudgementErrorSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()


class JudgementSerializer(serializers.ModelSerializer):
    version = VersionRefSerializer()
    against = VersionRefSerializer()
    release = ReleaseRefSerializer()
    cohort = serializers.CharField(source="release.cohort.name")
    owner = serializers.CharField(source="owner.username", allow_null=True, default=None)
    state = serializers.ChoiceField(STATES)
    comparison = ComparedSerializer(allow_null=True)
    refusals = RefusalSerializer(many=True)
    error = JudgementErrorSerializer(allow_null=True)
    least_cases = serializers.SerializerMethodField()
    done = serializers.SerializerMethodField()
    total = serializers.SerializerMethodField()

    class Meta:
        model = Judgement
        fields = [
            "id",
            "version",
            "against",
            "release",
            "cohort",
            "owner",
            "margin",
            "state",
            "passed",
            "comparison",
            "refusals",
            "error",
            "least_cases",
            "done",
            "total",
            "created_at",
            "finished_at",
        ]

    def get_least_cases(self, row: Judgement) -> int:
        return LEAST_CASES

    def get_done(self, row: Judgement) -> int:
        return selectors.answered(row)

    @extend_schema_field(serializers.IntegerField())
    def get_total(self, row: Judgement) -> int:
        return 2 * len(row.cases)


class JudgementRequestSerializer(serializers.Serializer):
    release = serializers.UUIDField(required=False)
    margin = serializers.FloatField(required=False, default=MARGIN)


class ReasonSerializer(serializers.Serializer):
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=300)


class RollBackSerializer(ReasonSerializer):
    kind = serializers.ChoiceField(KINDS)


class WayBackSerializer(serializers.Serializer):
    """What a kind would use after a roll back, where something was in use before."""

    kind = serializers.ChoiceField(KINDS)
    to = VersionRefSerializer(allow_null=True)


class PromotionSerializer(serializers.ModelSerializer):
    version = VersionRefSerializer()
    previous = VersionRefSerializer(allow_null=True)
    kind = serializers.ChoiceField(KINDS, source="version.kind")
    ground = serializers.ChoiceField([ground.value for ground in PromotionGround])
    approver = serializers.CharField(source="approver_name")

    class Meta:
        model = Promotion
        fields = ["id", "kind", "version", "previous", "ground", "reason", "approver", "created_at"]


class JudgementsView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": ML_ENGINEERS}

    @extend_schema(operation_id="judgements_list", request=None, responses=JudgementSerializer(many=True))
    def get(self, request: Request, id: UUID) -> Response:
        rows = selectors.judgements(versions.version(id).pk)
        return Response(JudgementSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="judgement_create",
        request=JudgementRequestSerializer,
        responses={202: JudgementSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = JudgementRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked: dict[str, Any] = given.validated_data
        frozen = release(asked["release"]) if "release" in asked else None
        if frozen:
            require_open(request, frozen.cohort_id)
        made = judging.request_judgement(
            version_id=id,
            release=frozen,
            margin=asked["margin"],
            owner=request.user,  # type: ignore[arg-type]
        )
        return Response(JudgementSerializer(selectors.judgement(made.pk)).data, status=202)


class PromoteView(APIView):
    roles = {"POST": ML_ENGINEERS}

    @extend_schema(operation_id="model_promote", request=ReasonSerializer, responses=ModelVersionSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        given = ReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        promotion.promote(
            version=id,
            approver=request.user,  # type: ignore[arg-type]
            reason=given.validated_data["reason"],
        )
        return Response(ModelVersionSerializer(versions.version(id)).data)


class RollBackView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": ML_ENGINEERS}

    @extend_schema(operation_id="roll_back_get", request=None, responses=WayBackSerializer(many=True))
    def get(self, request: Request) -> Response:
        ways = [{"kind": kind.value, "to": selectors.in_use_before(kind)} for kind in ModelKind]
        return Response(WayBackSerializer(ways, many=True).data)

    @extend_schema(operation_id="roll_back", request=RollBackSerializer, responses=ModelVersionSerializer)
    def post(self, request: Request) -> Response:
        given = RollBackSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row = promotion.roll_back(
            kind=ModelKind(given.validated_data["kind"]),
            approver=request.user,  # type: ignore[arg-type]
            reason=given.validated_data["reason"],
        )
        return Response(ModelVersionSerializer(versions.version(row.pk)).data)


class PromotionsView(ListAPIView):
    roles = {"GET": ANYONE_SIGNED_IN}
    serializer_class = PromotionSerializer

    def get_queryset(self) -> QuerySet[Promotion]:
        return selectors.promotions()

    @extend_schema(operation_id="promotions_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)
