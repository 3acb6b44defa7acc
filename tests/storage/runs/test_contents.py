"""Tests of the value that has a run's report."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.runs.contents import pack_report, plain, report_of, unpack_report
from tests.storage.rows import odd_text, report


@odd_text
def test_report_comes_back_as_packed(text: str) -> None:
    given_report = report(text, stdin=text, name=text, exit=None)

    assert unpack_report("s1", 7, pack_report("s1", 7, given_report)) == given_report


def test_lone_surrogates_come_back_as_packed() -> None:
    """SQLite and MongoDB cannot hold them as text, so a report is bytes."""
    given_report = report("half \ud83d")

    assert unpack_report("s1", 7, pack_report("s1", 7, given_report)) == given_report


def test_plain_report_is_json() -> None:
    assert report_of(json.loads(json.dumps(plain(report())))) == report()


@given(st.data())
def test_value_with_any_bit_flipped_is_refused(data: st.DataObject) -> None:
    packed = bytearray(pack_report("s1", 7, report("some output\n" * 5)))
    at = data.draw(st.integers(0, len(packed) * 8 - 1))
    packed[at // 8] ^= 1 << at % 8

    with pytest.raises(ValueError, match="checksum"):
        unpack_report("s1", 7, bytes(packed))


@pytest.mark.parametrize("place", [("s1", 8), ("s2", 7)])
def test_value_of_another_run_is_refused(place: tuple[str, int]) -> None:
    """The disk may write a page to a wrong place."""
    with pytest.raises(ValueError, match="checksum"):
        unpack_report(*place, pack_report("s1", 7, report()))


def test_value_without_report_is_refused() -> None:
    with pytest.raises(ValueError, match="checksum"):
        unpack_report("s1", 7, pack_report("s1", 7, None))
