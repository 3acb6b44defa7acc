"""The table of close codes itself; how its rows look on the wire is in test_close_reasons_on_the_wire."""

import json
import re
from pathlib import Path

import pytest

from crdt.room.closing import CloseReason
from handlers.close_codes import Close, CloseCode, close_for, words

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
def test_close_reason_is_json_with_its_word(close: Close) -> None:
    """With and without a message, whatever is in the message."""
    assert json.loads(close.reason()) == {"code": close.word}
    assert json.loads(close.reason('a "quoted"\nmessage')) == {"code": close.word, "message": 'a "quoted"\nmessage'}


def test_close_code_lists_each_of_its_words_one_time() -> None:
    assert words(CloseCode.MALFORMED) == ["malformed"]
    assert words(CloseCode.TRY_LATER) == ["too_slow", "gap"]


def test_close_table_uses_every_code() -> None:
    """A code without a row would be documented and never sent."""
    assert {close.code for close in Close} == set(CloseCode)


def test_sources_contain_no_literal_close_code_or_reason() -> None:
    """The table is the only place: others name its rows."""
    spelled = re.compile(r"= (4[45]\d\d|10(02|07|09|11|12|13))\b|'{+\"code\"")

    assert [path.name for path in SOURCES if spelled.search(path.read_text())] == []
