"""Turns the content of a test into one value of a row, and back."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from storage.program_tests.records import Kind, ProgramTest, Wanted

_CHECKSUM_BYTES = 4
_LEVEL = 6
"""Compression level of zlib, as for versions."""

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, zlib.error)


def plain(wanted: Wanted) -> dict[str, Any]:
    """Return the content of a test as a value for JSON."""
    return {**asdict(wanted), "kind": str(wanted.kind)}


def wanted_of(values: Mapping[str, Any]) -> Wanted:
    """Return the record of what `plain` returned.

    Raises TypeError, KeyError or ValueError for other values.
    """
    return Wanted(**{**values, "kind": Kind(values["kind"])})


def pack_test(test: ProgramTest) -> bytes:
    """Return the content of a test as one value of a row.

    For a damaged test it is empty, so `as_test` finds the test damaged again.
    """
    if test.wanted is None:
        return b""
    text = json.dumps(plain(test.wanted), ensure_ascii=False)
    body = zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL)
    return body + _checksum(test, body)


def as_test(row: Mapping[str, Any], test_id: str) -> ProgramTest:
    """Return the test of a row, damaged if it lacks the column `content`.

    If the flag cannot be read, the test counts as hidden, so that it is not shown to everybody.
    """
    place, since = row.get("position"), row.get("created_at")
    described = ProgramTest(
        session_id=row["session_id"],
        id=test_id,
        position=place if isinstance(place, int) else 0,
        is_hidden=row.get("is_hidden") not in (0, False),
        created_at=since if isinstance(since, int) else 0,
        wanted=None,
    )
    return _unpacked(described, row.get("content"))


def _unpacked(test: ProgramTest, data: object) -> ProgramTest:
    """Return a test with the content from its row, or without content if the row is damaged."""
    try:
        if not isinstance(data, bytes):
            return replace(test, wanted=None)
        body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
        if not body or _checksum(test, body) != checksum:
            return replace(test, wanted=None)
        values = json.loads(zlib.decompress(body).decode("utf-8", "surrogatepass"))
        return replace(test, wanted=wanted_of(values))
    except _UNREADABLE:
        return replace(test, wanted=None)


def _checksum(test: ProgramTest, body: bytes) -> bytes:
    """Return the CRC of a value, its row's key, and whether the test is hidden.

    The flag is included, so that a flag changed by the disk cannot show a hidden test to everybody.
    """
    key = f"{test.session_id}/{test.id}/{'hidden' if test.is_hidden else 'open'}"
    return zlib.crc32(body, zlib.crc32(key.encode())).to_bytes(_CHECKSUM_BYTES, "little")
