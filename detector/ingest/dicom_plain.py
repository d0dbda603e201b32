"""The plain case of a DICOM header, walked by hand: little-endian, uncompressed, with preamble.

Nearly every file of a CT archive is so, and pydicom takes ten times as long to say the same. Whatever is odd
about a file (another syntax, a length that does not fit, a type that is none) is left to pydicom whole.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import IO

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
_LONG = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT", b"SV", b"UV")
_PIXELS, _UNDEFINED = 0x7FE00010, 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_MAX_HEADER_BYTES, _FIRST_BYTES, _MAX_DEPTH = 1 << 20, 1 << 14, 8


@dataclass(frozen=True, slots=True)
class PlainHeader:
    """Elements by tag as (type, bytes), the type None where the syntax has none. `pixels` is where pixel
    data begins and how many bytes it says it has, None where there is none."""

    syntax: str
    elements: dict[int, tuple[bytes | None, bytes]]
    pixels: tuple[int, int] | None


class _Odd(Exception):
    """The header is not plain."""


def plain_header(file: IO[bytes], wanted: Collection[int]) -> PlainHeader | None:
    """The wanted elements of a plain file, those of the meta header always; None where it is not plain."""
    size = os.fstat(file.fileno()).st_size
    head = file.read(_FIRST_BYTES)
    if head[128:132] != b"DICM":
        return None
    while True:
        try:
            return _walk(head, size, wanted)
        except (struct.error, IndexError):  # the header goes on behind what was read
            if len(head) >= min(size, _MAX_HEADER_BYTES):
                return None
            head += file.read(min(4 * len(head), _MAX_HEADER_BYTES - len(head)))
        except (_Odd, UnicodeDecodeError):
            return None


def _walk(head: bytes, size: int, wanted: Collection[int]) -> PlainHeader:
    elements: dict[int, tuple[bytes | None, bytes]] = {}
    at, syntax = 132, ""
    while True:
        implicit = bool(syntax) and syntax == IMPLICIT and head[at : at + 2] != b"\x02\x00"
        if at == size and syntax:
            return PlainHeader(syntax, elements, None)
        tag, kind, start, length = _element(head, at, implicit)
        if not syntax and tag >> 16 != 2:
            raise _Odd
        if tag == _PIXELS:
            if length == _UNDEFINED:
                raise _Odd
            return PlainHeader(syntax, elements, (start, length))
        if tag >> 16 > 0x7FE0:
            raise _Odd
        if length == _UNDEFINED:
            at = _behind(head, start, implicit, 0)
            if tag in wanted:
                elements[tag] = (b"SQ", b"")  # that it is there; what is in it only pydicom tells
            continue
        at = start + length
        if at > size:
            raise _Odd
        if tag in wanted or tag >> 16 == 2:
            if at > len(head):
                raise IndexError
            elements[tag] = (kind, head[start:at])
            if tag == 0x00020010:
                syntax = head[start:at].decode("ascii").strip(" \0")
                if syntax not in (EXPLICIT, IMPLICIT):
                    raise _Odd


def _element(head: bytes, at: int, implicit: bool) -> tuple[int, bytes | None, int, int]:
    """Tag, type, first byte of the value and its length of the element at a place."""
    group, element = struct.unpack_from("<HH", head, at)
    tag = group << 16 | element
    if implicit or group == 0xFFFE:
        return tag, None, at + 8, struct.unpack_from("<I", head, at + 4)[0]
    kind = head[at + 4 : at + 6]
    if kind in _LONG:
        return tag, kind, at + 12, struct.unpack_from("<I", head, at + 8)[0]
    if len(kind) < 2:
        raise IndexError
    if not (kind.isalpha() and kind.isupper()):
        raise _Odd
    return tag, kind, at + 8, struct.unpack_from("<H", head, at + 6)[0]


def _behind(head: bytes, at: int, implicit: bool, depth: int) -> int:
    """Where the element behind a sequence or item of undefined length begins."""
    if depth > _MAX_DEPTH:
        raise _Odd
    while True:
        tag, _, start, length = _element(head, at, implicit)
        if tag in (_SEQUENCE_END, _ITEM_END):
            return start
        at = _behind(head, start, implicit, depth + 1) if length == _UNDEFINED else start + length
        if at > len(head):
            raise IndexError
