"""Tests of keystrokes in documents with maps.

The fast path takes them, with the results of the slow path.
"""

import itertools
import random
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import pycrdt
import pytest

from crdt.document.traits import inspect
from crdt.log import codec
from crdt.room.room import Room
from crdt.structs import fast_path
from crdt.structs.garbage.deleted_content import collect
from crdt.structs.struct_index import StructIndex
from crdt.wire import y_protocol
from crdt.wire.compact import squash
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from tests.crdt.harness import NOW, join, make_room, save
from tests.crdt.senseless import senseless
from tests.crdt.struct_bytes import admit

_ROOTS = ("codemirror", "f-1", "f-2", "f-3")


class _Client:
    """A Yjs client that types into several texts and changes the table of files."""

    def __init__(self, number: int, source: random.Random) -> None:
        self.user = f"user-{number}"
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=5 + number * 1_000_003)
        self._source = source
        self._made: list[bytes] = []
        self._is_own = False
        self._subscription = self.doc.observe(self._note)
        self._texts = {root: self.doc.get(root, type=pycrdt.Text) for root in _ROOTS}
        self._table = self.doc.get("files", type=pycrdt.Map)
        self._list = self.doc.get("list", type=pycrdt.Array)

    def _note(self, event: pycrdt.TransactionEvent) -> None:
        if self._is_own:
            self._made.append(event.update)

    def act(self) -> Iterator[bytes]:
        """Make a random edit; yield its updates."""
        self._is_own = True
        draw = self._source.random()
        if draw < 0.15:
            self._rename()
        elif draw < 0.2:
            self._list.append(draw)
        else:
            self._type(self._texts[self._source.choice(_ROOTS)])
        self._is_own = False
        made, self._made = self._made, []
        yield from made

    def _rename(self) -> None:
        root = self._source.choice(_ROOTS)
        if root in self._table and self._source.random() < 0.2:
            del self._table[root]
        else:
            self._table[root] = {"name": f"{self._source.random()}.py", "order": 1}

    def _type(self, text: "pycrdt.Text") -> None:
        source, size = self._source, len(str(text))
        at = source.choice((size, source.randint(0, size)))
        end = min(size, at + source.randint(1, 4))
        with self.doc.transaction():
            if at < end and source.random() < 0.4:
                del text[at:end]
            if at == end or source.random() < 0.8:
                text.insert(at, source.choice(("a", "bc", "\n", "word ")))


def _random_edits(seed: int, number: int) -> Iterator[tuple[str, bytes]]:
    """Yield (user, update) of three clients that receive each other's edits late."""
    source = random.Random(seed)
    clients = [_Client(index, source) for index in range(3)]
    unheard: list[tuple[_Client, bytes]] = []
    for _ in range(number):
        client = source.choice(clients)
        for update in client.act():
            yield client.user, update
            unheard += [(other, update) for other in clients if other is not client]
        if source.random() < 0.3:
            for other, update in unheard:
                other.doc.apply_update(update)
            unheard = []


@pytest.mark.parametrize("seed", range(12))
def test_room_is_equal_after_fast_and_slow_path(seed: int) -> None:
    """State, texts, quota, authors and log are equal, while a table of files changes."""
    fast, slow = make_room(), make_room()
    slow.index.is_flat = False
    writers = {
        user: [join(room, user)[0] for room in (fast, slow)]
        for user in ("user-0", "user-1", "user-2")
    }
    taken, saves = 0, random.Random(seed)
    for now, (user, update) in enumerate(_random_edits(seed, 300), NOW):
        frame = y_protocol.sync_update(update)
        is_fast = fast_path.read(frame, fast.index, user) is not None
        taken += is_fast and not fast.index.is_plain
        for room, writer in zip((fast, slow), writers[user], strict=True):
            room.receive(writer, frame, now)
        if saves.random() < 0.05:
            _check_equal(fast, slow)
    _check_equal(fast, slow)
    assert taken > 100
    assert fast.index.is_flat


def _check_equal(fast: Room, slow: Room) -> None:
    # The slow path logs no deletion of content that another client has already deleted.
    slow_log = _log(slow)
    assert [entry for entry in _log(fast) if entry in slow_log or entry.update[0]] == slow_log
    assert squash(fast.document.state()) == squash(slow.document.state())
    assert fast.files() == slow.files()
    assert _room_for_text(fast) == _room_for_text(slow)
    assert set(fast.contributions.since_version) == set(slow.contributions.since_version)
    for name in ("clocks", "owners", "roots", "text_roots", "kinds"):
        assert getattr(fast.index, name) == getattr(slow.index, name)
    for client, after in fast.index.clocks.items():
        authors = [room.contributions.authorship.of(client, 0, after) for room in (fast, slow)]
        assert authors[0] == authors[1]
        for clock in range(after):
            place = pack_id(client, clock)
            assert fast.index.parents.at(place) == slow.index.parents.at(place)


def _log(room: Room) -> list[codec.LogEntry]:
    return [entry for chunk in save(room) for entry in codec.decode_chunk(chunk.data)]


def _room_for_text(room: Room) -> int:
    """Return the bytes of text above which the room counts its text exactly."""
    return bisect_left(range(1 << 31), True, key=room.quota.is_near)


def test_room_takes_keystrokes_fast_after_reload() -> None:
    """The fast path takes keystrokes, even if the stored document lost its deleted content."""
    room = make_room()
    writer, _ = join(room, "user-0")
    client = _Client(0, random.Random(3))
    for update in itertools.chain.from_iterable(client.act() for _ in range(200)):
        room.receive(writer, y_protocol.sync_update(update), NOW)
    state = room.document.state()
    shrunk, parsed = collect(state, parse(state), 0, room.index.parents.is_in_sequence)
    assert len(shrunk) < len(state)
    assert parsed.is_flat
    index = StructIndex()
    index.take_stored(parsed, "user-0")
    assert index.is_flat
    assert set(index.text_roots) == set(room.index.text_roots)


def _taken(*updates: bytes) -> StructIndex:
    index = StructIndex()
    for update in updates:
        parsed = admit(index, update, "ada")
        assert parsed
        index.take_stored(parsed, "ada")
    return index


_TEXT = b"\x01\x01\x05\x00\x04\x01\x01t\x02ab\x00"
_ENTRY = b"\x01\x01\x06\x00\x28\x01\x05files\x03f-1\x01\x7d\x07\x00"
_VALUES = b"\x01\x01\x07\x00\x08\x01\x04list\x02\x7d\x01\x7d\x02\x00"


@pytest.mark.parametrize(
    ("update", "is_fast"),
    [
        (b"\x01\x01\x05\x02\x84\x05\x01\x01x\x00", True),
        (b"\x01\x01\x05\x02\x84\x06\x00\x01x\x00", False),
        (b"\x01\x01\x05\x02\x44\x06\x00\x01x\x00", False),
        (b"\x01\x01\x05\x02\xc4\x05\x01\x06\x00\x01x\x00", False),
        (b"\x01\x01\x05\x02\x84\x07\x00\x01x\x00", False),
        (b"\x00\x01\x05\x01\x00\x02", True),
        (b"\x00\x01\x06\x01\x00\x01", False),
        (b"\x00\x01\x07\x01\x00\x02", False),
        (b"\x01\x01\x05\x02\x84\x05\x01\x01x\x01\x06\x01\x00\x01", False),
    ],
    ids=[
        "typing", "after an entry", "before an entry", "between text and entry", "in an array",
        "deletion in a text", "deletion of an entry", "deletion in an array",
        "typing over an entry",
    ],
)  # fmt: skip
def test_fast_path_takes_only_edits_of_texts(update: bytes, is_fast: bool) -> None:
    index = _taken(_TEXT, _ENTRY, _VALUES)
    assert (fast_path.read(y_protocol.sync_update(update), index, "ada") is not None) is is_fast


def test_fast_path_takes_no_range_across_text_and_entry() -> None:
    """One client typed, named a file, and typed again, so its clocks belong to two places."""
    entry = b"\x01\x01\x05\x02\x28\x01\x05files\x03f-1\x01\x7d\x07\x00"
    more = b"\x01\x01\x05\x03\x84\x05\x01\x02cd\x00"
    index = _taken(_TEXT, entry, more)
    for start, length, is_fast in [(0, 2, True), (1, 2, False), (2, 1, False), (3, 2, True)]:
        update = bytes((0, 1, 5, 1, start, length))
        keystroke = fast_path.read(y_protocol.sync_update(update), index, "ada")
        assert (keystroke is not None) is is_fast


def test_document_with_one_map_entry_takes_no_text_on_the_fast_path() -> None:
    index = _taken(_ENTRY)
    update = b"\x01\x01\x06\x01\x84\x06\x00\x01x\x00"
    assert fast_path.read(y_protocol.sync_update(update), index, "ada") is None


@pytest.mark.parametrize("seed", range(6))
def test_fast_edits_next_to_maps_are_integrated_by_pycrdt(seed: int) -> None:
    """The keystrokes have random origins, and pycrdt integrates many of them together."""
    source = random.Random(seed)
    for _ in range(40):
        author = _Client(0, source)
        updates = [update for _ in range(30) for update in author.act()]
        starts = (bytes((1, 1, client, 0)) + _TEXT[4:] for client in (2, 3))
        room = make_room()
        writer, _ = join(room, "ada")
        for update in (*updates, *starts):
            room.receive(writer, y_protocol.sync_update(update), NOW)
        for _ in range(source.randint(1, 40)):
            frame = y_protocol.sync_update(senseless(source, room.index))
            if fast_path.read(frame, room.index, "ada"):
                room.receive(writer, frame, NOW)
            if source.random() < 0.2:
                room.files()
        assert room.document.is_proven
        state = room.document.state()
        assert inspect(state, parse(state).contents.kinds, None, cpu_s=float).is_readable
