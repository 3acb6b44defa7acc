"""The changes that each update made in the texts, for players that show a session again.

The edits of an update come from its structs and its deletions (`crdt.reading.text_order`). No texts
are compared, so the cost of a page depends on what is in its updates, and on the document before
them, which must be loaded.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from crdt.history.playback.stored_log import StoredLog, stored
from crdt.log.codec import LogEntry
from crdt.reading.roots import root_names
from crdt.reading.text_order import TextEdit, TextOrder
from crdt.wire.content import STORED_LIMITS
from crdt.wire.update_parser import parse

MAX_STEPS = 2_000
MAX_INSERTED = 1 << 20
"""UTF-16 code units that the edits of one answer insert; the last step may go beyond that."""
MAX_EDITS = 20_000
"""Edits of one answer; the last step may go beyond that."""
MAX_SECONDS = 1.0
"""Seconds of CPU time for the steps of one answer.
Then others have their turn, and the client asks for the rest."""

_View = TypeVar("_View")


@dataclass(frozen=True, slots=True)
class PageLimits:
    """When a page is full; it has one step at least."""

    inserted: int
    edits: int
    seconds: float


class Part(NamedTuple):
    """The entries of a log beyond `start`, and up to `end`."""

    start: int
    end: int


@dataclass(slots=True)
class Step:
    """One update.

    at     milliseconds since 1970, never earlier than the previous step's
    edits  to be made one after the other
    """

    at: int
    author: str
    edits: list[TextEdit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A part of a log, as a player shows it.

    files   {root: text} before the first step
    others  names of the roots that are no texts, so the steps do not show them
    """

    files: dict[str, str]
    steps: list[Step]
    others: list[str]


class Replayer:
    """A document that goes through its log, entry by entry."""

    __slots__ = ("_latest", "_main_root", "_order")

    def __init__(self, order: TextOrder, main_root: str, latest: int = 0) -> None:
        """order: the document before the first entry;
        latest: the latest time in the log up to there, in ms.
        """
        self._order = order
        self._main_root = main_root
        self._latest = latest

    def files(self) -> dict[str, str]:
        """Return {root: text} of all text roots and the main one."""
        return {self._main_root: "", **self._order.texts()}

    def other_roots(self) -> list[str]:
        """Return the names of the roots that are no texts."""
        return sorted(root_names(self._order).difference(self._order.text_roots))

    def step(self, entry: LogEntry) -> Step:
        """Go on by the next entry.

        Raises Rejected if it is malformed, Gap if it builds on structs that the document lacks.
        """
        parse(entry.update, STORED_LIMITS)
        # Players go forward in time, so time stands still where the server's clock was set back.
        self._latest = max(self._latest, entry.at)
        return Step(self._latest, entry.author, self._order.edits(entry.update))


def steps(
    replayer: Replayer, entries: Iterable[LogEntry], limits: PageLimits, cpu_s: Callable[[], float]
) -> list[Step]:
    """Go through entries until there are enough for one answer, or no more time."""
    made: list[Step] = []
    inserted = edits = 0
    end = cpu_s() + limits.seconds
    for entry in entries:
        step = replayer.step(entry)
        made.append(step)
        edits += len(step.edits)
        inserted += sum(len(edit.inserted) for edit in step.edits)
        # The limits are checked after a step, so each answer has one step at least, and a client
        # always gets on.
        is_full = inserted > limits.inserted or edits > limits.edits
        if is_full or cpu_s() >= end:
            break
    return made


def replay(
    log: StoredLog,
    part: Part,
    main_root: str,
    limits: PageLimits,
    cpu_s: Callable[[], float],
    view: Callable[[Replayed], _View],
) -> tuple[_View, int]:
    """Return (a view of what the entries of a part changed, how many entries):
    as many as fit, one at least.

    cpu_s  returns seconds of CPU time that the calling thread has used
    view   makes the answer from the `Replayed`

    Raises RoomDamaged.
    """
    order = TextOrder()
    log.load(order, part.start)
    replayer = Replayer(order, main_root, log.latest_time(part.start))
    files = replayer.files()
    with stored():
        made = steps(
            replayer, (entry for _, entry in log.entries(part.start, part.end)), limits, cpu_s
        )
    return view(Replayed(files, made, replayer.other_roots())), len(made)
