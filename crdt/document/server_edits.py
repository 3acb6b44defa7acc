"""Edits that the server makes for users whose client is not Yjs:
texts saved by REST, and text clients.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from crdt.document.document import Document
from crdt.document.view import TextCopy, edit_copy
from crdt.structs.struct_index import StructIndex
from crdt.text.byte_edits import applied, edits_between
from crdt.text.line_ends import edits_of_original, with_lf
from crdt.text.text_map import Edit, TextMap

_MAX_CLIENT_ID = (1 << 32) - 1


class ServerEdits:
    """Makes updates in a user's name; the room then takes them like any client's."""

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
        """Return the update that turns roots' texts into `files`;
        `edits` as `Document.edit` takes them.
        """
        with self.client_of(user_id) as client:
            return self._document.edit(files, client, edits)

    @contextmanager
    def client_of(self, user_id: str) -> Iterator[int]:
        """Lend the Yjs client id for a user's edits;
        inside the block, other edits of this user get another one.

        Otherwise two edits that are made together could have equal clocks,
        and the second one would be refused.
        """
        # One client id for all edits of a user in this room, so that what they save does not make
        # thousands of ids. It is taken out while it is lent: two edits that are made together would
        # give the same clocks to different structs.
        client = self._clients.pop(user_id, None)
        while client is None or self._index.owners.get(client, user_id) != user_id:
            client = 1 + self._random_below(_MAX_CLIENT_ID)
        try:
            yield client
        finally:
            self._clients[user_id] = client


@dataclass(frozen=True, slots=True)
class CarriedEdit:
    """A text that a client sent for one that it had before,
    and that changed since (`crdt.room.text_clients`).

    root   the root that it is about
    base   the text that the client had, with LF line ends
    plain  the text that it has now, with LF line ends
    found  the map from `base` to `text` with LF line ends
    text   the root's present text, with its own line ends
    """

    root: str
    base: bytes
    plain: bytes
    found: TextMap
    text: bytes


def edit_carried(
    copy: TextCopy, edit: CarriedEdit, client_id: int, steps: int
) -> tuple[list[Edit], bytes]:
    """Return the edits that make `plain` of `base`, and the update that makes them in the document.

    steps  bound the comparison, see `text_diff.changes`

    Raises TextUnavailable.
    """
    edits = edits_between(edit.base, edit.plain, steps)
    carried, _ = edit.found.carry(edits, len(with_lf(edit.text)))
    originals = edits_of_original(carried, edit.text)
    files = {edit.root: applied(edit.text, originals).decode()}
    return edits, edit_copy(copy, files, client_id, originals)


def code_root(files: dict[str, str], main_root: str) -> str:
    """Return the root that holds the session's code:
    the main one, or the only other one with text in it.
    """
    if files.get(main_root):
        return main_root
    filled = [root for root, text in files.items() if text]
    return filled[0] if len(filled) == 1 else main_root
