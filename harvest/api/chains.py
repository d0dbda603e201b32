"""Chains of trainings: ask for one, see how far it is, cancel it."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.models import KINDS, ReleaseRefSerializer
from harvest.api.permissions import ANYONE_SIGNED_IN, ML_ENGINEERS
from harvest.domain import LESION_KINDS, ChainOutcome, JobState
from harvest.models import TrainingChain
from harvest.selectors.cohorts import cohort_row
from harvest.selectors.training import chain, chains
from harvest.services import chains as services

CHAINED = [kind.value for kind in LESION_KINDS]


class ChainRunSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(KINDS)
    state = serializers.ChoiceField([state.value for state in JobState])


class ChainSerializer(serializers.ModelSerializer):
    kinds = serializers.ListField(child=serializers.ChoiceField(CHAINED))
    state = serializers.ChoiceField([state.value for state in JobState])
    outcome = serializers.ChoiceField([outcome.value for outcome in ChainOutcome], allow_blank=True)
    release = ReleaseRefSerializer()
    owner = serializers.CharField(source="owner.username", allow_null=True, default=None)
    runs = ChainRunSerializer(many=True)

    class Meta:
        model = TrainingChain
        fields = [
            "id",
            "kinds",
            "size",
            "state",
            "outcome",
            "message",
            "reason",
            "release",
            "owner",
            "runs",
            "created_at",
            "finished_at",
        ]


class ChainRequestSerializer(serializers.Serializer):
    kinds = serializers.ListField(
        child=serializers.ChoiceField(CHAINED), allow_empty=False, max_length=len(CHAINED), required=False
    )
    size = serializers.SlugField(required=False, max_length=20)
    overrides = serializers.DictField(required=False)
    devices = serializers.IntegerField(min_value=1, max_value=64, required=False)


class ChainsView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": ML_ENGINEERS}

    @extend_schema(operation_id="chains_list", request=None, responses=ChainSerializer(many=True))
    def get(self, request: Request, id: UUID) -> Response:
        """The latest chains of a cohort, newest first."""
        return Response(ChainSerializer(chains(cohort_row(id).pk), many=True).data)

    @extend_schema(
        operation_id="chain_create", request=ChainRequestSerializer, responses={202: ChainSerializer}
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = ChainRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.request_chain(
            cohort=id,
            owner=request.user,  # type: ignore[arg-type]
            **given.validated_data,
        )
        return Response(ChainSerializer(chain(made.pk)).data, status=202)


class ChainCancelView(APIView):
    roles = {"POST": ML_ENGINEERS}

    @extend_schema(operation_id="chain_cancel", request=None, responses=ChainSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        services.cancel_chain(chain=id)
        return Response(ChainSerializer(chain(id)).data)
