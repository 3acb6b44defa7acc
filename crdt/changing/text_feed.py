"""The code of a room as one text, and the edits that led to it.

A text client may have an old text. With the kept edits, its changes are moved to the present text.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol
from weakref import WeakSet

from crdt.document.server_edits import code_root
from crdt.room.room import Room
from crdt.text.byte_edits import applied, edits_between, is_near
from crdt.text.line_ends import edits_of_original, with_lf
from crdt.text.text_map import Edit, Shift, shifts_of

NEAR_BYTES = 16 << 10
"""Bytes from the first to the last difference, of both texts together. The event loop compares this
many in a few milliseconds."""
_MAX_BATCHES = 200
_MAX_SHIFTS = 20_000


class TextReader(Protocol):
    """An object that has earlier texts of the feed."""

    def advance(self) -> None:
        """Move the maps of these texts to the present text, before edits are dropped."""


class TextFeed:
    """A room's present text, and the edits that led to it. It knows no clock and no socket.

    original  the present text
    text      the present text with LF line ends; all edits and maps are about this text
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._root = ""
        self._batches: list[list[Shift]] = []
        self._weight = 0
        self._first = 0
        self._clients: WeakSet[TextReader] = WeakSet()
        self.original = b""
        self.text = b""
        self.revision = 0
        self.refresh()

    @property
    def room(self) -> Room:
        """The room that has this text."""
        return self._room

    @property
    def root(self) -> str:
        """The root that holds the session's code."""
        return self._root

    def refresh(self) -> None:
        """Take other changes; all text between two large changes counts as changed, too."""
        if (text := self.behind()) is not None:
            self.catch_up(self.text, text, edits_between(self.text, text, most=1))
            self.behind()

    def behind(self) -> bytes | None:
        """Take other clients' changes, or return the newest text if they are too large for this."""
        files = self._room.files()
        self._root = code_root(files, self._room.main_root)
        now = files.get(self._root, "").encode()
        if now == self.original:
            return None
        text = with_lf(now)
        if text != self.text:
            if not is_near(self.text, text, NEAR_BYTES):
                return text
            self._push(edits_between(self.text, text), text)
        self.original = now
        return None

    def catch_up(self, old: bytes, new: bytes, edits: Sequence[Edit]) -> None:
        """Take a change that was compared elsewhere, unless another task has done so."""
        if self.text is old:
            self._push(edits, new)

    def add(self, client: TextReader) -> None:
        """Register a client, whose bases must move to the present text before edits are dropped."""
        self._clients.add(client)

    def write(
        self, user_id: str, edits: Sequence[Edit], now: int, *, is_taken: bool = False
    ) -> None:
        """Make edits of the present text. Raises as `Room.edit`.

        is_taken  the room has taken an update that makes these edits
        """
        originals = edits_of_original(edits, self.original)
        original = applied(self.original, originals)
        if edits and not is_taken:
            self._room.edit(user_id, {self._root: original.decode()}, now, originals)
        if edits:
            self._push(edits, applied(self.text, edits))
        # The texts differ if an edit has put a CR and an LF together, or has separated them.
        if with_lf(original) == self.text:
            self.original = original

    def since(self, revision: int) -> Iterable[Sequence[Shift]]:
        """Yield the shifts of all edits from a revision to the newest one, batch by batch."""
        for at in range(revision - self._first, len(self._batches)):
            yield self._batches[at]

    def _push(self, edits: Sequence[Edit], text: bytes) -> None:
        self._batches.append(shifts_of(edits))
        self._weight += len(edits)
        self.text = text
        self.revision += 1
        # The shifts are kept for clients whose base is older. Beyond a bound all bases are moved to
        # the present text, and the shifts are dropped.
        if len(self._batches) > _MAX_BATCHES or self._weight > _MAX_SHIFTS:
            for client in self._clients:
                client.advance()
            self._first = self.revision
            self._batches.clear()
            self._weight = 0
