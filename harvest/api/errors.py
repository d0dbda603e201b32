"""Exceptions to responses: always {code, message, details}, never a traceback."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.http.request import HttpRequest
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from detector.errors import DetectorError
from harvest.errors import HarvestError

log = logging.getLogger(__name__)


def body(code: str, message: str, details: Any = None) -> dict[str, Any]:
    return {"code": code, "message": message, "details": details or {}}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler."""
    if isinstance(error, HarvestError):
        return Response(body(error.code, error.message, error.details), status=error.status)
    if isinstance(error, DetectorError):
        return Response(body(error.code, str(error), error.details), status=400)
    if isinstance(error, Http404):
        return Response(body("not_found", "There is no such thing here."), status=404)
    if isinstance(error, PermissionDenied):
        return Response(body("permission_denied", "Your role does not allow this."), status=403)
    response = exception_handler(error, context)
    if response is None:
        # The type alone: an unforeseen error's text may quote data.
        log.error("unexpected %s in %s", type(error).__name__, type(context.get("view")).__name__)
        return Response(
            body("internal", "Something unforeseen went wrong; it was logged. Try again."), status=500
        )
    if isinstance(error, exceptions.ValidationError):
        response.data = body("invalid", "Some fields are not right.", {"fields": response.data})
    elif isinstance(error, exceptions.Throttled):
        response.data = body("throttled", "Too many tries. Wait a minute, then try again.")
    elif isinstance(error, exceptions.APIException):
        codes = error.get_codes()
        response.data = body(codes if isinstance(codes, str) else "error", str(error.detail))
    return response


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    return JsonResponse(body("not_found", "There is no such page."), status=404)


def server_error(request: HttpRequest) -> JsonResponse:
    return JsonResponse(body("internal", "Something unforeseen went wrong; it was logged."), status=500)
