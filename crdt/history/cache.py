"""Keeps answers about logs for later requests."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from crdt.history.playback.replay import Part

MAX_BYTES = 16 << 20
"""Bytes of all kept timelines, and also of all kept pages."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Answer(NamedTuple):
    """An answer as a worker makes it, without the data that only the store has.

    text     a JSON object, without the users
    authors  {user id: further fields about that user}, in the answer's order
    """

    text: str
    authors: dict[str, dict[str, int]]


class Folded(NamedTuple):
    """A timeline that was folded up to a log position."""

    sequence: int = 0
    packed: bytes = b""


class Page(NamedTuple):
    """A page of a replay, and the number of its steps."""

    answer: Answer
    steps: int


class HistoryCache:
    """Keeps timelines as far as they were folded, and pages of replays.

    The least recently used entries are dropped first.

    epoch  the number of calls of `forget`. An answer is not kept if `forget` was
           called after its log was read
    """

    __slots__ = ("_pages", "_timelines", "epoch")

    def __init__(
        self, max_page_bytes: int = MAX_BYTES, max_timeline_bytes: int = MAX_BYTES
    ) -> None:
        self._pages: _Bounded[tuple[str, Part], Page] = _Bounded(max_page_bytes)
        self._timelines: _Bounded[str, Folded] = _Bounded(max_timeline_bytes)
        self.epoch = 0

    def __contains__(self, session_id: str) -> bool:
        """Whether anything of a session is kept."""
        return self._timelines.get(session_id) is not None or any(
            key[0] == session_id for key in self._pages
        )

    def timeline(self, session_id: str) -> Folded:
        """Return a session's timeline as far as it was folded; an empty one if none is kept."""
        return self._timelines.get(session_id) or Folded()

    def keep_timeline(self, session_id: str, folded: Folded, epoch: int) -> None:
        """Keep a session's timeline; epoch: the value from before the log was read."""
        # Making an answer takes seconds, and a redaction may have removed text from the log
        # meanwhile. The answer was made from the old log, and would still show that text.
        if epoch == self.epoch:
            self._timelines.put(session_id, folded, len(folded.packed))

    def page(self, session_id: str, part: Part) -> Page | None:
        """Return a page of a replay, if it is kept."""
        return self._pages.get((session_id, part))

    def keep_page(self, session_id: str, part: Part, page: Page, epoch: int) -> None:
        """Keep a page of a replay; epoch: the value from before the log was read."""
        if epoch == self.epoch:
            self._pages.put((session_id, part), page, len(page.answer.text))

    def forget(self, session_id: str) -> None:
        """Drop everything about a session that was deleted, or whose log was changed."""
        self.epoch += 1
        self._timelines.drop(session_id)
        for key in [key for key in self._pages if key[0] == session_id]:
            self._pages.drop(key)


class _Bounded(Generic[_Key, _Value]):
    """Values, up to a limit on the sum of their sizes; the least recently used are dropped."""

    __slots__ = ("_left", "_values")

    def __init__(self, size: int) -> None:
        self._left = size
        self._values: OrderedDict[_Key, tuple[_Value, int]] = OrderedDict()

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._values)

    def get(self, key: _Key) -> _Value | None:
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def put(self, key: _Key, value: _Value, size: int) -> None:
        self.drop(key)
        self._values[key] = value, size
        self._left -= size
        # The first value is the least recently used one. A value larger than the whole cache drops
        # all others and then itself.
        while self._left < 0:
            self.drop(next(iter(self._values)))

    def drop(self, key: _Key) -> None:
        _, size = self._values.pop(key, (None, 0))
        self._left += size
