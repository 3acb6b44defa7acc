"""Names the sessions and users whose bytes native code works on,
in memory that outlives the process.

pycrdt can still be broken by sequences of updates that each pass the scan: 18 of 21,424 random
sequences of senseless updates broke it, 10 of these by a signal. If that ends the process, the next
one reads here which session and user it was (`crdt.quarantine`). The page is a file that the server
maps, or plain memory.

Why not a log line before each call: it would be a system call for each update, and lost with the
buffer. Writing to a mapped page costs 0.16 µs, and the kernel keeps the page however the process
ends.
"""

from collections.abc import Iterator, MutableSequence
from typing import Protocol

SIZE = 4_096
_SLOT = 256


class Page(Protocol):
    """Mapped or plain memory of `SIZE` bytes."""

    def __getitem__(self, place: slice, /) -> bytes | bytearray: ...

    def __setitem__(self, place: slice, value: bytes, /) -> None: ...


_THREAD = " "
"""The first character of a name for which a thread works, not the event loop."""


class CrashMark:
    """Names the sessions and users that the event loop works for,
    and the sessions that threads work for meanwhile.

    The two are kept apart, because a loop that stands still is held by its own work, not by that of
    a thread. Only if the loop does no such work, the work of threads is suspected.

    >>> with mark.at(session_id, user_id):
    ...     document.apply(update)
    """

    __slots__ = ("_free", "_page")

    def __init__(self, page: Page | None = None) -> None:
        self._page: Page = bytearray(SIZE) if page is None else page
        self._free: MutableSequence[int] = list(range(0, SIZE, _SLOT))

    def at(self, session_id: str, user_id: str = "") -> "_At":
        """Name a session, and the user if it is one alone, for as long as a block runs."""
        return _At(self._page, self._free, f"{session_id} {user_id}".encode())

    def beside(self, session_id: str) -> "_At":
        """Name a session that a thread works for, for as long as a block runs."""
        return _At(self._page, self._free, f"{_THREAD}{session_id}".encode())

    def named(self, *, in_threads: bool = False) -> Iterator[tuple[str, str]]:
        """Yield (session id, user id or "") of all that are named now,
        or were when the process died.

        in_threads  those that threads work for, instead of those that the event loop works for
        """
        for place in range(0, SIZE, _SLOT):
            size = self._page[place : place + 1][0]
            if size:
                name = bytes(self._page[place + 1 : place + 1 + size]).decode("ascii", "replace")
                if name.startswith(_THREAD) is in_threads:
                    session_id, _, user_id = name.removeprefix(_THREAD).partition(" ")
                    yield session_id, user_id

    def clear(self) -> None:
        """Name nobody."""
        self._page[0:SIZE] = bytes(SIZE)


class _At:
    """A slot of the page while it is used; with none left nothing is named."""

    __slots__ = ("_free", "_name", "_page", "_place")

    def __init__(self, page: Page, free: MutableSequence[int], name: bytes) -> None:
        self._page = page
        self._free = free
        self._name = name[: _SLOT - 1]
        self._place = -1

    def __enter__(self) -> None:
        try:
            place = self._place = self._free.pop()
        except IndexError:
            return
        # An empty slot is used by one block at a time, so nothing has to be locked: taking from a
        # list is one step of the interpreter, also in threads.
        name = self._name
        # Length and name in one assignment: nothing can end the process between the two, and leave
        # the new length with an old name.
        self._page[place : place + 1 + len(name)] = bytes((len(name),)) + name

    def __exit__(self, *_: object) -> None:
        place = self._place
        if place >= 0:
            self._page[place : place + 1] = b"\0"
            self._free.append(place)
