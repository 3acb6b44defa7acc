"""Names the sessions and users that native code works for, in memory that outlives the process.

Some sequences of updates break pycrdt, although each of the updates passes the scan. 18 of 21,424
random sequences of senseless updates broke it, 10 of these by a signal. If a signal ends the
process, the next process reads here which session and user it worked for (`crdt.quarantine`). The
page is a file that the server maps, or plain memory.

The alternative is a log line before each call. Unbuffered, it would cost a system call for each
update. Buffered, it would be lost in a crash. Writing to a mapped page costs 0.16 µs, and the
kernel keeps the page however the process ends.
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
"""The first character of the name of a session that a thread works for."""


class CrashMark:
    """Names sessions and users that the event loop works for, and sessions of other threads.

    The names of the event loop and of threads are kept apart: if the event loop hangs, its own work
    is the reason. Work of a thread is suspected only if the event loop names nothing.
    >>> with mark.at(session_id, user_id):
    ...     document.apply(update)
    """

    __slots__ = ("_free", "_page")

    def __init__(self, page: Page | None = None) -> None:
        self._page: Page = bytearray(SIZE) if page is None else page
        self._free: MutableSequence[int] = list(range(0, SIZE, _SLOT))

    def at(self, session_id: str, user_id: str = "") -> "_At":
        """Name a session while a block runs, and the user if the work is for one user only."""
        return _At(self._page, self._free, f"{session_id} {user_id}".encode())

    def beside(self, session_id: str) -> "_At":
        """Name a session that a thread works for, while a block runs."""
        return _At(self._page, self._free, f"{_THREAD}{session_id}".encode())

    def named(self, *, in_threads: bool = False) -> Iterator[tuple[str, str]]:
        """Yield (session id, user id or "") for each name on the page.

        The page of a dead process has the names from the moment when the process died.

        in_threads  yield the sessions that threads work for, instead of those of the event loop
        """
        for place in range(0, SIZE, _SLOT):
            size = self._page[place : place + 1][0]
            if size:
                name = bytes(self._page[place + 1 : place + 1 + size]).decode("ascii", "replace")
                if name.startswith(_THREAD) is in_threads:
                    session_id, _, user_id = name.removeprefix(_THREAD).partition(" ")
                    yield session_id, user_id

    def clear(self) -> None:
        """Remove all names."""
        self._page[0:SIZE] = bytes(SIZE)


class _At:
    """A slot of the page while a block uses it. If no slot is free, the block has no name."""

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
        # Only one block at a time uses a slot. No lock is needed, because `list.pop` is atomic for
        # threads, too.
        name = self._name
        # Length and name are written in one assignment. So the process cannot die between the two
        # and leave the new length with an old name.
        self._page[place : place + 1 + len(name)] = bytes((len(name),)) + name

    def __exit__(self, *_: object) -> None:
        place = self._place
        if place >= 0:
            self._page[place : place + 1] = b"\0"
            self._free.append(place)
