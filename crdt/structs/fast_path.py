"""Keystrokes, recognized by one match of a regular expression:
2 µs instead of 20 for the whole scan.

A keystroke is one run of ASCII text with origins, one range deleted, or both, which is typing over
a selection. All other frames go the long way (`update_parser`, `StructIndex`), and so do keystrokes
that need a second look in the room's tables. Only the long way refuses updates. Both ways have the
same rules; `tests/crdt/structs/test_fast_path.py` compares them.

The invariant: `check_update` would accept each update that this module accepts, unchanged and as a
whole. So this module may only err in one direction. A wrong None costs 20 µs, but a wrong yes would
put an unchecked update into the log.

Why a regular expression: it is one call into C, where a parser in Python makes a call for each
number, and most frames of a session are keystrokes.

It is used only in documents of plain text, with any number of roots and with formats. There pycrdt
integrates every update of this shape (tried with 2.8 million random keystrokes in 135,000
sequences). So updates may be integrated later, many together. In documents with maps and nested
types pycrdt failed at 5 of 35,000 sequences.

The frames, as bytes in hex; `v` is a varUint, `id` is two of them, a client id and a clock:

    insert   00 02 size  01 01 client:v clock:v origins text deleted
    origins  84 left:id  or  C4 left:id right:id  or  44 right:id
    text     length, from 1 to 127, and that many ASCII characters
    deleted  00  or  range
    delete   00 02 size  00 range
    range    01 client:v 01 clock:v length:v

`size` is the number of bytes that follow, in one byte. 01 01 says that there is one section with
one struct. The first byte of the origins is the struct's info byte: text (4) with the bits of
`struct_reader`.

An example: client 5 has typed "hi" and types "!". The frame is 00 02 0a, 01 01 05 02, 84 05 01, 01
21, 00. Ten bytes follow the size; one struct of client 5 from clock 2 on; behind clock 1 of client
5; one character; nothing deleted. It is a keystroke if the document has clocks 0 and 1 of client 5,
and client 5 is the author's.

See docs/design/speed.md.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from crdt.structs.struct_index import StructIndex
from crdt.wire.struct_id import MAX_CLOCK, NO_ID, pack_id
from crdt.wire.struct_reader import Parent

# At most seven bytes: client ids have 53 bits. A longer number does not match and goes the long
# way.
_V = rb"([\x80-\xff]{0,6}[\x00-\x7f])"
_ID = _V + _V
_FRAME = rb"\x00\x02([\x00-\x7f])"
_RANGE = rb"\x01" + _V + rb"\x01" + _V + _V
_NO_RIGHT, _NO_LEFT = 4, 5
# An example with 84, a left origin only: group 4 matches 84, so the second conditional, which reads
# the right id unless group 4 was found, matches nothing. The two names say which group means that
# an id is missing.
_ORIGINS = rb"(?:(\x84)|(\x44)|\xc4)(?(%d)|%b)(?(%d)|%b)" % (_NO_LEFT, _ID, _NO_RIGHT, _ID)
"""`(?(5)|…)` matches nothing if group 5, 44, was found, and an id if not."""

_TEXT = rb"([\x01-\x7f])([\x00-\x7f]+)"
_insert = re.compile(
    _FRAME + rb"\x01\x01" + _ID + _ORIGINS + _TEXT + rb"(?:\x00|" + _RANGE + rb")", re.DOTALL
).fullmatch
_delete = re.compile(_FRAME + rb"\x00" + _RANGE, re.DOTALL).fullmatch
_HEAD_BYTES = 3
_UNKNOWN = -2

_new_tuple = tuple.__new__
"""Makes a NamedTuple in half the time of its own constructor, which is written in Python."""


class SimpleEdit(NamedTuple):
    """An update that may be applied.

    client  whose structs it brings, or deletes
    first   clock of the first new one; `first` and `after` are 0 if it deletes
    after   the clock behind them
    update  the raw bytes
    parent  where the new ones lie, None if all of the document lies there
    """

    client: int
    first: int
    after: int
    update: bytes
    parent: Parent | None = None


def read(frame: bytes, index: StructIndex, author: str) -> SimpleEdit | None:
    """Return the update in a frame if it is a keystroke that may be applied now;
    None means: look closer.
    """
    # A document with maps, nested types or values never uses this path, so that is asked first.
    if not index.is_plain:
        return None
    match = _insert(frame)
    if match:
        return _inserted(frame, match, index, author)
    match = _delete(frame)
    return _deleted(frame, match, index) if match else None


def _inserted(
    frame: bytes, match: "re.Match[bytes]", index: StructIndex, author: str
) -> SimpleEdit | None:
    """Check an insert, `match` of the grammar in this module's docstring,
    against the room's table.
    """
    (
        size, client, clock, _, _, left, left_clock, right, right_clock, length, text, gone,
        gone_clock, gone_length,
    ) = match.groups()  # fmt: skip
    # The order of the checks is by price. `clocks` says that the update begins exactly behind what
    # is known: nothing to slice, no hole. `owners` says that the client id is the author's.
    number, first = _client(client), _int(clock)
    after = first + length[0]
    if (
        size[0] != len(frame) - _HEAD_BYTES
        or length[0] != len(text)
        or index.clocks.get(number) != first
        or after > MAX_CLOCK
        or index.owners.get(number) != author
    ):
        return None
    before = NO_ID if left is None else _origin(left, left_clock, 1, index)
    behind = NO_ID if right is None else _origin(right, right_clock, 0, index)
    # Both NO_ID: no origin at all, which the grammar excludes. Both the same struct: no client
    # makes that.
    if before in (behind, _UNKNOWN) or behind == _UNKNOWN:
        return None
    if gone is not None and not _is_whole(gone, gone_clock, gone_length, index):
        return None
    parent = None
    # With several roots or types the two neighbours must lie in the same one: yrs would link two
    # lists with each other.
    if not index.parents.is_single:
        parent = index.parents.between(before, behind)
        if not parent:
            return None
    return _new_tuple(SimpleEdit, (number, first, after, frame[_HEAD_BYTES:], parent))


def _origin(client: bytes, clock: bytes, behind: int, index: StructIndex) -> int:
    """Return the packed id of an origin, or _UNKNOWN.

    That is for an origin that is not known, and for one that would cut a character in two.

    behind  1 for a left origin, because the cut is behind it, 0 for a right origin
    """
    number, k = _client(client), _int(clock)
    if k >= index.clocks.get(number, 0) or (
        index.low_surrogates and index.cuts(pack_id(number, k) + behind)
    ):
        return _UNKNOWN
    return pack_id(number, k)


def _deleted(frame: bytes, match: "re.Match[bytes]", index: StructIndex) -> SimpleEdit | None:
    size, client, clock, length = match.groups()
    if size[0] != len(frame) - _HEAD_BYTES or not _is_whole(client, clock, length, index):
        return None
    return _new_tuple(SimpleEdit, (_client(client), 0, 0, frame[_HEAD_BYTES:], None))


def _is_whole(client: bytes, clock: bytes, size: bytes, index: StructIndex) -> bool:
    """Whether all of a range is known, and no character is cut in two at its ends."""
    number, start, length = _client(client), _int(clock), _int(size)
    end = start + length
    return (
        length > 0
        and end <= index.clocks.get(number, 0)
        and not (
            index.low_surrogates
            and (index.cuts(pack_id(number, start)) or index.cuts(pack_id(number, end)))
        )
    )


def _int(digits: bytes) -> int:
    """Read a varUint that is known to be whole.

    One to three bytes are written out: that is most clocks,
    and a loop takes nearly twice as long for two.
    """
    if len(digits) == 1:
        return digits[0]
    if len(digits) == 2:
        return digits[0] & 127 | digits[1] << 7
    if len(digits) == 3:
        return digits[0] & 127 | (digits[1] & 127) << 7 | digits[2] << 14
    value = 0
    for digit in reversed(digits):
        value = value << 7 | digit & 127
    return value


_client = lru_cache(maxsize=4_096)(_int)
"""Reads a client id. These are long, and few:
with a cache an insert with two origins is read in 2.0 µs instead of 2.6.

The cache belongs to the module and not to an object, because that would be one more attribute for
each call. It is bounded, and nobody can tell whether it is there: the function has no other input
than its argument.
"""
