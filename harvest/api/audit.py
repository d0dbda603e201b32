"""The audit trail, to look through and to take away."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.permissions import DATA_MANAGERS
from harvest.api.scope import reach_of
from harvest.api.shapes import choice
from harvest.domain import AuditAction, AuditOutcome
from harvest.models import AuditEvent
from harvest.selectors import audit as selectors

FILTERS = [
    OpenApiParameter("actor", str, description="A user name."),
    OpenApiParameter("action", str, enum=[action.value for action in AuditAction]),
    OpenApiParameter("cohort", OpenApiTypes.UUID),
    OpenApiParameter("since", OpenApiTypes.DATETIME),
    OpenApiParameter("until", OpenApiTypes.DATETIME, description="Up to and without."),
]


class AuditEventSerializer(serializers.Serializer):
    """`actor` is empty where nobody was signed in; `detail` names the URL and the method."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    action = choice(AuditAction)
    outcome = choice(AuditOutcome)
    kind = serializers.CharField()
    object_id = serializers.CharField()
    cohort = serializers.UUIDField(allow_null=True)
    address = serializers.CharField()
    via = serializers.CharField()
    detail = serializers.DictField()


class AuditFilterSerializer(serializers.Serializer):
    actor = serializers.CharField(required=False, max_length=150)
    action = choice(AuditAction, required=False)
    cohort = serializers.UUIDField(required=False)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class NewestNumber(CursorPagination):
    ordering = "-id"
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 200


def _asked(request: Request) -> QuerySet[AuditEvent]:
    """The events asked for that the request may see: nothing of cohorts that are closed to it."""
    given = AuditFilterSerializer(data=request.query_params)
    given.is_valid(raise_exception=True)
    rows, reach = selectors.events(**given.validated_data), reach_of(request)
    if reach.only is not None:
        return rows.filter(cohort=reach.only)
    return rows.filter(Q(cohort=None) | ~Q(cohort__in=reach.closed)) if reach.closed else rows


class AuditView(ListAPIView):
    roles = {"GET": DATA_MANAGERS}
    serializer_class = AuditEventSerializer
    pagination_class = NewestNumber

    def get_queryset(self) -> QuerySet[AuditEvent]:
        if getattr(self, "swagger_fake_view", False):
            return AuditEvent.objects.none()
        return _asked(self.request)

    @extend_schema(operation_id="audit_list", parameters=FILTERS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class AuditTableView(APIView):
    roles = {"GET": DATA_MANAGERS}

    @extend_schema(
        operation_id="audit_table",
        request=None,
        parameters=FILTERS,
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        return StreamingHttpResponse(
            selectors.table(_asked(request)),
            content_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
        )
