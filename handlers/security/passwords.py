"""Passwords: the rules for new ones, and bcrypt in a small bounded pool of threads, in which addresses take turns.

`common_passwords.txt` has the long ones of zxcvbn's frequency lists (MIT licence) and some of our own.
"""

import asyncio
import base64
import hashlib
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import TypeVar

import bcrypt

from crdt.errors import WorkersBusy
from crdt.fair_queue import FairQueue
from handlers.errors import invalid, unavailable

_T = TypeVar("_T")

MIN_CHARACTERS = 10
MAX_CHARACTERS = 128
_MAX_WAITING = 256
"""Several classes that sign in together, a minute of hashes of the default cost; more people are told to come back."""
_MAX_WAITING_EACH = 200
"""Of these from one address, so that others can wait too."""
_WAIT_S = 120.0


class Passwords:
    """Hashes and checks passwords. bcrypt releases the GIL, so the event loop goes on meanwhile.

    The threads have the priority of the event loop's thread. One with less would take the GIL after a hash, and while
    other programs use the cores, get none of these until much later: the event loop waits for the GIL all that time
    (159 ms were measured). On one core, too, a hash of equal priority makes nobody's typing slower.
    """

    def __init__(self, cost: int, threads: int = 1) -> None:
        self._cost = cost
        self._pool = ThreadPoolExecutor(threads, "bcrypt")
        self._queue = FairQueue(threads, _MAX_WAITING_EACH, _MAX_WAITING, _WAIT_S)
        self._is_closed = False
        self._common = frozenset(files("handlers.security").joinpath("common_passwords.txt").read_text().split("\n"))
        self._decoy = bcrypt.hashpw(b"nobody", bcrypt.gensalt(cost)).decode()

    def check_rules(self, password: str, *own_names: str, field: str = "password") -> None:
        """Raise ApiError 422 unless the password may be chosen (docs/configuration.md)."""
        text = unicodedata.normalize("NFC", password)
        folded = text.casefold()
        problem = None
        if len(text) < MIN_CHARACTERS:
            problem = f"must have at least {MIN_CHARACTERS} characters"
        elif len(text) > MAX_CHARACTERS:
            problem = f"may have at most {MAX_CHARACTERS} characters"
        elif folded in self._common or len(set(folded)) == 1:
            problem = "is one of the most common passwords"
        elif folded in {name.casefold() for name in own_names if name}:
            problem = "may not be your name or e-mail address"
        if problem:
            raise invalid({field: [problem]})

    async def hash(self, password: str, address: str) -> str:
        """Return a bcrypt hash; raises ApiError 503 when too many wait already. Addresses that wait take turns."""
        hashed = await self._run(address, bcrypt.hashpw, _digest(password), bcrypt.gensalt(self._cost))
        return hashed.decode()

    async def matches(self, password: str, hashed: str | None, address: str) -> bool:
        """Compare with a hash, as `hash` makes one; with None do the same work and return False."""
        same = await self._run(address, self._compare, _digest(password), (hashed or self._decoy).encode())
        return same and hashed is not None

    def _compare(self, password: bytes, hashed: bytes) -> bool:
        """Compare, and work on for as long as with a hash of our cost: 2**c + 2**c + 2**(c+1) + … is 2**cost."""
        same = bcrypt.checkpw(password, hashed)
        for cost in range(int(hashed.split(b"$")[2]), self._cost):
            bcrypt.hashpw(password, bcrypt.gensalt(cost))
        return same

    def close(self) -> None:
        """Let the threads go; whoever waits is told to come back."""
        self._is_closed = True
        self._pool.shutdown(cancel_futures=True)

    async def _run(self, address: str, work: Callable[[bytes, bytes], _T], password: bytes, salt: bytes) -> _T:
        try:
            async with self._queue.slot(address):
                if self._is_closed:
                    raise unavailable("The server is stopping.")
                return await asyncio.get_running_loop().run_in_executor(self._pool, work, password, salt)
        except WorkersBusy:
            raise unavailable("Too many people are signing in.") from None
        except asyncio.CancelledError:
            if self._is_closed:
                raise unavailable("The server is stopping.") from None
            raise


def _digest(password: str) -> bytes:
    """base64(sha256): bcrypt takes at most 72 bytes and stops at NUL; 44 characters are neither."""
    return base64.b64encode(hashlib.sha256(unicodedata.normalize("NFC", password).encode()).digest())
