"""STOW-RS: objects that another system sends into a cohort, read as a stream (PS3.18, section 10.5)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.api.permissions import DATA_MANAGERS
from harvest.errors import HarvestError
from harvest.network.multipart import MultipartError, boundary_of, parts
from harvest.selectors import cohorts as cohort_selectors
from harvest.services import stow


class UnsupportedType(HarvestError):
    code = "unsupported_media_type"
    status = 415


class DicomJSONRenderer(JSONRenderer):
    media_type = "application/dicom+json"
    format = "dicom-json"


class StreamParser(BaseParser):
    """Leaves the body to the view, which reads it as it comes."""

    media_type = "multipart/related"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream


class StowView(APIView):
    roles = {"POST": DATA_MANAGERS}
    parser_classes = [StreamParser]
    renderer_classes = [DicomJSONRenderer, JSONRenderer]

    @extend_schema(
        operation_id="stow_store",
        request={"multipart/related": bytes},
        responses={(status, "application/dicom+json"): OpenApiTypes.OBJECT for status in (200, 202, 409)},
    )
    def post(self, request: Request, id: UUID) -> Response:
        cohort_selectors.cohort(id)
        try:
            boundary = boundary_of(request.content_type or "")
        except MultipartError:
            raise UnsupportedType(
                'Send multipart/related; type="application/dicom" with a boundary.'
            ) from None
        try:
            stored = stow.store_parts(
                cohort=id,
                user=request.user,  # type: ignore[arg-type]
                parts=parts(request._request.read, boundary),
            )
        except MultipartError:
            raise HarvestError(
                "The body is cut off or no multipart. Nothing of it was kept; send it again.",
                code="bad_multipart",
            ) from None
        return Response(
            _dicom_json(stored), status=_status(stored), content_type=DicomJSONRenderer.media_type
        )


def _status(stored: stow.Stored) -> int:
    """200 for all, 202 for some, 409 for none."""
    if not stored.refused:
        return 200
    return 202 if stored.kept else 409


def _dicom_json(stored: stow.Stored) -> dict[str, Any]:
    """00081199 lists what was stored, 00081198 what was not, each with a reason (00081197)."""
    body = {}
    if stored.kept:
        body["00081199"] = _sequence([_reference(i.sop_class, i.instance) for i in stored.kept])
    if stored.refused:
        body["00081198"] = _sequence(
            [
                _reference(r.sop_class, r.instance) | {"00081197": {"vr": "US", "Value": [r.reason]}}
                for r in stored.refused
            ]
        )
    return body


def _sequence(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": items}


def _reference(sop_class: str, instance: str) -> dict[str, Any]:
    named = {"00081150": sop_class, "00081155": instance}
    return {tag: {"vr": "UI", "Value": [uid]} for tag, uid in named.items() if uid}
