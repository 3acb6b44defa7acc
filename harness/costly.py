"""Updates that are within all limits, but cost far more to integrate than typing does.

Each kind has updates that fill a document, and a function that returns costly updates for this
document. Client 1 fills the document, and client 2 inserts into it. Ordinary clients also send such
updates, but rarely: for an undo at many places, an import, a formatter or a script.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from crdt.wire.lib0 import write_var_bytes, write_var_uint

_ROOT = b"\x01\x0acodemirror"
_EMOJI = "\U0001f600".encode()
_PART = 200_000
_RUN = 60_000
FILLED = 4 * _PART
"""The number of characters with which client 1 fills a document."""
_EMOJI_UNITS = 4 * 120_000


@dataclass(frozen=True)
class Costly:
    """One kind of costly update.

    fill   returns the updates with which client 1 fills the document
    make   returns the n-th costly update, for n from 0 on
    """

    name: str
    about: str
    fill: Callable[[], Iterator[bytes]]
    make: Callable[[int], bytes]


def section(client: int, clock: int, structs: list[bytes]) -> bytes:
    """Return the section of an update that has one client's structs."""
    return (
        write_var_uint(len(structs))
        + write_var_uint(client)
        + write_var_uint(clock)
        + b"".join(structs)
    )


def update(client: int, clock: int, structs: list[bytes]) -> bytes:
    """Return an update that only adds structs."""
    return b"\x01" + section(client, clock, structs) + b"\x00"


def deletions(client: int, ranges: list[tuple[int, int]]) -> bytes:
    """Return an update that only deletes; ranges: (start, length)."""
    runs = b"".join(write_var_uint(start) + write_var_uint(length) for start, length in ranges)
    return b"\x00\x01" + write_var_uint(client) + write_var_uint(len(ranges)) + runs


def string(
    text: bytes, left: tuple[int, int] | None = None, right: tuple[int, int] | None = None
) -> bytes:
    """Return a struct with a text; left, right: (client, clock) of its neighbours.

    A struct without neighbours contains the name of its root instead.
    """
    info = 4 | (0x80 if left else 0) | (0x40 if right else 0)
    places = b"".join(
        write_var_uint(client) + write_var_uint(clock)
        for client, clock in filter(None, (left, right))
    )
    return bytes((info,)) + (places or _ROOT) + write_var_bytes(text)


def filled(text: bytes = b"a" * FILLED) -> Iterator[bytes]:
    """Yield updates that fill a document with ASCII, 800,000 characters by default."""
    for at in range(0, len(text), _PART):
        yield update(1, at, [string(text[at : at + _PART], (1, at - 1) if at else None)])


def _filled_with_run() -> Iterator[bytes]:
    yield update(1, 0, [string(b"a" * _RUN)])


def _filled_with_emoji() -> Iterator[bytes]:
    for at in range(0, _EMOJI_UNITS, 120_000):
        yield update(1, at, [string(_EMOJI * 60_000, (1, at - 1) if at else None)])


def _filled_with_key() -> Iterator[bytes]:
    yield update(1, 0, [_KEY])


_KEY = b"\x28\x01\x03map\x01k\x01\x7e"
"""A struct that sets the key k of a map. Its client does not know any earlier value of this key."""


def places(number: int, count: int) -> list[int]:
    """Return random places in the filled text for the n-th update.

    Calls with equal arguments return equal places.
    """
    dice = random.Random(number)
    return [dice.randrange(1, FILLED - 1) for _ in range(count)]


def sparse(number: int, count: int) -> bytes:
    """Return an update that inserts a character at `count` places of the filled text."""
    inserts = [string(b"x", (1, at - 1), (1, at)) for at in places(number, count)]
    return update(2, number * count, inserts)


def _conflicts(number: int, count: int) -> bytes:
    """Return an update with `count` inserts that conflict with each other.

    No insert has a left neighbour. Their right neighbours are successive characters of the run.
    """
    first = number * count
    return update(2, first, [string(b"x", None, (1, (first + at) % _RUN)) for at in range(count)])


def _cut_emoji(number: int, _count: int) -> bytes:
    at = 14 * number % (_EMOJI_UNITS - 2)
    return update(2, number, [string(b"x", (1, at), (1, at + 1))])


def _same_key(number: int, count: int) -> bytes:
    return update(2, number * count, [_KEY] * count)


def _deletions(number: int, count: int) -> bytes:
    step = FILLED // count
    return deletions(1, [(step * at + 2 * number % step, 1) for at in range(count)])


def _formats(number: int, count: int) -> bytes:
    mark = b"\x04bold\x04true"
    structs = [
        b"\xc6\x01" + write_var_uint(at - 1) + b"\x01" + write_var_uint(at) + mark
        for at in places(number, count)
    ]
    return update(2, number * count, structs)


def _costly(
    name: str,
    about: str,
    fill: Callable[[], Iterator[bytes]],
    make: Callable[[int, int], bytes],
    count: int,
) -> Costly:
    return Costly(name, about, fill, lambda number: make(number, count))


KINDS = (
    _costly("conflicts", "250 conflicting inserts an update", _filled_with_run, _conflicts, 250),
    _costly("emoji cut by inserts", "an emoji cut in two, in 960 kB of emoji", _filled_with_emoji,
            _cut_emoji, 1),
    Costly(
        "emoji cut by deletions", "half an emoji deleted, in 960 kB of emoji", _filled_with_emoji,
        lambda number: deletions(1, [((14 * number + 1) % _EMOJI_UNITS, 1)]),
    ),
    _costly("one key", "100 concurrent values of one map key an update", _filled_with_key,
            _same_key, 100),
    _costly("500 deletions", "500 deletions all over 800 kB an update", filled, _deletions, 500),
    _costly("5,000 deletions", "5,000 deletions all over 800 kB an update", filled, _deletions,
            5_000),
    _costly("sparse inserts", "1,000 inserts all over 800 kB an update", filled, sparse, 1_000),
    _costly("formats", "200 formats all over 800 kB an update", filled, _formats, 200),
)  # fmt: skip
