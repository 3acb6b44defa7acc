"""The WebSocket under `/sync`: the only place that knows how Tornado moves frames.

What rooms send in one turn of the event loop leaves in one write. A client that does not read is
closed once more than a bound is queued for it; one that sends too fast is first not read from and
then closed. Compression is off: it costs 161 KiB a connection.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

from handlers.limits import Bucket
from handlers.services import Services

MALFORMED = 4400
TOO_SLOW = 1013
TOO_FAST = 1008
_OVER_S = 10.0
_LARGE_FRAME_BYTES = 64 << 10
_MAX_REASON_BYTES = 123
_PRESENCE_COST = 0.25
_SYNC_FRAME = 0

_log = logging.getLogger(__name__)


class SyncSocket(WebSocketHandler):
    """One WebSocket; subclasses say what to do in `joined`, `receive` and `left`.

    sent_at  when data last left, in seconds of the event loop's clock
    """

    services: Services

    def initialize(self, services: Services) -> None:
        self.services = services
        self._loop = asyncio.get_running_loop()
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._uncounted = 0
        self._is_writing = False
        self._is_scheduled = False
        self._is_closing = False
        self._over_since: float | None = None
        rates = services.sockets.limits
        now = self._loop.time()
        self._updates = Bucket(rates.updates_per_s, rates.updates_burst, now)
        self._bytes = Bucket(rates.bytes_per_s, 4 * rates.bytes_per_s + rates.sync_bytes, now)
        self.sent_at = now

    def get_compression_options(self) -> dict[str, Any] | None:
        return None

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Tornado would log the address with the token in it."""
        if isinstance(value, HTTPError):
            return
        _log.error("a WebSocket handler failed", exc_info=(typ, value, tb))  # type: ignore[arg-type]

    # -- out: the Outbox of crdt.connection -------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Queue one frame for the end of this turn."""
        if self._is_closing:
            return
        size = len(frame)
        if size > _LARGE_FRAME_BYTES and not self._uncounted:
            self._uncounted = size  # one whole document may always be on its way, whatever its size
        self._out += (_header(size), frame)
        self._out_bytes += size
        if self._out_bytes - self._uncounted > self.services.sockets.limits.queued_bytes:
            self._out.clear()
            self.services.sockets.too_slow += 1
            self.shut(TOO_SLOW, '{"code":"too_slow"}')
        elif not self._is_scheduled and not self._is_writing:
            self._is_scheduled = True
            self._loop.call_soon(self._flush)

    def shut(self, code: int, reason: str) -> None:
        """Send what is queued and close with a code; harmless when closed."""
        if self._is_closing:
            return
        self._is_closing = True
        self._write_out()
        self.close(code, reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore"))

    def _flush(self) -> None:
        self._is_scheduled = False
        if not self._is_writing:
            self._write_out()

    def _write_out(self) -> None:
        stream = self.ws_connection.stream if self.ws_connection else None
        if not self._out or stream is None:
            return
        data = b"".join(self._out)
        self._out.clear()
        self._out_bytes = self._uncounted = 0
        try:
            written = stream.write(data)
        except StreamClosedError:
            return
        self._is_writing = True
        self.sent_at = self._loop.time()
        written.add_done_callback(self._written)

    def _written(self, written: "asyncio.Future[None]") -> None:
        self._is_writing = False
        if not written.cancelled() and written.exception() is None and self._out:
            self._write_out()

    # -- in ---------------------------------------------------------------------------------------

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Take one message; the next is not read while the returned awaitable runs."""
        if self._is_closing:
            return None
        if isinstance(message, str):
            self.shut(MALFORMED, '{"code":"malformed","message":"binary messages only"}')
            return None
        wait_s = self._spend(message)
        if self._is_closing:
            return None
        if wait_s or len(message) > _LARGE_FRAME_BYTES:
            return self._receive_late(message, wait_s)
        self.receive(message)
        return None

    def _spend(self, message: bytes) -> float:
        """Return for how long not to read; close a client that has been over the limit for ten seconds."""
        now = self._loop.time()
        wait_s = max(self._updates.spend(self.cost(message), now), self._bytes.spend(len(message), now))
        if not wait_s:
            self._over_since = None
        elif self._over_since is None:
            self._over_since = now
        elif now - self._over_since > _OVER_S:
            self.services.sockets.too_fast += 1
            self.shut(TOO_FAST, '{"code":"too_fast"}')
        return wait_s

    async def _receive_late(self, message: bytes, wait_s: float) -> None:
        if wait_s:
            self.services.sockets.slowed += 1
            await asyncio.sleep(wait_s)
        if len(message) > _LARGE_FRAME_BYTES:
            await self.receive_large(message)
        else:
            self.receive(message)

    def cost(self, message: bytes) -> float:
        """Return how many updates a message counts as."""
        return 1 if message[:1] == bytes((_SYNC_FRAME,)) else _PRESENCE_COST

    def receive(self, frame: bytes) -> None:
        raise NotImplementedError

    async def receive_large(self, frame: bytes) -> None:
        raise NotImplementedError


def _header(size: int) -> bytes:
    """The header of an unmasked, unfragmented binary frame (RFC 6455, 5.2)."""
    if size < 126:
        return bytes((0x82, size))
    if size < 1 << 16:
        return b"\x82\x7e" + size.to_bytes(2, "big")
    return b"\x82\x7f" + size.to_bytes(8, "big")
