"""Makes inputs: real frames with changed bytes or structure, and new updates that fit a room."""

from random import Random

from crdt.document.merging import EMPTY
from crdt.errors import ProtocolError
from crdt.room.room import Room
from crdt.structs.struct_index import StructIndex
from crdt.wire import y_protocol
from crdt.wire.compact import squash
from crdt.wire.lib0 import write_var_bytes, write_var_uint
from harness import hostile
from tests.fuzz import contents, raw, replica, sequences
from tests.fuzz.changes import change
from tests.fuzz.positions import Positions
from tests.fuzz.structure import Section, Update, parse

_SMALL_BYTES = 1_000
_WILD = {
    "typed": 16, "built": 24, "fitted": 18, "structure": 14, "spliced": 5, "bytes": 11,
    "attack": 0.6,
    "large": 0.3, "vector": 5, "awareness": 6,
}  # fmt: skip
TAME = {"honest": 40, "structure": 16, "bytes": 25, "attack": 1, "vector": 9, "awareness": 9}
_LARGE = (
    (hostile.same_key, (300, 1_999, 2_001)),
    (hostile.conflicting_inserts, (100, 499, 520)),
    (hostile.many_roots, (50, 250, 257)),
    (hostile.nested_types, (20, 32, 4_001)),
    (hostile.wide_map, (20, 1_200, 1 << 30)),
)
_STATES = (
    "{}",
    "null",
    '{"a":' * 9 + "1" + "}" * 9,
    "[]",
    '{"user":7}',
    "{",
    '{"x":NaN}',
    '"\\ud800"',
    "[" * 500,
)


def update_in(frame: bytes) -> bytes | None:
    """Return the update in a frame, if there is one."""
    try:
        match y_protocol.decode(frame):
            case y_protocol.SyncUpdate(update) | y_protocol.SyncStep2(update):
                return update
    except ProtocolError:
        pass
    return None


class Mutator:
    """Makes frames. The same random source and the same rooms give the same frames."""

    def __init__(self) -> None:
        sets = (sequences.recorded(), sequences.found(), sequences.hostile())
        everything = list(
            dict.fromkeys(
                sent.frame for by_name in sets for group in by_name.values() for sent in group
            )
        )
        self._attacks = [sent.frame for group in sequences.hostile().values() for sent in group]
        self._frames = [frame for frame in everything if len(frame) < _SMALL_BYTES]
        self._updates = [
            update for frame in self._frames if (update := update_in(frame)) is not None
        ]
        self._parsable = [update for update in self._updates if parse(update)]
        self._presence = [frame for frame in self._frames if frame[:1] in (b"\x01", b"\x03")]
        self._vectors = [frame for frame in self._frames if frame[:2] == b"\x00\x00"]

    def frame(self, source: Random, room: Room, user: str, *, is_tame: bool) -> tuple[str, bytes]:
        """Return (kind, frame) for a user of a room.

        A tame room gets only updates that some client could make, and updates that do not fit the
        room.
        """
        index = room.index
        weights = TAME if is_tame else _WILD
        kind = source.choices(tuple(weights), tuple(weights.values()))[0]
        if kind == "honest":
            return kind, y_protocol.sync_update(self._honest(source, room, user) or EMPTY)
        if kind == "vector":
            return kind, self._vector(source, index)
        if kind == "awareness":
            return kind, self._awareness(source, index)
        if kind in ("bytes", "attack") and source.random() < 0.5:
            frame = source.choice(self._frames if kind == "bytes" else self._attacks)
            return kind, raw.mutated(source, frame) if kind == "bytes" else frame
        update = self._update(kind, source, Positions(source, index, user))
        return kind, (y_protocol.sync_step2 if source.random() < 0.15 else y_protocol.sync_update)(
            update
        )

    def _honest(self, source: Random, room: Room, user: str) -> bytes | None:
        """Return one edit of a client that has the room's whole document."""
        own = Positions(source, room.index, user).own
        client = source.choice(own) if own and source.random() < 0.9 else source.getrandbits(32)
        return replica.edit(
            source, squash(room.document.state(), room.index.split_surrogates), client
        )

    def _update(self, kind: str, source: Random, positions: Positions) -> bytes:
        match kind:
            case "typed":
                return _typed(source, positions)
            case "built":
                return _built(source, positions)
            case "bytes" | "attack":
                return raw.mutated(source, source.choice(self._updates))
            case "large":
                make, counts = source.choice(_LARGE)
                return make(source.choice(counts))
        update = self._parsed(source)
        if kind == "spliced":
            other = self._parsed(source)
            update = Update(update.sections + other.sections, update.deleted + other.deleted)
        if kind == "fitted" or (kind == "spliced" and source.random() < 0.5):
            positions.fit(update)
        if kind != "structure" and source.random() < 0.8:
            update.sections = list(
                {section.client: section for section in update.sections}.values()
            )
        for _ in range(
            source.choice((1, 1, 2, 3)) if kind == "structure" else source.choice((0, 0, 1))
        ):
            change(source, update)
        return update.encode()

    def _parsed(self, source: Random) -> Update:
        """Return one of the known updates, parsed, so that it can be changed."""
        return parse(source.choice(self._parsable)) or Update()

    def _vector(self, source: Random, index: StructIndex) -> bytes:
        """Return the room's state vector or a known one, mostly with a change."""
        frame = source.choice((*self._vectors, y_protocol.sync_step1(index.clocks)))
        match source.randrange(4):
            case 0:
                return frame
            case 1:
                vector = {
                    client: max(0, clock + source.choice((-1, 0, 3)))
                    for client, clock in index.clocks.items()
                }
                return y_protocol.sync_step1(
                    {**vector, source.choice(raw.ODD_NUMBERS): source.choice(raw.ODD_NUMBERS)}
                )
            case 2:
                return raw.mutated(source, frame)
        return b"\x00\x00" + write_var_bytes(raw.mutated(source, frame[3:]))

    def _awareness(self, source: Random, index: StructIndex) -> bytes:
        """Return a frame of presence, recorded, changed or made up."""
        frame = source.choice(self._presence)
        match source.randrange(4):
            case 0:
                return frame
            case 1:
                return raw.mutated(source, frame)
            case 2:
                return b"\x01" + write_var_bytes(raw.mutated(source, frame[2:]))
        clients = (*index.clocks, *raw.ODD_NUMBERS)
        count = source.choice((1, 1, 2, 6))
        parts = [write_var_uint(count)]
        for _ in range(count):
            parts += (
                write_var_uint(source.choice(clients)),
                write_var_uint(source.choice(raw.ODD_NUMBERS)),
            )
            parts.append(write_var_bytes(source.choice(_STATES).encode()))
        return b"\x01" + write_var_bytes(b"".join(parts))


def _typed(source: Random, positions: Positions) -> bytes:
    """Return an update with a keystroke somewhere, a deleted range, or both."""
    update = Update()
    if positions.own and source.random() < 0.75:
        client = source.choice(positions.own)
        struct = contents.typed(source)
        struct.left = positions.somewhere() if source.random() < 0.8 else None
        struct.right = positions.somewhere() if source.random() < 0.5 or not struct.left else None
        update.sections.append(Section(client, positions.next_clock(client), [struct]))
    if not update.sections or source.random() < 0.2:
        update.deleted = positions.ranges(1)
    return update.encode()


def _built(source: Random, positions: Positions) -> bytes:
    """Return an update with structs of any kind at positions that exist."""
    update = Update()
    for client in sorted(
        {source.choice(positions.usable) for _ in range(source.choice((1, 1, 1, 2, 3)))}
    ):
        clock = positions.next_clock(client)
        section = Section(
            client, clock, contents.chain(source, client, clock) if source.random() < 0.03 else []
        )
        for _ in range(source.choice((1, 1, 2, 4)) if not section.structs else 0):
            section.structs.append(positions.put(contents.content(source), client, clock))
            clock += section.structs[-1].length
        update.sections.append(section)
    if source.random() < 0.25:
        update.deleted = positions.ranges(source.choice((1, 1, 2)))
    return update.encode()
