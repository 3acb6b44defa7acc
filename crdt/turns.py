"""When rooms speak: at the end of a turn of the event loop, and presence a little later."""

import asyncio
from collections.abc import Callable
from functools import partial

from crdt.room import Room

_NEWS_DELAY_S = 0.02
"""For presence of several people to go out together: a send costs more than anything else about it."""


class Turns:
    """One callback a turn for all rooms, one timer for all presence."""

    __slots__ = ("_clock", "_interval_s", "_late", "_news", "_turn")

    def __init__(self, presence_interval_s: float, clock: Callable[[], int]) -> None:
        self._interval_s = presence_interval_s
        self._clock = clock
        self._turn: list[Room] = []
        self._news: list[Room] = []
        self._late: set[Room] = set()

    def serve(self, room: Room) -> None:
        """Let a room speak from now on."""
        room.broadcast.on_first = partial(self._in_turn, room)
        room.presence.on_news = partial(self._has_news, room)
        room.presence.on_late = partial(self._is_late, room)

    def forget(self, room: Room) -> None:
        self._late.discard(room)

    def _in_turn(self, room: Room) -> None:
        if not self._turn:
            asyncio.get_running_loop().call_soon(self._end_turn)
        self._turn.append(room)

    def _end_turn(self) -> None:
        rooms, self._turn = self._turn, []
        for room in rooms:
            room.broadcast.flush()

    def _has_news(self, room: Room) -> None:
        if not self._news:
            asyncio.get_running_loop().call_later(_NEWS_DELAY_S, self._publish)
        self._news.append(room)

    def _publish(self) -> None:
        rooms, self._news = self._news, []
        for room in rooms:
            room.presence.publish()

    def _is_late(self, room: Room) -> None:
        if not self._late:
            asyncio.get_running_loop().call_later(self._interval_s, self._tick)
        self._late.add(room)

    def _tick(self) -> None:
        """Take presence that came too soon after the one before."""
        rooms, self._late = self._late, set()
        now = self._clock()
        for room in rooms:
            if room.presence.tick(now):
                self._is_late(room)
