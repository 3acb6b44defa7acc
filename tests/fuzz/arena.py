"""A real room whose members send frames. It reacts to refused frames as a server does."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from crdt.document.document import Document
from crdt.errors import CrdtError, NeedsSteps, Rejected, RoomDamaged, TextUnavailable
from crdt.lifecycle.stepwise.room_steps import prepare
from crdt.log import authorship, checkpoints, codec, restore
from crdt.reading.documents import documents_of
from crdt.reading.item_order import ItemOrder
from crdt.reading.roots import others_of, root_names
from crdt.room.closing import reason_for
from crdt.room.connection import Connection
from crdt.room.incoming import Incoming, Prepared, UpdateKind
from crdt.room.room import Room
from crdt.steps import Steps
from crdt.wire import y_protocol
from crdt.wire.compact import squash
from crdt.wire.parsed_update import Parsed
from crdt.wire.update_parser import parse, read
from handlers.sync import websocket
from storage.records import Chunk, Role
from tests.crdt.harness import NOW, Inbox, join, make_room, save
from tests.fuzz.sequences import Sent

_ROLES = {"ada": Role.EDITOR, "bob": Role.EDITOR, "eve": Role.VIEWER}
WRITERS = ("ada", "bob")

TAKEN, SAME, ASKED, CLOSED, DAMAGED = "taken", "same", "asked", "closed", "damaged"
"""Outcomes of a frame:

TAKEN    the document changed
SAME     the document did not change
ASKED    the server needs the sender's whole state, or has closed the connection
CLOSED   the frame was refused and the connection closed
DAMAGED  the room is damaged, or its texts cannot be read
"""

_LOOK_EVERY = 16
_LARGE_BYTES = websocket._LONG_BYTES  # the server's own bound, so both use the same code path
"""The room takes frames longer than this in steps, as it does for a socket."""

_MS_APART = 40


class Finding(Exception):
    """An event that must never happen."""


@dataclass(slots=True)
class Dossier:
    """A finished room, for real Yjs to check.

    is_sensible  as in `Arena`
    """

    updates: list[bytes]
    states: list[bytes]
    texts: dict[str, str]
    clocks: dict[int, int]
    is_sensible: bool
    notes: list[str] = field(default_factory=list)


class Arena:
    """One room. An error that is not a CrdtError propagates to the caller.

    is_sensible  the room took only edits that some client could have made. After other edits,
                 users may see different texts, because then even Yjs depends on the order of
                 arrival
    is_tame      the room ends with the first update that no client could have made; Yjs must accept
                 this update, too
    clock        returns seconds, to measure the steps of a large frame
    gave_way_s   seconds that the last large frame took in steps, without its longest step
    """

    def __init__(self) -> None:
        self.room: Room = make_room(cpu_s=time.thread_time)
        self.is_sensible = True
        self.is_tame = False
        self.clock = time.perf_counter
        self.gave_way_s = 0.0
        self.history: list[Sent] = []
        self.taken = 0
        self._chunks: list[Chunk] = []
        self._people: dict[str, Connection] = {}
        self._now = NOW
        for user in _ROLES:
            self._join(user)

    def _join(self, user: str) -> Connection:
        self._people[user], _ = join(self.room, user, _ROLES[user])
        return self._people[user]

    def scanned(self, frame: bytes) -> Parsed | None:
        """Parse a large frame, as `Rooms` does outside the room. Raises: `CrdtError`."""
        return self._scan(frame) if len(frame) > _LARGE_BYTES else None

    def _scan(self, frame: bytes) -> Parsed | None:
        match y_protocol.decode(frame):
            case y_protocol.SyncUpdate(update):
                return read(update)
            case y_protocol.SyncStep2(update):
                return read(update)
        return None

    def send(self, user: str, frame: bytes, parsed: Parsed | None = None) -> str:
        """Pass a frame to the room as its user's connection would, and return its outcome."""
        self.gave_way_s = 0.0
        self.history.append(Sent(user, frame))
        self._now += _MS_APART
        connection = self._people[user]
        if connection not in self.room.members.connections:
            connection = self._join(user)
        before = self.room.journal.sequence
        connection.receipts.is_behind = False
        assert isinstance(connection.outbox, Inbox)
        connection.outbox.take()
        try:
            self._receive(user, connection, frame, parsed)
            if len(self.history) % _LOOK_EVERY == 0:
                self.look()
        except (RoomDamaged, TextUnavailable):
            self._check_kept()
            return DAMAGED
        except CrdtError as error:
            self.room.members.close([connection], reason_for(error), str(error))
            return CLOSED
        if self.room.journal.sequence > before:
            if user not in WRITERS:
                raise Finding("a viewer changed the document")
            self.taken += 1
            return TAKEN
        if connection.receipts.is_behind or connection not in self.room.members.connections:
            return ASKED
        self._check_nothing_lost(user, frame)
        return SAME

    def _receive(
        self, user: str, connection: Connection, frame: bytes, parsed: Parsed | None
    ) -> None:
        """Pass a frame to the room. A large frame is prepared in steps, as in `LargeUpdates`."""
        prepared = None
        try:
            if parsed is not None and user in WRITERS:
                is_live = isinstance(y_protocol.decode(frame), y_protocol.SyncUpdate)
                kind = UpdateKind.LIVE if is_live else UpdateKind.ANSWER
                incoming = Incoming(parsed.update, user, 0, kind, connection)
                prepared = self._in_steps(prepare(self.room, incoming, parsed))
            self.room.receive(connection, frame, self._now, prepared)
        except NeedsSteps:
            self._receive(user, connection, frame, self._scan(frame))
        finally:
            self.room.document.forget_prepared()

    def _in_steps(self, steps: Steps[Prepared]) -> Prepared:
        """Run all steps, and measure how long they took without the longest step.

        The server handles other clients between two steps, so a client waits at most for one step.
        """
        answer, took = None, list[float]()
        while True:
            begun = self.clock()
            try:
                call = steps.send(answer)
                answer = call() if call else None
            except StopIteration as stop:
                took.append(self.clock() - begun)
                self.gave_way_s = sum(took) - max(took)
                prepared: Prepared = stop.value
                return prepared
            took.append(self.clock() - begun)

    def _check_nothing_lost(self, user: str, frame: bytes) -> None:
        """Check that the room ignored no new structs.

        A client that sends new structs and gets no answer assumes that the server has them.
        """
        if user not in WRITERS:
            return
        match y_protocol.decode(frame):
            case y_protocol.SyncUpdate(update) | y_protocol.SyncStep2(update):
                spans = parse(update).spans
                if any(
                    after > self.room.index.clocks.get(client, 0)
                    for client, (_, after) in spans.items()
                ):
                    raise Finding("new structs were neither taken nor refused")

    def look(self) -> None:
        """Read all texts, save the room, answer a joining client, and send presence."""
        room = self.room
        room.files()
        self._chunks += save(room, self._now)
        try:
            room.document.diff(y_protocol.sync_step1({next(iter(room.index.clocks), 1): 1})[3:])
        except Rejected as error:
            raise Finding(f"nobody can join any more: {error}") from error
        room.members.presence.tick(self._now)

    def _check_kept(self) -> Document:
        """Check that the saved chunks can be loaded again, and return the loaded document."""
        try:
            restored = restore.restore(None, self._chunks)
        except CrdtError as error:
            raise Finding(f"what was saved cannot be loaded: {error}") from error
        if self.room.document.has_texts and not restored.traits.is_readable:
            raise Finding("what was saved cannot be read any more")
        return Document(restored.state, restored.index.split_surrogates, restored.traits)

    def finish(self) -> Dossier | None:
        """Check the room a last time. Return None if it proves to be damaged.

        Even then its saved chunks must load.
        """
        room = self.room
        try:
            self.look()
            texts = room.files()
        except (RoomDamaged, TextUnavailable):
            self._check_kept()
            return None
        loaded = self._check_kept().texts(texts)
        if loaded != texts and self.is_sensible:
            raise Finding(f"loaded again the text is another: {loaded!r:.300} for {texts!r:.300}")
        state = room.document.state()
        self._read_items(state)
        notes = [*self._checkpoint(state), *(["rooms loaded otherwise"] if loaded != texts else [])]
        updates = [
            entry.update for chunk in self._chunks for entry in codec.decode_chunk(chunk.data)
        ]
        return Dossier(
            updates, [state, squash(state)], texts, room.index.clocks, self.is_sensible, notes
        )

    def _read_items(self, state: bytes) -> None:
        """Check that every text, value and XML tree in the document can be read."""
        try:
            order = ItemOrder(state)
            documents_of(order)
            others_of(order)
            for root in root_names(order):
                order.text(root)
        except Exception as error:
            raise Finding(f"what the document holds cannot be read: {error!r}") from error

    def _checkpoint(self, state: bytes) -> Iterator[str]:
        """Make a checkpoint.

        If that is impossible, count this case, because the log just continues.
        """
        index = self.room.index
        owners = authorship.encode(index.owners, self.room.contributions.authorship)
        document = checkpoints.DocumentState(
            self.room.journal.sequence, state, index.clocks, owners
        )
        try:
            checkpoints.make_checkpoint("session", document, self._now, kept_bytes=0)
        except CrdtError:
            yield "rooms without a checkpoint"


def play(sequence: list[Sent]) -> Arena:
    """Return a room that has received the frames of a sequence."""
    arena = Arena()
    for user, frame in sequence:
        try:
            parsed = arena.scanned(frame)
        except CrdtError:
            continue
        if arena.send(user, frame, parsed) == DAMAGED:
            break
    return arena
