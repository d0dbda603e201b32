"""multipart/related (RFC 2387) read as a stream: one part after the other, in constant memory.

Both ends of DICOMweb speak it: an archive's answer to WADO-RS and a sender's request to STOW-RS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message

_CHUNK = 1 << 18
_MAX_HEADER_BYTES = 1 << 14


class MultipartError(Exception):
    """The body is not what its content type says."""


class Truncated(MultipartError):
    """The body ends before its last boundary."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `content` must be read to its end before the next part is asked for."""

    content_type: str
    content: Iterator[bytes]


def boundary_of(content_type: str) -> bytes:
    """The boundary that a multipart/related content type of DICOM objects names.

    >>> boundary_of('multipart/related; type="application/dicom"; boundary=abc')
    b'abc'

    Raises:
        MultipartError: it is another type, or names no boundary.
    """
    message = Message()
    message["content-type"] = content_type
    kind = str(message.get_param("type", "application/dicom")).lower()
    boundary = message.get_boundary("")
    if message.get_content_type() != "multipart/related" or kind != "application/dicom" or not boundary:
        raise MultipartError
    return boundary.encode("latin-1", "replace")


def parts(read: Callable[[int], bytes], boundary: bytes) -> Iterator[Part]:
    """The parts of a body; `read(n)` gives up to n bytes, b"" at the end. A body without parts gives none.

    Raises:
        Truncated: the body ends before its last boundary.
        MultipartError: a part's header is no header.
    """
    source = _Source(read)
    # The first boundary may stand at the very beginning, without the line break before it.
    source.buffer = b"\r\n"
    delimiter = b"\r\n--" + boundary
    for _ in source.until(delimiter):
        pass  # a preamble is to be ignored
    while not source.closed():
        kind = _content_type(source.header())
        content = source.until(delimiter)
        yield Part(kind, content)
        for _ in content:
            pass


def _content_type(header: bytes) -> str:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            return value.decode("latin-1").split(";")[0].strip().lower()
    return ""


class _Source:
    """A byte stream that can be read up to a delimiter."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.read, self.buffer = read, b""

    def _more(self) -> None:
        chunk = self.read(_CHUNK)
        if not chunk:
            raise Truncated
        self.buffer += chunk

    def until(self, delimiter: bytes) -> Iterator[bytes]:
        """What comes before the delimiter, piece by piece; the delimiter itself is taken away."""
        while (at := self.buffer.find(delimiter)) < 0:
            # The delimiter may have begun in the last bytes.
            sure = len(self.buffer) - len(delimiter) + 1
            if sure > 0:
                piece, self.buffer = self.buffer[:sure], self.buffer[sure:]
                yield piece
            self._more()
        piece, self.buffer = self.buffer[:at], self.buffer[at + len(delimiter) :]
        if piece:
            yield piece

    def closed(self) -> bool:
        """Whether the boundary just passed was the last; else the line it stands on is passed, too."""
        while len(self.buffer) < 2:
            self._more()
        if self.buffer.startswith(b"--"):
            return True
        line = b"".join(self._limited(b"\r\n"))
        if line.strip(b" \t"):
            raise MultipartError
        return False

    def header(self) -> bytes:
        # A part may have no header at all: then the empty line follows at once.
        self.buffer = b"\r\n" + self.buffer
        return b"".join(self._limited(b"\r\n\r\n"))

    def _limited(self, delimiter: bytes) -> Iterator[bytes]:
        length = 0
        for piece in self.until(delimiter):
            length += len(piece)
            if length > _MAX_HEADER_BYTES:
                raise MultipartError
            yield piece
