"""Tests of comparing two updates: do they agree on the structs that both have?"""

import pytest

from crdt.structs.overlap import find_differing
from crdt.wire.content import ANY, BINARY, DOC, EMBED, FORMAT, JSON, SKIP, TYPE
from tests.crdt.struct_bytes import deleted, gone, placed, text, update_of, value
from tests.fuzz.structure import Section, Struct, Update


def differ(ours: list[Struct], theirs: list[Struct], until: int = 4) -> bool:
    placed(ours[0], parent="t")
    placed(theirs[0], parent="t")
    differing = find_differing(update_of(*ours), update_of(*theirs), {1: (0, until)})
    return bool(differing)


def content(kind: int, body: bytes) -> Struct:
    """Return a struct of one unit."""
    return Struct(kind, 1, body)


@pytest.mark.parametrize(
    "theirs",
    [
        [text("abcd")],
        [text("abcdefg")],
        [text("ab"), placed(text("cd"), left=(1, 1))],
        [text("a"), deleted(2), placed(text("de"), left=(1, 2))],
        [gone(4)],
        [text("ab█\ufffd")],
        [text("a"), Struct(SKIP, 2, b"\x02"), placed(text("d"), left=(1, 2))],
    ],
)
def test_same_text_agrees_with_any_cuts(theirs: list[Struct]) -> None:
    """Parts that one side deleted, replaced or left out do not count as different.

    Clocks from `until` on are not compared.
    """
    assert not differ([text("abcd")], theirs)
    assert not differ([text("a"), placed(text("bcd"), left=(1, 0))], theirs)


@pytest.mark.parametrize(
    "theirs",
    [
        [text("abcx")],
        [text("xyz"), deleted(1)],
        [value(4)],
        [value(1), placed(text("bcd"), left=(1, 0))],
    ],
)
def test_other_content_differs(theirs: list[Struct]) -> None:
    assert differ([text("abcd")], theirs)


def test_values_are_compared_one_by_one_with_any_cuts() -> None:
    """Clocks from `until` on are not compared."""
    ours = [value(4)]

    assert not differ(ours, [value(2), placed(value(2), left=(1, 1))])
    assert not differ(ours, [value(3), placed(deleted(1), left=(1, 2))])
    assert not differ(ours, [value(4), placed(content(ANY, b"\x01\x7e"), left=(1, 3))])
    assert differ(ours, [value(3), placed(content(ANY, b"\x01\x7e"), left=(1, 2))])


CHANGED = {
    "any": (ANY, b"\x01\x7d\x01", b"\x01\x7d\x02"),
    "any-kind": (ANY, b"\x01\x7d\x01", b"\x01\x78"),
    "any-list": (ANY, b"\x01\x75\x01\x7d\x01", b"\x01\x75\x00"),
    "any-bytes": (ANY, b"\x01\x74\x01a", b"\x01\x74\x01b"),
    "any-object": (ANY, b"\x01\x76\x01\x01a\x7e", b"\x01\x76\x01\x01b\x7e"),
    "any-member": (ANY, b"\x01\x76\x01\x01a\x78", b"\x01\x76\x01\x01a\x79"),
    "any-bigint": (ANY, b"\x01\x7a\x7f" + b"\xff" * 7, b"\x01\x7a\x7f" + b"\xff" * 6 + b"\xfe"),
    "json": (JSON, b"\x01\x011", b"\x01\x012"),
    "binary": (BINARY, b"\x01a", b"\x01b"),
    "embed": (EMBED, b'\x07{"i":1}', b'\x07{"i":2}'),
    "format-value": (FORMAT, b"\x01b\x04true", b"\x01b\x04null"),
    "format-name": (FORMAT, b"\x01b\x04true", b"\x01i\x04true"),
    "type": (TYPE, b"\x00", b"\x01"),
    "element-name": (TYPE, b"\x03\x01p", b"\x03\x02h1"),
    "subdocument": (DOC, b"\x01a\x76\x00", b"\x01b\x76\x00"),
}
"""{name: (kind of content, our content, their content)}: contents that differ."""


@pytest.mark.parametrize("name", CHANGED)
def test_other_content_of_any_kind_differs(name: str) -> None:
    kind, ours, theirs = CHANGED[name]

    assert differ([content(kind, ours)], [content(kind, theirs)])
    assert not differ([content(kind, ours)], [content(kind, ours)])


SAME = {
    "key-order": (
        ANY,
        b"\x01\x76\x02\x01a\x7e\x01b\x78",
        b"\x01\x76\x02\x01b\x78\x01a\x7e",
    ),
    "minus-zero": (ANY, b"\x01\x7d\x40", b"\x01\x7d\x00"),
    "bigint": (ANY, b"\x01\x7a" + b"\x00" * 7 + b"\x0a", b"\x01\x7d\x0a"),
    "largest-bigint": (
        ANY,
        b"\x01\x7a\x7f" + b"\xff" * 7,
        b"\x01\x7b\x43\xe0\x00\x00\x00\x00\x00\x00",
    ),
    "nan": (ANY, b"\x01\x7b\x7f\xf8" + b"\x00" * 6, b"\x01\x7c\x7f\xc0\x00\x01"),
    "undefined": (ANY, b"\x01\x75\x01\x7f", b"\x01\x75\x01\x7e"),
    "prototype": (ANY, b"\x01\x76\x01\x09__proto__\x7d\x01", b"\x01\x76\x00"),
    "redacted": (ANY, b"\x01\x77\x04a ab", b"\x01\x77\x08a " + "██".encode()),
    "redacted-key": (ANY, b"\x01\x76\x01\x02ab\x7e", b"\x01\x76\x01\x06" + "██".encode() + b"\x7e"),
    "json-spaces": (EMBED, b'\x07{"i":1}', b'\x0a{"i": 1.0}'),
    "json-half": (EMBED, b'\x08"\\ud83c"', b'\x05"\xef\xbf\xbd"'),
    "json-undefined": (JSON, b"\x01\x09undefined", b"\x01\x04null"),
    "format": (FORMAT, b"\x01b\x031.0", b"\x01b\x011"),
    "options": (DOC, b"\x01a\x76\x00", b"\x01a\x76\x01\x08encoding\x7d\x00"),
    "deep": (ANY, b"\x01" + b"\x75\x01" * 400 + b"\x7e", b"\x01" + b"\x75\x01" * 400 + b"\x78"),
    "deep-json": (
        EMBED,
        b"\xa1\x06" + b"[" * 400 + b"1" + b"]" * 400,
        b"\xa1\x06" + b"[" * 400 + b"2" + b"]" * 400,
    ),
}
"""{name: (kind of content, one encoding, another encoding)}: contents that count as equal."""


@pytest.mark.parametrize("name", SAME)
def test_content_encoded_in_another_way_agrees(name: str) -> None:
    kind, ours, theirs = SAME[name]

    assert not differ([content(kind, ours)], [content(kind, theirs)])
    assert not differ([content(kind, theirs)], [content(kind, ours)])


@pytest.mark.parametrize(
    "place", [{"parent": "u"}, {"parent": (2, 0)}, {"left": (2, 7)}, {"right": (2, 7)}]
)
def test_same_content_in_another_place_differs(place: dict[str, object]) -> None:
    ours, theirs = (
        update_of(placed(text("abcd"), parent="t")),
        update_of(placed(text("abcd"), **place)),
    )

    assert find_differing(ours, theirs, {1: (0, 4)}) == {1}
    assert find_differing(theirs, ours, {1: (0, 4)}) == {1}
    # The second part of a cut struct follows the first part, wherever that one is. So only a
    # different right neighbour counts as a difference.
    assert find_differing(ours, theirs, {1: (2, 4)}) == ({1} if "right" in place else set())


def test_same_value_under_another_key_differs() -> None:
    ours, theirs = (update_of(placed(value(), parent="m", key=key)) for key in "ab")

    assert find_differing(ours, theirs, {1: (0, 1)}) == {1}
    assert find_differing(ours, ours, {1: (0, 1)}) == set()


def test_part_that_does_not_follow_its_first_part_differs() -> None:
    assert differ([text("abcd")], [text("ab"), placed(text("cd"), left=(1, 0))])
    assert differ([text("abcd")], [text("ab"), placed(text("cd"), left=(1, 1), right=(2, 0))])


@pytest.mark.parametrize("is_ours", [True, False])
def test_deleted_value_agrees_with_any_value(*, is_ours: bool) -> None:
    """An app may change the object that it got from a map, and set it under the key again.

    A client that keeps the deleted value for undo then sends that value with the change.
    """
    section = Section(1, 0, [placed(value(), parent="m", key="k")])
    changed = Section(1, 0, [placed(content(ANY, b"\x01\x7e"), parent="m", key="k")])
    gone_in_one = Update([changed], [(1, 0, 1)]).encode()
    pair = (gone_in_one, Update([section]).encode())

    assert find_differing(*(pair if is_ours else pair[::-1]), {1: (0, 1)}) == set()
    assert find_differing(Update([changed], [(1, 1, 1)]).encode(), pair[1], {1: (0, 1)}) == {1}


def test_wide_characters_are_compared_by_halves() -> None:
    assert not differ([text("a😀b")], [text("a"), placed(text("😀b"), left=(1, 0))])
    assert not differ([text("a😀b")], [text("a😀b")], until=2)
    assert differ([text("a😀b")], [text("a👍b")])
