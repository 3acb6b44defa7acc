"""Remembers the clients of one session whose connections broke.

Such a client may come back with text that it wrote meanwhile.
"""

from collections.abc import Callable
from typing import NamedTuple

from crdt.changing.text_clients import TextClient

LOST_S = 30.0
"""Seconds for which a client is remembered after its connection broke.
Unused rooms are closed after about the same time."""
_MAX_LOST = 16
"""Most clients of one session that are remembered after their connection broke."""


class _Lost(NamedTuple):
    """A client, its user, and the time in seconds until which the client is remembered."""

    user_id: str
    client: TextClient
    until: float


class LostClients:
    """The clients of one session whose connections broke."""

    __slots__ = ("_clock", "_lost")

    def __init__(self, clock: Callable[[], float]) -> None:
        """clock: a function that returns seconds of a monotonic clock."""
        self._clock = clock
        self._lost: list[_Lost] = []

    def __bool__(self) -> bool:
        """Whether any client may come back."""
        self._lost = self._remembered()
        return bool(self._lost)

    def add(self, user_id: str, client: TextClient) -> None:
        """Remember a client; if there are too many, forget the client that was lost first."""
        self._lost = [*self._lost[1 - _MAX_LOST :], _Lost(user_id, client, self._clock() + LOST_S)]

    def of_user(self, user_id: str) -> list[TextClient]:
        """Return a user's clients whose connections broke less than half a minute ago."""
        return [lost.client for lost in self._remembered() if lost.user_id == user_id]

    def _remembered(self) -> list[_Lost]:
        now = self._clock()
        return [lost for lost in self._lost if lost.until > now]
