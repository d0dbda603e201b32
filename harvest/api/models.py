"""Model versions: list, look, compare."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.permissions import ANYONE_SIGNED_IN
from harvest.domain import ModelKind
from harvest.models import ModelVersion
from harvest.selectors import versions as selectors

KINDS = [kind.value for kind in ModelKind]


class VersionRefSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ReleaseRefSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    number = serializers.IntegerField()


class EstimateSerializer(serializers.Serializer):
    """A figure with its 95 % interval and the number of things it was judged on."""

    value = serializers.FloatField(allow_null=True)
    lo = serializers.FloatField(allow_null=True)
    hi = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(allow_null=True)


class ModelVersionSerializer(serializers.ModelSerializer):
    kind = serializers.ChoiceField(KINDS)
    parent = serializers.UUIDField(source="parent_id", allow_null=True)  # type: ignore[assignment]
    release = serializers.UUIDField(source="release_id", allow_null=True)
    metrics = serializers.DictField()
    plan = serializers.DictField()
    provenance = serializers.DictField()

    class Meta:
        model = ModelVersion
        fields = [
            "id",
            "name",
            "kind",
            "number",
            "registry_name",
            "promoted",
            "metrics",
            "plan",
            "provenance",
            "card",
            "parent",
            "release",
            "created_at",
            "weights_sha256",
        ]


class DifferenceSerializer(serializers.Serializer):
    metric = serializers.CharField()
    a = EstimateSerializer(allow_null=True)
    b = EstimateSerializer(allow_null=True)
    difference = EstimateSerializer(allow_null=True)


class ComparisonSerializer(serializers.Serializer):
    a = ModelVersionSerializer()
    b = ModelVersionSerializer()
    differences = DifferenceSerializer(many=True)


class VersionFilterSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(KINDS, required=False)


class PairSerializer(serializers.Serializer):
    a = serializers.UUIDField()
    b = serializers.UUIDField()


class ModelsView(ListAPIView):
    roles = {"GET": ANYONE_SIGNED_IN}
    serializer_class = ModelVersionSerializer

    def get_queryset(self) -> QuerySet[ModelVersion]:
        asked = VersionFilterSerializer(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return selectors.versions(asked.validated_data.get("kind", ""))

    @extend_schema(operation_id="models_list", parameters=[VersionFilterSerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class ModelView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="model_get", request=None, responses=ModelVersionSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(ModelVersionSerializer(selectors.version(id)).data)


class CompareView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(
        operation_id="models_compare",
        request=None,
        parameters=[OpenApiParameter(name, UUID, required=True) for name in ("a", "b")],
        responses=ComparisonSerializer,
    )
    def get(self, request: Request) -> Response:
        asked = PairSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        a, b = (selectors.version(asked.validated_data[name]) for name in ("a", "b"))
        compared = {"a": a, "b": b, "differences": selectors.compare(a, b)}
        return Response(ComparisonSerializer(compared).data)
