"""The WebSocket of `/sync`, on the event loop's own transport. It knows nothing of Yjs.

All frames that rooms send in one turn of the event loop leave in one write. A client that does not
read is closed when too many bytes are queued for it. If a client sends too fast, the server stops
reading for a while, and later closes it. If a client's messages take long, the server stops reading
for a proportional time. Messages are not compressed: with compression, a connection would take 161
KiB instead of 2 KiB.
"""

import asyncio
import time
from functools import partial
from typing import cast

from crdt.limits import MAX_SYNC_BYTES
from handlers import settings
from handlers.close_codes import Close
from handlers.connections import Connections
from handlers.sync import frames
from handlers.sync.close_handshake import CloseHandshake
from handlers.sync.frames import CLOSE, PING, TEXT, Control, FrameError, FrameReader, Item
from handlers.sync.rate_gate import RateGate
from handlers.sync.receiver import Receiver
from handlers.sync.send_queue import SendQueue
from handlers.sync.socket_state import State
from storage.background import start_task

_FRAME_OVERHEAD_BYTES = 64
_TURN_S = 0.005
"""Seconds of one turn of the event loop for one client's messages. Later messages wait."""
_LEAST_WORK_S = 0.001
_QUICK_BYTES = 130
_LONG_BYTES = 2 << 10
"""A longer message may take longer than a turn: 7 kB of conflicting inserts take 0.2 s."""
_LOOK_MASK = 7
"""The clock is read after every eighth message, where `~index & _LOOK_MASK` is 0.
After a message of more than `_QUICK_BYTES`, which may be slow, it is read in any case."""


_clock = time.perf_counter  # the clock of uvloop's event loop does not advance during a turn
_TOLD_S = 2.0
"""Pauses of at least this many seconds are reported to the receiver. Users notice no others."""
_HOLDING, _OPEN, _FAILED = State.HOLDING, State.OPEN, State.FAILED
"""Each frame needs these states, and Python reads names of a module faster than an Enum's."""


class WebSocket(asyncio.Protocol):
    """One connection. The receiver gets no message before the first call of `go_on`."""

    __slots__ = (
        "_closing", "_connections", "_held", "_is_heard", "_late", "_later", "_rates", "_reader",
        "_receiver", "_state", "_transport", "queue",
    )  # fmt: skip

    def __init__(
        self,
        connections: Connections,
        loop: asyncio.AbstractEventLoop,
        receiver: Receiver,
        queue: SendQueue,
    ) -> None:
        limits = connections.limits
        self.queue = queue
        self._connections = connections
        self._receiver = receiver
        self._reader = FrameReader(limits.sync_bytes + _FRAME_OVERHEAD_BYTES)
        self._rates = RateGate(connections, loop)
        self._closing = CloseHandshake(loop)
        self._transport: asyncio.Transport | None = None
        self._state = _HOLDING
        self._held: list[Item] = []
        self._late: asyncio.Task[None] | None = None
        self._later: bytes | None = None
        self._is_heard = True

    # -- the transport ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.queue.start(self._transport)
        self._closing.open(self._transport)

    def pause_writing(self) -> None:
        """Close the client, because too many bytes are queued for it."""
        if not self.is_closing:
            self._connections.too_slow += 1
            self._connections.limit_counters.count(settings.MAX_QUEUED_BYTES)
            self.queue.drop()
            self.close(Close.TOO_SLOW)

    def eof_received(self) -> None:
        """Note that the client left without a close frame; the transport closes itself."""
        self.queue.end()
        self._state = State.CLOSED

    def connection_lost(self, exc: Exception | None) -> None:
        self._state = State.CLOSED
        self._held.clear()
        self.queue.drop()
        self.queue.end()
        if self._late:
            self._late.cancel()
        self._receiver.gone(self._closing.client_code)
        # The receiver refers to this socket, and a cycle would wait for the garbage collector.
        del self._receiver

    @property
    def is_closing(self) -> bool:
        """Whether the closing handshake has begun, or the connection is lost."""
        return self._state is not _OPEN and self._state is not _HOLDING

    # -- the methods by which `Connections` keeps the socket alive --------------------------------

    def send(self, frame: bytes) -> None:
        """Queue one message. Rooms use `queue` directly (see `SendQueue`)."""
        self.queue.send(frame)

    def poll(self) -> tuple[bool, bool]:
        """Return whether anything went out, and whether anything came in, since the last call.

        A client counts as heard while the server reads nothing from it: before it has joined, which
        may last as long as loading a room, and while its messages wait.
        """
        seen = self.queue.has_sent, self._is_heard or self._state is _HOLDING
        self.queue.has_sent = self._is_heard = False
        self.queue.reset_limit()
        return seen

    def ping(self) -> None:
        """Send a ping, which the client has to answer."""
        if self._transport and not self.is_closing:
            self._transport.write(frames.control(PING))

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport:
            self._transport.abort()

    # -- closing ----------------------------------------------------------------------------------

    def close(self, close: Close, message: str = "", limit: str = "") -> None:
        """Send the queued frames and a close frame (see `Close.reason`); no effect when closed."""
        if not self.is_closing:
            self._connections.closes[close.code] += 1
            self._start_closing(frames.close_payload(close.code, close.reason(message, limit)))

    def forget_messages(self) -> None:
        """Drop all bytes of the client, because it is going to be closed; nothing more is read."""
        self._held.clear()
        self._closing.look_for_answer(self._reader.release())

    def _start_closing(self, payload: bytes) -> None:
        self.queue.end()
        self._state = State.CLOSING
        self.forget_messages()
        if self._late and self._late is not asyncio.current_task():
            self._late.cancel()
        self._closing.start(payload)

    # -- in ---------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._state is not _OPEN:
            self._receive_otherwise(data)
            return
        self._is_heard = True
        reader, rates = self._reader, self._rates
        items = reader.feed(data)
        wait_s, size, allowance = 0.0, len(data), rates.bytes
        if allowance.tokens >= size and not reader.fragments:
            allowance.tokens -= size
        else:
            wait_s = rates.spend_read(size, reader.fragments)
            reader.fragments = 0
        begun = _clock()
        self._take(items, begun)
        work_s = _clock() - begun
        if wait_s or work_s > _LEAST_WORK_S:
            self._slow_down(wait_s, work_s)

    def _slow_down(self, wait_s: float, work_s: float) -> None:
        """Stop reading for `wait_s`, or for a proportional time if handling messages took long."""
        is_over = work_s > _LEAST_WORK_S and self._rates.spend_work(work_s)
        if (wait_s or is_over) and self._state is _OPEN:
            if self._rates.messages.tokens < 0:
                self._rates.count_reached()
            self._hold([], wait_s)

    def _receive_otherwise(self, data: bytes) -> None:
        """Handle bytes that arrive in any state except OPEN."""
        self._is_heard = True
        if self._state is _HOLDING:
            self._held += self._reader.feed(data)
        elif self._state is not _FAILED:
            self._closing.look_for_answer(data)

    def count_work_of(self, user_id: str) -> None:
        """Count the time of serving this client together with the user's other connections."""
        self._rates.count_work_of(user_id)

    def go_on(self) -> None:
        """Handle the held messages, and continue reading."""
        if self._state is not _HOLDING:
            return
        self._state = _OPEN
        items, self._held = self._held, []
        self._rates.refill()
        if wait_s := self._rates.bytes_debt_s():  # the bytes of a long message exceeded the limit
            self._hold(items, wait_s)
            return
        begun = _clock()
        self._take(items, begun)
        if self._rates.spend_work(_clock() - begun) and self._state is _OPEN:
            self._hold([], 0)
        # `_take` may have closed the connection, or may hold messages again.
        if self._state is _OPEN and self._transport and not self._transport.is_closing():
            self._transport.resume_reading()

    def _take(self, items: list[Item], begun: float) -> None:
        """Handle items for a turn's time since `begun`, and later items in the next turn."""
        # The first branch is for the usual message, a keystroke, and calls only `receive`. The
        # other branches are for items that need more checks: other messages, an empty bucket,
        # large messages, and control frames.
        receiver, messages = self._receiver, self._rates.messages
        usual_start, receive = receiver.usual_start, receiver.receive
        for at, item in enumerate(items):
            if (
                type(item) is bytes
                and item[:2] == usual_start
                and messages.tokens >= 1
                and (size := len(item)) <= _LONG_BYTES
            ):
                messages.tokens -= 1
                receive(item)
                if (
                    (size > _QUICK_BYTES or not ~at & _LOOK_MASK)
                    and at + 1 < len(items)
                    and _clock() - begun > _TURN_S
                ):
                    self._hold(items[at + 1 :], 0)
                    return
            elif self._must_wait(item):
                self._hold(items[at:], messages.debt_s())
                return
            elif isinstance(item, bytes):
                receive(item)
            else:
                self._control(item)
            if self._state is not _OPEN:
                self._hold(items[at + 1 :], 0)
                return

    def _must_wait(self, item: Item) -> bool:
        """Count an item; return whether it is over the rate, or too large to handle now."""
        if not isinstance(item, bytes):
            return self._rates.spend()
        cost = 1 if item[:2] == self._receiver.usual_start else self._receiver.cost(item)
        return self._rates.spend(cost) or len(item) > _LONG_BYTES

    # -- in, but later ----------------------------------------------------------------------------

    def take_later(self, message: bytes) -> None:
        """Pass a message to `receive_large` before any other; `receive` may call this."""
        self._later = message
        if self._state is _OPEN:
            self._hold([], 0)

    def _hold(self, items: list[Item], wait_s: float) -> None:
        """Stop reading until these items are handled; close a client that is too fast for too long.

        A client is never closed because of the time for serving it: only its reading pauses.
        """
        if self._transport is None or self._transport.is_closing() or self._state is not _OPEN:
            if self._state is _HOLDING:  # because of `take_later`
                self._held += items
            return
        if wait_s:
            if (allowed_s := self._rates.slow_down(wait_s)) is None:
                self.close(Close.TOO_FAST, limit=self._rates.passed)
                return
            wait_s = allowed_s
        wait_s = max(wait_s, self._rates.rest_s())
        if wait_s > _TOLD_S:
            self._receiver.slowed(max(wait_s, self._rates.owed_s()))
        self._transport.pause_reading()
        self._state = _HOLDING
        self._held = items[1:]
        late = self._take_late(items[0] if items else None, wait_s)
        self._late = start_task(late, "messages that waited", partial(self.close, Close.INTERNAL))

    async def _take_late(self, item: Item | None, wait_s: float) -> None:
        if wait_s:
            await asyncio.sleep(wait_s)
        if isinstance(item, bytes):
            if len(item) > _LONG_BYTES:
                await self._receiver.receive_large(item, self._rates.spend_work)
            else:
                begun = _clock()
                self._receiver.receive(item)
                self._rates.spend_work(_clock() - begun)
        elif item is not None:
            self._control(item)
        if self._later is not None:
            message, self._later = self._later, None
            await self._receiver.receive_large(message, self._rates.spend_work)
        self._late = None
        self.go_on()

    # -- control frames ---------------------------------------------------------------------------

    def _control(self, item: Control | FrameError) -> None:
        try:
            if isinstance(item, FrameError):
                raise item
            if item.opcode == TEXT:
                self.close(Close.TEXT_MESSAGE)
            elif item.opcode == PING and self._transport:
                self._transport.write(frames.control(frames.PONG, item.payload))
            elif item.opcode == CLOSE:
                self._start_closing(self._closing.read(item.payload))
                self._closing.finish()
        except FrameError as error:
            self._connections.limit_counters.count(MAX_SYNC_BYTES, error.close is Close.TOO_BIG)
            self.close(error.close, str(error))
            self._state = _FAILED
            self._closing.end_output()
