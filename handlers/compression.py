"""Compresses answers by gzip for clients that accept it: large ones in threads, users in turns.

Not for answers with a secret. On an encrypted connection the length of a compressed answer is still
seen, and the answer is shorter if two parts of it are alike. So people who choose a part of it, and
see the lengths, can guess a secret in another part letter by letter. This is the attack BREACH
(Gluck, Harris, Prado, 2013). Two rules keep us from it:

- Only what all members of a session may read is compressed (`BaseHandler.reply_encoded`), and what
  is public. So people who can write a part of such an answer can read all of it anyway. Answers
  with tokens, tickets or invites are not compressed. Nor are lists of sessions or invites: others
  choose titles and names in them, and the id of a session lets people in.
- Nothing is compressed that a page of another site asks for with the browser's cookies. The attack
  needs thousands of answers, and such a page is how to get them. Without this rule, a member who
  was removed could still choose a part: their own name, next to what they wrote.

There is no brotli: Python has none, and one more library would be needed. It finds repetitions over
more than 32 KiB. So it would make 200 kB of JSON, in which a text is both `code` and in `files`,
26 kB instead of 56.
"""

import asyncio
import re
import zlib
from collections.abc import Callable, Sequence

from crdt.errors import WorkersBusy
from crdt.fair_queue import FairQueue

VARY = "Origin, Accept-Encoding"
"""The header Vary of an answer that is compressed for some clients."""
_LEAST_BYTES = 1 << 10
"""Bytes of an answer from which on it is compressed. A smaller one would save less than a packet of
the network."""
_QUICK_BYTES = 64 << 10
"""Bytes that the event loop compresses itself, in 0.8 ms. 400 kB of code would take 5 ms."""
_LEVEL = 4
"""Level of zlib for answers that are made for one request. Level 6 takes 2.4 times as long, and its
result for code is 6 % smaller."""
_KEPT_LEVEL = 9
_GZIP = 16 + zlib.MAX_WBITS
"""How zlib is told to make gzip, without time and name: equal answers are equal bytes, so that
their ETags are equal too."""

_THREADS = 2
_WAITING_EACH = 4
_WAITING = 32
_WAIT_S = 1.0
"""Seconds that an answer waits for a thread at most. A slow link sends 200 kB in that time."""

_MOST_KEPT = 256
"""Contents that are kept compressed. The web app has some forty files."""

_NEVER = re.compile(r"q\s*=\s*0(\.0*)?", re.IGNORECASE)


def is_accepted(header: str) -> bool:
    """Whether a client accepts gzip, by its header Accept-Encoding (RFC 9110, section 12.5.3)."""
    accepted = {}
    for part in header.split(","):
        coding, _, weight = part.partition(";")
        accepted[coding.strip().lower()] = not _NEVER.fullmatch(weight.strip())
    return accepted.get("gzip", accepted.get("*", False))


def gzip(pieces: Sequence[bytes], level: int = _LEVEL) -> list[bytes]:
    """Return bytes compressed, in pieces of at most 256 KiB."""
    packer = zlib.compressobj(level, zlib.DEFLATED, _GZIP)
    return [b"".join([*map(packer.compress, pieces), packer.flush()])]


class Compressor:
    """Compresses the answers of one process.

    A user has one thread at a time, so that one user who asks for large answers again and again
    does not hold up those of others.
    """

    def __init__(self) -> None:
        self._queue = FairQueue(_THREADS, _WAITING_EACH, _WAITING, _WAIT_S)
        self._kept: dict[object, bytes] = {}

    async def pack(
        self, pieces: Sequence[bytes], accepted: str, user_id: str
    ) -> list[bytes] | None:
        """Return an answer compressed, in pieces; None if it is to be sent as it is: the client
        does not accept gzip, the answer is short, or too many others wait.

        accepted  the client's header Accept-Encoding
        user_id   the user who gets it
        """
        size = sum(map(len, pieces))
        if size < _LEAST_BYTES or not is_accepted(accepted):
            return None
        if size <= _QUICK_BYTES:
            return gzip(pieces)
        try:
            async with self._queue.slot(user_id):
                # A thread is enough: zlib releases the interpreter.
                return await asyncio.to_thread(gzip, pieces)
        except WorkersBusy:
            return None

    async def kept(self, key: object, content: Callable[[], bytes]) -> bytes:
        """Return what `content` returns, compressed.

        key  names the content, which never changes: the result is kept for all later calls
        """
        packed = self._kept.get(key)
        if packed is None:
            packed = await asyncio.to_thread(lambda: b"".join(gzip([content()], _KEPT_LEVEL)))
            if len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = packed
        return packed
