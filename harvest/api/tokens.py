"""Tokens of scripts: one's own, and everybody's for an admin."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.permissions import ANYONE_SIGNED_IN
from harvest.api.shapes import choice
from harvest.domain import TokenScope
from harvest.models import ApiToken
from harvest.selectors import tokens as selectors
from harvest.services import tokens as services


class TokenSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    owner = serializers.CharField(source="user.username")
    scope = choice(TokenScope)
    cohort = serializers.UUIDField(source="cohort_id", allow_null=True)
    cohort_name = serializers.CharField(source="cohort.name", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="True to a minute.")
    revoked_at = serializers.DateTimeField(allow_null=True)


class IssuedTokenSerializer(serializers.Serializer):
    """The secret goes after `Authorization: Token `; it is told this once."""

    token = TokenSerializer(source="row")
    secret = serializers.CharField()


class TokenCreateSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=80)
    scope = choice(TokenScope, default=TokenScope.READ)
    days = serializers.IntegerField(default=90, min_value=1, max_value=services.LONGEST.days)
    cohort = serializers.UUIDField(required=False, allow_null=True, default=None)


class TokensView(ListAPIView):
    """A token makes no tokens: it would outlive its own end."""

    roles = {"GET": ANYONE_SIGNED_IN, "POST": ANYONE_SIGNED_IN}
    people_only = True
    serializer_class = TokenSerializer

    def get_queryset(self) -> QuerySet[ApiToken]:
        return selectors.tokens(self.request.user)

    @extend_schema(
        operation_id="token_create", request=TokenCreateSerializer, responses={201: IssuedTokenSerializer}
    )
    def post(self, request: Request) -> Response:
        given = TokenCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.create_token(user=request.user, **given.validated_data)  # type: ignore[arg-type]
        return Response(IssuedTokenSerializer(made).data, status=201)


class TokenView(GenericAPIView):
    roles = {"DELETE": ANYONE_SIGNED_IN}
    people_only = True

    @extend_schema(operation_id="token_revoke", request=None, responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        services.revoke_token(token=id, by=request.user)  # type: ignore[arg-type]
        return Response(status=204)
