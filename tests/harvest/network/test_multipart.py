"""Multipart bodies: however they are cut into pieces, the parts come out as they were put in."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest.network.multipart import MultipartError, Truncated, boundary_of, parts

BOUNDARY = b"xyz"


def body(contents: list[bytes], *, header: bytes = b"Content-Type: application/dicom\r\n") -> bytes:
    return b"".join(b"--xyz\r\n" + header + b"\r\n" + c + b"\r\n" for c in contents) + b"--xyz--\r\n"


def read_all(raw: bytes, *, piece: int = 1 << 20) -> list[tuple[str, bytes]]:
    source = io.BytesIO(raw)
    found = parts(lambda n: source.read(min(n, piece)), BOUNDARY)
    return [(part.content_type, b"".join(part.content)) for part in found]


# What looks like a boundary, or nearly, is the case to be afraid of.
CONTENT = st.lists(
    st.sampled_from([b"\r\n", b"--", b"\r\n--xy", b"--xyz", b"z", b"\r", b"\0DICM"]), max_size=12
)


@given(st.lists(CONTENT.map(b"".join), max_size=4), st.integers(1, 40))
def test_parts_come_out_as_they_went_in_however_the_stream_is_cut(contents: list[bytes], piece: int) -> None:
    contents = [c for c in contents if b"\r\n--xyz" not in b"\r\n" + c]
    assert read_all(body(contents), piece=piece) == [("application/dicom", c) for c in contents]


def test_a_preamble_and_parts_without_a_header_are_read() -> None:
    assert read_all(b"ignored\r\n" + body([b"one"], header=b"")) == [("", b"one")]


def test_a_large_part_is_never_in_memory_as_a_whole() -> None:
    source = io.BytesIO(body([bytes(1 << 26)]))
    sizes = [len(piece) for part in parts(source.read, BOUNDARY) for piece in part.content]
    assert sum(sizes) == 1 << 26
    assert max(sizes) < 1 << 20


def test_what_a_reader_leaves_of_a_part_is_passed_over() -> None:
    source = io.BytesIO(body([b"a" * 1000, b"b"]))
    assert [p.content_type for p in parts(source.read, BOUNDARY)] == ["application/dicom"] * 2


@pytest.mark.parametrize("cut", [1, 4, 40, 60, 70])
def test_a_body_that_ends_early_is_said_to(cut: int) -> None:
    whole = body([b"a" * 20, b"b" * 20])
    with pytest.raises(Truncated):
        read_all(whole[:cut])


def test_a_header_without_end_is_not_read_into_memory_for_ever() -> None:
    with pytest.raises(MultipartError):
        read_all(b"--xyz\r\n" + b"x" * (1 << 21) + b"\r\n\r\n" + b"\r\n--xyz--")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "multipart/related",
        "multipart/form-data; boundary=xyz",
        'multipart/related; type="application/dicom+json"; boundary=xyz',
    ],
)
def test_other_types_are_refused(content_type: str) -> None:
    with pytest.raises(MultipartError):
        boundary_of(content_type)
