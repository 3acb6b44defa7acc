"""Takes a text out of what is stored of a document: a pasted secret.

The structs stay, with the same ids and lengths, so that everything that refers to them still does; each
UTF-16 code unit of theirs becomes `BLOCK`. Which structs these are is found by replaying the log: those that showed
the text at any moment of a span, wherever their characters came from.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from crdt.errors import Gap, ProtocolError, RoomDamaged
from crdt.history.replay import Replayer, Step
from crdt.log import restore, segments
from crdt.log.codec import LogEntry, decode_chunk, decode_summary
from crdt.reading.item_order import ItemOrder
from crdt.reading.items import as_text, from_utf_16, units
from crdt.wire.compact import squash
from storage.errors import LimitReached
from storage.records import Chunk

BLOCK = "\u2588"
MAX_SPAN = 20_000
"""Updates that are replayed for one call: some seconds of a thread."""
MAX_MOMENTS = 200
"""How often the text may appear; each costs up to a tenth of a second."""

RedactedIds = dict[int, list[int]]
"""{client id: clocks, in order}"""


MAX_WORK = 20_000_000
"""Steps of the regular expression, which holds everybody up: some tenths of a second in all."""

_BLOCKS = re.compile(f"{BLOCK}+")


class _Search:
    """What is looked for, and what was found.

    redacted_ids  {client id: clocks}
    moments  how often the text appeared
    """

    def __init__(self, text: str) -> None:
        self.text_units = units(text)
        self.length = len(self.text_units)
        self.redacted_ids: dict[int, set[int]] = {}
        self.moments = 0
        self._work = MAX_WORK
        parts = "".join(f"[{re.escape(unit)}{BLOCK}]" for unit in self.text_units)
        self._partly = re.compile(f"(?!{BLOCK}{{{self.length}}}){parts}")

    def places(self, text: str) -> Iterator[int]:
        """Yield where the text is, also where some but not all of it was taken out already."""
        at = text.find(self.text_units)
        while at >= 0:
            yield at
            at = text.find(self.text_units, at + self.length)
        for start, end in self._around_blocks(text):
            self._work -= (end - start) * self.length
            if self._work < 0:
                raise LimitReached("too much was taken out already around there: take a shorter span")
            yield from (match.start() for match in self._partly.finditer(text, start, end))

    def _around_blocks(self, text: str) -> Iterator[tuple[int, int]]:
        start = end = -1
        for match in _BLOCKS.finditer(text):
            if start >= 0 and match.start() - self.length < end:
                end = match.end() + self.length
                continue
            if start >= 0:
                yield start, end
            start, end = max(0, match.start() - self.length), match.end() + self.length
        if start >= 0:
            yield start, end

    def is_in(self, text: str) -> bool:
        return next(self.places(text), None) is not None


def find(chunks: Sequence[Chunk], first: int, last: int, text: str, main_root: str) -> RedactedIds:
    """Return the structs that showed `text` after any of the entries `first` to `last`.

    chunks  the whole log up to `last`, at least

    A unit that was taken out already counts as any: what was cut short can be done again.
    Raises LimitReached if the text appears too often, RoomDamaged.
    """
    search = _Search(text)
    try:
        restored = restore.restore(None, chunks, until=first - 1, reads_summaries=True)
        replayer = Replayer(restored, main_root)
        for sequence, entry in _entries(chunks, first, last):
            step = replayer.step(entry)
            if sequence == first or _may_have_appeared(step, replayer.files(), search):
                _note(replayer, search)
    except (ProtocolError, Gap) as error:
        raise RoomDamaged("a stored update does not pass the scan") from error
    return {client: sorted(clocks) for client, clocks in search.redacted_ids.items()}


def _entries(chunks: Iterable[Chunk], first: int, last: int) -> Iterator[tuple[int, LogEntry]]:
    for chunk in chunks:
        if chunk.last >= first and chunk.first <= last:
            for sequence, entry in enumerate(decode_chunk(chunk.data), chunk.first):
                if first <= sequence <= last:
                    yield sequence, entry


def _may_have_appeared(step: Step, files: Mapping[str, str], search: _Search) -> bool:
    """Whether the text is where the step changed something; after several changes at once, anywhere."""
    for root, position, _, inserted in step.edits:
        start, end = 0, None
        if len(step.edits) == 1:
            start = max(0, position - search.length + 1)
            end = position + len(units(inserted)) + search.length - 1
        if search.is_in(_part(files.get(root, ""), start, end)):
            return True
    return False


def _part(text: str, start: int, end: int | None) -> str:
    """Return a part of a text by units, without making units of all of it."""
    if text.isascii():
        return text[start:end]
    raw = text.encode("utf-16-le")[2 * start : None if end is None else 2 * end]
    return from_utf_16(raw)


def _note(replayer: Replayer, search: _Search) -> None:
    texts = {root: units(text) for root, text in replayer.files().items()}
    shown = [root for root, text in texts.items() if search.is_in(text)]
    if not shown:
        return
    search.moments += 1
    if search.moments > MAX_MOMENTS:
        raise LimitReached(f"the text appears at more than {MAX_MOMENTS} moments: take a shorter span or a longer text")
    items = ItemOrder(replayer.state())
    for root in shown:
        runs = list(items.visible(root))
        ends = list(accumulate(item.length for item in runs))
        for start in search.places("".join(item.text or "" for item in runs)):
            at = start
            number = bisect_right(ends, start)
            while at < start + search.length:
                item = runs[number]
                clock = item.clock + at - (ends[number] - item.length)
                count = min(start + search.length, ends[number]) - at
                search.redacted_ids.setdefault(item.client, set()).update(range(clock, clock + count))
                at, number = at + count, number + 1


def without(state: bytes, redacted_ids: RedactedIds, roots: Iterable[str]) -> dict[str, list[tuple[str, bool]]]:
    """Return {root: its visible text in parts, each with whether it is taken}, of roots where any is."""
    items = ItemOrder(state)
    parts_by_root = {}
    for root in roots:
        parts: list[tuple[str, bool]] = []
        for item in items.visible(root):
            clocks = redacted_ids.get(item.client, [])
            at = item.clock
            end = item.clock + item.length
            for clock in clocks[bisect_left(clocks, at) : bisect_left(clocks, end)]:
                parts.append(((item.text or "")[at - item.clock : clock - item.clock], False))
                parts.append(((item.text or "")[clock - item.clock], True))
                at = clock + 1
            parts.append(((item.text or "")[at - item.clock :], False))
        if any(is_redacted for _, is_redacted in parts):
            parts_by_root[root] = _joined(parts)
    return parts_by_root


def _joined(parts: Iterable[tuple[str, bool]]) -> list[tuple[str, bool]]:
    joined: list[tuple[str, bool]] = []
    for text, is_redacted in parts:
        if joined and joined[-1][1] == is_redacted:
            joined[-1] = (joined[-1][0] + text, is_redacted)
        elif text:
            joined.append((text, is_redacted))
    return joined


def blanked(parts: Iterable[tuple[str, bool]]) -> str:
    """Return the text with blocks for what is taken."""
    return as_text("".join(BLOCK * len(text) if is_redacted else text for text, is_redacted in parts))


def redact_chunk(chunk: Chunk, redacted_ids: RedactedIds) -> tuple[Chunk, int] | None:
    """Return (the chunk without the text, how many of its entries had some); None if none had."""
    whole = decode_summary(chunk.data)
    if whole is not None and redact(whole, redacted_ids) is None:
        return None
    count = 0
    entries = []
    for entry in decode_chunk(chunk.data):
        update = redact(entry.update, redacted_ids)
        if update is None:
            entries.append(entry)
        else:
            count += 1
            entries.append(entry._replace(update=update, redacted=True))
    return (segments.repack(chunk.session_id, chunk.first, entries, chunk.created_at), count) if count else None


def redact(update: bytes, redacted_ids: RedactedIds) -> bytes | None:
    """Return an equal update without the text, None if it has none of it."""
    has_changed = False

    def rewrite(client: int, clock: int, text: str) -> str:
        nonlocal has_changed
        blocked = _with_blocks(text, clock, redacted_ids.get(client, ()))
        has_changed = has_changed or blocked != text
        return blocked

    changed = squash(update, rewrite=rewrite)
    return changed if has_changed else None


def _with_blocks(text: str, clock: int, clocks: Sequence[int]) -> str:
    """Return the text of a struct that begins at `clock` with a block for each of these clocks in it."""
    first = bisect_left(clocks, clock)
    if first == len(clocks):
        return text
    characters = list(units(text))
    end = bisect_left(clocks, clock + len(characters))
    for redacted in clocks[first:end]:
        characters[redacted - clock] = BLOCK
    return as_text("".join(characters)) if first < end else text
