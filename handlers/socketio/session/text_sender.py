"""Sends the text of one session to its clients,
in turns between which the event loop serves others.
"""

import asyncio
import logging
import time
from collections.abc import Reversible

from crdt.changing.text_changes import TextChanges
from crdt.room.text_clients import TextFeed
from handlers.socketio.session.text_connection import EncodedText, TextConnection
from storage.background import start_task

_INTERVAL_S = 0.05
"""Seconds between two texts to the same client: 20 texts a second at most."""
_REST = 4
"""After texts were sent for t seconds, none are sent for this many times t,
because others need the event loop too."""
_TURN_S = 0.005
_TURN_CHARACTERS = 1 << 19
"""Most characters that are sent in one turn of the event loop, which writes them to the sockets in
the turn after it. The remaining clients get their texts in later turns."""

_clock = time.perf_counter
"""Not the clock of the loop: that of uvloop stands still during a turn."""

_log = logging.getLogger(__name__)


class _Round:
    """One offer of the text to all clients.

    waiting   the clients that have not been offered it, the next one last
    is_stale  the text changed after the first clients were offered it
    """

    __slots__ = ("encoded", "is_stale", "waiting")

    def __init__(self, connections: Reversible[TextConnection]) -> None:
        self.waiting = [*reversed(connections)]
        self.encoded = EncodedText()
        self.is_stale = False


class TextSender:
    """Sends one session's text when it has changed, and less often if sending it takes long."""

    __slots__ = (
        "_catching_up", "_connections", "_feed", "_is_scheduled", "_loop", "_rested_at", "_round",
        "_spent_s",
        "_text_changes",
    )  # fmt: skip

    def __init__(
        self,
        feed: TextFeed,
        connections: dict[TextConnection, None],
        text_changes: TextChanges,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """connections: returns those that are connected now;
        text_changes: compares texts too large for the loop.
        """
        self._feed = feed
        self._connections = connections
        self._text_changes = text_changes
        self._loop = loop
        self._catching_up: asyncio.Task[None] | None = None
        self._is_scheduled = False
        self._round: _Round | None = None
        self._spent_s = 0.0
        self._rested_at = 0.0

    def close(self) -> None:
        """Stop comparing large changes."""
        if self._catching_up:
            self._catching_up.cancel()

    def send_soon(self) -> None:
        """Send the text to all clients that are ready for it,
        as soon as the interval since the last one is over.
        """
        if self._round:
            self._round.is_stale = True
        elif not self._is_scheduled:
            self._is_scheduled = True
            delay_s = max(0.0, self._rested_at + _INTERVAL_S - self._loop.time())
            self._loop.call_later(delay_s, self._flush)

    def _flush(self) -> None:
        """Offer the text to the clients, some of them in this turn of the event loop."""
        if not self._connections or self._catching_up:
            self._end_round()
            return
        began = _clock()
        try:
            if self._feed.room.document.is_slow_to_read or self._feed.behind() is not None:
                self._end_round()
                self._catching_up = start_task(self._catch_up(), "socket.io text")
                return
            self._round = self._round or _Round(self._connections)
            self._offer(self._round, began)
        except Exception:  # the text is sent again with the next edit
            _log.exception("the text of session %s cannot be sent", self._feed.room.session_id)
        self._spent_s += _clock() - began
        if self._round and self._round.waiting:
            self._loop.call_soon(self._flush)
            return
        is_stale = self._end_round()
        self._rested_at = self._loop.time() + _REST * self._spent_s
        self._spent_s = 0.0
        if is_stale:  # a client got, or had, a text that was the newest one some turns ago
            self.send_soon()

    def _offer(self, offers: _Round, began: float) -> None:
        """Offer the text to one client after another, until this turn, which began at `began`,
        has taken enough.
        """
        sent = 0
        while offers.waiting:
            connection = offers.waiting.pop()
            if connection in self._connections:
                sent += connection.offer(offers.encoded)
            if sent >= _TURN_CHARACTERS or _clock() > began + _TURN_S:
                return

    def _end_round(self) -> bool:
        """End the round; return whether the text changed since the first client was offered it."""
        is_stale = self._round is not None and self._round.is_stale
        self._round = None
        self._is_scheduled = False
        return is_stale

    async def _catch_up(self) -> None:
        """Compare a change that is too large for the event loop elsewhere,
        and then send the text.
        """
        room = self._feed.room
        try:
            await self._text_changes.refresh(self._feed, room.quota.owner_id)
        except Exception:
            _log.exception("the text of session %s cannot be sent", room.session_id)
        else:
            self.send_soon()
        finally:
            self._catching_up = None
