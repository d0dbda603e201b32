"""Large files to browsers and scripts: streamed, and gone on with where they broke off.

WhiteNoise, which serves the pages, knows ranges, entity tags and HEAD; its answer becomes Django's.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpResponse, HttpResponseBase
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from whitenoise.responders import StaticFile

BINARY = "application/octet-stream"


class FileRenderer(BaseRenderer):
    """Lets a view answer with a file whatever the client says that it takes; errors are still JSON."""

    media_type = "*/*"
    format = "file"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        return data


def send_file(request: Request, path: Path, *, name: str, sha256: str) -> HttpResponseBase:
    """A file that never changes under its hash, as an attachment of that name."""
    kind = mimetypes.guess_type(name)[0] or BINARY
    about = [
        ("Content-Type", kind),
        ("Content-Disposition", f'attachment; filename="{name}"'),
        ("ETag", f'"{sha256}"'),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", "private, no-transform"),
    ]
    asked = dict(request.META)
    if asked.get("HTTP_IF_RANGE", f'"{sha256}"') != f'"{sha256}"':
        asked.pop("HTTP_RANGE", None)  # it goes on with another file than this one
    found = StaticFile(str(path), about).get_response(str(request.method), asked)
    headers = dict(found.headers)
    kind = headers.pop("Content-Type", kind)
    answer: HttpResponseBase
    if found.file is None:
        answer = HttpResponse(status=int(found.status), content_type=kind)
    else:
        answer = FileResponse(found.file, status=int(found.status), content_type=kind)
    for header, value in headers.items():
        answer.headers[header] = value
    return answer
