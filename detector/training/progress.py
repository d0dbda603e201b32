"""What a running training tells: one JSON line a report, so that a supervisor can follow the file."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path

from detector.contracts import Progress


class ProgressWriter:
    """Appends reports to `path` and flushes each: {"step", "total", "values", "message", "time"}.

    An instance is what a Trainer takes as `on_progress`. Values that are not finite become null, since
    JSON has no NaN. `time` is UTC, ISO 8601. The file is begun anew, but where it is to `append`.
    """

    def __init__(self, path: Path, *, append: bool = False) -> None:
        self._path = path
        path.open("a" if append else "w").close()

    def __call__(self, progress: Progress) -> None:
        values = {k: float(v) if math.isfinite(v) else None for k, v in progress.values.items()}
        line = {
            "step": progress.step,
            "total": progress.total,
            "values": values,
            "message": progress.message,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
