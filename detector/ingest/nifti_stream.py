"""What ITK forgives in a NIfTI file and we do not: it reads missing voxels as zeros and NaN as 0."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np

from detector.ingest.problems import unreadable

MAX_BYTES = 8 * 1024**3
_CHUNK = 1 << 24  # a multiple of every voxel size
_FLOATS = {16: "f4", 64: "f8"}


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's content, of what is inside for .gz.

    Raises:
        ReadError: codes truncated and damaged, also for what the block meets while reading.
    """
    packed = path.name.lower().endswith(".gz")
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            yield cast(IO[bytes], file)
    except (EOFError, zlib.error) as error:
        raise unreadable("truncated", "The file is cut short.", "Copy it again.") from error
    except OSError as error:
        raise unreadable("damaged", "The file cannot be read.", "Copy it again.") from error


def check_voxels(path: Path) -> None:
    """Reads a .nii or .nii.gz through: every voxel is there, every number is finite.

    Raises:
        ReadError: codes truncated, not_finite, damaged, too_large.
    """
    with opened(path) as file:
        order, start, count, bits, kind = _layout(file.read(352))
        if count * bits // 8 > MAX_BYTES:
            raise unreadable("too_large", "The file holds more voxels than a CT can have.")
        file.read(max(0, start - 352))
        left = count * bits // 8
        while left > 0:
            chunk = file.read(min(_CHUNK, left))
            if len(chunk) < min(_CHUNK, left):
                raise EOFError
            left -= len(chunk)
            if kind and not np.isfinite(np.frombuffer(chunk, order + kind)).all():
                raise unreadable(
                    "not_finite", "The volume holds NaN or infinite voxels.", "Convert the series again."
                )
        while file.read(_CHUNK):  # to the end, where .gz keeps its checksum
            pass


def _layout(header: bytes) -> tuple[str, int, int, int, str]:
    """Byte order, first byte of the voxels, their number, bits of each, numpy kind if they are floats."""
    if len(header) < 352:
        raise EOFError
    for order in "<>":
        (size,) = struct.unpack(f"{order}i", header[:4])
        if size == 348:
            dims = struct.unpack(f"{order}8h", header[40:56])
            kind, bits = struct.unpack(f"{order}2h", header[70:74])
            (start,) = struct.unpack(f"{order}f", header[108:112])
        elif size == 540:
            kind, bits = struct.unpack(f"{order}2h", header[12:16])
            dims = struct.unpack(f"{order}8q", header[16:80])
            (start,) = struct.unpack(f"{order}q", header[168:176])
        else:
            continue
        if not (1 <= dims[0] <= 7 and min(dims[1 : dims[0] + 1]) > 0 and bits > 0 and 0 <= start < 1 << 24):
            break
        return order, int(start), math.prod(dims[1 : dims[0] + 1]), bits, _FLOATS.get(kind, "")
    raise unreadable("damaged", "The file's header is not that of a NIfTI volume.", "Write it again.")
