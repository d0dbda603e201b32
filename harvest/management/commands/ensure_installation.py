"""`manage.py ensure_installation`: roles, first logins, reference weights; run at every start."""

from __future__ import annotations

from typing import Any

from harvest.management.base import HarvestCommand, Report
from harvest.services.installation import ensure_installation


class Command(HarvestCommand):
    help = "makes roles, first logins, the standing beat entries and the reference models where they lack"
    audited = None

    def run(self, options: dict[str, Any]) -> Report:
        made = ensure_installation()
        lines = [f"login {username}: {password}" for username, password in made["logins"].items()]
        lines += [f"registered {name}" for name in made["models"]]
        return Report(made, lines or ["Nothing was missing."])
