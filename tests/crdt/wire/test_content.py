"""Tests of the contents of structs: where they end, and which contents are refused."""

import pytest

from crdt.errors import Rejected
from crdt.wire.content import (
    ANY,
    BINARY,
    CLIENT_LIMITS,
    DOC,
    EMBED,
    FORMAT,
    JSON,
    SKIP,
    STORED_LIMITS,
    TYPE,
    ContentReader,
    ScanLimits,
)  # fmt: skip


def read(kind: int, content: str, limits: ScanLimits = CLIENT_LIMITS) -> tuple[int, int]:
    return ContentReader(bytes.fromhex(content), limits).content(0, kind)


@pytest.mark.parametrize(
    "value",
    [
        "7f", "7e", "79", "78",  # undefined, null, false, true
        # integers, float32, float64, bigint
        "7d05", "7dff01", "7c00000000", "7b" + "00" * 8, "7a" + "00" * 8,
        "77" + "0161", "74" + "02ffff",  # string, bytes
        "75" + "02" + "7e7e", "76" + "01" + "0161" + "7e",  # array, object
        "75" + "01" + "76" + "01" + "0161" + "75" + "00",  # nested, with an empty array
    ],
)  # fmt: skip
def test_any_value_of_each_tag_is_read_to_its_end(value: str) -> None:
    data = bytes.fromhex(value)

    assert ContentReader(data + b"\xff", STORED_LIMITS).any_value(0) == len(data)


def test_any_content_counts_its_values() -> None:
    """Each value of the content is a clock unit, but the values inside a value are not."""
    assert read(ANY, "03" + "7e" + "75" + "02" + "7e7e" + "79") == (3, 7)


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [
        (ANY, "0173", "unknown kind of value"),
        (ANY, "057e", "more values declared"),
        (ANY, "017d" + "ff" * 9 + "01", "integer too long"),
        (ANY, "017d" + "ff" * 8 + "01", "browsers cannot read"),
        (ANY, "017b00", "ends early"),
        (ANY, "0177" + "02c328", "UTF-8"),
        (TYPE, "07", "shared type"),
        (BINARY, "05ff", "ends early"),
        (EMBED, "0461", "ends early"),
        (SKIP, "01", "unsupported content"),
        (JSON, "057b7d", "more values declared"),
        (DOC, "0161" + "7e", "no object"),
        (EMBED, "036e616e", "browsers cannot read"),
        (EMBED, "034e614e", "browsers cannot read"),
        (EMBED, "0561" + "7b7d" + "6161", "browsers cannot read"),
        (EMBED, "09" + b"undefined".hex(), "browsers cannot read"),
        (EMBED, "03" + b'"\n"'.hex(), "browsers cannot read"),
        (FORMAT, "0162" + "022d2d", "browsers cannot read"),
        (JSON, "01" + "0161", "browsers cannot read"),
    ],
)
def test_content_that_no_editor_sends_is_refused(kind: int, content: str, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        read(kind, content)


def test_integer_that_browsers_cannot_read_passes_if_stored() -> None:
    """A stored integer may be too large for browsers, because earlier releases accepted it."""
    assert read(ANY, "017d" + "ff" * 8 + "01", STORED_LIMITS) == (1, 11)


def test_content_of_types_and_formats_is_one_unit() -> None:
    """An XML element with its name, and a format with its key and value, are one unit."""
    assert read(TYPE, "02") == (1, 1)
    assert read(TYPE, "03" + "0170") == (1, 3)
    assert read(FORMAT, "0162" + "0474727565") == (1, 7)


def test_legacy_json_counts_its_values() -> None:
    """Each value is encoded as its own text.

    `undefined` counts as a value, although it is not JSON.
    """
    assert read(JSON, "03" + "0131" + "09756e646566696e6564" + "027b7d") == (3, 16)


def test_subdocument_is_one_unit() -> None:
    """The guid and the options of a subdocument are one unit together."""
    assert read(DOC, "026162" + "7601" + "016b" + "78") == (1, 8)


def test_hook_has_a_name() -> None:
    assert read(TYPE, "05" + "0161") == (1, 3)


def test_stored_json_is_not_checked_again() -> None:
    """Stored JSON is not checked again, because it was checked when it arrived."""
    deep = "7f" + "5b" * 127

    assert read(EMBED, deep, STORED_LIMITS) == (1, 128)
    with pytest.raises(Rejected, match="browsers cannot read"):
        read(EMBED, deep)


@pytest.mark.parametrize(
    "text",
    [
        '"\\ud83c"',
        "1" * 5_000,
        "9223372036854775808",
        "-0",
        " [1e400, {}] ",
        '{"a": 1, "a": 2}',
        "true",
    ],
)
def test_json_that_browsers_write_passes(text: str) -> None:
    """Half a surrogate pair, and integers of any size, are JSON."""
    data = text.encode()
    size = (
        bytes((len(data) & 127 | 128, len(data) >> 7)).hex()
        if len(data) > 127
        else f"{len(data):02x}"
    )

    assert read(EMBED, size + data.hex())[0] == 1


def test_legacy_json_may_be_undefined() -> None:
    """Documents that began before Yjs 13.0 have `undefined` as a value of legacy JSON."""
    assert read(JSON, "02" + "09" + b"undefined".hex() + "0131") == (2, 13)
