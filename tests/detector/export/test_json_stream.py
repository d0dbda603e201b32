from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from detector.export import json_stream
from detector.export.json_stream import array_items, document_text

leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
values = st.recursive(leaves, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3))


@given(
    st.dictionaries(st.text(), values, max_size=3), st.dictionaries(st.text(), st.lists(values, max_size=3))
)
def test_a_document_is_written_as_json_dumps_does(plain: dict[str, object], arrays: dict[str, list[object]]):
    plain = {key: value for key, value in plain.items() if key not in arrays}
    assume(plain or arrays)
    text = "".join(document_text(plain, arrays))
    assert text == json.dumps({**plain, **arrays}, indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_items_are_read_whatever_a_chunk_cuts(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    document = {"a": [1234, "x", {"n": [5.25, None]}], "b": 12345, "c": [], "d": [{"k": "]}"}]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document, indent=2))
    for key in ("a", "c", "d"):
        assert list(array_items(path, key)) == document[key]
    assert list(array_items(path, "none")) == []


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1}', '{"a": [1', '{"a" [1]}'])
def test_other_documents_are_refused(text: str, tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        list(array_items(path, "a"))
