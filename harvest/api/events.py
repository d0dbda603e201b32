"""Server-sent events: a page hears at once that something changed, and asks for it as always.

An open stream holds a thread of the web server, so few are given at once and each ends after a minute; the
browser then comes back by itself, and pages that get none ask again every two seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from threading import BoundedSemaphore
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from rest_framework.renderers import BaseRenderer

MOST_STREAMS = 4
STREAM_SECONDS = 60.0
LOOK_SECONDS = 1.0
QUIET_SECONDS = 15.0  # then a comment keeps proxies from closing the stream
_streams = BoundedSemaphore(MOST_STREAMS)


class EventRenderer(BaseRenderer):
    """Lets a view be asked for text/event-stream; the stream itself needs no rendering."""

    media_type = "text/event-stream"
    format = "events"

    def render(self, data: Any, accepted_media_type: object = None, renderer_context: object = None) -> bytes:
        return json.dumps(data).encode()


def stream(look: Callable[[], dict[str, Any]], ended: Callable[[dict[str, Any]], bool]) -> HttpResponseBase:
    """What `look` says, whenever it says something new, until it has `ended`; 204 (which a browser takes for
    "do not come back") where too many streams are open."""
    if not _streams.acquire(blocking=False):
        return HttpResponse(status=204)
    response = StreamingHttpResponse(_Events(look, ended), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would hold the events back
    return response


class _Events:
    """An iterator whose end, however it comes, gives the place back."""

    def __init__(self, look: Callable[[], dict[str, Any]], ended: Callable[[dict[str, Any]], bool]) -> None:
        self._events = _events(look, ended)
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._events)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._events.close()
        if self._open:
            self._open = False
            _streams.release()


def _events(look: Callable[[], dict[str, Any]], ended: Callable[[dict[str, Any]], bool]) -> Any:
    until = time.monotonic() + STREAM_SECONDS
    told, quiet_since = None, time.monotonic()
    yield b"retry: 2000\n\n"
    while time.monotonic() < until:
        seen = look()
        if seen != told:
            told, quiet_since = seen, time.monotonic()
            yield f"data: {json.dumps(seen)}\n\n".encode()
        elif time.monotonic() - quiet_since > QUIET_SECONDS:
            quiet_since = time.monotonic()
            yield b": still here\n\n"
        if ended(seen):
            return
        time.sleep(LOOK_SECONDS)
