"""A Celery application with the settings of Harvest's workers and a task that outlasts the broker's patience.

`SLOW_BROKER`, `SLOW_OUT` and `SLOW_LATE` come from tests/harvest/test_delivery.py.
"""

import os
import time
from pathlib import Path

from celery import Celery

from harvest.settings import base

app = Celery("slow")
app.conf.update(
    broker_url=os.environ.get("SLOW_BROKER", ""),
    broker_transport_options={"visibility_timeout": 1},
    task_acks_late=bool(os.environ.get("SLOW_LATE")) or base.CELERY_TASK_ACKS_LATE,
    worker_prefetch_multiplier=base.CELERY_WORKER_PREFETCH_MULTIPLIER,
    worker_disable_prefetch=base.CELERY_WORKER_DISABLE_PREFETCH,
    task_ignore_result=True,
    task_default_queue="slow",
)


@app.task(name="slow")
def slow(number: int) -> None:
    with Path(os.environ["SLOW_OUT"]).open("a") as file:
        file.write(f"{number}\n")
    time.sleep(6)
