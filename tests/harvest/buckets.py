"""An S3 server on loopback, and an installation that keeps its weights in a bucket of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.running import free_port

BUCKET = "harvest-of-a-hospital"


@dataclass
class Bucket:
    """The bucket as its administrator sees it."""

    client: Any
    settings: Any

    def keys(self) -> list[str]:
        return [found["Key"] for found in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def bytes_of(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=key)

    def drop(self) -> None:
        """Deletes all of it, and the bucket itself."""
        for key in self.keys():
            self.delete(key)
        self.client.delete_bucket(Bucket=BUCKET)

    @contextmanager
    def down(self) -> Iterator[None]:
        """The server does not answer while the block runs."""
        address = self.settings.S3_ENDPOINT
        self.settings.S3_ENDPOINT = f"http://127.0.0.1:{free_port()}"
        try:
            yield
        finally:
            self.settings.S3_ENDPOINT = address


@pytest.fixture
def bucket(state: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket, which the test's installation is told of as an operator tells it."""
    # Most tests need neither, and both are slow to import.
    import boto3
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-installation")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "whose-secret-is-never-told")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings.S3_BUCKET, settings.S3_ENDPOINT, settings.S3_REGION = (
        BUCKET,
        f"http://{host}:{port}",
        "us-east-1",
    )
    client = boto3.client("s3", endpoint_url=settings.S3_ENDPOINT, region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    try:
        yield Bucket(client, settings)
    finally:
        client.close()
        # What the server holds outlives it in this process.
        requests.post(f"http://{host}:{port}/moto-api/reset", timeout=10)
        server.stop()
