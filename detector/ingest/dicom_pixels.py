"""The pixels of one slice: stored values as they lie in the file, then Hounsfield units.

Uncompressed slices are taken straight from their file at the place that discovery noted; everything else
goes through pydicom and its decoders.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels import apply_modality_lut, pixel_array
from pydicom.uid import JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes

from detector.errors import ReadError
from detector.ingest.canonical import AIR_HU
from detector.ingest.dicom_file import read_dataset
from detector.ingest.dicom_header import SliceHeader
from detector.ingest.problems import unreadable

Pixels = npt.NDArray[Any]


def each_slice(slices: Sequence[SliceHeader]) -> Iterator[Pixels]:
    """Pixels (Y, X) of each slice after rescale, padding at -1024 or below, one at a time. A multi-frame file
    is parsed once for frames that follow each other.

    Raises:
        ReadError: codes damaged, truncated, no_pixels, undecodable, no_rescale.
    """
    data: pydicom.Dataset | None = None
    at = None
    for header in slices:
        if header.stored.offset is not None and header.stored.rescale is not None:
            yield _rescaled(header, _from_file(header))
            continue
        if data is None or at != header.path:
            data, at = read_dataset(header.path), header.path
        yield _decoded(header, data)


def slice_digest(header: SliceHeader) -> bytes:
    """SHA-256 of one slice's stored pixels and place; the same for a copy with another header.

    Raises:
        ReadError: codes damaged, no_pixels, undecodable.
    """
    place = (header.position, header.orientation, header.pixel_spacing)
    digest = hashlib.sha256(repr(place).encode())
    if header.stored.offset is not None:
        digest.update(_from_file(header).data)
    else:
        data = read_dataset(header.path)
        many = header.stored.frame is not None
        digest.update(_frame(header, data).tobytes() if many else bytes(data.get("PixelData") or b""))
    return digest.digest()


def _from_file(header: SliceHeader) -> Pixels:
    kind, count = ("<i2" if header.stored.signed else "<u2"), header.rows * header.columns
    try:
        with header.path.open("rb") as file:
            file.seek(header.stored.offset or 0)
            held = file.read(2 * count)
    except OSError as error:
        raise unreadable("unreadable", "The file cannot be read.", "See that it may be read.") from error
    if len(held) < 2 * count:
        raise unreadable("truncated", "The slice's pixel data is cut short.", "Copy the series again.")
    return np.frombuffer(held, kind).reshape(header.rows, header.columns)


def _decoded(header: SliceHeader, data: pydicom.Dataset) -> Pixels:
    stored = _frame(header, data)
    if header.stored.rescale is not None:
        return _rescaled(header, stored)
    if "ModalityLUTSequence" not in data and stored.min() >= 0:
        raise unreadable(
            "no_rescale",
            "The slice does not say how its values become Hounsfield units.",
            "Export the original series with its full header.",
        )
    padding = _is_padding(header, stored)
    stored = _without_unused_bits(header, stored)
    try:
        values = np.asarray(apply_modality_lut(stored, data), dtype=np.float64)
    except Exception as error:  # a table or number that pydicom cannot apply
        raise unreadable(
            "damaged", "The slice's rescale values are impossible.", "Export the series again."
        ) from error
    if padding is not None:
        values[padding] = AIR_HU
    return values


def _frame(header: SliceHeader, data: pydicom.Dataset) -> Pixels:
    try:
        _check_there(header, data)
        # Padding may lie outside the bits in use, so what is unused is cut off only after it is found.
        signs = data.file_meta.TransferSyntaxUID in (*JPEG2000TransferSyntaxes, *JPEGLSTransferSyntaxes)
        loose: dict[str, Any] = {} if signs else {"correct_unused_bits": False}
        pixels: Pixels = pixel_array(data, index=header.stored.frame or 0, raw=True, **loose)
    except (ReadError, MemoryError):
        raise
    except BaseException as error:
        # Decoders of third parties raise what they like; one in Rust panics with what is no Exception.
        if not (isinstance(error, Exception) or type(error).__name__ == "PanicException"):
            raise
        raise unreadable(
            "undecodable",
            "The slice's pixel data cannot be decoded.",
            "Export the series uncompressed (Explicit VR Little Endian).",
            transfer_syntax=str(getattr(data.file_meta.get("TransferSyntaxUID"), "name", "unknown")),
        ) from error
    if pixels.shape != (header.rows, header.columns):
        raise unreadable("undecodable", "The slice's pixels do not fit its header.", "Export it again.")
    return pixels


def _check_there(header: SliceHeader, data: pydicom.Dataset) -> None:
    if "PixelData" not in data or not data.PixelData:
        raise unreadable("no_pixels", "The slice holds no pixels.", "Export the series again.")
    syntax = data.file_meta.TransferSyntaxUID
    if not (syntax.is_transfer_syntax and syntax.is_encapsulated):
        frames = (header.stored.frame or 0) + 1
        needed = header.rows * header.columns * int(data.get("BitsAllocated", 16)) // 8 * frames
        if len(data.PixelData) < needed:
            raise unreadable("truncated", "The slice's pixel data is cut short.", "Copy the series again.")


def _rescaled(header: SliceHeader, stored: Pixels) -> Pixels:
    slope, intercept = header.stored.rescale or (1.0, 0.0)
    if not (math.isfinite(slope) and math.isfinite(intercept)):
        raise unreadable("damaged", "The slice's rescale values are impossible.", "Export the series again.")
    padding = _is_padding(header, stored)
    values = _without_unused_bits(header, stored)
    if (slope, intercept) == (1.0, 0.0):
        if padding is not None:
            values = values.astype(np.int32)
    elif slope == 1.0 and intercept == int(intercept) and abs(intercept) < 1 << 20:
        values = np.add(values, np.int32(intercept), dtype=np.int32)
    else:
        values = values * np.float64(slope) + intercept
    if padding is not None:
        values[padding] = AIR_HU
    return values


def _is_padding(header: SliceHeader, stored: Pixels) -> npt.NDArray[np.bool_] | None:
    ends, (slope, intercept) = header.stored.padding, header.stored.rescale or (0.0, 0.0)
    if ends is None or (slope > 0 and max(ends) * slope + intercept <= AIR_HU):
        return None  # what lies below air becomes air anyway
    inside = stored == ends[0] if ends[0] == ends[1] else (stored >= ends[0]) & (stored <= ends[1])
    return inside if inside.any() else None


def _without_unused_bits(header: SliceHeader, stored: Pixels) -> Pixels:
    unused = 8 * stored.dtype.itemsize - header.stored.bits
    return stored if unused <= 0 else (stored << unused) >> unused
