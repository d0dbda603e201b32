"""The DICOM listener and who may send to it."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from harvest.api.permissions import ADMINS, DATA_MANAGERS
from harvest.api.scope import reach_of
from harvest.models import DicomSender
from harvest.selectors import network as selectors
from harvest.services import senders as services


class DicomSenderSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    ae_title = serializers.CharField()
    cohort = serializers.UUIDField(source="cohort_id")
    cohort_name = serializers.CharField(source="cohort.name")
    host = serializers.CharField(allow_blank=True)
    port = serializers.IntegerField(allow_null=True)


class DicomSenderCreateSerializer(serializers.Serializer):
    """A calling AE title; with a host it may send from there alone, with a port it can be called back."""

    ae_title = serializers.RegexField(r"^[ -\[\]-~]{1,16}$", max_length=16)
    cohort = serializers.UUIDField()
    host = serializers.IPAddressField(required=False, allow_blank=True)
    port = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=65535)


class ListenerSerializer(serializers.Serializer):
    """How others reach this installation; `port` is null where no listener is started."""

    ae_title = serializers.CharField()
    host = serializers.CharField()
    port = serializers.IntegerField(allow_null=True)
    quiet_seconds = serializers.IntegerField()


class ListenerView(GenericAPIView):
    roles = {"GET": DATA_MANAGERS}

    @extend_schema(operation_id="listener_get", request=None, responses=ListenerSerializer)
    def get(self, request: Request) -> Response:
        here = {
            "ae_title": settings.DICOM_AE_TITLE,
            "host": settings.DICOM_HOST,
            "port": settings.DICOM_PORT,
            "quiet_seconds": settings.INBOX_QUIET_SECONDS,
        }
        return Response(ListenerSerializer(here).data)


class DicomSendersView(ListAPIView):
    roles = {"GET": DATA_MANAGERS, "POST": ADMINS}
    serializer_class = DicomSenderSerializer

    def get_queryset(self) -> QuerySet[DicomSender]:
        reach = reach_of(self.request)
        rows = selectors.senders().exclude(cohort__in=reach.closed)
        return rows.filter(cohort=reach.only) if reach.only else rows

    @extend_schema(
        operation_id="dicom_sender_create",
        request=DicomSenderCreateSerializer,
        responses={201: DicomSenderSerializer},
    )
    def post(self, request: Request) -> Response:
        given = DicomSenderCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.create_sender(**given.validated_data)
        return Response(DicomSenderSerializer(selectors.sender(made.pk)).data, status=201)


class DicomSenderView(GenericAPIView):
    roles = {"DELETE": ADMINS}

    @extend_schema(operation_id="dicom_sender_delete", request=None, responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        services.delete_sender(sender=id)
        return Response(status=204)


class DicomSenderTestView(GenericAPIView):
    roles = {"POST": ADMINS}

    @extend_schema(operation_id="dicom_sender_test", request=None, responses={204: None})
    def post(self, request: Request, id: UUID) -> Response:
        services.check_sender(sender=id)
        return Response(status=204)
