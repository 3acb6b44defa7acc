"""Tells other clients which clients type, at intervals.

A client counts as typing until five seconds after its last announcement.
"""

import asyncio
from collections.abc import Callable

TYPING_S = 5.0
"""Seconds for which a client counts as typing after its last announcement."""
_AGAIN_S = 1.0
"""Least seconds between two messages that the same client is still typing."""
_LEAST_S = 0.2
"""Least seconds between any two messages about the same client."""


class _Typist:
    """One client: whether it types, and the last message about it to other clients."""

    __slots__ = ("ends", "is_told", "late", "told_at", "types", "user_id")

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.types = self.is_told = False
        self.told_at = float("-inf")
        self.ends: asyncio.TimerHandle | None = None
        self.late: asyncio.TimerHandle | None = None


class TypingIndicator:
    """The clients that type in one session, by the client id of their presence."""

    def __init__(
        self, tell: Callable[[int, str, bool], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        """tell: a function that is called with (client id, user id, whether the user types)."""
        self._tell = tell
        self._loop = loop
        self._typists: dict[int, _Typist] = {}

    def types(self, client_id: int, user_id: str) -> None:
        """Note that a client types."""
        typist = self._typists.setdefault(client_id, _Typist(user_id))
        typist.types = True
        if typist.ends:
            typist.ends.cancel()
        typist.ends = self._loop.call_later(TYPING_S, self.stops, client_id)
        self._say(client_id, typist)

    def stops(self, client_id: int) -> None:
        """Note that a client has stopped typing, or has announced nothing for five seconds.

        This has no effect if the client did not type.
        """
        typist = self._typists.get(client_id)
        if typist is not None:
            typist.types = False
            self._say(client_id, typist)

    def leaves(self, client_id: int) -> None:
        """Note that a client is gone, and tell other clients immediately."""
        typist = self._typists.get(client_id)
        if typist is not None:
            self._forget(client_id, typist)
            if typist.is_told:
                self._tell(client_id, typist.user_id, False)

    def close(self) -> None:
        """Forget all clients without telling anybody."""
        for client_id, typist in list(self._typists.items()):
            self._forget(client_id, typist)

    def _say(self, client_id: int, typist: _Typist) -> None:
        """Tell other clients if a client has begun or stopped typing.

        This happens immediately, or when the interval is over.
        """
        now = self._loop.time()
        wait_s = typist.told_at + (_AGAIN_S if typist.types and typist.is_told else _LEAST_S) - now
        if wait_s <= 0:
            self._catch_up(client_id, typist)
        elif typist.late is None and typist.types != typist.is_told:
            typist.late = self._loop.call_later(wait_s, self._catch_up, client_id, typist)

    def _catch_up(self, client_id: int, typist: _Typist) -> None:
        if typist.late:
            typist.late.cancel()
            typist.late = None
        if not typist.types:
            self._forget(client_id, typist)
        if typist.types or typist.is_told:
            typist.is_told, typist.told_at = typist.types, self._loop.time()
            self._tell(client_id, typist.user_id, typist.types)

    def _forget(self, client_id: int, typist: _Typist) -> None:
        self._typists.pop(client_id, None)
        for timer in (typist.ends, typist.late):
            if timer:
                timer.cancel()
