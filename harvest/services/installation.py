"""What an installation needs before anybody uses it; safe to run at every start."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from harvest.services.people import ensure_first_logins
from harvest.services.schedules import ensure_standing_entries
from harvest.services.turns import take_turn
from harvest.services.versions import ensure_reference_version


@transaction.atomic
def ensure_installation(*, fixtures: Path | None = None) -> dict[str, Any]:
    """Roles, first logins, the standing beat entries and the reference weights, each only where it lacks.

    Returns {"logins": {username: password} of those just made, "models": names just registered}. New
    logins are also kept in secrets/logins.json, readable by its owner alone.
    """
    take_turn("installation")
    logins = ensure_first_logins()
    ensure_standing_entries()
    weights = sorted((fixtures or settings.BASE_DIR / "fixtures").glob("*.safetensors"))
    made = [version.name for path in weights if (version := ensure_reference_version(weights=path))]
    if logins:
        _keep(logins)
    return {"logins": logins, "models": made}


def _keep(logins: dict[str, str]) -> None:
    path = settings.STATE_DIR / "secrets" / "logins.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(logins, file, indent=1)
