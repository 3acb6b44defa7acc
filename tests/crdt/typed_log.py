"""The log of a typing user, for tests, and the text of a document restored from a log."""

from crdt.document.document import Document
from crdt.log import authorship, checkpoints, restore
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


def to_store(
    restored: restore.RestoredDocument, *, has_values: bool = False
) -> checkpoints.DocumentState:
    """Return a restored document as it is given to `make_checkpoint`."""
    owners = authorship.encode(restored.index.owners, restored.authorship)
    return checkpoints.DocumentState(
        restored.sequence, restored.state, restored.index.clocks, owners, has_values=has_values
    )
