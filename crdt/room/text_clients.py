"""The code of a room as one text, for clients that send and receive whole texts.

Such a client may be behind: the text that it sends is an edit of the text that it had, not of the
present text. So the feed keeps how the text changed, and each client's bases: the texts that the
client may have had when it wrote.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary, WeakSet

from crdt.document.server_edits import code_root
from crdt.room.room import Room
from crdt.text.byte_edits import applied, common_ends, edits_between, is_near
from crdt.text.line_ends import LF, edits_of_original, line_ends, with_lf
from crdt.text.text_map import Edit, Shift, TextMap, shifts_of

NEAR_BYTES = 16 << 10
"""Bytes that the event loop compares in a few milliseconds: those between the first and the last
difference, in both texts together."""
_MAX_BATCHES = 200
_MAX_SHIFTS = 20_000

RETIRED_MS = 300
"""Milliseconds for which a client may still edit a text that was replaced: a front end confirms a
text before it shows it. Nobody sees a change and undoes it in less."""

_WORD_BYTES = 10
"""Bytes by which an edit that deletes nothing counts as nearer. Users type whole words more often
than they turn a word into a similar one; and if the guess is wrong, no text is lost."""

_UNTIL_THE_NEXT = 1 << 62
"""Stands for an expiry that is not known yet. The client has confirmed the text, but did not show
it yet when it wrote. When the client confirms the next text, `RETIRED_MS` begin."""


class TextFeed:
    """A room's text as it is now, and the edits that led to it. Knows no clock and no socket.

    original  the text as it is
    text      with LF line ends, which all edits and maps are about
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._root = ""
        self._batches: list[list[Shift]] = []
        self._weight = 0
        self._first = 0
        self._clients: WeakSet[TextClient] = WeakSet()
        self.original = b""
        self.text = b""
        self.revision = 0
        self.refresh()

    @property
    def room(self) -> Room:
        """The room whose text this is."""
        return self._room

    @property
    def root(self) -> str:
        """The root that holds the session's code."""
        return self._root

    def refresh(self) -> None:
        """Take in changes of others; between large changes in two places, all counts as changed."""
        if (text := self.behind()) is not None:
            self.catch_up(self.text, text, edits_between(self.text, text, most=1))
            self.behind()

    def behind(self) -> bytes | None:
        """Take in changes of others, or return the newest text if they are too large for this."""
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
        """Take in a change that was compared elsewhere, unless another task has done so."""
        if self.text is old:
            self._push(edits, new)

    def add(self, client: "TextClient") -> None:
        """Register a client: its bases move to the present text before old edits are forgotten."""
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
        # Not if an edit has put a CR and an LF next to each other, or has separated them.
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
        # The shifts are kept for clients whose base is older. Beyond a bound all bases are carried
        # on to the present text, and the shifts are dropped.
        if len(self._batches) > _MAX_BATCHES or self._weight > _MAX_SHIFTS:
            for client in self._clients:
                client.advance()
            self._first = self.revision
            self._batches.clear()
            self._weight = 0


class Base:
    """A text that a client may have, with LF line ends, and the map from it to the feed's text."""

    __slots__ = ("expires_at", "map", "revision", "text")

    def __init__(self, text: bytes, found: TextMap, revision: int) -> None:
        self.text = text
        self.map = found
        self.revision = revision
        self.expires_at = 0

    @classmethod
    def of(cls, feed: TextFeed) -> "Base":
        """The feed's text as it is."""
        return cls(feed.text, TextMap.whole(len(feed.text)), feed.revision)

    def advance(self, feed: TextFeed) -> None:
        """Carry the map on to the feed's newest text."""
        for shifts in feed.since(self.revision):
            self.map = self.map.shifted(shifts)
        self.revision = feed.revision

    def distance(self, text: bytes) -> int:
        """Return the bytes that an edit to `text` deletes and inserts; fewer if it only inserts."""
        common = sum(common_ends(self.text, text))
        deleted, inserted = len(self.text) - common, len(text) - common
        return deleted + inserted if deleted else inserted - _WORD_BYTES


@dataclass(frozen=True, slots=True)
class TextChange:
    """A text that a client sent, as an edit of a base.

    text   as it came
    plain  with LF line ends
    base   what the client had
    """

    text: bytes
    plain: bytes
    base: Base

    @property
    def is_near(self) -> bool:
        """Whether the two are compared in a few milliseconds."""
        return is_near(self.base.text, self.plain, NEAR_BYTES)


@dataclass(slots=True)
class _OwnText:
    """The text that a client sent last.

    revision     of the feed, when the text was merged
    shown_until  until when the client may still show it, after a newer text came; None before that
    """

    base: Base
    revision: int
    shown_until: int | None = None

    def is_taken_back(self, text: bytes, now: int) -> bool:
        """Whether the client has returned to this text, after it was shown a newer one."""
        return self.shown_until is not None and now > self.shown_until and self.base.text == text


class TextClient:
    """The texts that one client has been sent, and has sent.

    At most one text is on its way to it; `received` says that it came. What the client sent last
    stays a base, however late the texts come that were sent to it: a busy front end goes on from
    its own text, also after it has confirmed another one.
    """

    def __init__(self, feed: TextFeed, user_id: str) -> None:
        self.feed = feed
        self.user_id = user_id
        self._changing: Base | None = None
        self._known = Base(b"", TextMap(), feed.revision)
        self._in_flight: Base | None = None
        self._in_flight_revision = 0
        self._own: _OwnText | None = None
        self._retired: list[Base] = []
        self.heirs: WeakKeyDictionary[TextClient, int] = WeakKeyDictionary()
        """Later connections of its user that may still have texts of this one, and when those texts
        expire."""
        self._style = b""
        self._has_received = False
        self._must_send = True
        feed.add(self)

    # -- to the client ----------------------------------------------------------------------------

    def to_send(self) -> str | None:
        """Return the text to send now; None while one is on its way, or if the client has it."""
        if self._in_flight is not None:
            return None
        base = Base.of(self.feed)
        if base.text == self._known.text and not self._must_send:
            return None
        self._must_send = False
        self._in_flight, self._in_flight_revision = base, base.revision
        text = base.text.replace(LF, self._style) if self._style else self.feed.original
        return text.decode()

    def received(self, now: int) -> None:
        """The client has the text that was on its way to it."""
        if self._in_flight:
            if self._has_received:
                self.retire(self._known, now + RETIRED_MS)  # not the empty text that it began with
            for base in self._retired:
                if base.expires_at == _UNTIL_THE_NEXT:
                    base.expires_at = now + RETIRED_MS
            self._has_received = True
            own = self._own
            if own and own.shown_until is None and self._in_flight_revision >= own.revision:
                own.shown_until = now + RETIRED_MS
            self._known, self._in_flight = self._in_flight, None

    def send_again(self) -> None:
        """Note that the client shows another text: the next one is sent even if it is not new."""
        self._must_send = True

    # -- from the client --------------------------------------------------------------------------

    def begin(self, code: str, now: int) -> TextChange:
        """Take the client's whole text as an edit of the one it had; return what `finish` needs.

        The feed must be up to date.
        """
        text = code.encode()
        plain = with_lf(text)
        base = self._changing = self._nearest(plain, now)
        base.advance(self.feed)
        return TextChange(text, plain, base)

    def finish(
        self, change: TextChange, edits: Sequence[Edit], now: int, *, is_taken: bool = False
    ) -> None:
        """Make a change. The feed must be up to date, and may be newer than at `begin`.

        Raises what `Room.edit` raises; the room and the bases are then as they were.

        edits     turn the base into the client's text
        is_taken  the room has taken an update that makes these edits; it may then have taken edits
                  of others, too, which the feed finds later
        """
        feed, base = self.feed, change.base
        base.advance(feed)
        self._changing = None
        carried, carried_map = base.map.carry(edits, len(feed.text))
        feed.write(self.user_id, carried, now, is_taken=is_taken)
        if base is not self._known:
            is_own = self._own is not None and self._known is self._own.base
            # A text that was sent may be shown later.
            self.retire(self._known, now + RETIRED_MS if is_own else _UNTIL_THE_NEXT)
        self._known = Base(change.plain, carried_map, feed.revision)
        self._own = _OwnText(self._known, feed.revision)
        for heir, expires_at in self.heirs.items():
            heir.retire(self._known, expires_at)
        self._style = line_ends(change.text) or self._style

    def remember(self, other: "TextClient", expires_at: int) -> None:
        """Take over what an earlier connection of this user may have had or may still get."""
        other.heirs[self] = expires_at
        for base in other.possible_bases():
            self.retire(base, expires_at)

    def possible_bases(self) -> list[Base]:
        """Return the texts that the client may have: confirmed, on its way, or its own last one."""
        own = self._own.base if self._own else None
        bases = (self._known if self._has_received else None, self._in_flight, own)
        return list(dict.fromkeys(base for base in bases if base is not None))

    def advance(self) -> None:
        """Move all bases to the present text, before the feed forgets the edits that lead there."""
        own = self._own.base if self._own else None
        for base in (self._known, self._in_flight, own, self._changing, *self._retired):
            if base is not None:
                base.advance(self.feed)

    def _nearest(self, text: bytes, now: int) -> Base:
        """Return the base that the client most likely had: the one nearest to `text`.

        Until the client has received a text on this connection, it may have had none, so the base
        may be empty. Then a text that has nothing in common with the session's is added to it. It
        does not replace text that the client may never have seen.
        """
        self._retired = [base for base in self._retired if now <= base.expires_at]
        candidates = [self._known, *filter(None, [self._in_flight]), *reversed(self._retired)]
        if self._own and not self._own.is_taken_back(text, now):
            candidates.append(self._own.base)
        return min(candidates, key=lambda base: base.distance(text))

    def retire(self, base: Base, expires_at: int) -> None:
        """Note a text that the client may still have for a while."""
        base.expires_at = expires_at
        self._retired.append(base)
