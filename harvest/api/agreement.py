"""Whether readers agree, and how far the machine leads them."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from harvest.agreement.bias import HALF_WIDTH
from harvest.api.estimates import ShareSerializer, whose
from harvest.api.models import EstimateSerializer
from harvest.api.permissions import ANYONE_SIGNED_IN
from harvest.api.shapes import choice
from harvest.domain import ReadingPolicy, Verdict
from harvest.selectors import agreement, bias
from harvest.selectors.cohorts import cohort_row


class KappaSerializer(serializers.Serializer):
    """Of `items` candidates in `studies`: kappa, the share of agreeing pairs, and each verdict's own."""

    items = serializers.IntegerField()
    studies = serializers.IntegerField()
    kappa = EstimateSerializer()
    agreement = ShareSerializer()
    of_category = serializers.DictField(child=ShareSerializer())


class BoxAgreementSerializer(serializers.Serializer):
    """Matched boxes. `detection` is the share of marks with a partner; medians are of pairs of which one at
    least was drawn by hand."""

    studies = serializers.IntegerField()
    pairs = serializers.IntegerField()
    only_a = serializers.IntegerField()
    only_b = serializers.IntegerField()
    drawn_pairs = serializers.IntegerField()
    detection = ShareSerializer()
    iou = EstimateSerializer()
    distance_mm = EstimateSerializer()


class AgreementRowSerializer(serializers.Serializer):
    """`name`: a class of pathology (empty where it is not known) or a reader, with `other` in a pair."""

    kind = serializers.ChoiceField(["all", "class", "reader", "pair"])
    name = serializers.CharField(allow_blank=True)
    other = serializers.CharField(allow_blank=True)
    verdicts = KappaSerializer()
    confusion = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Candidates by the verdict of the first reader (rows) and of the second (columns), both as "
        "`categories`; without a first reader (all but pairs), what they differ in is above the diagonal.",
    )
    boxes = BoxAgreementSerializer()


class AgreementSerializer(serializers.Serializer):
    """`own`: the figures of the one who asks, with the others; of rounds that were read to the end."""

    own = serializers.BooleanField()
    reading_policy = choice(ReadingPolicy)
    read_once = serializers.IntegerField()
    read_twice = serializers.IntegerField()
    categories = serializers.ListField(child=choice(Verdict))
    rows = AgreementRowSerializer(many=True)


class LeadSerializer(serializers.Serializer):
    """An error where the machine leads into it, the same without, and the difference."""

    led = ShareSerializer()
    unled = ShareSerializer()
    difference = EstimateSerializer()
    more_cases = serializers.IntegerField(help_text="To an interval of half_width to each side.")


class BiasFiguresSerializer(serializers.Serializer):
    """Readings of hidden cases; `on_nothing` counts marks on no lesion, a study."""

    studies = serializers.IntegerField()
    unaltered = serializers.IntegerField()
    commission = LeadSerializer()
    omission = LeadSerializer()
    sensitivity = ShareSerializer()
    on_nothing = EstimateSerializer()


class ReaderBiasSerializer(serializers.Serializer):
    reader = serializers.CharField()
    bias = BiasFiguresSerializer()


class BiasSerializer(serializers.Serializer):
    """`cases`: hidden cases in the rounds, by kind; nothing of them is told with `own`."""

    own = serializers.BooleanField()
    half_width = serializers.FloatField()
    cases = serializers.DictField(child=serializers.IntegerField())
    everybody = BiasFiguresSerializer()
    readers = ReaderBiasSerializer(many=True)


class AgreementView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="agreement_get", request=None, responses=AgreementSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        cohort, own = cohort_row(id), whose(request)
        found = agreement.agreement(cohort, own=own)
        told = {"own": own is not None, "reading_policy": cohort.reading_policy}
        told["categories"] = agreement.VERDICTS
        shown = {"read_once": found.read_once, "read_twice": found.read_twice, "rows": found.rows}
        return Response(AgreementSerializer(told | shown).data)


class BiasView(APIView):
    roles = {"GET": ANYONE_SIGNED_IN}

    @extend_schema(operation_id="bias_get", request=None, responses=BiasSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        own = whose(request)
        found = bias.automation_bias(cohort_row(id), own=own)
        told = {"own": own is not None, "half_width": HALF_WIDTH}
        shown = {"cases": found.cases, "everybody": found.everybody, "readers": found.readers}
        return Response(BiasSerializer(told | shown).data)
