"""What a reader of a data set is given, and what it gives: studies that an import takes like any other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from detector.errors import ReadError
from detector.ingest.archive import Unpacking
from detector.ingest.found import Discovery
from detector.ingest.problems import unreadable


@dataclass(frozen=True, slots=True)
class Asked:
    """How a set is read. `phase` is that of every series whose phase its set does not tell (None: a person is
    asked); archives within the set are unpacked to `unpacking`."""

    phase: str | None
    unpacking: Unpacking


class DatasetReader(Protocol):
    """Finds the studies of one published layout below a folder. Their `lesions` are read when they are taken,
    so that finding is quick; one bad study is a refusal and never stops the rest.

    Raises:
        ReadError: code wrong_layout where the folder does not hold this set at all.
    """

    def __call__(self, root: Path, asked: Asked) -> Discovery: ...


def wrong_layout(name: str, expected: str) -> ReadError:
    """The error of a folder that does not hold the set."""
    return unreadable(
        "wrong_layout",
        f"This folder does not hold {name} as it is published.",
        f"Name the folder with {expected}.",
    )
