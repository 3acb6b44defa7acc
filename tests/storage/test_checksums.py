"""Tests of the checksums of rows with text, which find every change of a row."""

import json
import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.checksums import (
    checked_message,
    checked_version,
    message_checksum,
    pack_contents,
    unpack_contents,
    version_checksum,
)
from storage.records import Version, VersionKind
from tests.storage.rows import message, odd_text, version

VERSION = version(
    "print(1)\n" * 100,
    number=3,
    documents={"map": {"type": "map", "value": {"a": 1}, "leftOut": None}},
)

CHANGES: dict[str, Any] = {
    "session_id": "s2",
    "number": 4,
    "sequence": 8,
    "main_root": "other",
    "label": "draft.",
    "kind": VersionKind.AUTO,
    "author_id": "u-bob",
    "contributors": ("u-ada",),
    "created_at": 1,
}


def read(row: Version, checksum: int | None, contents: bytes | None) -> Version:
    described = replace(row, files=None, documents={})
    return checked_version(row.session_id, row.number, checksum, lambda: described, contents)


@odd_text
def test_version_comes_back_as_packed(text: str) -> None:
    given_version = replace(VERSION, files={text: text, "\ud800": "half \udc00"})

    version = read(given_version, version_checksum(given_version), pack_contents(given_version))

    assert version == given_version
    assert not version.is_damaged


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"": ""},
        {"a": "", "b": "x", "c": ""},
        {"a": "x" * 70_000, "b": "\u00e9\U0001f600" * 40_000, "\ud800": "half \udc00"},
    ],
    ids=["none", "empty", "empty among others", "large"],
)
def test_version_with_several_texts_comes_back_as_packed(files: dict[str, str]) -> None:
    """Each root gets its own text back, in the same order."""
    packed = pack_contents(replace(VERSION, files=files))

    texts, documents = unpack_contents("s1", 3, packed)

    assert (list(texts.items()), documents) == (list(files.items()), VERSION.documents)


@odd_text
def test_version_texts_are_packed_as_bytes(text: str) -> None:
    """The packed value has the texts one after another in UTF-8, not as JSON.

    Reading JSON holds the interpreter's lock, which blocks the event loop.
    """
    packed = pack_contents(replace(VERSION, files={"a": text, "b": "half \udc00"}))

    contents = zlib.decompress(packed[1:-4])

    assert contents.endswith(text.encode() + b"half \xed\xb0\x80")


def sealed(body: bytes) -> bytes:
    """Return a packed value of version 3 of s1 with a valid checksum."""
    return body + zlib.crc32(body, zlib.crc32(b"s1/3")).to_bytes(4, "little")


def test_version_contents_in_json_of_earlier_releases_are_read() -> None:
    """Earlier releases packed all of a version as JSON."""
    contents = [{"code": "é\n", "\ud800": "half \udc00"}, VERSION.documents]
    data = json.dumps(contents, ensure_ascii=False).encode("utf-8", "surrogatepass")

    result = read(VERSION, version_checksum(VERSION), sealed(b"\x01" + zlib.compress(data)))

    assert result == replace(VERSION, files=contents[0])
    assert not result.is_damaged


@pytest.mark.parametrize(
    ("size", "more"),
    [(3, 0), (5, 0), (-1, 0), (4, -1), (4, 1), (4, 1 << 30), ('"4"', 0), (4, -17)],
)
def test_version_contents_whose_lengths_do_not_fit_are_damaged(size: int | str, more: int) -> None:
    """No text is shown that was cut, or that begins at another place.

    size  the length of the text "text", as the header gives it
    more  added to the length of the header
    """
    head = f'[{{"code": {size}}}, {{}}]'.encode()
    data = (len(head) + more).to_bytes(4, "little") + head + b"text"

    result = read(VERSION, version_checksum(VERSION), sealed(b"\x02" + zlib.compress(data)))

    assert (result.files, result.is_damaged) == (None, True)


@pytest.mark.parametrize("name", CHANGES)
def test_version_whose_description_changed_is_damaged_as_a_whole(name: str) -> None:
    """If the description changed, no field is shown, because each of them may be wrong."""
    changed = replace(VERSION, **{name: CHANGES[name]})

    result = read(changed, version_checksum(VERSION), None)

    assert result.is_damaged
    assert (result.number, result.label, result.author_id, result.files) == (
        changed.number,
        "",
        "",
        None,
    )


@given(st.data())
def test_version_contents_with_any_bit_flipped_are_damaged(data: st.DataObject) -> None:
    """If the contents changed, the description is shown and the texts are not."""
    packed = bytearray(pack_contents(VERSION))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    result = read(VERSION, version_checksum(VERSION), bytes(packed))

    assert result == replace(VERSION, files=None, documents={}, is_damaged=True)


@pytest.mark.parametrize(
    "contents", [b"", b"\x01", b"\0" * 100, b"{", b'["a", "b"]', b"[1]", b"\xff"]
)
def test_version_contents_of_unknown_form_are_damaged(contents: bytes) -> None:
    assert read(VERSION, version_checksum(VERSION), contents).is_damaged


def test_contents_of_another_version_are_damaged() -> None:
    """Contents that the disk wrote to another version's place are damaged there."""
    other = replace(VERSION, number=4)

    assert read(VERSION, version_checksum(VERSION), pack_contents(other)).is_damaged


def test_version_that_cannot_be_described_is_damaged() -> None:
    def describe() -> Version:
        raise ValueError("no kind")

    result = checked_version("s1", 3, None, describe, b"")

    assert (result.number, result.is_damaged) == (3, True)


def test_damaged_version_packed_again_stays_damaged() -> None:
    """A copy of the store must not make a damaged version look undamaged."""
    damaged = read(replace(VERSION, label="x"), version_checksum(VERSION), None)

    result = read(damaged, version_checksum(damaged), pack_contents(damaged))

    assert result.is_damaged


@pytest.mark.parametrize(
    ("data", "files", "documents"),
    [(b'{"a": "b"}', {"a": "b"}, {}), (b'[{},{"m": 1}]', {}, {"m": 1})],
)
def test_contents_of_earlier_releases_are_read(
    data: bytes, files: dict[str, str], documents: dict[str, Any]
) -> None:
    assert unpack_contents("s1", 1, data) == (files, documents)


@pytest.mark.parametrize(
    "changed",
    [{"text": "hellp"}, {"sender_id": "u-bob"}, {"created_at": 1}, {"id": "m-2"}, {"text": None}],
)
def test_message_that_changed_is_damaged(changed: dict[str, Any]) -> None:
    sent = message("hello", sequence=5)
    row = {
        name: getattr(sent, name)
        for name in ("id", "sender_id", "sender_name", "text", "created_at")
    }

    sound = checked_message("s1", 5, row, message_checksum(sent))
    nameless = checked_message("s1", 5, {**row, "sender_name": ""}, message_checksum(sent))
    result = checked_message("s1", 5, {**row, **changed}, message_checksum(sent))

    assert sound == sent
    assert not nameless.is_damaged
    assert (result.is_damaged, result.text, result.sequence) == (True, "", 5)
    assert checked_message("s1", 5, row, message_checksum(result)).is_damaged


def test_version_without_checksum_is_of_an_earlier_release() -> None:
    assert read(VERSION, None, pack_contents(VERSION)) == VERSION
