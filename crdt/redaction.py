"""Takes a text out of what is stored of a document: a pasted secret.

The structs stay, with the same ids and lengths, so that everything that refers to them still does; each
UTF-16 code unit of theirs becomes `BLOCK`. Which structs these are is found by replaying the log: those that showed
the text at any moment of a span, wherever their characters came from.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crdt import packing, stored
from crdt.errors import Gap, ProtocolError, RoomDamaged
from crdt.items import Items, as_text, units
from crdt.log import Entry, decode_chunk, decode_summary
from crdt.replaying import Replayer, Step
from crdt.squash import Squasher
from storage.errors import LimitReached
from storage.records import Chunk

BLOCK = "\u2588"
MAX_SPAN = 20_000
"""Updates that are replayed for one call: some seconds of a thread."""
MAX_MOMENTS = 200
"""How often the text may appear; each costs up to a tenth of a second."""

Taken = dict[int, list[int]]
"""{client id: clocks, in order}"""


@dataclass(slots=True)
class _Found:
    pattern: "re.Pattern[str]"
    length: int
    clocks: dict[int, set[int]] = field(default_factory=dict)
    moments: int = 0


def find(chunks: Sequence[Chunk], first: int, last: int, text: str, main_root: str) -> Taken:
    """Return the structs that showed `text` after any of the entries `first` to `last`.

    chunks  the whole log up to `last`, at least

    A unit that was taken out already counts as any: what was cut short can be done again.
    Raises LimitReached if the text appears too often, RoomDamaged.
    """
    wanted = units(text)
    pattern = re.compile("(?=(" + "".join(f"[{re.escape(unit)}{BLOCK}]" for unit in wanted) + "))")
    found = _Found(pattern, len(wanted))
    try:
        restored = stored.restore(None, chunks, until=first - 1, reads_summaries=True)
        replayer = Replayer(restored, main_root)
        for sequence, entry in _entries(chunks, first, last):
            step = replayer.step(entry)
            if sequence == first or _may_have_appeared(step, replayer.files(), found):
                _note(replayer, found)
    except (ProtocolError, Gap) as error:
        raise RoomDamaged("a stored update does not pass the scan") from error
    return {client: sorted(clocks) for client, clocks in found.clocks.items()}


def _entries(chunks: Iterable[Chunk], first: int, last: int) -> Iterator[tuple[int, Entry]]:
    for chunk in chunks:
        if chunk.last >= first and chunk.first <= last:
            for sequence, entry in enumerate(decode_chunk(chunk.data), chunk.first):
                if first <= sequence <= last:
                    yield sequence, entry


def _may_have_appeared(step: Step, files: Mapping[str, str], found: _Found) -> bool:
    """Whether the text is where the step changed something; after several changes at once, anywhere."""
    for root, position, _, inserted in step.edits:
        text = units(files.get(root, ""))
        if len(step.edits) == 1:
            end = position + len(units(inserted)) + found.length - 1
            text = text[max(0, position - found.length + 1) : end]
        if any(True for _ in _places(text, found)):
            return True
    return False


def _places(text: str, found: _Found) -> Iterator[int]:
    """Yield where the text is, unless nothing of it is left."""
    blank = BLOCK * found.length
    return (match.start() for match in found.pattern.finditer(text) if match[1] != blank)


def _note(replayer: Replayer, found: _Found) -> None:
    files = replayer.files()
    if not any(any(True for _ in _places(units(text), found)) for text in files.values()):
        return
    found.moments += 1
    if found.moments > MAX_MOMENTS:
        raise LimitReached(f"the text appears at more than {MAX_MOMENTS} moments: take a shorter span or a longer text")
    items = Items(replayer.state())
    for root in files:
        ids = [(item.client, item.clock + unit) for item in items.visible(root) for unit in range(len(item.text or ""))]
        text = "".join(item.text or "" for item in items.visible(root))
        for start in _places(text, found):
            for client, clock in ids[start : start + found.length]:
                found.clocks.setdefault(client, set()).add(clock)


def without(state: bytes, taken: Taken, roots: Iterable[str]) -> dict[str, list[tuple[str, bool]]]:
    """Return {root: its visible text in parts, each with whether it is taken}, of roots where any is."""
    items = Items(state)
    found = {}
    for root in roots:
        parts: list[tuple[str, bool]] = []
        for item in items.visible(root):
            clocks = taken.get(item.client, [])
            at = item.clock
            end = item.clock + item.length
            for clock in clocks[bisect_left(clocks, at) : bisect_left(clocks, end)]:
                parts.append(((item.text or "")[at - item.clock : clock - item.clock], False))
                parts.append(((item.text or "")[clock - item.clock], True))
                at = clock + 1
            parts.append(((item.text or "")[at - item.clock :], False))
        if any(is_taken for _, is_taken in parts):
            found[root] = _joined(parts)
    return found


def _joined(parts: Iterable[tuple[str, bool]]) -> list[tuple[str, bool]]:
    joined: list[tuple[str, bool]] = []
    for text, is_taken in parts:
        if joined and joined[-1][1] == is_taken:
            joined[-1] = (joined[-1][0] + text, is_taken)
        elif text:
            joined.append((text, is_taken))
    return joined


def blanked(parts: Iterable[tuple[str, bool]]) -> str:
    """Return the text with blocks for what is taken."""
    return as_text("".join(BLOCK * len(text) if is_taken else text for text, is_taken in parts))


def redact_chunk(chunk: Chunk, taken: Taken) -> tuple[Chunk, int] | None:
    """Return (the chunk without the text, how many of its entries had some); None if none had."""
    whole = decode_summary(chunk.data)
    if whole is not None and redact(whole, taken) is None:
        return None
    count = 0
    entries = []
    for entry in decode_chunk(chunk.data):
        update = redact(entry.update, taken)
        if update is not None:
            count += 1
            entry = entry._replace(update=update, redacted=True)
        entries.append(entry)
    return (packing.repack(chunk.session_id, chunk.first, entries, chunk.created_at), count) if count else None


def redact(update: bytes, taken: Taken) -> bytes | None:
    """Return an equal update without the text, None if it has none of it."""
    redactor = _Redactor(update, taken)
    changed = redactor.run()
    return changed if redactor.has_changed else None


class _Redactor(Squasher):
    """Squashes, with blocks for the text."""

    __slots__ = ("_taken", "has_changed")

    def __init__(self, update: bytes, taken: Taken) -> None:
        super().__init__(update, frozenset())
        self._taken = taken
        self.has_changed = False

    def _string(self, at: int, client: int, clock: int) -> tuple[int, bytes, int]:
        length, raw, at = super()._string(at, client, clock)
        clocks = self._taken.get(client)
        if not clocks:
            return length, raw, at
        wanted = clocks[bisect_left(clocks, clock) : bisect_left(clocks, clock + length)]
        if not wanted:
            return length, raw, at
        text = list(units(raw.decode()))
        for one in wanted:
            self.has_changed = self.has_changed or text[one - clock] != BLOCK
            text[one - clock] = BLOCK
        return length, as_text("".join(text)).encode(), at
