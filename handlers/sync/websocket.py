"""The WebSocket under `/sync`: one small object for each client, on the event loop's own transport.

What rooms send in one turn of the event loop leaves in one write. A client that does not read is
closed once more than a bound is queued for it; one that sends too fast is first not read from and
then closed. There is no compression: it costs 161 KiB a connection (facts/speed.md).
"""

import asyncio
import logging
from typing import cast

from crdt.limits import MAX_SYNC_BYTES
from handlers import settings
from handlers.close_codes import Close
from handlers.connections import Sockets
from handlers.limits import Bucket
from handlers.sync import frames
from handlers.sync.frames import CLOSE, PING, TEXT, Control, FrameError, FrameReader, Item

_OVER_S = 10.0
_CALM_S = 1.0
"""Who was not held back for so long is no longer over the limit."""
_CLOSING_S = 5.0
"""For the client to answer our close frame, or to read what was queued before it."""
_LARGE_FRAME_BYTES = 16 << 10
_OTHER_COST = 0.25
_UPDATE = b"\x00\x02"
_FRAME_OVERHEAD_BYTES = 64

_log = logging.getLogger(__name__)


class SyncSocket(asyncio.Protocol):
    """One WebSocket; subclasses say what to do in `receive`, `receive_large`, `cost` and `gone`.

    has_sent, is_heard  whether anything went out or came in since `Sockets` looked
    quiet_s, unheard_s  for how long nothing did, as `Sockets` counts it
    close_code          what the client closed with
    """

    __slots__ = (
        "_bytes", "_held", "_is_closing", "_is_deaf", "_is_raised", "_is_scheduled", "_late", "_loop", "_out",
        "_over_since", "_over_until", "_reader", "_sockets", "_transport", "_updates", "close_code", "has_sent",
        "is_heard", "quiet_s", "unheard_s",
    )  # fmt: skip

    def __init__(self, sockets: Sockets, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing is received before `go_on` is called."""
        limits = sockets.limits
        now = loop.time()
        self.has_sent = self.is_heard = True
        self.quiet_s = self.unheard_s = 0.0
        self.close_code: int | None = None
        self._sockets = sockets
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._reader = FrameReader(limits.sync_bytes + _FRAME_OVERHEAD_BYTES)
        self._updates = Bucket(limits.updates_per_s, limits.updates_burst, now)
        self._bytes = Bucket(limits.bytes_per_s, 4 * limits.bytes_per_s + limits.sync_bytes, now)
        self._out: list[bytes] = []
        self._held: list[Item] | None = []
        self._late: asyncio.Task[None] | None = None
        self._over_since = self._over_until = -_CALM_S
        self._is_scheduled = self._is_closing = self._is_raised = self._is_deaf = False

    # -- the transport ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self._sockets.limits.queued_bytes)

    def pause_writing(self) -> None:
        """More than the bound is queued."""
        if not self._is_closing:
            self._sockets.too_slow += 1
            self._sockets.reached[settings.MAX_QUEUED_BYTES.name] += 1
            self._out.clear()
            self.shut(Close.TOO_SLOW)

    def eof_received(self) -> None:
        """The client has ended without a word: the transport closes itself."""
        self._is_closing = True

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closing = True
        self._out.clear()
        self._held = None
        if self._late:
            self._late.cancel()
        self.gone()

    @property
    def is_closing(self) -> bool:
        return self._is_closing

    # -- out: the Outbox of crdt.connection -------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Queue one frame for the end of this turn."""
        if self._is_closing:
            return
        size = len(frame)
        self._out += (frames.header(size), frame)
        if size > _LARGE_FRAME_BYTES:
            self._allow(size)
            self._write_out()
        elif not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._flush)

    def send_framed(self, data: bytes) -> None:
        """Send frames that have their headers, at the end of a turn."""
        if self._is_closing or self._transport is None:
            return
        if self._out:
            self._out.append(data)
            return
        self.has_sent = True
        self._transport.write(data)

    def ping(self) -> None:
        """Ask whether the client is there."""
        if self._transport and not self._is_closing:
            self._transport.write(frames.control(PING))

    def shut(self, close: Close, message: str = "") -> None:
        """Send what is queued and close with a code; harmless when closed. message: for people."""
        if not self._is_closing:
            self._sockets.closes[close.code] += 1
            self._close(frames.close_payload(close.code, close.reason(message)))

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport:
            self._transport.abort()

    def settle(self) -> None:
        """Take the exception for a large frame back once it has left."""
        if self._is_raised and self._transport and not self._transport.get_write_buffer_size():
            self._is_raised = False
            self._transport.set_write_buffer_limits(high=self._sockets.limits.queued_bytes)

    def _allow(self, size: int) -> None:
        """One whole document may always be on its way, whatever its size."""
        if not self._is_raised and self._transport:
            self._is_raised = True
            self._transport.set_write_buffer_limits(high=self._sockets.limits.queued_bytes + size)

    def _flush(self) -> None:
        self._is_scheduled = False
        self._write_out()

    def _write_out(self) -> None:
        if self._out and self._transport:
            self.has_sent = True
            out, self._out = self._out, []
            self._transport.writelines(out)

    def _close(self, payload: bytes) -> None:
        self._write_out()
        self._is_closing = True
        self._held = None
        if self._late and self._late is not asyncio.current_task():
            self._late.cancel()
        if self._transport and not self._transport.is_closing():
            self._transport.write(frames.control(CLOSE, payload))
            self._transport.resume_reading()
            self._loop.call_later(_CLOSING_S, self._transport.abort)

    # -- in ---------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        self.is_heard = True
        reader = self._reader
        items = reader.feed(data)
        if self._held is not None:
            self._held += items
            return
        if self._is_closing:
            self._await_close(items)
            return
        if reader.fragments:
            self._updates.spend(_OTHER_COST * reader.fragments, self._loop.time())
            reader.fragments = 0
        wait_s, size = 0.0, len(data)
        if self._bytes.tokens >= size:
            self._bytes.tokens -= size
        elif wait_s := self._bytes.spend(size, self._loop.time()):
            self._sockets.reached[settings.UPDATE_BYTES_PER_S.name] += 1
        self._take(items)
        if self._held is None and (wait_s or self._updates.tokens < 0):
            self._sockets.reached[settings.UPDATES_PER_S.name] += self._updates.tokens < 0
            self._hold([], max(wait_s, self._updates.debt_s()))

    def go_on(self) -> None:
        """Take what was held back, and read on."""
        items, self._held = self._held or [], None
        if not self._is_closing:
            self._updates.refill(self._loop.time())
            self._take(items)
            if self._held is None and self._transport and not self._transport.is_closing():
                self._transport.resume_reading()

    def _take(self, items: list[Item]) -> None:
        updates = self._updates
        for at, item in enumerate(items):
            if self._is_closing:
                return
            is_message = type(item) is bytes
            if is_message and item[:2] == _UPDATE and updates.tokens >= 1 and len(item) <= _LARGE_FRAME_BYTES:  # type: ignore[index, arg-type]
                updates.tokens -= 1
            elif self._is_over(item, updates):
                self._hold(items[at:], updates.debt_s())
                return
            if is_message:
                self.receive(item)  # type: ignore[arg-type]
            else:
                self._control(item)  # type: ignore[arg-type]

    def _is_over(self, item: Item, updates: Bucket) -> bool:
        """Count an item, and return whether it must wait: for others, or to be taken elsewhere because it is large."""
        is_message = type(item) is bytes
        cost = (1 if item[:2] == _UPDATE else self.cost(item)) if is_message else _OTHER_COST  # type: ignore[index, arg-type]
        if updates.tokens < cost:
            updates.refill(self._loop.time())
        updates.tokens -= cost
        if updates.tokens < 0:
            self._sockets.reached[settings.UPDATES_PER_S.name] += 1
        return updates.tokens < 0 or (is_message and len(item) > _LARGE_FRAME_BYTES)  # type: ignore[arg-type]

    def _hold(self, items: list[Item], wait_s: float) -> None:
        """Read no more until these are taken; close a client that has been over the limit for ten seconds."""
        if self._is_closing or self._transport is None or self._transport.is_closing():
            return
        now = self._loop.time()
        if wait_s:
            self._sockets.slowed += 1
            if now - self._over_until > _CALM_S:
                self._over_since = now
            wait_s = min(wait_s, _OVER_S)
            self._over_until = now + wait_s
            if now - self._over_since > _OVER_S:
                self._sockets.too_fast += 1
                self.shut(Close.TOO_FAST)
                return
        self._transport.pause_reading()
        if self._held is not None:
            self._held += items
            return
        self._held = items[1:]
        self._late = self._loop.create_task(self._take_late(items[0] if items else None, wait_s))

    async def _take_late(self, item: Item | None, wait_s: float) -> None:
        if wait_s:
            await asyncio.sleep(wait_s)
        if type(item) is bytes:
            if len(item) > _LARGE_FRAME_BYTES:
                await self.receive_large(item)
            else:
                self.receive(item)
        elif item is not None:
            self._control(item)  # type: ignore[arg-type]
        self._late = None
        self.go_on()

    def _control(self, item: Control | FrameError) -> None:
        try:
            if isinstance(item, FrameError):
                raise item
            if item.opcode == TEXT:
                self.shut(Close.TEXT_MESSAGE, Close.TEXT_MESSAGE.message)
            elif item.opcode == PING and self._transport:
                self._transport.write(frames.control(frames.PONG, item.payload))
            elif item.opcode == CLOSE:
                self._answer_close(item.payload)
        except FrameError as error:
            self._sockets.reached[MAX_SYNC_BYTES.name] += error.close is Close.TOO_BIG
            self.shut(error.close, str(error))
            self._hang_up()

    def _hang_up(self) -> None:
        """End our side and read on without looking, for a while: a reset would overtake the close frame."""
        self._is_deaf = True
        if self._transport and not self._transport.is_closing():
            self._transport.write_eof()

    def _answer_close(self, payload: bytes) -> None:
        """Close as the client did (section 5.5.1): its code back, then the connection."""
        self.close_code = frames.read_close(payload)
        self._close(payload[:2])
        if self._transport:
            self._transport.close()

    def _await_close(self, items: list[Item]) -> None:
        """We have closed: only the client's answer counts."""
        for item in items:
            if isinstance(item, FrameError) or (isinstance(item, Control) and item.opcode == CLOSE):
                if self._transport:
                    self._transport.close()
                return

    # -- for subclasses ---------------------------------------------------------------------------

    def cost(self, message: bytes) -> float:
        """Return how many updates a message counts as."""
        return 1 if message[:1] == b"\x00" else _OTHER_COST

    def receive(self, frame: bytes) -> None:
        raise NotImplementedError

    async def receive_large(self, frame: bytes) -> None:
        raise NotImplementedError

    def gone(self) -> None:
        """The connection is no more."""
