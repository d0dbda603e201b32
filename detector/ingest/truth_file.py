"""The file beside a study that says what is known of it, as far as discovery looks into it."""

from __future__ import annotations

import json
from pathlib import Path

TRUTH_FILE = "truth.json"


def existing(path: Path) -> Path | None:
    """The path, if a file is there."""
    return path if path.is_file() else None


def subject_of(truth: Path | None) -> str:
    """The subject that a truth file names, "" where it names none or cannot be read."""
    if truth is None:
        return ""
    try:
        return str(json.loads(truth.read_text()).get("subject") or "")
    except (OSError, ValueError, AttributeError):
        return ""
