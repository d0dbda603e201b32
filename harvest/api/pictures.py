"""Pictures of a study: parts of candidates' tiles, and whole slices. The box is not drawn in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from harvest.api.permissions import ANYONE_SIGNED_IN
from harvest.api.shapes import choice
from harvest.api.studies import CHANGING, IMMUTABLE
from harvest.models import Study
from harvest.rendering import Window
from harvest.selectors import reviews as review_selectors
from harvest.selectors import studies as study_selectors
from harvest.services import tiles, whole_slices
from harvest.services.tiles import Part

LOOK = [
    OpenApiParameter("window", str, enum=[w.value for w in Window], default="liver"),
    OpenApiParameter("revision", int, description="Of the phase's image (image_revisions)."),
]
PICTURE = {(200, "image/webp"): OpenApiTypes.BINARY}


class LookSerializer(serializers.Serializer):
    window = choice(Window, default=Window.LIVER)
    revision = serializers.IntegerField(min_value=0, default=None)


class TileLookSerializer(LookSerializer):
    part = choice(Part, default=Part.KEY)


class TileView(APIView):
    """The key slice of a candidate in one phase, or the other slices of its tile below each other; grey."""

    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(
        operation_id="candidate_tile",
        parameters=[*LOOK, OpenApiParameter("part", str, enum=[p.value for p in Part], default="key")],
        responses=PICTURE,
    )
    def get(self, request: Request, id: UUID, phase: str) -> FileResponse:
        look = _look(TileLookSerializer, request)
        candidate = review_selectors.candidate(id)
        path = tiles.tile_path(
            candidate=candidate, phase=phase, window=Window(look["window"]), part=Part(look["part"])
        )
        return _picture(path, candidate.round_study.study, phase, look["revision"])


class WholeSliceView(APIView):
    """One slice of one phase on the study's grid, a pixel a voxel; grey."""

    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="study_slice", parameters=LOOK, responses=PICTURE)
    def get(self, request: Request, id: UUID, phase: str, z_index: int) -> FileResponse:
        look = _look(LookSerializer, request)
        study = study_selectors.study_row(id)
        path = whole_slices.slice_path(
            study=study, phase=phase, z_index=z_index, window=Window(look["window"])
        )
        return _picture(path, study, phase, look["revision"])


def _look(serializer: type[LookSerializer], request: Request) -> dict[str, Any]:
    given = serializer(data=request.query_params)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _picture(path: Path, study: Study, phase: str, revision: int | None) -> FileResponse:
    response = FileResponse(path.open("rb"), content_type="image/webp")
    # A page of before a phase was moved is shown the image as it is now, but must not keep it.
    now = {s.phase: s.image_revision for s in study.series.all()}[phase]
    response["Cache-Control"] = IMMUTABLE if revision == now else CHANGING
    return response
