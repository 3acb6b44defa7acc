"""Clients that send and receive the code of a room as whole texts.

Such a client may have an old text: the text that it sends is an edit of a text that it had, not of
the present text. So the server keeps the bases of each client: the texts that the client may have
had when it wrote. The feed (`crdt.changing.text_feed`) has the edits from them to the present text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from crdt.changing.text_feed import NEAR_BYTES, TextFeed
from crdt.text.byte_edits import common_ends, is_near
from crdt.text.line_ends import LF, line_ends, with_lf
from crdt.text.text_map import Edit, TextMap

RETIRED_MS = 300
"""Milliseconds for which a client may still edit a text that was replaced: a front end confirms a
text before it shows the text. In so short a time, no user sees a change and undoes it."""

_WORD_BYTES = 10
"""An edit that deletes nothing counts as this many bytes nearer. Users type whole words more often
than they turn a word into a similar one. If the guess is wrong, no text is lost."""

_UNTIL_THE_NEXT = 1 << 62
"""The expiry of a text that the client has confirmed, but did not show yet when it wrote. Such a
text expires `RETIRED_MS` after the client confirms the next one."""


class Base:
    """A text that a client may have, with LF line ends, and the map from it to the feed's text."""

    __slots__ = ("expires_at", "map", "revision", "text")

    def __init__(self, text: bytes, map_to_feed: TextMap, revision: int) -> None:
        self.text = text
        self.map = map_to_feed
        self.revision = revision
        self.expires_at = 0

    @classmethod
    def of(cls, feed: TextFeed) -> "Base":
        """Return a base with the feed's present text."""
        return cls(feed.text, TextMap.whole(len(feed.text)), feed.revision)

    def advance(self, feed: TextFeed) -> None:
        """Extend the map to the feed's newest text."""
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

    text   the text as it came
    plain  the text with LF line ends
    base   the text that the client had
    """

    text: bytes
    plain: bytes
    base: Base

    @property
    def is_near(self) -> bool:
        """Whether base and text can be compared in a few milliseconds."""
        return is_near(self.base.text, self.plain, NEAR_BYTES)

    def growth(self, original: bytes) -> int:
        """Return the bytes by which the room's text, which is `original`, grows.

        The number may be too high if `original` has both kinds of line ends.
        """
        old, new = self.base.text, self.plain
        # New lines get the document's line ends, see `edits_of_original`.
        per_line = len(line_ends(original) or LF) - len(LF)
        return len(new) - len(old) + per_line * (new.count(LF) - old.count(LF))


@dataclass(slots=True)
class _OwnText:
    """The text that a client sent last.

    revision     the feed's revision when the text was merged
    shown_until  the time until which the client may still show the text; None before a newer text
    """

    base: Base
    revision: int
    shown_until: int | None = None

    def is_taken_back(self, text: bytes, now: int) -> bool:
        """Whether the client has returned to this text after it was shown a newer one."""
        return self.shown_until is not None and now > self.shown_until and self.base.text == text


class TextClient:
    """The texts that one client was sent, and the texts that it has sent.

    At most one text is on its way to the client; `received` notes its arrival. The client's own
    last text stays a base, however late the server's texts arrive. A busy front end goes on from
    its own text, even after it has confirmed another one.
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
        self.successors: WeakKeyDictionary[TextClient, int] = WeakKeyDictionary()
        """{later connection of the same user: expiry}. Until then, the later connection may still
        have texts of this one."""
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
        """Note that the client has the text that was on its way to it."""
        if self._in_flight:
            if self._has_received:
                self.retire(self._known, now + RETIRED_MS)  # not for the empty first text
            for base in self._retired:
                if base.expires_at == _UNTIL_THE_NEXT:
                    base.expires_at = now + RETIRED_MS
            self._has_received = True
            own = self._own
            if own and own.shown_until is None and self._in_flight_revision >= own.revision:
                own.shown_until = now + RETIRED_MS
            self._known, self._in_flight = self._in_flight, None

    def send_again(self) -> None:
        """Note that the client shows another text: the next text is sent even if it is not new."""
        self._must_send = True

    # -- from the client --------------------------------------------------------------------------

    def begin(self, code: str, now: int) -> TextChange:
        """Take the client's whole text as an edit of its base; return the change for `finish`.

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

        Raises the errors of `Room.edit`; the room and the bases are then unchanged.

        edits     turn the base into the client's text
        is_taken  the room has taken an update that makes these edits; it may then have taken edits
                  of others, too, which the feed finds later
        """
        feed, base = self.feed, change.base
        base.advance(feed)
        self._changing = None
        moved, moved_map = base.map.move_edits(edits, len(feed.text))
        feed.write(self.user_id, moved, now, is_taken=is_taken)
        if base is not self._known:
            is_own = self._own is not None and self._known is self._own.base
            # The client may show a text later than it confirms it.
            self.retire(self._known, now + RETIRED_MS if is_own else _UNTIL_THE_NEXT)
        self._known = Base(change.plain, moved_map, feed.revision)
        self._own = _OwnText(self._known, feed.revision)
        for successor, expires_at in self.successors.items():
            successor.retire(self._known, expires_at)
        self._style = line_ends(change.text) or self._style

    def remember(self, other: "TextClient", expires_at: int) -> None:
        """Take over the texts that an earlier connection of this user may have or may still get."""
        other.successors[self] = expires_at
        for base in other.possible_bases():
            self.retire(base, expires_at)

    def possible_bases(self) -> list[Base]:
        """Return the texts that the client may have: confirmed, on its way, or its own last one."""
        own = self._own.base if self._own else None
        bases = (self._known if self._has_received else None, self._in_flight, own)
        return list(dict.fromkeys(base for base in bases if base is not None))

    def advance(self) -> None:
        """Move all bases to the present text, before the feed drops the edits that lead there."""
        own = self._own.base if self._own else None
        for base in (self._known, self._in_flight, own, self._changing, *self._retired):
            if base is not None:
                base.advance(self.feed)

    def _nearest(self, text: bytes, now: int) -> Base:
        """Return the base that the client most likely had: the one nearest to `text`.

        Until the client has received a text on this connection, it may have had none, so the base
        may be empty. Then a text that has nothing in common with the session's text is added to it.
        It does not replace text that the client may never have seen.
        """
        # The client does not say which text it had. A front end changes a few characters between
        # two messages, so the base with the smallest edit is most likely the right one. An example:
        # it may have had "ab" or "abX" of another user, and sends "abY". From "ab" this only
        # inserts, from "abX" it also deletes. So "ab" is the base, and X stays: "abYX".
        self._retired = [base for base in self._retired if now <= base.expires_at]
        candidates = [self._known, *filter(None, [self._in_flight]), *reversed(self._retired)]
        if self._own and not self._own.is_taken_back(text, now):
            candidates.append(self._own.base)
        return min(candidates, key=lambda base: base.distance(text))

    def retire(self, base: Base, expires_at: int) -> None:
        """Note a text that the client may still have for a while."""
        base.expires_at = expires_at
        self._retired.append(base)
