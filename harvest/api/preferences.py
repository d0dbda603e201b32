"""A person's own preferences."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.permissions import ANYONE_SIGNED_IN
from harvest.api.shapes import choice
from harvest.domain import Language
from harvest.selectors.people import preferences_of
from harvest.services.preferences import update_preferences

# There are about thirty actions in a review; what is beyond is not from our page.
MOST_ACTIONS, MOST_KEYS, LONGEST_KEY = 100, 4, 30


class PreferencesSerializer(serializers.Serializer):
    """`language` is empty where the browser's is meant. `keys`: those of the review that were bound anew, by
    action; an action with no key has none."""

    language = choice(Language, allow_blank=True, required=False)
    keys = serializers.DictField(
        child=serializers.ListField(
            # The space bar's name is a space.
            child=serializers.CharField(max_length=LONGEST_KEY, trim_whitespace=False),
            max_length=MOST_KEYS,
        ),
        required=False,
    )

    def validate_keys(self, keys: dict[str, list[str]]) -> dict[str, list[str]]:
        if len(keys) > MOST_ACTIONS or any(len(action) > 60 for action in keys):
            raise serializers.ValidationError("These are not the keys of a review.")
        return keys


class PreferencesView(GenericAPIView):
    roles = {"GET": ANYONE_SIGNED_IN, "PATCH": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="preferences_get", request=None, responses=PreferencesSerializer)
    def get(self, request: Request) -> Response:
        return Response(PreferencesSerializer(preferences_of(request.user)).data)

    @extend_schema(
        operation_id="preferences_update", request=PreferencesSerializer, responses=PreferencesSerializer
    )
    def patch(self, request: Request) -> Response:
        given = PreferencesSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row = update_preferences(user=request.user, **given.validated_data)  # type: ignore[arg-type]
        return Response(PreferencesSerializer(row).data)
