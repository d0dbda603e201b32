"""Signing in and out."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.preferences import PreferencesSerializer
from harvest.api.throttling import SignInThrottle
from harvest.domain import Role
from harvest.errors import HarvestError
from harvest.selectors.people import preferences_of, roles_of


class WrongLogin(HarvestError):
    code = "wrong_login"


class SessionUserSerializer(serializers.Serializer):
    username = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField([role.value for role in Role]))
    preferences = PreferencesSerializer()


class SessionSerializer(serializers.Serializer):
    user = SessionUserSerializer(allow_null=True)
    csrf = serializers.BooleanField()
    version = serializers.CharField()


class LoginSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


def session_of(request: Request) -> dict[str, Any]:
    user = request.user
    # get_token makes Django send the cookie whose value the browser sends back in X-CSRFToken.
    return {
        "user": _who(user) if user.is_authenticated else None,
        "csrf": bool(get_token(request._request)),
        "version": version("harvest"),
    }


def _who(user: Any) -> dict[str, Any]:
    return {
        "username": user.get_username(),
        "roles": sorted(roles_of(user)),
        "preferences": PreferencesSerializer(preferences_of(user)).data,
    }


class SessionView(APIView):
    """Open to all: it is where one signs in."""

    permission_classes = [AllowAny]
    throttle_classes = [SignInThrottle]

    @extend_schema(operation_id="session_get", request=None, responses=SessionSerializer)
    def get(self, request: Request) -> Response:
        return Response(session_of(request))

    @extend_schema(operation_id="session_sign_in", request=LoginSerializer, responses=SessionSerializer)
    def post(self, request: Request) -> Response:
        # Nobody is signed in yet, so DRF does not ask for the CSRF token by itself; another site must
        # not be able to sign a reader in under a name that is not hers.
        SessionAuthentication().enforce_csrf(request)
        given = LoginSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = authenticate(request._request, **given.validated_data)
        if user is None:
            raise WrongLogin("The name or the password is wrong.")
        login(request._request, user)
        request.user = user
        return Response(session_of(request))

    @extend_schema(operation_id="session_sign_out", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        logout(request._request)
        return Response(status=204)
