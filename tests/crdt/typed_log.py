"""The log of somebody typing, and the text of what is restored from it."""

from crdt.document.document import Document
from crdt.log import restore
from storage.records import Chunk
from tests.crdt.harness import NOW, Typist, join, make_room, save, send


def typed(count: int = 30) -> tuple[list[Chunk], Typist]:
    """Return the log of somebody typing, in chunks of one, and their document."""
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
