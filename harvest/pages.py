"""Every page of the browser is one file: the built frontend finds its own way from the path."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Harvest</title>
<body style="font:15px system-ui;margin:4rem;max-width:40rem">
<h1>The pages are not built yet</h1>
<p>Run <code>make frontend</code> in the project's folder and start Harvest again.
The API works without them: see <a href="/api/schema">/api/schema</a>.</p></body></html>"""


@require_safe
@never_cache
@ensure_csrf_cookie
def frontend(request: HttpRequest) -> HttpResponse:
    """The frontend's index.html, or what to do where it is not built."""
    index = settings.FRONTEND_DIST / "index.html"
    if not index.is_file():
        return HttpResponse(NOT_BUILT, status=503)
    return HttpResponse(index.read_bytes(), content_type="text/html; charset=utf-8")
