"""DICOM files as they are on disk: known by content, read without trusting them, their header's fields."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import IO, Any

import pydicom
import pydicom.config
from pydicom.datadict import tag_for_keyword
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from detector.errors import ReadError
from detector.ingest.dicom_plain import plain_header
from detector.ingest.problems import unreadable

# Odd values are the daily bread of an archive; what matters of them is checked below. pydicom's own
# complaints quote the values, and a value may be a name.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module=r"pydicom(\..*)?")

_META_BYTES, _CHUNK = 4096, 1 << 20
_MAX_INFLATED_BYTES = 1 << 30
_PADDING = " \0\t\r\n"
_NOT_TEXT = (b"US", b"SS", b"UL", b"SL", b"FD", b"FL", b"SQ", b"UN", b"OB", b"OW")
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
    """Values of one header by keyword. Most are plain ASCII in a plain file, and asking pydicom for them
    takes longer than reading the file: they are taken from the bytes, and only what is odd is left to it.

    Raises:
        ReadError: codes damaged and too_large, here or when the first odd value is asked for.
    """

    def __init__(self, path: Path, file: IO[bytes], keywords: Sequence[str]) -> None:
        self._path, self._keywords = path, keywords
        self._plain = plain_header(file, {_tag(k) for k in keywords})
        self._data: pydicom.Dataset | None = None

    @property
    def data(self) -> pydicom.Dataset:
        """The header as pydicom reads it, with the keywords asked for."""
        if self._data is None:
            tags = [BaseTag(_tag(k)) for k in self._keywords]
            self._data = read_dataset(self._path, stop_before_pixels=True, specific_tags=tags)
        return self._data

    @property
    def pixels(self) -> tuple[int, int] | None:
        """Where uncompressed little-endian pixels begin in the file and how many bytes they say they have."""
        return self._plain.pixels if self._plain else None

    @property
    def media_class(self) -> str:
        """The class of the object as the file's meta header names it."""
        if self._plain:
            return (
                self._plain.elements.get(0x00020002, (None, b""))[1].decode("ascii", "replace").strip(" \0")
            )
        return str(self.data.file_meta.get("MediaStorageSOPClassUID", ""))

    def text(self, name: str) -> str:
        """The value as text without its padding, several joined by a backslash; "" for none."""
        if self._plain:
            kind, value = self._plain.elements.get(_tag(name), (None, b""))
            if not value or (kind not in _NOT_TEXT and value.isascii()):
                return value.decode("ascii").strip(_PADDING)
        value = self.data.get(name)
        if value is None:
            return ""
        if isinstance(value, list | MultiValue):
            return "\\".join(str(v).strip(_PADDING) for v in value)
        return str(value).strip(_PADDING)

    def number(self, name: str) -> int | None:
        """A whole number, stored as binary or as text; None for none.

        Raises:
            ValueError, OverflowError: the value is no number.
        """
        if name not in _BINARY:
            text = self.text(name)
            return int(float(text)) if text else None
        if self._plain:
            kind, held = self._plain.elements.get(_tag(name), (None, b""))
            if not held:
                return None
            if len(held) == 2 and kind in (None, b"US", b"SS"):
                return int.from_bytes(held, "little", signed=kind == b"SS")
        value = self.data.get(name)
        if isinstance(value, bytes):
            value = int.from_bytes(value[:2], "little") if value else None
        return None if value in (None, "") else int(float(str(value)))

    def decimals(self, name: str) -> tuple[float, ...]:
        """The decimal numbers of a text value.

        Raises:
            ValueError: one of them is no number.
        """
        text = self.text(name)
        return tuple(float(part) for part in text.split("\\")) if text else ()

    def __contains__(self, name: str) -> bool:
        return _tag(name) in self._plain.elements if self._plain else name in self.data


@cache
def _tag(name: str) -> int:
    number = tag_for_keyword(name)
    if number is None:
        raise KeyError(name)
    return number
