"""The table of authorship: which user brought each struct of a document, and when.

Blame is made from this table. The table has client ids and clocks, not text positions. Each update
names the structs that it brings, so the order in which updates arrive does not matter. The table is
right for concurrent edits, restored versions and texts that came by REST. It is also right for text
that was typed offline and brought by another user. Only blame looks up positions
(`crdt.reading.item_order`).

An example: Ada types "hello" as client 5 at second 100, and " you" at second 160. The clocks of
client 5 are [0, 5] and the values (100, Ada) and (160, Ada). Bob's edits in the middle of Ada's
text change nothing here.

See docs/design/storage.md.
"""

import itertools
from array import array
from bisect import bisect_right
from collections.abc import Mapping

from crdt.errors import ProtocolError, RoomDamaged
from crdt.log.codec import with_checksum, without_checksum
from crdt.wire.lib0 import read_var_bytes, read_var_uint, write_var_bytes, write_var_uint
from crdt.wire.parsed_update import Parsed

GRAIN_S = 2
"""Seconds within which structs of one client share a time.
So two seconds of typing make one record, instead of one for each letter."""

_MARK = b"\x00\x02"
"""The first bytes of a table with times. Older tables begin with the number of users. An older
table with 0 users ends after that number, so no older table begins with 0 and 2."""
_USER_BITS = 20
_USER_MASK = (1 << _USER_BITS) - 1


class Authorship:
    """For each client id: spans of clocks, each with the user who brought them and the second."""

    __slots__ = ("_index", "_next", "_spans", "_users")

    def __init__(self) -> None:
        self._users: list[str] = []
        self._index: dict[str, int] = {}
        self._next: dict[int, int] = {}
        self._spans: dict[int, tuple[array[int], array[int]]] = {}

    def note(self, parsed: Parsed, at: int, user_id: str) -> None:
        """Note the structs of an applied update; at: milliseconds since 1970."""
        for client, (_, after) in parsed.spans.items():
            first = self._next.get(client, 0)
            if after > first:
                self.add(client, first, after, at // 1_000, user_id)

    def add(self, client: int, clock: int, after: int, second: int, user_id: str) -> None:
        """Note new structs of one client, from `clock` to before `after`."""
        self._next[client] = after
        user = self._index.get(user_id)
        if user is None:
            user = self._index[user_id] = len(self._users)
            self._users.append(user_id)
        spans = self._spans.get(client)
        if spans is None:
            spans = self._spans[client] = (array("Q"), array("Q"))
        clocks, values = spans
        if values:
            last = values[-1]
            # The previous span goes on. A span ends where the next one begins, so nothing has to be
            # written.
            if last & _USER_MASK == user and second - (last >> _USER_BITS) < GRAIN_S:
                return
        clocks.append(clock)
        # Each span has two integers of eight bytes, in arrays. A list of tuples would take several
        # times as much memory.
        values.append(second << _USER_BITS | user)

    def first_of_others(self, client: int, user_id: str) -> int | None:
        """Return the first clock of a client's structs that another user brought, or None.

        user_id  the user whose own structs are skipped
        """
        clocks, values = self._spans.get(client, (array("Q"), array("Q")))
        user = self._index.get(user_id, -1)
        return next(
            (
                clock
                for clock, value in zip(clocks, values, strict=True)
                if value & _USER_MASK != user
            ),
            None,
        )

    def reassign(self, client: int, first: int, after: int, user_id: str) -> None:
        """Note that a user brought these structs of a client, even if another user is noted.

        The times stay.
        """
        old_clocks, old_values = self._spans.pop(client, (array("Q"), array("Q")))
        following = self._next.get(client, 0)
        ends = [*old_clocks[1:], following]
        for clock, end, value in zip(old_clocks, ends, old_values, strict=True):
            second, user = value >> _USER_BITS, self._users[value & _USER_MASK]
            # Each old span is cut at the two ends of the range, and added again piece by piece. So
            # neighbouring pieces of one user and time are joined.
            cuts = sorted({clock, min(max(first, clock), end), min(max(after, clock), end), end})
            for start, stop in itertools.pairwise(cuts):
                self.add(client, start, stop, second, user_id if first <= start < after else user)
        if following:
            self._next[client] = following

    def of(self, client: int, start: int, end: int) -> list[tuple[int, int, str]]:
        """Return the parts of a range of clocks, in order.

        A part is (first clock, milliseconds since 1970, id of the user who brought it).
        """
        clocks, values = self._spans.get(client, (array("Q"), array("Q")))
        # The loop reads the span that has the first clock, then those that begin inside the range.
        # A span ends where the next one begins.
        at = max(bisect_right(clocks, start) - 1, 0)
        parts = []
        while at < len(clocks) and clocks[at] < end:
            value = values[at]
            user = self._users[value & _USER_MASK]
            parts.append((max(start, clocks[at]), (value >> _USER_BITS) * 1_000, user))
            at += 1
        return parts

    def clients(self) -> dict[int, int]:
        """Return {client id: next clock}."""
        return self._next

    def users(self) -> list[str]:
        """Return the ids of all users who brought structs."""
        return self._users

    def pack(self, client: int, users: dict[str, int]) -> bytes:
        """Encode the spans of one client: its next clock, their number, and each span.

        A span is (clock, second, user). Clock and second are differences to the previous span. A
        clock that was set back makes a difference below zero. So the differences 0, -1, 1, -2, 2
        and so on are numbered in this order: the difference -2 is written as 3.
        """
        clocks, values = self._spans.get(client, (array("Q"), array("Q")))
        parts = [write_var_uint(self._next.get(client, 0)), write_var_uint(len(clocks))]
        clock = second = 0
        for start, value in zip(clocks, values, strict=True):
            now = value >> _USER_BITS
            user = users[self._users[value & _USER_MASK]]
            parts.append(write_var_uint(start - clock))
            parts.append(
                write_var_uint(now - second << 1 if now >= second else (second - now << 1) - 1)
            )
            parts.append(write_var_uint(user))
            clock, second = start, now
        return b"".join(parts)

    def unpack(self, data: bytes, at: int, client: int, users: list[str]) -> int:
        """Read bytes that `pack` wrote; return the next position."""
        following, at = read_var_uint(data, at)
        count, at = read_var_uint(data, at)
        clock = second = 0
        for _ in range(count):
            step, at = read_var_uint(data, at)
            change, at = read_var_uint(data, at)
            user, at = read_var_uint(data, at)
            clock += step
            second += -(change + 1 >> 1) if change & 1 else change >> 1
            self.add(client, clock, following, second, users[user])
        if following:
            self._next[client] = following
        return at


def is_in(data: bytes) -> bool:
    """Whether a packed table has authorship."""
    return data.startswith(_MARK)


def encode(owners: Mapping[int, str], authorship: Authorship) -> bytes:
    """Pack {client id: user id} and the authorship, as a checkpoint keeps them."""
    users = {
        user: number
        for number, user in enumerate(dict.fromkeys([*owners.values(), *authorship.users()]))
    }
    parts = [_MARK, write_var_uint(len(users)), *(write_var_bytes(user.encode()) for user in users)]
    for client in dict.fromkeys([*owners, *authorship.clients()]):
        owner = owners.get(client)
        parts.append(write_var_uint(client))
        parts.append(write_var_uint(0 if owner is None else users[owner] + 1))
        parts.append(authorship.pack(client, users))
    return with_checksum(b"".join(parts))


def decode(data: bytes) -> tuple[dict[int, str], Authorship | None]:
    """Unpack (the owners, the authorship).

    The authorship is None in tables of releases that did not keep it. Raises RoomDamaged if the
    bytes differ from those that were written.
    """
    body = without_checksum(data)
    has_times = is_in(body)
    authorship = Authorship()
    owners: dict[int, str] = {}
    try:
        count, at = read_var_uint(body, len(_MARK) if has_times else 0)
        users = []
        for _ in range(count):
            user, at = read_var_bytes(body, at)
            users.append(user.decode())
        while at < len(body):
            client, at = read_var_uint(body, at)
            owner, at = read_var_uint(body, at)
            if not has_times:
                owners[client] = users[owner]
                continue
            if owner:
                owners[client] = users[owner - 1]
            at = authorship.unpack(body, at, client, users)
    except (IndexError, ProtocolError, UnicodeDecodeError) as error:
        raise RoomDamaged("table of owners that cannot be read") from error
    return owners, authorship if has_times else None
