"""Metrics in Prometheus' text format, read with a token of an ML engineer or an admin."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from harvest import queue
from harvest.api.permissions import ML_ENGINEERS
from harvest.selectors.monitoring import figures


class Installation:
    """A collector of prometheus_client: asked anew at each scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for figure in figures():
            family = GaugeMetricFamily(
                figure.name, figure.about, labels=[figure.label] if figure.label else []
            )
            for label, value in figure.values.items():
                family.add_metric([label] if figure.label else [], value)
            yield family
        waits = GaugeMetricFamily(
            "harvest_queue_messages", "Messages that no worker has taken.", labels=["queue"]
        )
        for name in queue.QUEUES:
            if (count := queue.waiting(name)) is not None:
                waits.add_metric([name], count)
        yield waits
        free = psutil.disk_usage(str(settings.STATE_DIR)).free
        yield GaugeMetricFamily("harvest_disk_free_bytes", "Free where the store is.", value=free)


class PlainRenderer(BaseRenderer):
    media_type = "text/plain"
    format = "txt"

    def render(
        self, data: bytes, accepted_media_type: object = None, renderer_context: object = None
    ) -> bytes:
        return data


class MetricsView(APIView):
    roles = {"GET": ML_ENGINEERS}
    renderer_classes = [PlainRenderer]

    @extend_schema(
        operation_id="metrics_get", request=None, responses={(200, "text/plain"): OpenApiTypes.STR}
    )
    def get(self, request: Request) -> HttpResponse:
        installation = CollectorRegistry()
        installation.register(Installation())
        return HttpResponse(
            generate_latest(REGISTRY) + generate_latest(installation), content_type=CONTENT_TYPE_LATEST
        )
