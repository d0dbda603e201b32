"""What the environment may say, and how it is told that it says something else."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from harvest.settings.env import Environment


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("train_devices", "gpu", "gpu names no devices; write cuda:0"),
        ("train_devices", "cpu:0,cpu:0", "names a device twice"),
        ("time_zone", "Mars/Olympus", "there is no time zone Mars/Olympus"),
        ("silent_seconds", 1, "greater than or equal to 6"),
        ("log_format", "xml", "'line' or 'json'"),
        ("s3_endpoint", "minio:9000", "write https://host:port, without a login"),
        ("s3_endpoint", "https://minio:9000", "set HARVEST_S3_BUCKET, too"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(name: str, value: object, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Environment(**{name: value})


def test_a_login_in_an_address_is_refused_without_being_told() -> None:
    with pytest.raises(ValidationError, match="without a login") as told:
        Environment(s3_bucket="b", s3_endpoint="https://me:hush@minio:9000")
    assert "hush" not in str(told.value)


def test_devices_are_those_that_are_named_in_their_order() -> None:
    assert Environment(train_devices="cuda:2,cuda:0").training_devices == ["cuda:2", "cuda:0"]


def test_a_machine_without_a_gpu_trains_on_one_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harvest.settings.env.shutil.which", lambda name: None)
    assert Environment().training_devices == ["cpu:0"]
