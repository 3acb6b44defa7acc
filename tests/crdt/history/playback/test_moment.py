"""Tests of documents as they were at an earlier moment."""

from typing import Any

import pycrdt

from crdt.history.playback.moment import Moment, moment
from crdt.history.playback.stored_log import StoredLog
from crdt.log.codec import LogEntry, encode_chunk
from storage.records import Chunk
from tests.crdt.harness import NOW


def same(shown: Moment) -> Moment:
    return shown


def test_moment_has_texts_and_other_roots_as_they_were() -> None:
    """Each moment has its own texts and roots; the main root exists before it has content."""
    doc = pycrdt.Doc[Any](client_id=9)
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    text, mapping = doc.get("notes", type=pycrdt.Text), doc.get("map", type=pycrdt.Map)
    text += "first"
    mapping["key"] = "value"
    text += " second"
    doc.unobserve(subscription)
    data = encode_chunk([LogEntry(NOW, "ada", update) for update in made])
    log = StoredLog(None, [Chunk("one", 1, 3, data, NOW)])

    moments = [moment(log, sequence, "codemirror", same) for sequence in range(4)]

    assert [shown.files for shown in moments] == [
        {"codemirror": ""},
        {"codemirror": "", "notes": "first"},
        {"codemirror": "", "notes": "first"},
        {"codemirror": "", "notes": "first second"},
    ]
    documents = {"map": {"type": "map", "value": {"key": "value"}, "leftOut": None}}
    assert [shown.documents for shown in moments] == [{}, {}, documents, documents]
