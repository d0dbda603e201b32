"""`manage.py reconcile` where files lie in a bucket, too."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from harvest import store
from harvest.domain import ModelKind
from harvest.selectors.releases import manifest_key
from harvest.services.releases import ensure_release
from tests.harvest.buckets import Bucket
from tests.harvest.curated import make_study, mark_lesion
from tests.harvest.fixtures import make_version

pytestmark = pytest.mark.django_db


def reconciled(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    """What the command says, whether or not it ends well."""
    with suppress(CommandError, SystemExit):
        call_command("reconcile", "--json", *options)
    return json.loads(capsys.readouterr().out)


def about(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["what"], one["about"]) for one in told["mismatches"]]


def test_a_file_that_only_the_bucket_has_is_where_it_should_be(bucket: Bucket, cohort, capsys) -> None:
    version = make_version(ModelKind.DETECTOR, [])
    (store.root() / version.store_key).unlink()
    assert reconciled(capsys) == {"mismatches": []}


def test_what_the_bucket_lacks_or_holds_damaged_is_named_and_uploaded(bucket: Bucket, cohort, capsys) -> None:
    version = make_version(ModelKind.DETECTOR, [])
    mark_lesion(make_study(cohort, volumes=True))
    manifest = manifest_key(ensure_release(cohort=cohort.pk).manifest_sha256)
    bucket.delete(version.store_key)
    bucket.put(manifest, b"another manifest")
    assert about(reconciled(capsys)) == [
        ("model version", "its file is not in the bucket"),
        ("release", "its file in the bucket is not what it was"),
    ]
    told = reconciled(capsys, "--upload")
    assert (told["mismatches"], told["uploaded"]) == ([], [manifest, version.store_key])
    assert store.digest_in_bucket(version.store_key) == version.weights_sha256


def test_a_bucket_that_is_down_is_named(bucket: Bucket, cohort, capsys) -> None:
    make_version(ModelKind.DETECTOR, [])
    with bucket.down():
        assert reconciled(capsys)["code"] == "bucket_unreachable"
