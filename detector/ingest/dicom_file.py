"""DICOM files as they are on disk: known by content, read without trusting them, their header's fields."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import IO, Any

import pydicom
import pydicom.config
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from detector.errors import ReadError
from detector.ingest.problems import unreadable

# Odd values are the daily bread of an archive; what matters of them is checked below. pydicom's own
# complaints quote the values, and a value may be a name.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module=r"pydicom(\..*)?")

_META_BYTES, _CHUNK = 4096, 1 << 20
_MAX_INFLATED_BYTES = 1 << 30
_PLAIN = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)
# Numbers that the standard stores as two bytes, not as text.
_BINARY = (
    "Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored", "PixelRepresentation",
    "PixelPaddingValue", "PixelPaddingRangeLimit",
)  # fmt: skip


def is_dicom(path: Path) -> bool:
    """Whether the file says that it is DICOM, or reads as such without saying so. Never raises."""
    try:
        with path.open("rb") as file:
            head = file.read(132)
        if head[128:] == b"DICM":
            return True
        # Without the preamble a file must begin with an element of group 0002 or 0008.
        little = head[:2] in (b"\x02\x00", b"\x08\x00") and head[3:4] == b"\x00"
        big = head[:2] == b"\x00\x08" and head[2:3] == b"\x00"
        if not (little or big):
            return False
        return "SOPClassUID" in pydicom.dcmread(path, force=True, specific_tags=["SOPClassUID"])
    except Exception:
        return False


def read_dataset(source: Path | IO[bytes], **options: Any) -> pydicom.Dataset:
    """pydicom's reader with every failure turned into one named error.

    Raises:
        ReadError: codes damaged and too_large.
    """
    # A hostile or cut file makes pydicom raise nearly any exception, so nearly any is caught.
    try:
        _check_deflated(source)
        data = pydicom.dcmread(source, force=True, **options)
        if not data.file_meta.get("TransferSyntaxUID"):
            implicit, little = data.original_encoding
            named = ExplicitVRLittleEndian if little is not False else ExplicitVRBigEndian
            data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit is not False else named
        return data
    except (ReadError, MemoryError):
        raise
    except Exception as error:
        raise unreadable(
            "damaged", "The DICOM file is truncated or damaged.", "Export the series again."
        ) from error


def _check_deflated(source: Path | IO[bytes]) -> None:
    """Refuses a deflated file that unpacks to more than an object can have, before pydicom unpacks it whole.

    Raises:
        ReadError: code too_large.
    """
    with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
        head = file.read(_META_BYTES)
        file.seek(0)
        if DeflatedExplicitVRLittleEndian.encode() not in head:
            return
        # The meta header says its own length first, and what follows it is deflated.
        file.seek(144 + struct.unpack("<I", head[140:144])[0])
        inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
        packed = file.read(_CHUNK)
        while packed:
            total += len(inflater.decompress(packed, _CHUNK))
            if total > _MAX_INFLATED_BYTES:
                raise unreadable("too_large", "The file unpacks to more than a DICOM object can have.")
            packed = inflater.unconsumed_tail or (b"" if inflater.eof else file.read(_CHUNK))
        file.seek(0)


class Fields:
    """Values of one header by keyword. Most are plain ASCII, and asking pydicom for each takes longer than
    reading the file: they are taken from the bytes, and only what is not plain is left to pydicom."""

    def __init__(self, data: pydicom.Dataset) -> None:
        self.data = data

    def text(self, name: str) -> str:
        """The value as text without its padding, several joined by a backslash; "" for none."""
        raw = self._raw(name)
        if isinstance(raw, RawDataElement):
            if not raw.value:
                return ""
            if raw.VR not in ("US", "SS", "UL", "SL", "FD", "FL", "SQ", "UN") and raw.value.isascii():
                return raw.value.decode("ascii").strip(" \0\t\r\n")
        value = self.data.get(name)
        if value is None:
            return ""
        if isinstance(value, (list, pydicom.multival.MultiValue)):
            return "\\".join(str(v).strip() for v in value)
        return str(value).strip(" \0\t\r\n")

    def number(self, name: str) -> int | None:
        """A whole number, stored as binary or as text; None for none.

        Raises:
            ValueError: the value is no number.
        """
        raw = self._raw(name)
        if raw is None:
            return None
        if isinstance(raw, RawDataElement) and raw.VR in (None, "US", "SS", "US or SS"):
            if raw.value and len(raw.value) == 2 and name in _BINARY:
                order = "<" if raw.is_little_endian else ">"
                return int(struct.unpack(f"{order}{'h' if raw.VR == 'SS' else 'H'}", raw.value)[0])
            if name in _BINARY:
                value = self.data.get(name)
                if isinstance(value, bytes):
                    value = int.from_bytes(value[:2], "little") if value else None
                return None if value in (None, "") else int(float(str(value)))
        text = self.text(name)
        return int(float(text)) if text else None

    def decimals(self, name: str) -> tuple[float, ...]:
        """The decimal numbers of a text value.

        Raises:
            ValueError: one of them is no number.
        """
        text = self.text(name)
        return tuple(float(part) for part in text.split("\\")) if text else ()

    def _raw(self, name: str) -> Any:
        try:
            return self.data.get_item(_tag(name))
        except KeyError:
            return None

    def __contains__(self, name: str) -> bool:
        return self._raw(name) is not None

    @property
    def transfer_syntax(self) -> str:
        return str(self.data.file_meta.TransferSyntaxUID)


@cache
def _tag(name: str) -> BaseTag:
    number = tag_for_keyword(name)
    if number is None:
        raise KeyError(name)
    return BaseTag(number)


def plain_pixels_at(file: IO[bytes], fields: Fields) -> tuple[int, int] | None:
    """Where pixel data begins in a file that was read up to it, and how many bytes it says it has; None
    where it is compressed, big-endian or absent."""
    if fields.transfer_syntax not in _PLAIN:
        return None
    head = file.read(12)
    if head[:4] != b"\xe0\x7f\x10\x00":
        return None
    implicit = not head[4:6].isalpha()
    (length,) = struct.unpack("<I", head[4:8] if implicit else head[8:12])
    return None if length == 0xFFFFFFFF else (file.tell() - (4 if implicit else 0), length)
