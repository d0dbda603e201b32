"""Adjudication: what two blind readers of a study differ in, for a third to decide."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.permissions import CLINICIANS
from harvest.api.review_shapes import ReviewStudySerializer
from harvest.api.shapes import choice, point
from harvest.domain import LesionClass, Verdict
from harvest.selectors import adjudication as selectors
from harvest.selectors import rounds as round_selectors
from harvest.services import leases


class ReadersVerdictsSerializer(serializers.Serializer):
    """What readers A and B said; null where one said nothing. Who is A is drawn for each study."""

    A = choice(Verdict, allow_null=True)
    B = choice(Verdict, allow_null=True)


class ReaderBoxSerializer(serializers.Serializer):
    """A box that reader A or B drew and the other did not. The adjudicator takes it over by drawing the same
    box, and else leaves it."""

    id = serializers.UUIDField(source="lesion.id")
    reader = serializers.ChoiceField(choices=selectors.READERS)
    lo = point(source="lesion.lo")
    hi = point(source="lesion.hi")
    primary = serializers.BooleanField(source="lesion.primary")
    lesion_class = choice(LesionClass, allow_blank=True, source="lesion.lesion_class")


class AdjudicationCaseSerializer(serializers.Serializer):
    """`study` holds only the candidates that differ, with the adjudicator's own verdicts, and the lesions
    that the adjudicator made; `said` is of these candidates, by id; `agreed` counts the others."""

    study = ReviewStudySerializer(source="seen")
    said = serializers.SerializerMethodField()
    of_study = ReadersVerdictsSerializer()
    boxes = ReaderBoxSerializer(many=True)
    agreed = serializers.IntegerField()

    @extend_schema_field(serializers.DictField(child=ReadersVerdictsSerializer()))
    def get_said(self, case: selectors.Case) -> dict[str, Any]:
        return {str(id): ReadersVerdictsSerializer(said).data for id, said in case.said.items()}


class NextCaseSerializer(serializers.Serializer):
    """`case` is null where nothing waits for this adjudicator; `remaining` counts all that are not decided,
    those among them that the adjudicator has read and so may not decide."""

    case = AdjudicationCaseSerializer(allow_null=True)
    remaining = serializers.IntegerField()


class NextCaseView(GenericAPIView):
    roles = {"POST": CLINICIANS}

    @extend_schema(operation_id="adjudication_next", request=None, responses=NextCaseSerializer)
    def post(self, request: Request, id: UUID) -> Response:
        parent = round_selectors.round_by_id(id)
        reader: Any = request.user
        handed = leases.hand_out(parent=parent, reader=reader, adjudicate=True)
        case = selectors.case_of(handed.now, reader) if handed.now else None
        body = {"case": case, "remaining": selectors.undecided(parent)}
        return Response(NextCaseSerializer(body).data)


class CaseView(GenericAPIView):
    roles = {"GET": CLINICIANS}

    @extend_schema(operation_id="adjudication_case", request=None, responses=AdjudicationCaseSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(AdjudicationCaseSerializer(selectors.case_of(id, request.user)).data)  # type: ignore[arg-type]
