"""Clients of one session whose connections broke:
each may come back with what it wrote meanwhile.
"""

from collections.abc import Callable
from typing import NamedTuple

from crdt.room.text_clients import TextClient

LOST_S = 30.0
"""Seconds that a client whose connection broke is remembered:
rooms that nobody uses are closed about then."""
_MAX_LOST = 16
"""Clients that are remembered after their connection broke."""


class _Lost(NamedTuple):
    """A client, its user, and the time on the clock until which it is remembered."""

    user_id: str
    client: TextClient
    until: float


class LostClients:
    """The lost clients of one session."""

    __slots__ = ("_clock", "_lost")

    def __init__(self, clock: Callable[[], float]) -> None:
        """clock: seconds since any moment."""
        self._clock = clock
        self._lost: list[_Lost] = []

    def __bool__(self) -> bool:
        """Whether any client may come back."""
        self._lost = self._remembered()
        return bool(self._lost)

    def add(self, user_id: str, client: TextClient) -> None:
        """Remember a client; if too many are remembered, forget the one that was lost first."""
        self._lost = [*self._lost[1 - _MAX_LOST :], _Lost(user_id, client, self._clock() + LOST_S)]

    def of_user(self, user_id: str) -> list[TextClient]:
        """Return a user's clients whose connections broke less than half a minute ago."""
        return [lost.client for lost in self._remembered() if lost.user_id == user_id]

    def _remembered(self) -> list[_Lost]:
        now = self._clock()
        return [lost for lost in self._lost if lost.until > now]
