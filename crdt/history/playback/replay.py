"""Finds the changes of the texts by each update, for players that show a session again.

The edits of an update come from its structs and its deletions (`crdt.reading.text_order`). Texts
are not compared. So the cost of a page depends on its updates, and on the document before them,
which must be loaded.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from crdt.history.playback.played_names import PlayedNames
from crdt.history.playback.stored_log import StoredLog, stored
from crdt.log.codec import LogEntry
from crdt.reading.documents import table_of
from crdt.reading.file_table import TABLE_ROOT, File, Naming
from crdt.reading.roots import root_names
from crdt.reading.text_order import TextEdit, TextOrder
from crdt.wire.content import STORED_LIMITS
from crdt.wire.update_parser import parse

MAX_STEPS = 2_000
MAX_INSERTED = 1 << 20
"""UTF-16 code units that the edits of one answer insert; its last step may exceed this."""
MAX_EDITS = 20_000
"""Edits of one answer, and files that get other names; its last step may exceed this."""
MAX_SECONDS = 1.0
"""Seconds of CPU time for the steps of one answer.
Then other requests have their turn, and the client asks for the remaining steps."""

_View = TypeVar("_View")


@dataclass(frozen=True, slots=True)
class PageLimits:
    """The limits of a page; it always has at least one step."""

    inserted: int
    edits: int
    seconds: float


class Part(NamedTuple):
    """The entries of a log after position `start`, up to and including `end`.

    suffix  the ending of the main file's name, see `crdt.reading.file_table.Naming`
    """

    start: int
    end: int
    suffix: str = "txt"


@dataclass(slots=True)
class Step:
    """The changes that one update made.

    at     milliseconds since 1970, never earlier than in the previous step
    edits  the edits, to be made one after another
    names  the files that then have another name, were deleted, or came back
    """

    at: int
    author: str
    edits: list[TextEdit] = field(default_factory=list)
    names: list[File] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A part of a log, as a player shows it.

    files   {root: text} before the first step
    others  names of the roots that are not texts, so the steps do not show them
    names   the files before the first step, in the order of their list
    """

    files: dict[str, str]
    steps: list[Step]
    others: list[str]
    names: tuple[File, ...] = ()


class Replayer:
    """A document that is played back from its log, entry by entry."""

    __slots__ = ("_latest", "_main_root", "_names", "_order")

    def __init__(self, order: TextOrder, naming: Naming, latest: int = 0) -> None:
        """Start from a document.

        order   the document before the first entry
        naming  how files without an entry in the table are named
        latest  the latest time in the log up to there, in ms
        """
        self._order = order
        self._main_root = naming.main_root
        self._names = PlayedNames(order, naming)
        self._latest = latest

    def files(self) -> dict[str, str]:
        """Return {root: text} of all text roots and the main root."""
        return {self._main_root: "", **self._order.texts()}

    def names(self) -> tuple[File, ...]:
        """Return all files with their names, in the order of their list."""
        return self._names.files()

    def other_roots(self) -> list[str]:
        """Return the names of the roots that are not texts, without the table of files."""
        others = root_names(self._order).difference(self._order.text_roots)
        if TABLE_ROOT in others and table_of(self._order) is not None:
            others.remove(TABLE_ROOT)
        return sorted(others)

    def step(self, entry: LogEntry) -> Step:
        """Apply the next entry, and return its step.

        Raises Rejected if it is malformed, Gap if it builds on structs that the document lacks.
        """
        parse(entry.update, STORED_LIMITS)
        # Players only go forward in time. If the server's clock was set back, time stands still.
        self._latest = max(self._latest, entry.at)
        edits = self._order.edits(entry.update)
        return Step(self._latest, entry.author, edits, self._names.changed(self._order.touched))


def steps(
    replayer: Replayer, entries: Iterable[LogEntry], limits: PageLimits, cpu_s: Callable[[], float]
) -> list[Step]:
    """Return steps for the entries until one answer is full, or its time is over."""
    made: list[Step] = []
    inserted = edits = 0
    end = cpu_s() + limits.seconds
    for entry in entries:
        step = replayer.step(entry)
        made.append(step)
        edits += len(step.edits) + len(step.names)
        inserted += sum(len(edit.inserted) for edit in step.edits)
        # The limits are checked after a step, so each answer has at least one step, and the client
        # always makes progress.
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
    """Return (a view of the changes by the entries of a part, the number of these entries).

    The answer has as many entries as fit, and at least one.

    cpu_s  returns seconds of CPU time that the calling thread has used
    view   makes the answer from the `Replayed`

    Raises RoomDamaged.
    """
    order = TextOrder()
    log.load(order, part.start)
    naming = Naming(main_root, part.suffix)
    replayer = Replayer(order, naming, log.latest_time(part.start))
    files, names = replayer.files(), replayer.names()
    with stored():
        made = steps(
            replayer, (entry for _, entry in log.entries(part.start, part.end)), limits, cpu_s
        )
    return view(Replayed(files, made, replayer.other_roots(), names)), len(made)
