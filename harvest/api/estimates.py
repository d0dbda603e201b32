"""Shapes of figures about readers: shares and estimates, each with its 95 % interval."""

from __future__ import annotations

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.request import Request

from harvest.api.models import EstimateSerializer
from harvest.api.permissions import knows_truth


class ShareSerializer(serializers.Serializer):
    """`hits` of `cases`; the estimate's n counts studies."""

    hits = serializers.FloatField()
    cases = serializers.FloatField()
    studies = serializers.IntegerField()
    estimate = EstimateSerializer()


def whose(request: Request) -> User | None:
    """The reader whose own figures alone the request may see; None where all may be seen."""
    user: User = request.user  # type: ignore[assignment]
    return None if knows_truth(user) else user
