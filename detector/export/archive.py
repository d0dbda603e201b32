"""An export as one ZIP file: the same files give the same bytes, whoever packs them, wherever and when."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_UNIX = 3
_READABLE = 0o100644


def write_archive(folder: Path, target: Path) -> None:
    """Packs all files below `folder` into `target`, stored as they are (images are compressed already), in
    the order of their names, in constant memory. `target` must not lie in `folder`.

    Raises:
        OSError: a file cannot be read or written.
    """
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.create_system, entry.external_attr = _UNIX, _READABLE << 16
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(entry, "w") as packed:
                shutil.copyfileobj(source, packed, 1 << 20)
