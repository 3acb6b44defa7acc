"""The lease on a database, which one server has: two would each believe their own rooms.

By the database server's clock, so that clocks that differ between machines do not matter. The
holder renews; when that fails for long it stops writing well before another server may come in.

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
"""After so long without a renewal another server may have the database."""
DOUBT_S = 20.0
"""After so long without one the holder stops; what it has begun is over in time (5 s of selection, 10 s of socket)."""

_KEY = {"_id": "lease"}
_FIELDS = {"token", "until", "host", "boot", "space", "pid", "began"}


class Lease:
    """The hold of this process on a database; `token` is told to nobody else.

    The invariant: a server takes the lease only when the one before has nothing on its way any more. An example, in
    seconds after the last renewal that worked:

        0   the holder renews: `until` is 40 s ahead, by the database server's clock
        4   its network fails, and so do all renewals from now on
        20  `check` raises. What the holder has begun ends by 35: 5 s to find a server, 10 s for its answer
        40  another server finds that `until` is over, and takes the lease, if it still is the one that it saw
        50  the network is back. The renewal finds another token: the holder has lost the lease for good

    A renewal counts from when it was asked for, not from when the answer came: it may have been late.
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
            raise StoreUnavailable("MongoDB: another server has taken the database over; this one must be started anew")
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
        """Hold on; once somebody else has it, it is lost for good."""
        began = self._monotonic()
        until = await _now(db) + int(LEASE_S * 1000)
        result = await db.meta.update_one({**_KEY, "token": self.token}, {"$set": {"until": until}})
        if result.matched_count:
            self._renewed_at = began
        else:
            self._is_lost = True

    async def release(self, db: Database) -> None:
        await db.meta.delete_one({**_KEY, "token": self.token})


async def holder(db: Database, known: Document | None = None) -> str:
    """Return which server has the database, "" for none; known: the lease, if it was read already.

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
    """Return the server's clock, in milliseconds since 1970."""
    now: datetime = (await db.command("hello"))["localTime"]
    return int(now.replace(tzinfo=UTC).timestamp() * 1000)


def _process() -> Document:
    """Return what tells this process from all others: of a container or a machine that started again as well."""
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
    """Return when a process of this machine began, in ticks since the machine did; "" if there is none.

    The 22nd field of proc(5)'s stat; the second one is in parentheses and may hold anything.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_dead(lease: Document) -> bool:
    """Whether the lease is of a process of this machine, as far as we see it, that is gone."""
    mine = _process()
    is_near = bool(mine["boot"]) and all(lease[name] == mine[name] for name in ("boot", "space"))
    return is_near and _began(lease["pid"]) != lease["began"]
