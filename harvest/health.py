"""Whether this installation works, for load balancers and monitors; says nothing of what is in it."""

from __future__ import annotations

import os

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from harvest import queue


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """200: the web server answers. Whoever watches processes restarts it otherwise."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 where all it needs is there, 503 otherwise, with one word a part."""
    parts = {"database": _database(), "broker": _broker(), "store": _store()}
    if settings.S3_BUCKET:
        parts["bucket"] = _bucket()
    return JsonResponse(parts, status=200 if set(parts.values()) == {"ok"} else 503)


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        connection.close()
        return "unreachable"
    return "not migrated" if behind else "ok"


def _broker() -> str:
    return "unreachable" if queue.waiting(queue.IO) is None else "ok"


def _store() -> str:
    folder = settings.STORE_DIR
    if not folder.exists():  # made when the first study comes
        folder = settings.STATE_DIR
    return "ok" if os.access(folder, os.W_OK) else "not writable"


def _bucket() -> str:
    # boto3 takes a fifth of a second to import, which most installations need not wait for.
    from harvest import bucket

    return bucket.state()
