"""A schedule fires by itself: real beat, real workers, a real training, and nobody at the keyboard."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from typing import Any

import pytest

from tests.e2e.running import REPOSITORY, Installation

pytestmark = pytest.mark.e2e

# A curated cohort whose hourly schedule was last due two hours ago.
OVERDUE = """
import json, os
from datetime import timedelta
os.environ["DJANGO_SETTINGS_MODULE"] = "harvest.settings.base"
import django
django.setup()
from django.contrib.auth.models import User
from django.utils import timezone
from harvest.services import cohorts, schedules, tokens
from tests.harvest.curated import make_study, mark_lesion

cohort = cohorts.create_cohort(name="scheduled")
for _ in range(2):
    mark_lesion(make_study(cohort, volumes=True))
schedule = schedules.create_schedule(
    cohort=cohort.pk, kinds=["detector"], every_minutes=60, size="tiny", overrides={"steps": 5, "batch": 2}
)
schedule.periodic_task.last_run_at = timezone.now() - timedelta(hours=2)
schedule.periodic_task.save()
token = tokens.create_token(user=User.objects.get(username="engineer"), name="a script").secret
print(json.dumps({"cohort": str(cohort.pk), "token": token}))
"""


def test_a_due_schedule_trains_unattended(running: Installation) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OVERDUE], cwd=REPOSITORY, env=running.env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)

    def get(path: str) -> list[dict[str, Any]]:
        request = urllib.request.Request(
            f"{running.url}/api/v1/cohorts/{made['cohort']}/{path}",
            headers={"Authorization": f"Token {made['token']}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return list(json.load(answer)["results"])

    def hear(run: str) -> list[str]:
        """The states that the run's events tell, as a page hears them through the web server."""
        request = urllib.request.Request(
            f"{running.url}/api/v1/training-runs/{run}/events",
            headers={"Authorization": f"Token {made['token']}", "Accept": "text/event-stream"},
        )
        with urllib.request.urlopen(request, timeout=120) as lines:
            told = [json.loads(line[5:]) for line in lines if line.startswith(b"data:")]
        return [event["state"] for event in told]

    heard: list[str] = []
    until = time.monotonic() + 240
    while time.monotonic() < until:
        runs = get("training-runs")
        if runs and runs[0]["state"] not in ("queued", "running"):
            break
        if runs:
            heard += hear(runs[0]["id"])
        time.sleep(1)
    assert "succeeded" in heard
    assert len(heard) > 1
    assert [(r["state"], r["reason"], r["error"]) for r in runs] == [("succeeded", "schedule", None)], (
        running.logs()
    )
    assert runs[0]["result"]["name"].startswith("detector-v")
    (schedule,) = get("schedules")
    assert schedule["last_outcome"] == "Started detector on release 1."
    assert schedule["last_fired_at"] is not None
