"""How often somebody may try to sign in."""

from __future__ import annotations

import hashlib

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView


class SignInThrottle(SimpleRateThrottle):
    """Ten tries a minute for one name from one address: enough for typing errors, too few for guessing.

    Counted by each web process by itself, in memory.
    """

    rate = "10/min"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        if request.method != "POST":
            return None
        data = request.data if isinstance(request.data, dict) else {}
        name = hashlib.sha256(str(data.get("username", "")).encode()).hexdigest()
        return f"sign-in-{self.get_ident(request)}-{name}"
