"""The log of a typing user, for tests, and the text of a document restored from a log."""

from crdt.document.document import Document
from crdt.log import restore
from storage.records import Chunk
from tests.crdt.harness import NOW, Typist, join, make_room, save, send


def typed(count: int = 30) -> tuple[list[Chunk], Typist]:
    """Return the log of a typing user, one update per chunk, and the typist with the document."""
    room, typist = make_room(), Typist(5)
    connection, _ = join(room)
    chunks = []
    for number in range(count):
        send(room, connection, typist.insert(0, f"{number % 10}"), NOW + number)
        chunks += save(room, NOW + number)
    return chunks, typist


def text(restored: restore.RestoredDocument) -> str:
    return Document(restored.state, restored.index.split_surrogates).texts(["codemirror"])[
        "codemirror"
    ]
