"""Makes edits for users without a Yjs client: for texts saved by REST, and for text clients."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from crdt.document.document import Document
from crdt.document.editing.text_edits import edit_copy
from crdt.document.view import TextCopy
from crdt.structs.struct_index import StructIndex
from crdt.text.byte_edits import applied, edits_between
from crdt.text.line_ends import edits_of_original, with_lf
from crdt.text.text_map import Edit, TextMap

MAIN_ROOT = "codemirror"
"""Name of the text that holds the code of a new session. Stock editors of Yjs use this name."""
_MAX_CLIENT_ID = (1 << 32) - 1


class ServerEdits:
    """Makes updates in a user's name, which the room then takes like those of any client."""

    __slots__ = ("_clients", "_document", "_index", "_random_below")

    def __init__(
        self, document: Document, index: StructIndex, random_below: Callable[[int], int]
    ) -> None:
        self._document = document
        self._index = index
        self._random_below = random_below
        self._clients: dict[str, int] = {}

    def update(
        self, user_id: str, files: Mapping[str, str], edits: Sequence[Edit] | None = None
    ) -> bytes:
        """Return the update that turns roots' texts into `files`; edits: see `Document.edit`."""
        with self.client_of(user_id) as client:
            return self._document.edit(files, client, edits)

    @contextmanager
    def client_of(self, user_id: str) -> Iterator[int]:
        """Lend the Yjs client id for a user's edits while a block runs.

        Inside the block, other edits of this user get another client id. Otherwise two edits that
        are made together could have equal clocks, and the second one would be refused.
        """
        # All edits of a user in this room have one client id, so that saving often does not make
        # thousands of ids.
        client = self._clients.pop(user_id, None)
        while client is None or self._index.owners.get(client, user_id) != user_id:
            client = 1 + self._random_below(_MAX_CLIENT_ID)
        try:
            yield client
        finally:
            self._clients[user_id] = client


@dataclass(frozen=True, slots=True)
class MovedEdit:
    """A change by a text client (`crdt.changing.text_clients`) of a text that has changed since.

    root      the root that has the text
    base      the text that the client had, with LF line ends
    plain     the text that the client has now, with LF line ends
    text_map  the map from `base` to `text` with LF line ends
    text      the root's present text, with its own line ends
    """

    root: str
    base: bytes
    plain: bytes
    text_map: TextMap
    text: bytes


def edit_moved(
    copy: TextCopy, edit: MovedEdit, client_id: int, steps: int
) -> tuple[list[Edit], bytes]:
    """Return the edits that turn `base` into `plain`, and the update with them for the document.

    steps  bound the comparison, see `text_diff.changes`

    Raises TextUnavailable.
    """
    edits = edits_between(edit.base, edit.plain, steps)
    moved, _ = edit.text_map.move_edits(edits, len(with_lf(edit.text)))
    originals = edits_of_original(moved, edit.text)
    files = {edit.root: applied(edit.text, originals).decode()}
    return edits, edit_copy(copy, files, client_id, originals)


def code_root(files: dict[str, str], main_root: str) -> str:
    """Return the root that holds the session's code.

    That is the main root, or the only root with text if the main root is empty.
    """
    if files.get(main_root):
        return main_root
    filled = [root for root, text in files.items() if text]
    return filled[0] if len(filled) == 1 else main_root
