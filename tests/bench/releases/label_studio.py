"""Label Studio's part: as many tasks and regions, and its own export API in a fresh process a format.

It is asked in its own process without a server between, as Harvest's worker has none; both write from the
same PostgreSQL. It does not read back what it wrote, and has no freezing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.bench.label_studio.installed import LabelStudio

EXPORT = Path(__file__).with_name("label_studio_export.py")
FORMATS = ("JSON", "CSV")


def measure(
    url: str, home: Path, *, studies: int, lesions: int, runs: int
) -> dict[str, list[dict[str, Any]]]:
    """The figures of each run by format."""
    peer = LabelStudio.filled(
        url,
        home / f"label-studio-{studies}",
        name=f"label_studio_{studies}",
        readers=1,
        tasks=studies,
        regions=lesions,
        annotated=True,
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for _ in range(runs):
        for format in FORMATS:
            figures = peer.run(EXPORT, str(peer.project), peer.tokens[0], format)
            found.setdefault(f"Label Studio {format}", []).append(figures)
    return found
