"""Decides when rooms send: updates at the end of a turn of the event loop, presence 20 ms later."""

import asyncio
import logging
from collections.abc import Callable

from crdt.room.broadcast import Broadcast
from crdt.room.presence import Presence

_NEWS_DELAY_S = 0.02
"""Seconds that presence waits, so that the presence of several users is sent in one message: a send
costs more than all other work.

If the room sends another message before that, presence is sent with it: editors send a cursor with
each keystroke.
"""

_log = logging.getLogger(__name__)


class BroadcastScheduler:
    """The `PresenceScheduler` of all rooms.

    It uses one callback a turn for all broadcasts, and one timer for all presence.
    """

    __slots__ = ("_clock", "_interval_s", "_late", "_loop", "_news", "_turn", "_waking")

    def __init__(self, presence_interval_s: float, clock: Callable[[], int]) -> None:
        self._interval_s = presence_interval_s
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn: list[Broadcast] = []
        self._news: dict[Broadcast, Presence] = {}
        self._waking: asyncio.TimerHandle | None = None
        self._late: set[Presence] = set()

    def _running(self) -> asyncio.AbstractEventLoop:
        """Return the event loop, which is kept after the first call.

        On Python 3.11 asyncio asks the system for the process id at each call.
        """
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def flush_soon(self, broadcast: Broadcast) -> None:
        """Flush a broadcast at the end of this turn of the event loop."""
        # `call_soon` runs after all callbacks that are ready in this turn, which handle the frames
        # that were read together. So their updates are sent together, without any waiting.
        if not self._turn:
            self._running().call_soon(self._end_turn)
        self._turn.append(broadcast)

    def _end_turn(self) -> None:
        turn, self._turn = self._turn, []
        for broadcast in turn:
            try:
                if presence := self._news.pop(broadcast, None):
                    presence.publish()
                broadcast.flush()
            except Exception:  # other rooms must still send
                _log.exception("the new frames of a room cannot be sent")
        if self._waking and not self._news:
            # This flush has sent all presence, so the timer is not needed any more.
            self._waking.cancel()
            self._waking = None

    def publish_soon(self, presence: Presence) -> None:
        """Publish presence with the next flush of its broadcast, or after a short delay."""
        if not self._waking:
            self._waking = self._running().call_later(_NEWS_DELAY_S, self._publish)
        self._news[presence.broadcast] = presence

    def _publish(self) -> None:
        self._waking = None
        news, self._news = self._news, {}
        for presence in news.values():
            try:
                presence.publish()
            except Exception:
                _log.exception("the presence of a room cannot be sent")

    def tick_later(self, presence: Presence) -> None:
        """Call the presence's `tick` after an interval, and again while some presence waits."""
        if not self._late:
            self._running().call_later(self._interval_s, self._tick)
        self._late.add(presence)

    def _tick(self) -> None:
        """Publish presence that came too soon after the previous presence of its client."""
        late, self._late = self._late, set()
        now = self._clock()
        for presence in late:
            try:
                if presence.tick(now):
                    self.tick_later(presence)
            except Exception:
                _log.exception("the presence of a room cannot be sent")
