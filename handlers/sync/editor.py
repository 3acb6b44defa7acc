"""The connection of one Yjs editor: passes its messages to its room."""

import asyncio
import logging
from collections.abc import Callable

from crdt.errors import CrdtError, LimitExceeded, NeedsSteps, ProtocolError
from crdt.lifecycle.rooms import Rooms
from crdt.room.closing import CloseReason, reason_for
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.wire.y_protocol import SyncStep1, decode, decode_state_vector
from handlers.close_codes import Close, close_for
from handlers.connections import Connections
from handlers.http import notifications
from handlers.sync.send_queue import SendQueue
from handlers.sync.websocket import WebSocket

_SYNC = b"\x00"
_SYNC_STEP1 = b"\x00\x00"
_UPDATE = b"\x00\x02"
_OTHER_COST = 0.25
_BYTES_PER_UPDATE = 64 << 10
_BYTES_PER_REPEATED = 2 << 10
_TOLD_AGAIN_MS = 10_000
"""Milliseconds after which a client gets the next note about the server's delay with its edits."""

_log = logging.getLogger(__name__)


class EditorOutbox(SendQueue):
    """The room's `Outbox` for an editor. It is also the socket's queue.

    A room sends to each editor in each turn, so one more object in between would cost time.
    """

    __slots__ = ("_editor",)

    def __init__(
        self, loop: asyncio.AbstractEventLoop, max_bytes: int, editor: "EditorConnection"
    ) -> None:
        super().__init__(loop, max_bytes)
        self._editor: EditorConnection | None = editor

    def close(self, reason: CloseReason, message: str = "") -> None:
        """Close the socket for the room; see `crdt.room.exchange.Outbox`.

        This has no effect if the editor is gone.
        """
        if self._editor:
            self._editor.socket.close(close_for(reason), message)

    def release(self) -> None:
        """Forget the editor, which is gone.

        The editor refers to this object, and such a cycle would wait for the garbage collector.
        """
        self._editor = None


class EditorConnection:
    """A socket and the room that it joins. This object is the socket's `Receiver`."""

    __slots__ = (
        "_address", "_connection", "_connections", "_has_asked", "_room", "_rooms", "_told_at",
        "outbox", "socket",
    )  # fmt: skip

    usual_start = _UPDATE

    def __init__(
        self, connections: Connections, rooms: Rooms, loop: asyncio.AbstractEventLoop, address: str
    ) -> None:
        """address: the address for which the connection is counted, see `Connections.add`."""
        self.outbox = EditorOutbox(loop, connections.limits.queued_bytes, self)
        self.socket = WebSocket(connections, loop, self, self.outbox)
        self._connections = connections
        self._rooms = rooms
        self._address = address
        self._has_asked = False
        self._told_at = 0
        self._room: Room | None = None
        self._connection: Connection | None = None

    def join(self, room: Room, connection: Connection) -> None:
        """Enter a room, and handle the messages that the client has sent so far."""
        self._room, self._connection = room, connection
        room.members.join(connection)
        self.socket.count_work_of(connection.user_id)
        self.socket.go_on()

    # -- the Receiver of handlers.sync.receiver --------------------------------------------------

    def cost(self, message: bytes) -> float:
        """Return how many updates a message counts as.

        The cost of a request for the document depends on the document's size, because the answer
        takes up to 13 ms (`document.CUT_BYTES`). If the answer is empty, the request costs as much
        as any other message.
        """
        if message[:2] == _SYNC_STEP1 and self._room and not self._needs_nothing(message):
            has_asked, self._has_asked = self._has_asked, True
            return 1 + self._room.document.size / (
                _BYTES_PER_REPEATED if has_asked else _BYTES_PER_UPDATE
            )
        return 1 if message[:1] == _SYNC else _OTHER_COST

    def _needs_nothing(self, question: bytes) -> bool:
        connection = self._connection
        if connection is None or connection.sent.clocks is None:
            return False
        try:
            asked = decode(question)
            return isinstance(asked, SyncStep1) and connection.sent.is_enough(
                decode_state_vector(asked.state_vector), self._rooms.clock()
            )
        except ProtocolError:
            return False  # the room raises the error for such a message

    def receive(self, message: bytes) -> None:
        room, connection = self._room, self._connection
        if room is None or connection is None:
            return
        try:
            room.receive(connection, message, self._rooms.clock())
        except NeedsSteps:
            self.socket.take_later(message)
        except CrdtError as error:
            self._fail(error)
        except Exception:
            self._fail_unexpectedly(room, connection)

    async def receive_large(self, message: bytes, worked: Callable[[float], object]) -> None:
        if self._room and self._connection:
            try:
                await self._rooms.steps.receive(self._room, self._connection, message, worked)
            except CrdtError as error:
                self._fail(error)  # all other errors close the socket

    def slowed(self, seconds: float) -> None:
        """Tell the client about the delay at most every ten seconds, if it listens to notes."""
        room, now = self._room, self._rooms.clock()
        if room and now >= self._told_at + _TOLD_AGAIN_MS:
            self._told_at = now
            if self._connections.is_listening(room.session_id, self.outbox):
                self.outbox.send(notifications.slowed(seconds))

    def gone(self, code: int | None) -> None:
        room, connection = self._room, self._connection
        if room and connection:
            _log.info("user %s left session %s, code %s", connection.user_id, room.session_id, code)
            self._connections.leave(room.session_id, connection.user_id, self.outbox)
            room.members.leave(connection)
            self._room = self._connection = None
        self._connections.remove(self._address, self.socket)
        self.outbox.release()

    def _fail_unexpectedly(self, room: Room, connection: Connection) -> None:
        """Close only the client whose frame caused an error; log the error without the frame."""
        _log.exception(
            "a message of user %s in session %s cannot be taken",
            connection.user_id,
            room.session_id,
        )
        self.socket.close(Close.INTERNAL)

    def _fail(self, error: CrdtError) -> None:
        """Close only the client whose frame the room refused."""
        if self._room and self._connection:
            _log.info(
                "user %s in session %s: %s", self._connection.user_id, self._room.session_id, error
            )
            # The room's `close` has no parameter for the limit's name.
            if isinstance(error, LimitExceeded):
                self.socket.close(close_for(reason_for(error)), str(error), error.limit)
            self._room.members.close([self._connection], reason_for(error), str(error))
