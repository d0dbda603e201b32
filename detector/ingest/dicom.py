"""One acquisition of DICOM slices as a canonical volume in HU."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels import apply_modality_lut

from detector.ingest.canonical import hashed_uid, to_hu, to_lps
from detector.ingest.dicom_header import SliceHeader, read_dataset
from detector.ingest.dicom_series import pixel_digest, stack_geometry
from detector.ingest.problems import unreadable
from detector.volume import AIR_HU, Volume


def read_stack(stack: Sequence[SliceHeader]) -> Volume:
    """Reads the slices of one acquisition to int16 HU (Z, Y, X), LPS, identity direction.

    Rescale slope and intercept are taken slice by slice; padding becomes -1024. The frame of reference is
    a hash of the original.

    Raises:
        ReadError: the codes of stack_geometry, and damaged, truncated, no_pixels, undecodable, no_rescale,
            not_finite, mask, not_hounsfield.
    """
    ordered, direction, origin, spacing = stack_geometry(stack)
    values = np.stack([slice_values(s) for s in ordered])
    return to_lps(
        to_hu(values),
        direction=direction,
        origin_xyz_mm=origin,
        spacing_ijk_mm=spacing,
        frame_of_reference_uid=hashed_uid(ordered[0].frame_of_reference),
    )


def stack_digest(stack: Sequence[SliceHeader]) -> str:
    """SHA-256 of the acquisition's pixels and places, whatever the files are called or ordered."""
    return hashlib.sha256(b"".join(sorted(pixel_digest(s) for s in stack))).hexdigest()


def slice_values(header: SliceHeader) -> npt.NDArray[np.float32]:
    """Pixels (Y, X) of one slice after rescale, padding at -1024.

    Raises:
        ReadError: codes damaged, truncated, no_pixels, undecodable, no_rescale.
    """
    data = read_dataset(header.path)
    stored = _pixels(data)
    if "RescaleIntercept" not in data and "ModalityLUTSequence" not in data and stored.min() >= 0:
        raise unreadable(
            "no_rescale",
            "The slice does not say how its values become Hounsfield units.",
            "Export the original series with its full header.",
        )
    try:
        values = np.asarray(apply_modality_lut(stored, data), dtype=np.float32)
    except Exception as error:  # a table or number that pydicom cannot apply
        raise unreadable(
            "damaged", "The slice's rescale values are impossible.", "Export the series again."
        ) from error
    values[_padding(data, stored)] = AIR_HU
    return values


def _pixels(data: pydicom.Dataset) -> npt.NDArray[Any]:
    if "PixelData" not in data or not data.PixelData:
        raise unreadable("no_pixels", "The slice holds no pixels.", "Export the series again.")
    if not _compressed(data):
        needed = int(data.Rows) * int(data.Columns) * int(data.get("BitsAllocated", 16)) // 8
        if len(data.PixelData) < needed:
            raise unreadable("truncated", "The slice's pixel data is cut short.", "Copy the series again.")
    try:
        pixels: npt.NDArray[Any] = data.pixel_array
    except MemoryError:
        raise
    except Exception as error:  # the decoders of third parties raise what they like
        raise unreadable(
            "undecodable",
            "The slice's pixel data cannot be decoded.",
            "Export the series uncompressed (Explicit VR Little Endian).",
            transfer_syntax=_syntax(data),
        ) from error
    if pixels.shape != (int(data.Rows), int(data.Columns)):
        raise unreadable("undecodable", "The slice's pixels do not fit its header.", "Export it again.")
    return pixels


def _syntax(data: pydicom.Dataset) -> str:
    return str(getattr(data.file_meta.TransferSyntaxUID, "name", "unknown"))


def _compressed(data: pydicom.Dataset) -> bool:
    uid = data.file_meta.TransferSyntaxUID
    return bool(uid.is_transfer_syntax and uid.is_encapsulated)


def _padding(data: pydicom.Dataset, stored: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    ends = [_signed(data, data.get(k)) for k in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    known = [e for e in ends if e is not None]
    if ends[0] is None:
        return np.zeros(stored.shape, dtype=bool)
    return (stored >= min(known)) & (stored <= max(known))


def _signed(data: pydicom.Dataset, value: object) -> int | None:
    """The padding value as the pixels hold it: some exporters write a signed one as unsigned."""
    if value is None or value == "":
        return None
    if isinstance(value, bytes):
        value = int.from_bytes(value[:2], "little")
    number = int(str(value))
    bits = int(data.get("BitsAllocated", 16))
    if data.get("PixelRepresentation", 0) == 1 and number >= 1 << (bits - 1):
        number -= 1 << bits
    return number
