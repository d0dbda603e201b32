"""Rounds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.models import EstimateSerializer
from harvest.api.permissions import ANYONE_SIGNED_IN, DATA_MANAGERS, ML_ENGINEERS
from harvest.api.scope import reach_of, require_open
from harvest.api.shapes import ErrorSerializer, choice
from harvest.domain import JobState, ReadingPolicy, Strategy
from harvest.models import HarvestRound
from harvest.preview import Change
from harvest.selectors import cohorts as cohort_selectors
from harvest.selectors import rounds as selectors
from harvest.selectors.arms import arms_of_round
from harvest.services import rounds as services
from harvest.services.previews import create_preview

MAY_RUN = DATA_MANAGERS | ML_ENGINEERS


class ModelNameSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class RoundFailureSerializer(serializers.Serializer):
    study = serializers.UUIDField()
    ordinal = serializers.IntegerField()
    code = serializers.CharField()
    message = serializers.CharField()


class HarvestRoundSerializer(serializers.Serializer):
    """`done` counts studies that have ended, failed ones included; `readings` are one a study or two, as the
    policy says, without adjudications."""

    id = serializers.UUIDField()
    cohort = serializers.UUIDField(source="cohort_id")
    number = serializers.IntegerField()
    state = choice(JobState)
    model_version = ModelNameSerializer()
    against = ModelNameSerializer(
        allow_null=True, help_text="Of a preview: the version in use that it is shown beside."
    )
    strategy = choice(Strategy)
    random_share = serializers.FloatField()
    scratch_share = serializers.FloatField()
    hidden_share = serializers.FloatField()
    reading_policy = choice(ReadingPolicy)
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    candidates = serializers.IntegerField(source="candidate_count")
    reviewable = serializers.IntegerField()
    reviewed = serializers.IntegerField()
    readings = serializers.IntegerField()
    readings_done = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    error = ErrorSerializer(allow_null=True)
    failures = serializers.SerializerMethodField()

    @extend_schema_field(RoundFailureSerializer(many=True))
    def get_failures(self, row: HarvestRound) -> list[dict[str, Any]]:
        return self.context["failures"].get(row.pk, [])


class RoundCreateSerializer(serializers.Serializer):
    model_version = serializers.UUIDField(required=False)
    strategy = choice(Strategy, default=Strategy.SCORE)
    random_share = serializers.FloatField(
        default=services.RANDOM_SHARE, min_value=services.LEAST_SHARE, max_value=1
    )
    scratch_share = serializers.FloatField(
        default=services.SCRATCH_SHARE, min_value=0, max_value=services.MOST_SHARE
    )
    hidden_share = serializers.FloatField(
        default=services.HIDDEN_SHARE, min_value=0, max_value=services.MOST_SHARE
    )


class ArmSerializer(serializers.Serializer):
    """Figures are of the reviewed studies, with 95 % intervals by subject."""

    arm = choice(Strategy)
    studies = serializers.IntegerField()
    reviewed = serializers.IntegerField()
    with_lesion = EstimateSerializer(source="figures.with_lesion")
    lesions_a_study = EstimateSerializer(source="figures.lesions_a_study")
    seconds_a_study = EstimateSerializer(source="figures.seconds_a_study")
    lesions_a_minute = EstimateSerializer(source="figures.lesions_a_minute")


class DifferingStudySerializer(serializers.Serializer):
    round_study = serializers.UUIDField()
    study = serializers.UUIDField()
    ordinal = serializers.IntegerField()
    changes = serializers.ListField(child=choice(Change))


class PreviewRequestSerializer(serializers.Serializer):
    cohort = serializers.UUIDField()


class PreviewsView(GenericAPIView):
    """What promoting a detector would change: a round whose queue holds only what differs."""

    roles = {"GET": ANYONE_SIGNED_IN, "POST": MAY_RUN}
    pagination_class = None

    @extend_schema(operation_id="previews_list", request=None, responses=HarvestRoundSerializer(many=True))
    def get(self, request: Request, id: UUID) -> Response:
        reach = reach_of(request)
        return Response(serialized([r for r in selectors.previews(id) if reach.holds(r.cohort_id)]))

    @extend_schema(
        operation_id="preview_create",
        request=PreviewRequestSerializer,
        responses={202: HarvestRoundSerializer},
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = PreviewRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        require_open(request, given.validated_data["cohort"])
        made = create_preview(
            version_id=id,
            cohort=cohort_selectors.cohort_row(given.validated_data["cohort"]),
            owner=request.user,  # type: ignore[arg-type]
        )
        return Response(serialized([selectors.round_by_id(made.pk)])[0], status=202)


class DifferingView(GenericAPIView):
    roles = {"GET": ANYONE_SIGNED_IN}
    pagination_class = None

    @extend_schema(
        operation_id="round_differing", request=None, responses=DifferingStudySerializer(many=True)
    )
    def get(self, request: Request, id: UUID) -> Response:
        found = selectors.differing(selectors.round_by_id(id).pk)
        return Response(DifferingStudySerializer(found, many=True).data)


class RoundsView(ListAPIView):
    roles = {"GET": ANYONE_SIGNED_IN, "POST": MAY_RUN}
    serializer_class = HarvestRoundSerializer

    def get_queryset(self) -> QuerySet[HarvestRound]:
        if not getattr(self, "swagger_fake_view", False):
            cohort_selectors.cohort_row(self.kwargs["id"])
        return selectors.rounds(self.kwargs["id"])

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(serialized(page))

    @extend_schema(
        operation_id="round_create", request=RoundCreateSerializer, responses={202: HarvestRoundSerializer}
    )
    def post(self, request: Request, id: UUID) -> Response:
        given = RoundCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        cohort = cohort_selectors.cohort_row(id)
        asked = given.validated_data.get("model_version")
        made = services.create_round(
            cohort=cohort,
            owner=request.user,  # type: ignore[arg-type]
            model_version=services.detector_version(id=asked) if asked else None,
            strategy=Strategy(given.validated_data["strategy"]),
            **{
                name: given.validated_data[name] for name in ("random_share", "scratch_share", "hidden_share")
            },
        )
        return Response(serialized([selectors.round_by_id(made.pk)])[0], status=202)


class RoundView(GenericAPIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="round_get", request=None, responses=HarvestRoundSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(serialized([selectors.round_by_id(id)])[0])


class RoundArmsView(GenericAPIView):
    """What the round's strategy brought, beside its random arm."""

    roles = {"GET": ANYONE_SIGNED_IN}
    pagination_class = None

    @extend_schema(operation_id="round_arms", request=None, responses=ArmSerializer(many=True))
    def get(self, request: Request, id: UUID) -> Response:
        return Response(ArmSerializer(arms_of_round(selectors.round_by_id(id)), many=True).data)


class RoundCancelView(GenericAPIView):
    roles = {"POST": MAY_RUN}

    @extend_schema(operation_id="round_cancel", request=None, responses=HarvestRoundSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        services.cancel_round(round_id=id)
        return Response(serialized([selectors.round_by_id(id)])[0])


def serialized(rows: list[HarvestRound]) -> list[dict[str, Any]]:
    """Rounds as the API shows them; the command does the same."""
    context = {"failures": selectors.failures([row.pk for row in rows])}
    return HarvestRoundSerializer(rows, many=True, context=context).data  # type: ignore[return-value]
