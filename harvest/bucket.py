"""An S3 bucket beside the store's folder, through django-storages. Keys in it are those of the store.

Credentials come by boto3's own chain (environment, file, instance role); they are neither read nor told here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from django.conf import settings
from django.core.files import File
from storages.backends.s3 import S3Storage

from harvest.errors import NotFound, StoreUnreachable

PIECE_BYTES = 2**20
# A bucket that is away is said to be so while a person, or a health check, still waits.
CONNECT_SECONDS, READ_SECONDS, TRIES = 3, 30, 2
_REFUSALS = {
    "401",
    "403",
    "AccessDenied",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
}


def put(key: str, source: Path) -> None:
    """Puts a file under a key, in place of what is there; it is there whole, or not at all.

    Raises:
        StoreUnreachable: the bucket does not take it.
    """
    with _asking(), source.open("rb") as file:
        _storage().save(key, File(file))


def size(key: str) -> int | None:
    """The bytes of what lies under a key; None where nothing does. Raises StoreUnreachable."""
    try:
        with _asking():
            return int(_storage().bucket.Object(key).content_length)
    except NotFound:
        _require_bucket()
        return None


def read(key: str) -> tuple[int, Iterator[bytes]]:
    """What lies under a key, as (bytes, its pieces).

    Raises:
        NotFound: nothing does.
        StoreUnreachable: the bucket does not answer; while the pieces are walked, too.
    """
    with _asking():
        got = _storage().bucket.Object(key).get()
        return int(got["ContentLength"]), _pieces(got["Body"])


def state() -> str:
    """One word for the health check."""
    try:
        _require_bucket()
    except StoreUnreachable as error:
        return error.code.removeprefix("bucket_")
    return "ok"


def _pieces(body: Any) -> Iterator[bytes]:
    with _asking():
        yield from body.iter_chunks(PIECE_BYTES)


def _require_bucket() -> None:
    try:
        with _asking():
            _storage().connection.meta.client.head_bucket(Bucket=settings.S3_BUCKET)
    except NotFound as error:
        raise _missing() from error


def _storage() -> Any:
    return _storage_of(settings.S3_BUCKET, settings.S3_ENDPOINT, settings.S3_REGION)


@lru_cache(maxsize=1)
def _storage_of(bucket: str, endpoint: str, region: str) -> Any:
    config = Config(
        # Servers of one's own are seldom reached by a host name for each bucket.
        s3={"addressing_style": "path" if endpoint else "auto"},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": TRIES, "mode": "standard"},
    )
    return S3Storage(
        bucket_name=bucket,
        endpoint_url=endpoint or None,
        region_name=region or None,
        client_config=config,
        file_overwrite=True,
    )


@contextmanager
def _asking() -> Iterator[None]:
    """Turns what boto3 raises into what people are told; its own words may quote keys and addresses."""
    try:
        yield
    except NoCredentialsError as error:
        raise _refused() from error
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in {"404", "NoSuchKey"}:
            raise NotFound("This is no longer in the store.", code="store_missing") from error
        if code == "NoSuchBucket":
            raise _missing() from error
        if code in _REFUSALS:
            raise _refused() from error
        raise StoreUnreachable(
            f"The S3 bucket answers with {code}. See what its server says of it, then start this again.",
            code="bucket_failing",
        ) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreUnreachable(
            "The S3 bucket cannot be reached. See that its server is up and this machine may reach it, "
            "then start this again."
        ) from error


def _missing() -> StoreUnreachable:
    return StoreUnreachable(
        "There is no S3 bucket of the name in HARVEST_S3_BUCKET. Make it, or name another.",
        code="bucket_missing",
    )


def _refused() -> StoreUnreachable:
    return StoreUnreachable(
        "The S3 bucket refuses the credentials of this installation. "
        "Give it some that may list, read and write.",
        code="bucket_refused",
    )
