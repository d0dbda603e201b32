"""The Celery application: `celery -A harvest.celery worker -Q io` (prepare, render, infer, train); beat."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "harvest.settings.base")
app = Celery("harvest")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["harvest"])
