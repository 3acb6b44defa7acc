"""Checks the rules for new passwords, and runs bcrypt in a small pool of threads.

Addresses take turns in this pool. `common_passwords.txt` has the long passwords of zxcvbn's
frequency lists (MIT licence), and some passwords that we added.
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
from storage.records import User

_T = TypeVar("_T")

MIN_CHARACTERS = 10
MAX_CHARACTERS = 128
_MAX_WAITING = 256
"""Most hashes that wait. They suffice for several classes that sign in together, and are a minute
of work at the default cost. Further requests get 503."""
_MAX_WAITING_EACH = 200
"""Most waiting hashes of one address, so that other addresses have places in the queue too."""
_WAIT_S = 120.0


class Passwords:
    """Hashes and checks passwords. bcrypt releases the GIL, so the event loop goes on meanwhile.

    The threads have the same priority as the event loop's thread. A thread of lower priority takes
    the GIL after a hash, and then may get no core for long while other programs are busy. The event
    loop would wait for the GIL all that time (159 ms were measured). Even on one core, hashes of
    equal priority do not slow down typing.
    """

    def __init__(self, cost: int, threads: int = 1) -> None:
        self._cost = cost
        self._pool = ThreadPoolExecutor(threads, "bcrypt")
        self._queue = FairQueue(threads, _MAX_WAITING_EACH, _MAX_WAITING, _WAIT_S)
        self._is_closed = False
        self._common = frozenset(
            files("handlers.security").joinpath("common_passwords.txt").read_text().split("\n")
        )
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
        """Return a bcrypt hash. Addresses that wait take turns.

        Raises ApiError 503 if too many wait already.
        """
        hashed = await self._run(
            address, bcrypt.hashpw, _digest(password), bcrypt.gensalt(self._cost)
        )
        return hashed.decode()

    async def matches(self, password: str, hashed: str | None, address: str) -> bool:
        """Return whether a password has this hash, which `hash` has returned.

        For None, this does an equal amount of work and returns False. So the time of an answer does
        not reveal whether an account exists.
        """
        same = await self._run(
            address, self._compare, _digest(password), (hashed or self._decoy).encode()
        )
        return same and hashed is not None

    def _compare(self, password: bytes, hashed: bytes) -> bool:
        """Compare with a hash of any cost, in the time that a hash of the present cost takes.

        Older hashes may have a lower cost, and an early answer would reveal it. The work of bcrypt
        doubles with each step of cost. An example with costs 8 and 11, in units of 2**8: the
        comparison takes 1, and hashes of cost 8, 9 and 10 take 1 + 2 + 4. Together this is 8, the
        work of cost 11.
        """
        same = bcrypt.checkpw(password, hashed)
        for cost in range(int(hashed.split(b"$")[2]), self._cost):
            bcrypt.hashpw(password, bcrypt.gensalt(cost))
        return same

    def close(self) -> None:
        """Stop the threads; requests that wait for a hash get 503."""
        self._is_closed = True
        self._pool.shutdown(cancel_futures=True)

    async def _run(
        self, address: str, work: Callable[[bytes, bytes], _T], password: bytes, salt: bytes
    ) -> _T:
        try:
            async with self._queue.slot(address):
                if self._is_closed:
                    raise unavailable("The server is stopping.")
                return await asyncio.get_running_loop().run_in_executor(
                    self._pool, work, password, salt
                )
        except WorkersBusy:
            raise unavailable("Too many people are signing in.") from None
        except asyncio.CancelledError:
            if self._is_closed:
                raise unavailable("The server is stopping.") from None
            raise


def own_names(user: User) -> tuple[str, ...]:
    """Return the texts about a user that everybody knows; no password may be one of them."""
    email = user.email or ""
    return user.username, email, email.partition("@")[0]


def _digest(password: str) -> bytes:
    """Return base64(sha256(password)), because bcrypt takes at most 72 bytes and stops at NUL.

    These 44 characters are short enough, and have no NUL.
    """
    return base64.b64encode(
        hashlib.sha256(unicodedata.normalize("NFC", password).encode()).digest()
    )
