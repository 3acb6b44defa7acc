"""Changes of memberships, logins and sessions, so that nobody acts on what they read before one.

See docs/design/concurrency.md.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

_T = TypeVar("_T")


class Changes:
    """Counts committed changes.

    To read from the store is to wait, and whatever was read may have changed when the answer is here.
    """

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def note(self) -> None:
        """A change is committed."""
        self.count += 1

    async def read(self, read: Callable[[], Awaitable[_T]]) -> _T:
        """Return what `read` returned while nothing changed; reads again after each change.

        The caller may act on the result until it awaits something.
        """
        while True:
            before = self.count
            result = await read()
            if before == self.count:
                return result
