"""The table of close codes. `test_close_reasons_on_the_wire` tests its rows on the wire."""

import json
import re
from pathlib import Path

import pytest

from crdt.room.closing import CloseReason
from handlers.close_codes import MAX_REASON_BYTES, Close, CloseCode, close_for, words

SOURCES = [
    path
    for package in ("collab_server", "crdt", "handlers")
    for path in Path(__file__).parents[2].joinpath(package).rglob("*.py")
    if path.name != "close_codes.py"
]


@pytest.mark.parametrize("reason", CloseReason)
def test_close_table_covers_every_reason_of_a_room(reason: CloseReason) -> None:
    """No reason that a room gives is without a code."""
    assert close_for(reason) in Close


@pytest.mark.parametrize("close", Close)
def test_close_reason_is_json_with_its_word_and_message(close: Close) -> None:
    """With and without a message, whatever is in the message."""
    limit = {"limit": close.limit} if close.limit else {}
    assert json.loads(close.reason()) == {"code": close.word, "message": close.message, **limit}
    assert close.message
    told = json.loads(close.reason('a "quoted"\nmessage'))
    assert told == {"code": close.word, "message": 'a "quoted"\nmessage', **limit}


@pytest.mark.parametrize("close", Close)
@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_close_reason_too_long_for_frame_is_cut_and_stays_json(close: Close, letter: str) -> None:
    """A browser gives the app no more than 123 bytes, so only the message gets shorter."""
    reason = close.reason(letter * 200, "max_unsaved_room_bytes")

    told = json.loads(reason)
    assert len(reason.encode()) <= MAX_REASON_BYTES
    assert (told["code"], told["limit"]) == (close.word, "max_unsaved_room_bytes")
    assert told["message"].strip(letter) == "…"


def test_close_code_says_come_back_exactly_where_newest_provider_does() -> None:
    """y-websocket 3.1 stays away after 4400 to 4499.

    The two codes that no WebSocket client earns are left out.
    """
    earned = set(CloseCode) - {CloseCode.PROTOCOL_ERROR, CloseCode.NOT_UTF8}

    assert {code for code in earned if not code.comes_back} == {
        code for code in earned if 4400 <= code < 4500
    }


def test_close_code_lists_each_of_its_words_one_time() -> None:
    assert words(CloseCode.MALFORMED) == ["malformed"]
    assert words(CloseCode.TRY_LATER) == ["too_slow"]


def test_close_table_uses_every_code() -> None:
    """A code without a row would be documented and never sent."""
    assert {close.code for close in Close} == set(CloseCode)


def test_sources_contain_no_literal_close_code_or_reason() -> None:
    """The table is the only place: others name its rows."""
    spelled = re.compile(r"= (4[45]\d\d|10(02|07|09|11|12|13))\b|'{+\"code\"")

    assert [path.name for path in SOURCES if spelled.search(path.read_text())] == []
