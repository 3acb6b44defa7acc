"""The lease on a database, which only one server holds.

Without it, two servers could open the same room, and each would trust its own copy of the document.

A lease is a lock that ends unless its holder renews it (Gray and Cheriton, "Leases: an efficient
fault-tolerant mechanism for distributed file cache consistency", 1989). The database server's clock
decides, so the clocks of the machines may differ. If renewals fail for too long, the holder stops
writing well before another server may take the lease.

A TTL index could remove an expired lease. But MongoDB looks for expired documents only once a
minute, and later if it is busy, so nobody would know when a lease ends. Here the lease's document
has the end time, and a server takes the lease in one write that compares that time.

With a fencing number, a database could refuse the writes of an earlier holder. But each write would
have to compare that number, and an insert in MongoDB has no condition. Instead, the holder's last
write ends 5 s before another server may begin. One case is not covered: a process that pauses for
longer than that between `check` and its write. If such a process adds to a log, it cannot replace
the next holder's chunks, because a chunk's `_id` is its session and its first position.

See docs/design/storage.md.
"""

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pymongo.errors import DuplicateKeyError

from storage.errors import StoreUnavailable
from storage.mongo.database.driver import Database, Document

RENEW_S = 4.0
"""Seconds between two renewals: several may fail before the holder has to stop writing."""
LEASE_S = 40.0
"""Seconds without a renewal after which another server may take the database."""
DOUBT_S = 20.0
"""Seconds without a renewal after which the holder stops writing.

A write that began just before this moment ends at most 15 s later: 5 s to select a server, 10 s for
its answer. That is 5 s before `LEASE_S` has passed.
"""

_KEY = {"_id": "lease"}
_FIELDS = {"token", "until", "host", "boot", "space", "pid", "began"}


class Lease:
    """The lease of this process on a database. No other process learns `token`.

    The invariant: a server takes the lease only when no write of the previous holder can still
    arrive. An example, in seconds after the last renewal that worked:

        0   the holder renews: `until` is 40 s ahead, by the database server's clock
        4   the holder's network fails, and all its renewals fail from now on
        20  `check` raises. Writes that the holder has begun end by 35:
            5 s to select a server, 10 s for its answer
        40  another server finds that `until` has passed.
            It takes the lease if the lease's document has not changed since it was read
        50  the network works again. The first holder's renewal finds another token:
            this holder has lost the lease for good

    A renewal counts from the time of its request, because its answer may come late.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """monotonic: a function that returns seconds."""
        self.token = secrets.token_hex(16)
        self._monotonic = monotonic
        self._renewed_at = float("-inf")
        self._is_lost = False

    def check(self) -> None:
        """Raise StoreUnavailable if another server may have taken the database."""
        if self._is_lost:
            raise StoreUnavailable(
                "MongoDB: another server has taken the database over; start this server again"
            )
        if self._monotonic() - self._renewed_at > DOUBT_S:
            raise StoreUnavailable(f"MongoDB: no answer for {DOUBT_S:.0f} s")

    @property
    def is_lost(self) -> bool:
        """Whether another server has taken the database, so that this process cannot go on."""
        return self._is_lost

    async def take(self, db: Database) -> None:
        """Take the lease; raises StoreUnavailable if another server holds it."""
        began, until = self._monotonic(), await _now(db) + int(LEASE_S * 1000)
        existing = await db.meta.find_one(_KEY)
        mine = {"token": self.token, "until": until, **_process()}
        is_mine = False
        if existing is None:
            with contextlib.suppress(DuplicateKeyError):
                await db.meta.insert_one({**_KEY, **mine})
                is_mine = True
        elif not await holder(db, existing):
            # Compare and set. If two servers find an expired lease, only the first one finds its
            # document unchanged. If the holder has renewed since our read, `until` has changed,
            # so we do not take the lease.
            seen = {**_KEY, "token": existing["token"], "until": existing["until"]}
            is_mine = await db.meta.find_one_and_update(seen, {"$set": mine}) is not None
        if not is_mine:
            owner = f"{existing['host']} pid {existing['pid']}" if existing else "just started"
            raise StoreUnavailable(
                f"MongoDB: the database is in use by another server ({owner});"
                f" if that server was killed, try again in {LEASE_S:.0f} s"
            )
        self._renewed_at = began

    async def renew(self, db: Database) -> None:
        """Extend the lease. If another server has it, this process has lost it for good."""
        # Our clock is read before the request is sent, and the database's clock later. So the
        # lease never ends later by our clock than by the database's clock.
        began = self._monotonic()
        until = await _now(db) + int(LEASE_S * 1000)
        result = await db.meta.update_one({**_KEY, "token": self.token}, {"$set": {"until": until}})
        if result.matched_count:
            self._renewed_at = began
        else:
            self._is_lost = True

    async def release(self, db: Database) -> None:
        """End the lease, so that another server need not wait; no effect on another's lease."""
        await db.meta.delete_one({**_KEY, "token": self.token})


async def holder(db: Database, known: Document | None = None) -> str:
    """Return the host and process that hold the database, "" for none.

    known  the lease's document, if the caller has read it already

    Raises StoreUnavailable for a document that no server of ours wrote.
    """
    lease = known or await db.meta.find_one(_KEY)
    if lease is None:
        return ""
    if not (lease.keys() >= _FIELDS and isinstance(lease["until"], int)):
        raise StoreUnavailable("MongoDB: the collection `meta` belongs to another program")
    if lease["until"] <= await _now(db) or _is_dead(lease):
        return ""
    return f"{lease['host']} pid {lease['pid']}"


async def _now(db: Database) -> int:
    """Return the time by the database server's clock, in milliseconds since 1970."""
    now: datetime = (await db.command("hello"))["localTime"]
    return int(now.replace(tzinfo=UTC).timestamp() * 1000)


def _process() -> Document:
    """Return fields that identify this process among the processes of all machines.

    A process id alone does not suffice. Another container may use the same id, and so may
    the same machine after a restart.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        boot = space = ""
    return {
        "host": socket.gethostname(),
        "boot": boot,
        "space": space,
        "pid": os.getpid(),
        "began": _began(os.getpid()),
    }


def _began(pid: int) -> str:
    """Return when a process of this machine began, "" if there is no such process.

    The unit is clock ticks since the machine started: field 22 of /proc/PID/stat, see proc(5).
    Field 2 is the program's name in parentheses, and the name itself may have spaces and
    parentheses. So fields are counted from the last closing parenthesis.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_dead(lease: Document) -> bool:
    """Whether the lease's process ran where this process runs, and has ended."""
    # Without this check, a server that was killed could start again only after 40 s. A process id
    # has a meaning only on the same machine since its last start (`boot`) and in the same container
    # (`space`).
    mine = _process()
    is_near = bool(mine["boot"]) and all(lease[name] == mine[name] for name in ("boot", "space"))
    return is_near and _began(lease["pid"]) != lease["began"]
