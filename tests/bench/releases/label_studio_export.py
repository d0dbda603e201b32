"""Run by Label Studio's own python in its folder: PROJECT TOKEN FORMAT. Asks its export API for the finished
tasks, without a server between, and says, as the last line, how long it took and what it held."""

from __future__ import annotations

import json
import os
import runpy
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    sys.path.insert(0, os.getcwd())
    import django

    django.setup()
    from django.conf import settings
    from rest_framework.test import APIClient

    settings.ALLOWED_HOSTS = ["*"]
    project, token, format = sys.argv[1:4]
    peak_mb = runpy.run_path(str(Path(__file__).with_name("peak.py")))["peak_mb"]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    client.get(f"/api/projects/{project}/")  # what is loaded with the first request
    before = peak_mb()
    started = time.perf_counter()
    answer = client.get(f"/api/projects/{project}/export", {"exportType": format})
    with tempfile.TemporaryFile() as file:
        size = sum(file.write(chunk) for chunk in answer.streaming_content)
    seconds = time.perf_counter() - started
    if answer.status_code != 200:
        raise RuntimeError(f"{format}: {answer.status_code}")
    print(json.dumps({"seconds": seconds, "mb": size / 1e6, "before_mb": before, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
