"""Encodes large answers as JSON piece by piece.

One call of `json.dumps` for some megabytes would hold the event loop for a tenth of a second.
"""

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

PIECE = 64 << 10
"""Size of a piece: characters of texts, plus `_NODE` for each value.
To encode it takes half a millisecond at most."""
WRITTEN = 256 << 10
"""Bytes of an answer that are written at a time."""
_NODE = 8
_TURN_S = 0.002
"""Seconds for which pieces are encoded before other tasks may run."""


def is_large(value: object) -> bool:
    """Whether a value is more than one piece."""
    return weight_of(value) >= PIECE


async def encode(value: object) -> list[bytes]:
    """Return the result of `json.dumps` as UTF-8 in pieces; other tasks run between them."""
    made: list[bytes] = []
    turn_ends = time.perf_counter() + _TURN_S
    for piece in pieces(value):
        made.append(piece.encode())
        if time.perf_counter() > turn_ends:
            await asyncio.sleep(0)
            turn_ends = time.perf_counter() + _TURN_S
    return made


def pieces(value: object) -> Iterator[str]:
    """Yield the result of `json.dumps` in small parts."""
    if not is_large(value):
        yield json.dumps(value)
    elif isinstance(value, str):
        yield '"'
        for at in range(0, len(value), PIECE):
            yield json.dumps(value[at : at + PIECE])[1:-1]
        yield '"'
    elif isinstance(value, Mapping):
        yield from _of_mapping(value)
    elif isinstance(value, list | tuple):
        yield from _of_sequence(value)
    else:
        yield json.dumps(value)


def cut(encoded: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes, at most `WRITTEN` at a time.

    Each part is copied only when the caller takes it, because copying ten megabytes together takes
    tens of milliseconds.
    """
    for piece in encoded:
        for at in range(0, len(piece), WRITTEN):
            yield piece[at : at + WRITTEN]


def _of_mapping(mapping: Mapping[str, Any]) -> Iterator[str]:
    start = "{"
    for name, value in mapping.items():
        yield f"{start}{json.dumps(name)}: "
        yield from pieces(value)
        start = ", "
    yield "}"


def _of_sequence(values: Sequence[object]) -> Iterator[str]:
    """Encode small values in groups. A call for each value would take three times as long."""
    start, group, weight = "[", list[object](), 0
    for value in values:
        of_value = weight_of(value)
        if group and weight + of_value >= PIECE:
            yield start + json.dumps(group)[1:-1]
            start, group, weight = ", ", [], 0
        if of_value >= PIECE:
            yield start
            yield from pieces(value)
            start = ", "
        else:
            group.append(value)
            weight += of_value + _NODE
    if group:
        yield start + json.dumps(group)[1:-1]
    yield "]"


def weight_of(value: object, most: int = PIECE) -> int:
    """Return the size of a value in the unit of `PIECE`.

    Counting stops at `most`, or a little above.
    """
    weight, left = 0, [value]
    while left and weight < most:
        node = left.pop()
        if isinstance(node, str):
            weight += len(node)
        elif isinstance(node, Mapping):
            weight += _NODE * len(node)
            if weight < most:
                weight += sum(map(len, node))
                left += node.values()
        elif isinstance(node, list | tuple):
            weight += _NODE * len(node)
            if weight < most:
                left += node
        else:
            weight += _NODE
    return weight
