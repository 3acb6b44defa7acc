"""One Yjs editor that is connected: what it sends goes to its room."""

import asyncio
import logging

from crdt.closing import CloseReason, reason_for
from crdt.errors import CrdtError
from crdt.lifecycle.rooms import Rooms
from crdt.room.connection import Connection
from crdt.room.room import Room
from handlers.close_codes import Close, close_for
from handlers.connections import Sockets
from handlers.sync.websocket import SyncSocket

_SYNC_STEP1 = b"\x00\x00"
_BYTES_PER_UPDATE = 64 << 10
_BYTES_PER_REPEATED = 2 << 10

_log = logging.getLogger(__name__)


class SyncPeer(SyncSocket):
    """A connection and, once it has joined, its room."""

    __slots__ = ("_connection", "_has_asked", "_room", "_rooms", "address")

    def __init__(self, sockets: Sockets, loop: asyncio.AbstractEventLoop, rooms: Rooms, address: str) -> None:
        super().__init__(sockets, loop)
        self.address = address
        sockets.watch(self)
        self._rooms = rooms
        self._has_asked = False
        self._room: Room | None = None
        self._connection: Connection | None = None

    def join(self, room: Room, connection: Connection, *, is_listening: bool) -> None:
        """Enter a room, and take what the client has sent so far."""
        self._room, self._connection = room, connection
        self._sockets.joined(room.session_id, connection.user_id)
        if is_listening:
            self._sockets.listen(self, room.session_id)
        room.members.join(connection)
        self.go_on()

    def shut_later(self, delay_s: float, close: Close, message: str) -> None:
        self._loop.call_later(delay_s, self.shut, close, message)

    def close(self, reason: CloseReason, message: str = "") -> None:
        """As the room says; see `crdt.room.connection.Outbox`."""
        self.shut(close_for(reason), message)

    def cost(self, message: bytes) -> float:
        """A question for the whole document costs by its size: answering takes up to 13 ms (`document.CUT_BYTES`)."""
        if message[:2] == _SYNC_STEP1 and self._room:
            asked, self._has_asked = self._has_asked, True
            return 1 + self._room.document.size / (_BYTES_PER_REPEATED if asked else _BYTES_PER_UPDATE)
        return super().cost(message)

    def receive(self, frame: bytes) -> None:
        if (room := self._room) and (connection := self._connection):
            try:
                room.receive(connection, frame, self._rooms.clock())
            except CrdtError as error:
                self._fail(error)

    async def receive_large(self, frame: bytes) -> None:
        if self._room and self._connection:
            try:
                await self._rooms.receive_large(self._room, self._connection, frame)
            except CrdtError as error:
                self._fail(error)

    def _fail(self, error: CrdtError) -> None:
        """What one client did closes that client."""
        if self._room and self._connection:
            _log.info("user %s in session %s: %s", self._connection.user_id, self._room.session_id, error)
            self._room.members.close([self._connection], reason_for(error), str(error))

    def gone(self) -> None:
        room, connection = self._room, self._connection
        if room and connection:
            _log.info("user %s left session %s, code %s", connection.user_id, room.session_id, self.close_code)
            self._sockets.left(self, room.session_id, connection.user_id)
            room.members.leave(connection)
            self._room = self._connection = None
        self._sockets.forget(self)
        self._sockets.closed(self.address)
