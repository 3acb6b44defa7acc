"""Tests of making copies that pycrdt can read.

Only content that pycrdt cannot read is replaced, by content of equal length.
"""

import json
import re
from typing import Any

import pycrdt
import pytest

from crdt.wire.content import ANY, DOC, EMBED, FORMAT, JSON, STORED_LIMITS, TYPE
from crdt.wire.lib0 import write_var_bytes, write_var_uint
from crdt.wire.rewriting.readable import MAX_DEPTH, readable
from crdt.wire.update_parser import parse
from crdt.wire.y_protocol import decode_state_vector
from tests.fuzz.structure import Section, Struct, Update
from tests.yjs import Yjs


def update(kind: int, content: bytes, *, length: int = 1, key: str | None = None) -> bytes:
    """Return an update with one struct between two others, and with a deletion."""
    structs = [
        Struct(ANY, 1, b"\x01\x7e", parent="a"),
        Struct(kind, length, content, parent="root", key=key),
        Struct(ANY, 1, b"\x01\x79", parent="a"),
    ]
    return Update([Section(1, 0, structs)], [(1, 0, 1)]).encode()


def loaded(data: bytes) -> "pycrdt.Doc[Any]":
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(data)
    return doc


def deep(depth: int) -> bytes:
    """Return arrays that are nested `depth` levels deep, with a null in the innermost array."""
    return b"\x75\x01" * depth + b"\x7e"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (ANY, b"\x01\x7e"),
        (ANY, b"\x01" + deep(MAX_DEPTH)),
        (EMBED, write_var_bytes(b'{"a":1}')),
        (EMBED, write_var_bytes(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)),
        (EMBED, write_var_bytes(json.dumps([[]] * 300).encode())),
        (EMBED, write_var_bytes(b'{"id":"1234567890123456789"}')),
        (EMBED, write_var_bytes(b'"\\\\ud83c"')),
        (FORMAT, b"\x01b" + write_var_bytes(b"true")),
        (TYPE, b"\x01"),
        (TYPE, b"\x03\x01p"),
    ],
)
def test_update_that_pycrdt_reads_is_returned_itself(kind: int, content: bytes) -> None:
    """Readable content is not copied, even if it looks unreadable.

    Examples are a text of many digits, and many brackets that are not nested deeply.
    """
    data = update(kind, content)

    assert readable(data) is data
    loaded(data)


@pytest.mark.parametrize(
    ("content", "copy"),
    [
        (rb'{"cut":"a \ud83c"}', '{"cut":"a \ufffd"}'),
        (rb'{"\uDC00":["\ud83c\ud83c"]}', '{"\ufffd":["\ufffd\ufffd"]}'),
        (b'{"n":18446744073709551615,"m":-1}', '{"n":1.8446744073709552e+19,"m":-1}'),
        (b"[1e400,-1e999]", "[null,null]"),
        (b"[" * 128 + b"]" * 128, "[" * MAX_DEPTH + "null" + "]" * MAX_DEPTH),
        (b"[" * 200_000 + b"]" * 200_000, "[" * MAX_DEPTH + "null" + "]" * MAX_DEPTH),
        (
            b'{"a":' * 300 + b'"]}"' + b"}" * 300,
            '{"a":' * MAX_DEPTH + "null" + "}" * MAX_DEPTH,
        ),
        (
            b'["' + b'\\"[' * 200 + b'",' + b"[" * 130 + b"1" + b"]" * 130 + b",2]",
            '["' + '\\"[' * 200 + '",' + "[" * 99 + "null" + "]" * 99 + ",2]",
        ),
    ],
    ids=[
        "half",
        "halves in keys",
        "2⁶⁴−1",
        "no double",
        "deep",
        "very deep",
        "deep maps",
        "brackets in a text",
    ],
)
def test_json_that_pycrdt_cannot_read_is_rewritten(content: bytes, copy: str) -> None:
    """JSON is rewritten in embeds and in formats."""
    for kind, name in ((EMBED, b""), (FORMAT, b"\x04bold")):
        data = update(kind, name + write_var_bytes(content))
        with pytest.raises(ValueError, match=r".*"):
            loaded(data)

        assert readable(data) == update(kind, name + write_var_bytes(copy.encode()))
        loaded(readable(data))


@pytest.mark.parametrize(
    ("content", "copy"),
    [
        (b"9223372036854775808", b"9.223372036854775808e18"),
        (b"[-9223372036854775809]", b"[-9.223372036854775808e18]"),
    ],
)
def test_integers_beyond_64_bits_become_floats(content: bytes, copy: bytes) -> None:
    [written] = re.findall(
        rb"[-\[\]0-9.e+]{10,}", readable(update(EMBED, write_var_bytes(content)))
    )

    assert json.loads(written) == json.loads(copy)
    assert b"e" in written


def test_legacy_json_becomes_values() -> None:
    """Legacy JSON becomes the same number of values, `undefined` included."""
    values = ["1", "undefined", '{"x":[true,null,"\\ud83c",0.5,false]}', "null"]
    content = write_var_uint(4) + b"".join(write_var_bytes(value.encode()) for value in values)

    doc = loaded(readable(update(JSON, content, length=4)))

    array = doc.get("root", type=pycrdt.Array)
    assert array.to_py() == [1.0, None, {"x": [True, None, "\ufffd", 0.5, False]}, None]


def test_subdocument_shows_its_id_and_hook_is_a_map() -> None:
    doc = loaded(
        readable(update(DOC, b"\x04guid" + b"\x76\x01\x01a" + deep(MAX_DEPTH + 1), key="page"))
    )
    hook = loaded(readable(update(TYPE, b"\x05\x06widget", key="hook")))

    assert doc.get("root", type=pycrdt.Map).to_py() == {"page": "guid"}
    assert hook.get("root", type=pycrdt.Map).to_py() == {"hook": {}}


def test_deep_values_become_null() -> None:
    """Only the deep values of a run become null, and the other values stay."""
    content = b"\x03" + b"\x7d\x05" + deep(MAX_DEPTH + 1) + b"\x79"

    doc = loaded(readable(update(ANY, content, length=3)))

    assert doc.get("root", type=pycrdt.Array).to_py() == [5.0, None, False]


@pytest.mark.parametrize("seed", range(8))
def test_copy_of_any_history_loads_with_equal_clocks(yjs: Yjs, seed: int) -> None:
    """A copy of a history loads with the clocks of Yjs, as a whole and update by update.

    The history has half emoji in embeds, hooks, subdocuments and all other kinds of
    content.
    """
    history = yjs.history(seed, 3, 100)
    whole = yjs.merge(*history.updates)
    live: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in history.updates:
        live.apply_update(readable(update))

    copy = readable(whole)

    assert copy is not whole
    assert readable(copy) is copy
    assert parse(copy, STORED_LIMITS).spans == parse(whole, STORED_LIMITS).spans
    clocks = yjs.clocks(whole)
    assert (
        decode_state_vector(bytes(loaded(copy).get_state()))
        == decode_state_vector(bytes(live.get_state()))
        == clocks
    )
