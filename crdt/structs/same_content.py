"""Tells whether two encodings have equal content.

Honest copies of a struct may differ in their bytes. Earlier releases of this server, and all
clients that use yrs, decode values and write them again: the keys of objects come in another order,
-0 becomes 0, a BigInt becomes a number. Half an emoji becomes U+FFFD in some encodings and stays an
escape in JSON. Redacted text is replaced by blocks. So values are compared as values, if their
bytes differ.

If it is not certain that two contents differ, they count as equal, because the server shuts out a
client whose content differs.

See docs/design/documents.md.
"""

import math
from collections.abc import Callable
from typing import Any

from crdt.reading.values import MAX_DEPTH, UNDEFINED, TooDeep, decode, decode_format
from crdt.wire.content import ANY, DOC, EMBED, FORMAT, JSON

UNIT_BYTES = 2
"""Bytes of a UTF-16 code unit, which clocks count."""

_REPLACEMENTS = ("\ufffd", "█")
"""The characters that replace half an emoji, and redacted text."""

_REPLACED = tuple(character.encode("utf-16-le") for character in _REPLACEMENTS)
_PROTOTYPE = "__proto__"
"""A key that JavaScript loses when it reads an object."""


def is_same_text(ours: bytes, theirs: bytes) -> bool:
    """Whether two texts in UTF-16 are equal, except for characters that were replaced in one."""
    if ours == theirs or len(ours) != len(theirs):
        return ours == theirs
    return all(
        ours[at : at + UNIT_BYTES] == theirs[at : at + UNIT_BYTES]
        or ours[at : at + UNIT_BYTES] in _REPLACED
        or theirs[at : at + UNIT_BYTES] in _REPLACED
        for at in range(0, len(ours), UNIT_BYTES)
    )


def is_same_value(kind: int, ours: bytes, theirs: bytes) -> bool:
    """Whether two contents of one clock are the same; not for text.

    kind          their kind of content
    ours, theirs  their bytes, of ANY and JSON without the number of values
    """
    read = _READ.get(kind)
    if ours == theirs or read is None:
        return ours == theirs
    try:
        return _is_same(read(ours), read(theirs), 0)
    except TooDeep:
        # Nothing that writes values again has ever accepted values of this depth.
        return True


_READ: dict[int, Callable[[bytes], Any]] = {
    ANY: lambda value: decode(ANY, b"\x01" + value),
    JSON: lambda value: decode(JSON, b"\x01" + value),
    EMBED: lambda value: decode(EMBED, value),
    FORMAT: lambda value: list(decode_format(value)),
    # The identity of a subdocument. Clients do not agree on the options: yrs adds some, and Yjs
    # leaves out those that it does not know.
    DOC: lambda value: decode(DOC, value),
}
"""How the values of a kind are read; contents of other kinds are never written again."""


def _is_same(one: Any, other: Any, depth: int) -> bool:
    if depth > MAX_DEPTH:
        raise TooDeep
    if isinstance(one, dict) and isinstance(other, dict):
        return _has_same_members(one, other, depth)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            _is_same(ours, theirs, depth + 1) for ours, theirs in zip(one, other, strict=True)
        )
    if isinstance(one, str) and isinstance(other, str):
        return is_same_text(_units(one), _units(other))
    if _is_number(one) and _is_number(other):
        return _is_same_number(one, other)
    if one is None or one is UNDEFINED:
        return other is None or other is UNDEFINED
    return type(one) is type(other) and bool(one == other)


def _has_same_members(one: dict[str, Any], other: dict[str, Any], depth: int) -> bool:
    # A redacted key has blocks in one object only, so which key it was is not known.
    unpaired = (one.keys() ^ other.keys()) - {_PROTOTYPE}
    if unpaired and not any(character in key for key in unpaired for character in _REPLACEMENTS):
        return False
    return all(_is_same(one[key], other[key], depth + 1) for key in one.keys() & other.keys())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_same_number(one: float, other: float) -> bool:
    # Two integers are compared exactly: BigInts may have more digits than a double. An integer is
    # also the same as the double that it became.
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    one, other = _double(one), _double(other)
    return one == other or (math.isnan(one) and math.isnan(other))


def _double(value: float) -> float:
    """Return a number as JavaScript reads it: integers in JSON may be beyond all doubles."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")
