"""Tests of blanking, which puts blocks into updates instead of a secret."""

import json

import pytest

from crdt.reading.blanking import BLOCK, Secret, blank
from crdt.reading.values import decode
from crdt.wire.content import ANY, BINARY, EMBED, FORMAT, JSON
from crdt.wire.lib0 import write_var_bytes
from crdt.wire.update_parser import parse
from tests.crdt.struct_bytes import placed, text, update_of

SECRET = 'sé"cret'
BLOCKS = BLOCK * len(SECRET)
OBJECT = b"\x01\x76\x01" + write_var_bytes(SECRET.encode())
"""The beginning of an object with one member, whose key is the secret."""


def any_text(string: str) -> bytes:
    return b"\x77" + write_var_bytes(string.encode())


def as_json(value: object, *, is_ascii: bool = False) -> bytes:
    return write_var_bytes(json.dumps(value, ensure_ascii=is_ascii).encode())


@pytest.mark.parametrize(
    ("kind", "content", "held", "expected"),
    [
        (ANY, b"\x02\x7e" + any_text(f"a {SECRET} b"), [1], [None, f"a {BLOCKS} b"]),
        (ANY, OBJECT + b"\x75\x02\x7d\x05" + any_text(SECRET), [0], [{BLOCKS: [5, BLOCKS]}]),
        (ANY, b"\x01" + any_text("other"), [], ["other"]),
        (JSON, b"\x02" + as_json({"k": [SECRET]}, is_ascii=True) + as_json(1), [0],
         [{"k": [BLOCKS]}, 1]),
        (EMBED, as_json({SECRET: SECRET * 2}), [0], [{BLOCKS: BLOCKS * 2}]),
    ],
)  # fmt: skip
def test_secret_is_blanked_in_strings_of_values(
    kind: int, content: bytes, held: list[int], expected: object
) -> None:
    """The secret is blanked at any depth, in any spelling with escapes, and in keys.

    Other content stays.
    """
    secret = Secret(SECRET)

    assert secret.held(kind, content) == held
    assert decode(kind, secret.blank(kind, content)) == expected
    assert secret.held(kind, secret.blank(kind, content)) == []


def test_secret_is_blanked_in_the_value_of_a_format_and_not_in_its_name() -> None:
    """A format's value, such as a link's address, is blanked. Names and binary data stay."""
    secret = Secret(SECRET)
    content = write_var_bytes(b"a") + as_json({"href": SECRET})

    assert secret.held(FORMAT, content) == [0]
    assert secret.blank(FORMAT, content) == write_var_bytes(b"a") + as_json(
        {"href": BLOCKS}, is_ascii=True
    )
    assert secret.held(BINARY, write_var_bytes(SECRET.encode())) == []


def test_value_with_many_levels_is_blanked_without_recursion() -> None:
    """The depth of a value is not limited by Python's stack."""
    secret = Secret(SECRET)
    content = b"\x01" + b"\x75\x02\x7e" * 5_000 + any_text(SECRET)

    assert secret.held(ANY, content) == [0]
    assert SECRET.encode() not in secret.blank(ANY, content)


def test_blanked_update_keeps_ids_lengths_and_other_content() -> None:
    """A text loses the named units, and a value is blanked if it contains the secret."""
    update = update_of(placed(text("a😀b"), parent="root"), text("cdef"), client=7)

    blanked = blank(update, {7: [1, 2, 5]}, SECRET)

    assert parse(blanked).spans == parse(update).spans
    assert f"a{BLOCK}{BLOCK}b".encode() in blanked
    assert f"c{BLOCK}ef".encode() in blanked
    assert blank(update, {8: [1]}, SECRET) == update
