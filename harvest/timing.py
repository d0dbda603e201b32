"""How long requests take, by the name of their route and never by their path, which holds ids."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import Histogram

SECONDS = Histogram(
    "harvest_request_seconds", "Seconds until a request was answered.", ["method", "route", "status"]
)


class Timing:
    """Django middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = (match.url_name if match else None) or "other"
        SECONDS.labels(request.method, route, response.status_code).observe(time.perf_counter() - begun)
        return response
