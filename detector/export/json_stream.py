"""JSON documents too large to hold: arrays written and read item by item.

What is written is what json.dumps(document, indent=1, sort_keys=True) gives, byte for byte.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any, TextIO

_CHUNK = 1 << 16
_DECODER = json.JSONDecoder()
_ENCODER = json.JSONEncoder(sort_keys=True, allow_nan=False)


def document_text(plain: Mapping[str, Any], arrays: Mapping[str, Iterable[Any]]) -> Iterator[str]:
    """A document of plain members and of arrays, in pieces; raises ValueError for NaN and infinity."""
    before = "{\n"
    for key in sorted([*plain, *arrays]):
        yield f"{before} {_ENCODER.encode(key)}: "
        before = ",\n"
        if key in plain:
            yield _indented(plain[key], "\n ")
        else:
            yield from _array(arrays[key])
    yield "\n}\n"


def _array(items: Iterable[Any]) -> Iterator[str]:
    between = "[\n  "
    for item in items:
        yield between + _indented(item, "\n  ")
        between = ",\n  "
    yield "[]" if between.startswith("[") else "\n ]"


def _indented(value: Any, line: str) -> str:
    """As json.dumps does it with indent=1, in a fraction of its time: texts go to the compiled encoder, and
    numbers are written where they stand."""
    kind = type(value)
    if kind is str:
        return encode_basestring_ascii(value)
    if kind is int or (kind is float and math.isfinite(value)):
        return repr(value)
    inner = line + " "
    if isinstance(value, dict) and value:
        members = [
            f"{encode_basestring_ascii(str(k))}: {_indented(v, inner)}" for k, v in sorted(value.items())
        ]
        return "{" + inner + ("," + inner).join(members) + line + "}"
    if isinstance(value, list) and value:
        return "[" + inner + ("," + inner).join([_indented(v, inner) for v in value]) + line + "]"
    return _ENCODER.encode(value)


def array_items(path: Path, key: str) -> Iterator[Any]:
    """The items of the array that a document has under `key`, nothing where it has none.

    Raises:
        ValueError: the file is no JSON object, or what lies under `key` is no array.
        OSError: it cannot be read.
    """
    with path.open(encoding="utf-8") as file:
        text = _Text(file)
        text.take("{")
        while text.peek() != "}":
            name = text.value()
            text.take(":")
            if text.peek() != "[":
                if name == key:
                    raise ValueError(f"{key} is no array")
                text.value()
            else:
                for item in text.items():
                    if name == key:
                        yield item
                if name == key:
                    return
            if text.peek() == ",":
                text.take(",")


class _Text:
    """A file read in chunks; what was used is forgotten."""

    def __init__(self, file: TextIO) -> None:
        self._file, self._text, self._at = file, "", 0

    def _more(self) -> bool:
        chunk = self._file.read(_CHUNK)
        self._text, self._at = self._text[self._at :] + chunk, 0
        return bool(chunk)

    def peek(self) -> str:
        """The next character that is not white space."""
        while True:
            rest = len(self._text)
            while self._at < rest and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < rest:
                return self._text[self._at]
            if not self._more():
                raise ValueError("the document ends early")

    def take(self, character: str) -> None:
        if self.peek() != character:
            raise ValueError(f"{character} expected")
        self._at += 1

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except ValueError:
                if not self._more():
                    raise
                continue
            # A number at the end of a chunk may go on in the next one.
            if end == len(self._text) and self._more():
                continue
            self._at = end
            return value

    def items(self) -> Iterator[Any]:
        self.take("[")
        while self.peek() != "]":
            yield self.value()
            if self.peek() == ",":
                self.take(",")
        self.take("]")
