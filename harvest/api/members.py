"""Members of a cohort."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.permissions import DATA_MANAGERS
from harvest.domain import Role
from harvest.selectors import members as selectors
from harvest.selectors.cohorts import cohort_row
from harvest.selectors.people import roles_of
from harvest.services.members import set_members


class MemberSerializer(serializers.Serializer):
    username = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField([role.value for role in Role]))


class MembersSerializer(serializers.Serializer):
    """`others` could become members. Members matter where the cohort is for `members_only`."""

    members_only = serializers.BooleanField()
    members = MemberSerializer(many=True)
    others = MemberSerializer(many=True)


class MembersSetSerializer(serializers.Serializer):
    members_only = serializers.BooleanField()
    usernames = serializers.ListField(child=serializers.CharField(max_length=150), max_length=1000)


class MembersView(GenericAPIView):
    roles = {"GET": DATA_MANAGERS, "PUT": DATA_MANAGERS}

    @extend_schema(operation_id="members_get", request=None, responses=MembersSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(_told(id))

    @extend_schema(operation_id="members_set", request=MembersSetSerializer, responses=MembersSerializer)
    def put(self, request: Request, id: UUID) -> Response:
        given = MembersSetSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        set_members(cohort=id, by=request.user, **given.validated_data)  # type: ignore[arg-type]
        return Response(_told(id))


def _told(cohort: UUID) -> dict[str, Any]:
    def people(rows: Any) -> list[dict[str, Any]]:
        return [
            {"username": row.username, "roles": sorted(roles_of(row))}
            for row in rows.prefetch_related("groups")
        ]

    row = cohort_row(cohort)
    found = {
        "members_only": row.members_only,
        "members": people(selectors.members(cohort)),
        "others": people(selectors.others(cohort)),
    }
    return dict(MembersSerializer(found).data)
