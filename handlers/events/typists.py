"""Who is typing, from those who say so: told to others at most once a second, and over after five."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

TYPING_S = 5.0
_AGAIN_S = 1.0


@dataclass(slots=True)
class _Typist:
    user_id: str
    told_at: float
    timer: asyncio.TimerHandle


class Typists:
    """Those who type in one session, by the client id of their presence."""

    def __init__(self, tell: Callable[[int, str, bool], None], loop: asyncio.AbstractEventLoop) -> None:
        """tell is called with (client id, user id, whether he types)."""
        self._tell = tell
        self._loop = loop
        self._typing: dict[int, _Typist] = {}

    def types(self, client_id: int, user_id: str) -> None:
        """Somebody types, or goes on."""
        now = self._loop.time()
        timer = self._loop.call_later(TYPING_S, self.stops, client_id)
        typist = self._typing.get(client_id)
        if typist is not None:
            typist.timer.cancel()
            typist.timer = timer
            if now - typist.told_at < _AGAIN_S:
                return
            typist.told_at = now
        else:
            self._typing[client_id] = _Typist(user_id, now, timer)
        self._tell(client_id, user_id, True)

    def stops(self, client_id: int) -> None:
        """Somebody stopped, left, or said nothing for a while; harmless if he did not type."""
        typist = self._typing.pop(client_id, None)
        if typist is not None:
            typist.timer.cancel()
            self._tell(client_id, typist.user_id, False)

    def close(self) -> None:
        for typist in self._typing.values():
            typist.timer.cancel()
        self._typing.clear()
