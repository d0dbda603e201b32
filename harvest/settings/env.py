"""The only reader of the environment. Everything has a default that is right for one machine."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(BaseSettings):
    """HARVEST_* variables.

    `database_url` and `broker_url` are set by the launcher when it runs embedded servers.
    """

    # A value that is refused may hold a password, so it is not repeated.
    model_config = SettingsConfigDict(env_prefix="HARVEST_", env_ignore_empty=True, hide_input_in_errors=True)

    home: Path = Field(default=Path("var"), description="State folder: servers, store, logs, secrets.")
    host: str = Field(default="127.0.0.1", description="Address the web server listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port of the web server.")
    database_url: str = Field(default="", description="PostgreSQL; when set, no embedded one is started.")
    broker_url: str = Field(default="", description="Valkey or Redis; when set, no embedded one is started.")
    allowed_hosts: str = Field(default="127.0.0.1,localhost", description="Host names, comma separated.")
    trusted_origins: str = Field(default="", description="https:// origins behind a proxy, comma separated.")
    trusted_proxy: str = Field(
        default="", description="Address of the proxy in front, whose X-Forwarded-For is then believed."
    )
    secure_cookies: bool = Field(default=False, description="Set where the site is served over https.")
    keep_links: bool = Field(
        default=False,
        description="Keep, sealed, which patient a pseudonym stands for (manage.py show_links).",
    )
    registration: Literal["deformable", "rigid"] = Field(
        default="deformable", description="How phases are brought onto portal venous; rigid is faster."
    )
    deeds: Path | None = Field(
        default=None, description="Your deedsBCV program, to deform phases with instead of ours."
    )
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        description="Processes that read studies at once; half as many register them. A core each.",
    )
    dicom_port: int | None = Field(
        default=None, ge=1, le=65535, description="Port of the DICOM listener; without it none is started."
    )
    dicom_host: str = Field(default="127.0.0.1", description="Address the DICOM listener listens on.")
    dicom_ae_title: str = Field(
        default="HARVEST", pattern=r"^[ -\[\]-~]{1,16}$", description="AE title of the DICOM listener."
    )
    inbox_quiet_seconds: int = Field(
        default=30, ge=1, description="A received study is imported when nothing came for it for so long."
    )
    liver: Literal["network", "classical", "totalsegmentator"] = Field(
        default="network", description="What finds the liver of a study that comes without its mask."
    )
    host_name: str = Field(
        default_factory=socket.gethostname, description="What this machine is called among training hosts."
    )
    train_devices: str = Field(
        default="",
        description="Devices to train on, cuda:0,cuda:1 and the like; every GPU, or one CPU, by default.",
    )
    silent_seconds: int = Field(
        default=60, ge=6, description="A training unheard of for so long is taken for lost."
    )
    time_zone: str = Field(default="UTC", description="Of quiet hours, such as Europe/Paris.")
    log_format: Literal["line", "json"] = Field(
        default="line", description="How logs are written: a line for people, or an object for a collector."
    )
    s3_bucket: str = Field(
        default="",
        description="S3 bucket that holds weights, releases and exports, too; the store caches it.",
    )
    s3_endpoint: str = Field(default="", description="https:// address of an S3 server that is not AWS's.")
    s3_region: str = Field(default="", description="Region of the bucket, where its server asks for one.")
    debug: bool = False

    @field_validator("train_devices")
    @classmethod
    def _devices(cls, names: str) -> str:
        if names and not re.fullmatch(r"(cuda|cpu):\d+(,(cuda|cpu):\d+)*", names):
            raise ValueError(f"{names} names no devices; write cuda:0 or cuda:0,cuda:1, or cpu:0")
        if len(set(names.split(","))) < len(names.split(",")):
            raise ValueError(f"{names} names a device twice")
        return names

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"there is no time zone {name}; write one such as Europe/Paris")
        return name

    @field_validator("s3_endpoint")
    @classmethod
    def _address(cls, url: str, info: ValidationInfo) -> str:
        # The value itself may hold a password, so it is not quoted.
        if url and not re.fullmatch(r"https?://[^/@\s]+/?", url):
            raise ValueError("this is no address of an S3 server; write https://host:port, without a login")
        if url and not info.data.get("s3_bucket"):
            raise ValueError("a server alone is no place to keep anything; set HARVEST_S3_BUCKET, too")
        return url

    @property
    def state(self) -> Path:
        return self.home.expanduser().resolve()

    @cached_property
    def training_devices(self) -> list[str]:
        """One training at once on each: what was named, else the GPUs that the driver lists, else cpu:0."""
        if self.train_devices:
            return self.train_devices.split(",")
        tool = shutil.which("nvidia-smi")
        listed = subprocess.run([tool, "-L"], capture_output=True, text=True) if tool else None
        gpus = listed.stdout.count("GPU ") if listed and listed.returncode == 0 else 0
        return [f"cuda:{n}" for n in range(gpus)] or ["cpu:0"]

    def embedded_url(self, name: str) -> str:
        """The URL that a running launcher left for the commands of another terminal; empty without one."""
        path = self.state / "run" / f"{name}-url"
        return path.read_text() if path.exists() else ""

    def _secret(self, name: str, size: int = 48) -> str:
        """A random secret of this installation, made on first use, readable by its owner alone."""
        path = self.state / "secrets" / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            # Exclusive creation: of two processes that start at once, one makes it and both read it.
            with open(path, "x", opener=_owner_only) as file:
                file.write(secrets.token_urlsafe(size))
        except FileExistsError:
            pass
        return path.read_text()

    @cached_property
    def secret_key(self) -> str:
        return self._secret("django")

    @cached_property
    def pseudonym_key(self) -> bytes:
        return self._secret("pseudonyms").encode()

    @cached_property
    def sealing_key(self) -> bytes:
        # Fernet wants 32 bytes in base64 with its padding.
        return self._secret("sealing", 32).encode() + b"="


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@lru_cache(maxsize=1)
def environment() -> Environment:
    return Environment()


def child_environment(**more: str) -> dict[str, str]:
    """This process's environment with HARVEST_* values for a child."""
    return {**os.environ, "HARVEST_HOME": str(environment().state), "PYTHONUNBUFFERED": "1", **more}
