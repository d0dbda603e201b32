"""`manage.py check_beat`: exits with 1 where Celery beat has sent nothing for minutes; a health check."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from harvest.management.base import HarvestCommand, Report

# The most frequent entry comes every few seconds.
SILENT_AFTER = timedelta(minutes=2)


class Command(HarvestCommand):
    help = "says whether beat still sends what is due"
    audited = None

    def run(self, options: dict[str, Any]) -> Report:
        last = PeriodicTask.objects.exclude(last_run_at=None).order_by("-last_run_at").first()
        sent_at = last.last_run_at if last else None
        alive = sent_at is not None and timezone.now() - sent_at < SILENT_AFTER
        return Report(
            {"alive": alive, "last_sent_at": sent_at},
            ["beat is alive" if alive else "beat has sent nothing for minutes"],
            ok=alive,
        )
