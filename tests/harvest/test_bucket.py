"""The store with an S3 bucket beside it: a folder that caches what lies in it under its own hash."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from harvest import store
from harvest.errors import NotFound, PermanentError, StorageFull, StoreUnreachable
from tests.harvest.buckets import Bucket

WEIGHTS = b"weights of a few megabytes" * 100_000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
KEY = f"weights/{SHA256}.safetensors"


@pytest.fixture
def other_host(tmp_path: Path, settings: Any) -> Callable[[], Path]:
    """Goes on as another host of the installation, whose store is empty."""

    def move() -> Path:
        settings.STORE_DIR = tmp_path / "other" / "store"
        return settings.STORE_DIR

    return move


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_put_lies_in_the_folder_and_in_the_bucket(bucket: Bucket) -> None:
    assert store.put_bytes("weights", WEIGHTS, ".safetensors") == (KEY, SHA256)
    assert bucket.bytes_of(KEY) == (store.root() / KEY).read_bytes() == WEIGHTS


def test_a_host_without_the_file_fetches_it_once(bucket: Bucket, other_host: Callable[[], Path]) -> None:
    store.put_bytes("weights", WEIGHTS, ".safetensors")
    folder = other_host()
    assert store.has(KEY)
    assert store.path(KEY).read_bytes() == WEIGHTS
    assert files_of(folder) == [folder / KEY]
    bucket.delete(KEY)
    assert store.path(KEY).read_bytes() == WEIGHTS


def test_lines_and_files_are_shared_and_volumes_stay_in_the_folder(
    bucket: Bucket, other_host: Callable[[], Path], tmp_path: Path
) -> None:
    manifest, _ = store.put_lines([b"one\n", b"two\n"], lambda sha256: f"releases/{sha256}.jsonl")
    (tmp_path / "a.zip").write_bytes(b"an export")
    export = f"exports/{store.digest(tmp_path / 'a.zip')}.zip"
    (store.root() / "exports").mkdir()
    store.move_in(tmp_path / "a.zip", export)
    with store.new_folder("studies/one") as folder:
        (folder / "arterial.npy").write_bytes(b"volume")
    assert sorted(bucket.keys()) == sorted([manifest, export])
    other_host()
    assert store.path(manifest).read_bytes() == b"one\ntwo\n"
    assert store.path(export).read_bytes() == b"an export"
    with pytest.raises(NotFound):
        store.path("studies/one/arterial.npy")


@pytest.mark.parametrize("data", [b"", WEIGHTS[:-1], WEIGHTS[:-1] + b"!", b"another file"])
def test_what_comes_with_another_hash_is_refused_and_not_kept(
    bucket: Bucket, other_host: Callable[[], Path], data: bytes
) -> None:
    bucket.put(KEY, data)
    folder = other_host()
    with pytest.raises(PermanentError, match=f"{KEY} in the S3 bucket is not what its name says") as refused:
        store.path(KEY)
    assert refused.value.code == "store_damaged"
    assert files_of(folder) == []


def test_what_neither_has_is_no_longer_in_the_store(bucket: Bucket) -> None:
    assert not store.has(KEY)
    for key in (KEY, "weights/../../secrets/django", "weights/short.safetensors"):
        with pytest.raises(NotFound):
            store.path(key)


def test_a_fetch_that_would_fill_the_disk_is_refused(
    bucket: Bucket, other_host: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_bytes("weights", WEIGHTS, ".safetensors")
    folder = other_host()
    monkeypatch.setattr(store, "RESERVE_BYTES", 2**60)
    with pytest.raises(StorageFull):
        store.path(KEY)
    assert files_of(folder) == []


def test_a_server_that_is_down_is_named_and_the_next_attempt_uploads(
    bucket: Bucket, other_host: Callable[[], Path]
) -> None:
    with bucket.down():
        with pytest.raises(StoreUnreachable, match="cannot be reached") as told:
            store.put_bytes("weights", WEIGHTS, ".safetensors")
        assert (told.value.code, told.value.status) == ("bucket_unreachable", 503)
        # What is here needs no bucket.
        assert store.path(KEY).read_bytes() == WEIGHTS
    store.put_bytes("weights", WEIGHTS, ".safetensors")
    assert bucket.keys() == [KEY]
    other_host()
    with bucket.down(), pytest.raises(StoreUnreachable):
        store.path(KEY)
    assert store.path(KEY).read_bytes() == WEIGHTS


def test_a_connection_that_breaks_while_a_file_comes_is_named_and_nothing_is_kept(
    state: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Breaks(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(WEIGHTS)))
            self.end_headers()
            self.wfile.write(WEIGHTS[:1000])

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-installation")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "whose-secret-is-never-told")
    with HTTPServer(("127.0.0.1", 0), Breaks) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings.S3_BUCKET, settings.S3_ENDPOINT = "bucket", f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(StoreUnreachable, match="cannot be reached"):
            store.path(KEY)
        server.shutdown()
    assert files_of(store.root()) == []


def test_a_bucket_that_is_missing_is_named(bucket: Bucket) -> None:
    bucket.drop()
    for ask in (
        lambda: store.put_bytes("weights", WEIGHTS, ".safetensors"),
        lambda: store.has(f"releases/{SHA256}.jsonl"),
        lambda: store.path(f"releases/{SHA256}.jsonl"),
    ):
        with pytest.raises(StoreUnreachable, match="no S3 bucket of the name in HARVEST_S3_BUCKET"):
            ask()


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId", "403"])
def test_credentials_that_are_refused_are_named(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    from botocore.exceptions import ClientError

    from harvest import bucket as ours

    def refuse() -> None:
        raise ClientError({"Error": {"Code": code, "Message": "the-installation"}}, "PutObject")

    monkeypatch.setattr(ours, "_storage", refuse)
    with pytest.raises(StoreUnreachable, match="refuses the credentials") as told:
        store.put_bytes("weights", WEIGHTS, ".safetensors")
    assert "the-installation" not in str(told.value)


def test_no_credentials_are_logged(
    bucket: Bucket, other_host: Callable[[], Path], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        store.put_bytes("weights", WEIGHTS, ".safetensors")
        other_host()
        with bucket.down(), pytest.raises(StoreUnreachable):
            store.path(KEY)
    assert "whose-secret-is-never-told" not in caplog.text


def test_a_file_that_was_damaged_in_the_folder_does_not_replace_that_of_the_bucket(bucket: Bucket) -> None:
    store.put_bytes("weights", WEIGHTS, ".safetensors")
    (store.root() / KEY).write_bytes(b"damaged")
    with pytest.raises(PermanentError, match="in the store is not what its name says"):
        store.put_bytes("weights", WEIGHTS, ".safetensors")
    assert bucket.bytes_of(KEY) == WEIGHTS


def test_without_a_bucket_nothing_is_looked_for_elsewhere(state: Path) -> None:
    store.put_bytes("weights", WEIGHTS, ".safetensors")
    assert (store.has(KEY), store.in_bucket(KEY), store.mend(KEY)) == (True, False, False)


def test_a_bucket_is_mended_from_a_folder_that_is_whole(bucket: Bucket) -> None:
    store.put_bytes("weights", WEIGHTS, ".safetensors")
    assert not store.mend(KEY)
    bucket.put(KEY, WEIGHTS[:-1] + b"!")
    assert store.mend(KEY)
    bucket.delete(KEY)
    assert store.mend(KEY)
    assert bucket.bytes_of(KEY) == WEIGHTS
    (store.root() / KEY).write_bytes(b"damaged")
    bucket.delete(KEY)
    assert not store.mend(KEY)
    assert bucket.keys() == []
