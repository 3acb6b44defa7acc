"""What each update changed in the texts, for players that show a session again."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from crdt.document import merging
from crdt.document.document import Document
from crdt.log.codec import LogEntry
from crdt.log.restore import RestoredDocument
from crdt.text.byte_edits import edits_between
from crdt.text.text_map import Edit
from crdt.wire.content import STORED_LIMITS
from crdt.wire.update_parser import parse

MAX_STEPS = 2_000
MAX_INSERTED = 4 << 20


@dataclass(slots=True)
class Step:
    """One update.

    at     milliseconds since 1970, never before that of the step before
    edits  (root, position, deleted, inserted), to be made one after the other; positions and
           lengths are UTF-16 code units
    """

    at: int
    author: str
    edits: list[tuple[str, int, int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A part of a log, as a player shows it.

    files   {root: text} before the first step
    next    where to go on, None at the end
    others  names of the roots that are no texts, so the steps do not show them
    """

    files: dict[str, str]
    steps: list[Step]
    next: int | None
    others: list[str]


class Replayer:
    """A document that goes through its log, entry by entry.

    sequence  log position at which it stands
    """

    __slots__ = ("_document", "_index", "_latest", "_main_root", "_texts", "sequence")

    def __init__(self, restored: RestoredDocument, main_root: str, latest: int = 0) -> None:
        """latest: the latest time in the log up to here, in ms."""
        self._latest = latest
        self.sequence = restored.sequence
        self._index = restored.index
        self._main_root = main_root
        self._document = Document(restored.state or merging.EMPTY, self._index.split_surrogates, restored.traits)
        self._texts = self._read()

    def files(self) -> dict[str, str]:
        """Return {root: text} of all text roots and the main one."""
        return {root: text.decode() for root, text in self._texts.items()}

    def other_roots(self) -> frozenset[str]:
        """Return the names of the roots that are no texts."""
        return self._index.roots.difference(self._index.text_roots)

    def state(self) -> bytes:
        """Return all updates so far merged into one."""
        return self._document.state()

    def step(self, entry: LogEntry) -> Step:
        """Go on by the next entry; raises Rejected or Gap for one that was never good."""
        parsed = parse(entry.update, STORED_LIMITS)
        self._index.take_stored(parsed, entry.author, self._document.apply, is_unclaimed=entry.has_foreign_structs)
        before, self._texts = self._texts, self._read()
        self.sequence += 1
        self._latest = max(self._latest, entry.at)
        made = Step(self._latest, entry.author)
        for root, text in self._texts.items():
            old = before.get(root, b"")
            if old != text:
                made.edits += [_in_units(root, old, edit) for edit in reversed(edits_between(old, text))]
        return made

    def _read(self) -> dict[str, bytes]:
        roots = dict.fromkeys((self._main_root, *self._index.text_roots))
        return {root: text.encode() for root, text in self._document.texts(roots).items()}


def steps(replayer: Replayer, entries: Sequence[LogEntry]) -> list[Step]:
    """Go through entries until there are enough for one answer."""
    made: list[Step] = []
    inserted = 0
    for entry in entries[:MAX_STEPS]:
        if inserted > MAX_INSERTED:
            break
        made.append(replayer.step(entry))
        inserted += sum(len(text) for _, _, _, text in made[-1].edits)
    return made


def _in_units(root: str, old: bytes, edit: Edit) -> tuple[str, int, int, str]:
    start, end = edit.position, edit.position + edit.deleted
    return root, _units(old[:start]), _units(old[start:end]), edit.inserted.decode()


def _units(text: bytes) -> int:
    return len(text.decode().encode("utf-16-le")) // 2
