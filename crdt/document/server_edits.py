"""Edits that the server makes for users whose client is not Yjs: REST saves and text clients."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from crdt.document.document import Document
from crdt.structs.struct_index import StructIndex
from crdt.text.text_map import Edit

_MAX_CLIENT_ID = (1 << 32) - 1


class ServerEdits:
    """Makes updates in a user's name; the room then takes them like any client's."""

    __slots__ = ("_clients", "_document", "_index", "_random_below")

    def __init__(self, document: Document, index: StructIndex, random_below: Callable[[int], int]) -> None:
        self._document = document
        self._index = index
        self._random_below = random_below
        self._clients: dict[str, int] = {}

    def update(self, user_id: str, files: Mapping[str, str], edits: Sequence[Edit] | None = None) -> bytes:
        """Return the update that turns roots' texts into `files`; `edits` as `Document.edit` takes them."""
        with self.client_of(user_id) as client:
            return self._document.edit(files, client, edits)

    @contextmanager
    def client_of(self, user_id: str) -> Iterator[int]:
        """Lend the Yjs client id for a user's edits; inside the block, other edits of this user get another one.

        An edit that is made elsewhere meanwhile would otherwise have clocks that are taken when it comes.
        """
        client = self._clients.pop(user_id, None)
        while client is None or self._index.owners.get(client, user_id) != user_id:
            client = 1 + self._random_below(_MAX_CLIENT_ID)
        try:
            yield client
        finally:
            self._clients[user_id] = client


def code_root(files: dict[str, str], main_root: str) -> str:
    """Return the root that holds the session's code: the main one, or the only other one with text in it."""
    if files.get(main_root):
        return main_root
    filled = [root for root, text in files.items() if text]
    return filled[0] if len(filled) == 1 else main_root
