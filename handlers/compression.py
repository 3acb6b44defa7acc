"""Compresses answers by gzip for clients that accept it.

Threads compress large answers, and users take turns. This is not for answers with a secret. On an
encrypted connection, an attacker still sees the length of a compressed answer, and similar parts
make an answer shorter. So an attacker who chooses one part can guess a secret in another part,
letter by letter. This is the attack BREACH (Gluck, Harris, Prado, 2013). Two rules prevent it:

- Only public answers are compressed, and answers that all members of a session may read
  (`BaseHandler.reply_encoded`). So a user who writes a part of an answer can read all of it anyway.
  Answers with tokens, tickets or invites are not compressed. Lists of sessions or invites are not
  compressed either: other users choose names in them, and a session's id may let people in.
- An answer is not compressed if a page of another site requests it with the browser's cookies. The
  attack needs thousands of answers, and such a page can get them. Without this rule, a removed
  member could still choose a part of the answer: their own name, next to their messages.

Brotli would need one more library, because Python has none. Unlike gzip, it finds repetitions at a
distance of more than 32 KiB. So it would compress 200 kB of JSON that has a text twice, in `code`
and in `files`, to 26 kB instead of 56 kB.
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
"""Smallest answer in bytes that is compressed. Compressing a smaller answer would save less than
one packet of the network."""
_QUICK_BYTES = 64 << 10
"""Largest answer in bytes that the event loop compresses itself, in 0.8 ms. 400 kB of code would
take 5 ms."""
_LEVEL = 4
"""zlib's level for answers that are made for one request. Level 6 takes 2.4 times as long, and
makes code only 6 % smaller."""
_KEPT_LEVEL = 9
_GZIP = 16 + zlib.MAX_WBITS
"""zlib's parameter for gzip without time and name. So equal answers have equal bytes and equal
ETags."""

_THREADS = 2
_WAITING_EACH = 4
_WAITING = 32
_WAIT_S = 1.0
"""Most seconds that an answer waits for a thread. A slow link sends 200 kB in that time."""

_MOST_KEPT = 256
"""Most contents that are kept in compressed form. The web app has about forty files."""

_NEVER = re.compile(r"q\s*=\s*0(\.0*)?", re.IGNORECASE)


def is_accepted(header: str) -> bool:
    """Whether a header Accept-Encoding allows gzip (RFC 9110, section 12.5.3)."""
    accepted = {}
    for part in header.split(","):
        coding, _, weight = part.partition(";")
        accepted[coding.strip().lower()] = not _NEVER.fullmatch(weight.strip())
    return accepted.get("gzip", accepted.get("*", False))


def gzip(pieces: Sequence[bytes], level: int = _LEVEL) -> list[bytes]:
    """Return the joined pieces, compressed."""
    packer = zlib.compressobj(level, zlib.DEFLATED, _GZIP)
    return [b"".join([*map(packer.compress, pieces), packer.flush()])]


class Compressor:
    """Compresses the answers of one process.

    Each user has at most one thread at a time. So a user who requests many large answers does not
    delay the answers of other users.
    """

    def __init__(self) -> None:
        self._queue = FairQueue(_THREADS, _WAITING_EACH, _WAITING, _WAIT_S)
        self._packed: dict[object, bytes] = {}

    async def pack(
        self, pieces: Sequence[bytes], accepted: str, user_id: str
    ) -> list[bytes] | None:
        """Return an answer compressed, in pieces, or None if it should be sent uncompressed.

        This is so if the client does not accept gzip, the answer is short, or too many answers
        wait.

        accepted  the client's header Accept-Encoding
        user_id   the user who gets the answer
        """
        size = sum(map(len, pieces))
        if size < _LEAST_BYTES or not is_accepted(accepted):
            return None
        if size <= _QUICK_BYTES:
            return gzip(pieces)
        try:
            async with self._queue.slot(user_id):
                # No process is needed, because zlib releases the interpreter's lock.
                return await asyncio.to_thread(gzip, pieces)
        except WorkersBusy:
            return None

    async def kept(self, key: object, content: Callable[[], bytes]) -> bytes:
        """Return the result of `content`, compressed, and keep it for all later calls.

        key  identifies the content, which must never change
        """
        packed = self._packed.get(key)
        if packed is None:
            packed = await asyncio.to_thread(lambda: b"".join(gzip([content()], _KEPT_LEVEL)))
            if len(self._packed) >= _MOST_KEPT:
                del self._packed[next(iter(self._packed))]
            self._packed[key] = packed
        return packed
