"""Gathers what discovery leaves out, so that five hundred slices of one fault are one line."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from detector.errors import ReadError
from detector.ingest.found import Refusal, sha256_text
from detector.ingest.problems import unreadable


class Refusals:
    """Collects refusals, one for each folder (or series), code and message, with the number of files, and
    knows what a path is called: below the root, or below `unpacked`, where the root's archives lie unpacked
    under the names they have in the root."""

    def __init__(self, root: Path, unpacked: Path | None = None) -> None:
        self.root, self.unpacked = root, unpacked
        self.groups: dict[tuple[str, str, str, str, bool], list[Path]] = defaultdict(list)

    def add(
        self, path: Path, code: str, message: str, remedy: str, routine: bool = False, group: str = ""
    ) -> None:
        """Notes one file; `group` (a series' uid) gathers files of several folders into one line."""
        self.groups[(group or str(path.parent), code, message, remedy, routine)].append(path)

    def add_error(self, path: Path, error: ReadError, message: str = "") -> None:
        """Notes one file that raised, under the error's code, with `message` in place of the error's."""
        self.add(path, error.code, message or error.message, error.remedy)

    def listed(self) -> list[Refusal]:
        """Every refusal in the order of paths, numbered from 1."""
        rows = sorted((self.called(paths[0]), len(paths), group[1:]) for group, paths in self.groups.items())
        listed = []
        for ordinal, (relative, count, (code, message, remedy, routine)) in enumerate(rows, start=1):
            text = f"{message} ({count} files)" if count > 1 else message
            listed.append(Refusal(ordinal, relative, sha256_text(relative), code, text, remedy, routine))
        return listed

    def called(self, path: Path) -> str:
        """The path below the root, an archive's name being that of a folder."""
        if self.unpacked and path.is_relative_to(self.unpacked):
            return relative_path(self.unpacked, path)
        return relative_path(self.root, path)

    def common(self, folders: Iterable[Path]) -> tuple[str, list[Path]]:
        """What the deepest folder above some is called, and where it lies: on either side, or on both."""
        name = os.path.commonpath({self.called(f) for f in folders}) or "."
        sides = [self.root, *([self.unpacked] if self.unpacked else [])]
        return name, [side / name for side in sides if (side / name).is_dir()]


def below(folder: Path, name: str) -> Path:
    """The path that a list of files means by a name; a link is followed wherever its maker let it lead.

    Raises:
        ReadError: code unsafe_path where the name itself leads outside the folder.
    """
    inner = PurePosixPath(name.replace("\\", "/"))
    if inner.is_absolute() or ".." in inner.parts or "\0" in name or not inner.parts:
        raise unreadable("unsafe_path", "A file outside the folder is named.", "Put the file inside it.")
    return folder / inner


def relative_path(root: Path, path: Path) -> str:
    """The path below the root, with forward slashes."""
    return path.relative_to(root).as_posix()
