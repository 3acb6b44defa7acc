"""Sends the text of one session to its clients, in several turns of the event loop.

Between these turns, the event loop does other work.
"""

import asyncio
import logging
import time
from collections.abc import Reversible

from crdt.changing.text_changes import TextChanges
from crdt.changing.text_feed import TextFeed
from handlers.socketio.session.text_connection import EncodedText, TextConnection
from storage.background import start_task

_INTERVAL_S = 0.05
"""The shortest time between two texts to the same client, in seconds."""
_REST = 4
"""After texts were sent for t seconds, no texts are sent for this many times t seconds,
because other work needs the event loop too."""
_TURN_S = 0.005
_TURN_CHARACTERS = 1 << 19
"""After this many characters are queued, the turn of the event loop ends. The next turn writes them
to the sockets. The remaining clients get their texts in later turns."""

_clock = time.perf_counter
"""The clock of uvloop's event loop does not advance during a turn, so it cannot be used here."""

_log = logging.getLogger(__name__)


class _Round:
    """One offer of the text to all clients.

    waiting   the clients that have not got the offer yet; the next client is the last of the list
    is_stale  whether the text changed after the first client got the offer
    """

    __slots__ = ("encoded", "is_stale", "waiting")

    def __init__(self, connections: Reversible[TextConnection]) -> None:
        self.waiting = [*reversed(connections)]
        self.encoded = EncodedText()
        self.is_stale = False


class TextSender:
    """Sends one session's text after it has changed, and less often if sending takes long."""

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
        """connections: the connected clients, which the owner of the dict changes;
        text_changes: compares texts that are too large for the event loop.
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
        """Send the text to all clients that are ready, as soon as the interval allows it."""
        if self._round:
            self._round.is_stale = True
        elif not self._is_scheduled:
            self._is_scheduled = True
            delay_s = max(0.0, self._rested_at + _INTERVAL_S - self._loop.time())
            self._loop.call_later(delay_s, self._flush)

    def _flush(self) -> None:
        """Offer the text to some of the clients in this turn, and to the others in later turns."""
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
        except Exception:  # the next edit will send the text again
            _log.exception("the text of session %s cannot be sent", self._feed.room.session_id)
        self._spent_s += _clock() - began
        if self._round and self._round.waiting:
            self._loop.call_soon(self._flush)
            return
        is_stale = self._end_round()
        self._rested_at = self._loop.time() + _REST * self._spent_s
        self._spent_s = 0.0
        if is_stale:  # some clients have an older text, because it changed between turns
            self.send_soon()

    def _offer(self, offers: _Round, began: float) -> None:
        """Offer the text to one client after another, until this turn has taken enough time.

        began  the time at which this turn began
        """
        sent = 0
        while offers.waiting:
            connection = offers.waiting.pop()
            if connection in self._connections:
                sent += connection.offer(offers.encoded)
            if sent >= _TURN_CHARACTERS or _clock() > began + _TURN_S:
                return

    def _end_round(self) -> bool:
        """End the round; return whether the text changed after the first client got the offer."""
        is_stale = self._round is not None and self._round.is_stale
        self._round = None
        self._is_scheduled = False
        return is_stale

    async def _catch_up(self) -> None:
        """Compare a large change outside of the event loop, and then send the text."""
        room = self._feed.room
        try:
            await self._text_changes.refresh(self._feed, room.quota.owner_id)
        except Exception:
            _log.exception("the text of session %s cannot be sent", room.session_id)
        else:
            self.send_soon()
        finally:
            self._catching_up = None
