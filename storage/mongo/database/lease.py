"""The lease on a database.
One server holds it, because two servers would each trust their own copy of a room.

A lease is a lock that ends unless its holder renews it (Gray and Cheriton, "Leases: an efficient
fault-tolerant mechanism for distributed file cache consistency", 1989). The database server's clock
decides, so the clocks of the machines may differ. If renewals fail for too long, the holder stops
writing well before another server may take the lease.

Why not a TTL index, which would remove the lease by itself: MongoDB looks for expired documents
once a minute, and removes them later still if it is busy. So nobody would know when a lease ends.
Here its document says when, and a server takes the lease in one write that compares it.

Why no fencing number, by which a database refuses what an earlier holder writes: each write would
have to compare it, and an insert in MongoDB has no condition. Time takes its place: what the
earlier holder has sent ends 5 s before the next one may begin. A process that stands still for that
long between `check` and its write is not covered. If it then adds to a log, it cannot replace what
the next holder wrote there: a chunk's `_id` is its session and its first position.

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

A write that it began just before is over 15 s later (5 s to select a server, 10 s for its answer),
so 5 s before `LEASE_S` has passed.
"""

_KEY = {"_id": "lease"}
_FIELDS = {"token", "until", "host", "boot", "space", "pid", "began"}


class Lease:
    """The hold of this process on a database; no other process learns `token`.

    The invariant: a server takes the lease only when no write of the previous holder can still
    arrive. An example, in seconds after the last renewal that worked:

        0   the holder renews: `until` is 40 s ahead, by the database server's clock
        4   its network fails, and so do all renewals from now on
        20  `check` raises. Writes that the holder has begun end by 35:
            5 s to select a server, 10 s for its answer
        40  another server finds that `until` has passed.
            It takes the lease if that is still the one it has read
        50  the network is back. The renewal finds another token:
            the holder has lost the lease for good

    A renewal counts from when it was asked for, not from when the answer came,
    because the answer may come late.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """monotonic: seconds."""
        self.token = secrets.token_hex(16)
        self._monotonic = monotonic
        self._renewed_at = float("-inf")
        self._is_lost = False

    def check(self) -> None:
        """Raise StoreUnavailable unless nobody else can have the database."""
        if self._is_lost:
            raise StoreUnavailable(
                "MongoDB: another server has taken the database over; this one must be started anew"
            )
        if self._monotonic() - self._renewed_at > DOUBT_S:
            raise StoreUnavailable(f"MongoDB: no answer for {DOUBT_S:.0f} s")

    @property
    def is_lost(self) -> bool:
        """Whether another server took the database, for good."""
        return self._is_lost

    async def take(self, db: Database) -> None:
        """Become the only server of this database; raises StoreUnavailable while another one is."""
        began, until = self._monotonic(), await _now(db) + int(LEASE_S * 1000)
        existing = await db.meta.find_one(_KEY)
        mine = {"token": self.token, "until": until, **_process()}
        is_mine = False
        if existing is None:
            with contextlib.suppress(DuplicateKeyError):
                await db.meta.insert_one({**_KEY, **mine})
                is_mine = True
        elif not await holder(db, existing):
            # Compare and set: of two servers that both found the lease over, only the first still
            # finds it unchanged. And a holder that renewed after our look has moved `until`, so we
            # do not take the lease from it.
            seen = {**_KEY, "token": existing["token"], "until": existing["until"]}
            is_mine = await db.meta.find_one_and_update(seen, {"$set": mine}) is not None
        if not is_mine:
            owner = f"{existing['host']} pid {existing['pid']}" if existing else "just started"
            raise StoreUnavailable(
                f"MongoDB: the database is in use by another server ({owner});"
                f" if that was killed, try again in {LEASE_S:.0f} s"
            )
        self._renewed_at = began

    async def renew(self, db: Database) -> None:
        """Extend the lease. If another server has it, this process has lost it for good."""
        # Read before the question is sent. The database counts from when it hears of us, which is
        # later: so by our own clock the lease is over sooner than by the database's, never later.
        began = self._monotonic()
        until = await _now(db) + int(LEASE_S * 1000)
        result = await db.meta.update_one({**_KEY, "token": self.token}, {"$set": {"until": until}})
        if result.matched_count:
            self._renewed_at = began
        else:
            self._is_lost = True

    async def release(self, db: Database) -> None:
        """End the lease, so that another server need not wait;
        without effect if another server has it.
        """
        await db.meta.delete_one({**_KEY, "token": self.token})


async def holder(db: Database, known: Document | None = None) -> str:
    """Return the host and process that hold the database, "" for none.

    known  the lease, if it was read already

    Raises StoreUnavailable for a lease that no server wrote.
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
    """Return fields that tell this process from every other one.

    A process id alone would not: it is used again in another container,
    and after the machine has started again.
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
    """Return when a process of this machine began, in clock ticks since the machine started;
    "" if there is none.

    This is field 22 of /proc/PID/stat, see proc(5). Field 2 is the name of the program in
    parentheses, which may itself have spaces and parentheses. So fields are counted from the last
    closing parenthesis.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_dead(lease: Document) -> bool:
    """Whether the lease's process has ended, if it is one that this process would see."""
    # Without this, a server that was killed would have to wait 40 s before it may start again. A
    # process id says something only on the same machine since its last start (`boot`) and in the
    # same container (`space`).
    mine = _process()
    is_near = bool(mine["boot"]) and all(lease[name] == mine[name] for name in ("boot", "space"))
    return is_near and _began(lease["pid"]) != lease["began"]
