"""Recognizes keystrokes by one match of a regular expression.

The match takes 2 µs, instead of 20 for the whole scan. A keystroke is one run of ASCII text with
origins, one deleted range, or both, which is typing over a selection. All other frames are read by
the full check (`update_parser`, `StructIndex`), and so are keystrokes that this module cannot
decide. Only the full check refuses updates. Both have the same rules;
`tests/crdt/structs/test_fast_path.py` compares them.

The invariant: `check_update` would accept each update that this module accepts, unchanged and as a
whole. So this module may only err in one direction. A wrong None costs 20 µs, but a wrong yes would
put an unchecked update into the log.

A regular expression is one call into C, whereas a parser in Python makes a call for each number.
Most frames of a session are keystrokes.

This module is used only for documents of texts, maps and arrays without nested types, with any
number of roots and with formats. In these it accepts only edits in the sequence of a text. pycrdt
integrates every update of this shape (tried with 2.8 million random keystrokes in 135,000
sequences). So updates may be integrated later, many together. For documents with nested types
pycrdt failed at 5 of 35,000 sequences.

Most sessions have a map, the table of files. A keystroke next to it costs one look-up more, because
its neighbours may be entries of the map.

The frames, as bytes in hex; `v` is a varUint, `id` is two of them, a client id and a clock:

    insert   00 02 size  01 01 client:v clock:v origins text deleted
    origins  84 left:id  or  C4 left:id right:id  or  44 right:id
    text     length, from 1 to 127, and that many ASCII characters
    deleted  00  or  range
    delete   00 02 size  00 range
    range    01 client:v 01 clock:v length:v

`size` is the number of bytes that follow, in one byte. 01 01 means one section with one struct. The
first byte of the origins is the struct's info byte: text (4) with the bits of `struct_reader`.

An example: client 5 has typed "hi" and types "!". The frame is 00 02 0a, 01 01 05 02, 84 05 01, 01
21, 00. Ten bytes follow the size; one struct of client 5 at clock 2; after clock 1 of client 5; one
character; nothing deleted. It is a keystroke if the document has clocks 0 and 1 of client 5, and
client 5 is the author's.

See docs/design/speed.md.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from crdt.structs.struct_index import StructIndex
from crdt.wire.struct_id import CLOCK_BITS, MAX_CLOCK, NO_ID, pack_id
from crdt.wire.struct_reader import Parent

# At most seven bytes, because client ids have 53 bits. A longer number does not match, so the full
# check reads it.
_V = rb"([\x80-\xff]{0,6}[\x00-\x7f])"
_ID = _V + _V
_FRAME = rb"\x00\x02[\x00-\x7f]"
_RANGE = rb"\x01" + _V + rb"\x01" + _V + _V
_NO_RIGHT, _NO_LEFT = 3, 4
# An example: a struct with the info byte 84 has only a left origin. Group 3 matches the 84. The
# second conditional reads the right id only if group 3 has not matched, so here it reads nothing.
# `_NO_RIGHT` is the group whose match means that there is no right id, `_NO_LEFT` the same for the
# left id.
_ORIGINS = rb"(?:(\x84)|(\x44)|\xc4)(?(%d)|%b)(?(%d)|%b)" % (_NO_LEFT, _ID, _NO_RIGHT, _ID)
"""`(?(4)|…)` reads nothing if group 4 (the info byte 44) has matched, and otherwise an id."""

_TEXT = rb"([\x01-\x7f])([\x00-\x7f]+)"
_insert = re.compile(
    _FRAME + rb"\x01\x01" + _ID + _ORIGINS + _TEXT + rb"(?:\x00|" + _RANGE + rb")", re.DOTALL
).fullmatch
_delete = re.compile(_FRAME + rb"\x00" + _RANGE, re.DOTALL).fullmatch
_SIZE_AT, _HEAD_BYTES = 2, 3
_UNKNOWN = -2


class SimpleEdit(NamedTuple):
    """An update that may be applied. `read` returns a plain tuple with these fields.

    client  the client whose structs it brings or deletes
    first   clock of the first new struct; `first` and `after` are 0 if it only deletes
    after   the clock after the new structs
    update  the raw bytes
    parent  the parent of the new structs; None if the document has only one parent
    text    the new text, if the update only inserts; otherwise b""
    left, right  packed ids of the origins of the text, or NO_ID
    """

    client: int
    first: int
    after: int
    update: bytes
    parent: Parent | None = None
    text: bytes = b""
    left: int = NO_ID
    right: int = NO_ID


Keystroke = tuple[int, int, int, bytes, Parent | None, bytes, int, int]
"""The fields of a `SimpleEdit`. Python makes and unpacks a plain tuple in a fraction of the time
that a NamedTuple takes."""
UPDATE: Final = 3
"""The place of the update in a `Keystroke`."""


def read(frame: bytes, index: StructIndex, author: str) -> Keystroke | None:
    """Return the update in a frame if it is a keystroke that may be applied now.

    None means that the full check must decide.
    """
    # This is checked first: it is false for all documents with nested types.
    if not index.is_flat:
        return None
    match = _insert(frame)
    if match:
        return _inserted(frame, match, index, author)
    match = _delete(frame)
    return _deleted(frame, match, index) if match else None


def _inserted(
    frame: bytes, match: "re.Match[bytes]", index: StructIndex, author: str
) -> Keystroke | None:
    """Check an insert against the room's table.

    match  of the grammar in this module's docstring
    """
    # All checks are in one function. A function for the parents alone would cost 2 % of this one in
    # a document with a table of files, by one more call.
    (
        client, clock, _, _, left, left_clock, right, right_clock, length, text, gone,
        gone_clock, gone_length,
    ) = match.groups()  # fmt: skip
    # The cheapest checks come first. `clocks` shows that the update begins exactly after the known
    # structs: nothing to cut off, no hole. `owners` shows that the client id is the author's.
    number, first = _client(client), _int(clock)
    after = first + length[0]
    if (
        frame[_SIZE_AT] != len(frame) - _HEAD_BYTES
        or length[0] != len(text)
        or index.clocks.get(number) != first
        or after > MAX_CLOCK
        or index.owners.get(number) != author
    ):
        return None
    # While somebody types, the left origin is the letter that they typed just before: the last
    # known clock of this client. So it exists, no struct can be cut after it, and no look-up is
    # needed.
    if left == client and _int(left_clock) == first - 1:
        before = (number << CLOCK_BITS) + first - 1
    else:
        before = NO_ID if left is None else _origin(left, left_clock, 1, index)
    behind = NO_ID if right is None else _origin(right, right_clock, 0, index)
    # If both are NO_ID, there is no origin, which the grammar excludes. If both are one struct, no
    # real client made this.
    if before in (behind, _UNKNOWN) or behind == _UNKNOWN:
        return None
    if gone is not None and not _is_whole(gone, gone_clock, gone_length, index):
        return None
    parent = None
    # With several roots, the two neighbours must have the same parent: otherwise yrs would link two
    # lists with each other. In a document with maps, the neighbours may be entries of a map.
    if not (index.parents.is_single and index.is_plain):
        parent = index.parents.between(before, behind)
        if not parent or not (index.is_plain or index.is_text(parent)):
            return None
    if gone is not None:
        text = b""
    return number, first, after, frame[_HEAD_BYTES:], parent, text, before, behind


def _origin(client: bytes, clock: bytes, behind: int, index: StructIndex) -> int:
    """Return the packed id of an origin, or _UNKNOWN.

    _UNKNOWN means that the origin is not known, or that it would cut a character in two.

    behind  1 for a left origin, because the cut is after it; 0 for a right origin
    """
    number, k = _client(client), _int(clock)
    if k >= index.clocks.get(number, 0) or (
        index.low_surrogates and index.cuts(pack_id(number, k) + behind)
    ):
        return _UNKNOWN
    return pack_id(number, k)


def _deleted(frame: bytes, match: "re.Match[bytes]", index: StructIndex) -> Keystroke | None:
    client, clock, length = match.groups()
    if frame[_SIZE_AT] != len(frame) - _HEAD_BYTES or not _is_whole(client, clock, length, index):
        return None
    return _client(client), 0, 0, frame[_HEAD_BYTES:], None, b"", NO_ID, NO_ID


def _is_whole(client: bytes, clock: bytes, size: bytes, index: StructIndex) -> bool:
    """Whether a whole range is known and in one text, and no character is cut in two at its ends.

    In a document of texts only, the range may be in several of them.
    """
    number, start, length = _client(client), _int(clock), _int(size)
    end = start + length
    return (
        length > 0
        and end <= index.clocks.get(number, 0)
        and (index.is_plain or index.is_in_text(number, start, end))
        and not (
            index.low_surrogates
            and (index.cuts(pack_id(number, start)) or index.cuts(pack_id(number, end)))
        )
    )


def _int(digits: bytes) -> int:
    """Return a complete varUint as an integer.

    One to three bytes are written out, because most clocks have these lengths. A loop takes nearly
    twice as long for two bytes.
    """
    size = len(digits)
    if size == 2:
        return digits[0] & 127 | digits[1] << 7
    if size == 1:
        return digits[0]
    if size == 3:
        return digits[0] & 127 | (digits[1] & 127) << 7 | digits[2] << 14
    value = 0
    for digit in reversed(digits):
        value = value << 7 | digit & 127
    return value


_client = lru_cache(maxsize=4_096)(_int)
"""Reads a client id. Client ids are long, and there are few of them: with a cache an insert with
two origins is read in 2.0 µs instead of 2.6.

The cache belongs to the module and not to an object, because that would be one more attribute for
each call. It is bounded, and it never changes a result: the function depends only on its
argument.
"""
