"""Tests the table of close codes.

`test_close_reasons_on_the_wire` tests the codes of real sockets.
"""

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
    """Each reason of a room to close a connection has a row in the table."""
    assert close_for(reason) in Close


@pytest.mark.parametrize("close", Close)
def test_close_reason_is_json_with_its_word_and_message(close: Close) -> None:
    """A close reason is valid JSON, with the default message and with any other message."""
    limit = {"limit": close.limit} if close.limit else {}
    assert json.loads(close.reason()) == {"code": close.word, "message": close.message, **limit}
    assert close.message
    told = json.loads(close.reason('a "quoted"\nmessage'))
    assert told == {"code": close.word, "message": 'a "quoted"\nmessage', **limit}


@pytest.mark.parametrize("close", Close)
@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_close_reason_too_long_for_frame_is_cut_and_stays_json(close: Close, letter: str) -> None:
    """Only the message of a long reason is cut, because a browser reads at most 123 bytes."""
    reason = close.reason(letter * 200, "max_unsaved_room_bytes")

    told = json.loads(reason)
    assert len(reason.encode()) <= MAX_REASON_BYTES
    assert (told["code"], told["limit"]) == (close.word, "max_unsaved_room_bytes")
    assert told["message"].strip(letter) == "…"


def test_close_code_says_come_back_as_newest_provider_does() -> None:
    """A client should come back after every code except 4400 to 4499, as y-websocket 3.1 does.

    The two codes that only broken WebSocket clients get are left out.
    """
    earned = set(CloseCode) - {CloseCode.PROTOCOL_ERROR, CloseCode.NOT_UTF8}

    assert {code for code in earned if not code.comes_back} == {
        code for code in earned if 4400 <= code < 4500
    }


def test_close_code_lists_each_of_its_words_one_time() -> None:
    assert words(CloseCode.MALFORMED) == ["malformed"]
    assert words(CloseCode.TRY_LATER) == ["too_slow"]


def test_close_table_uses_every_code() -> None:
    """Each code has a row in the table. A code without a row would be documented but never sent."""
    assert {close.code for close in Close} == set(CloseCode)


def test_sources_contain_no_literal_close_code_or_reason() -> None:
    """No source file except the table spells a close code or a reason."""
    spelled = re.compile(r"= (4[45]\d\d|10(02|07|09|11|12|13))\b|'{+\"code\"")

    assert [path.name for path in SOURCES if spelled.search(path.read_text())] == []
