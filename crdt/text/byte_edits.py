"""Finds the edits, in bytes, that turn one UTF-8 text into another.

Text clients (`crdt.changing.text_clients`) need them.
"""

from collections.abc import Sequence

from crdt.text.text_diff import MAX_EDITS, MAX_STEPS, changes
from crdt.text.text_map import Edit

_FIRST_CONTINUATION, _LAST_CONTINUATION = 0x80, 0xBF


def edits_between(
    old: bytes, new: bytes, steps: int = MAX_STEPS, most: int = MAX_EDITS
) -> list[Edit]:
    """Return the edits that turn `old` into `new`, in order, with positions in `old`.

    No edit splits a character.

    steps, most  see `changes`
    """
    # A keystroke is an insertion or a deletion between the common ends: nothing is decoded, and no
    # lines are split. Only if both texts have bytes between the ends are these compared as text.
    prefix, suffix = common_ends(old, new)
    before, after = old[prefix : len(old) - suffix], new[prefix : len(new) - suffix]
    if not before or not after or most == 1:
        return [Edit(prefix, len(before), after)] if before or after else []
    edits = []
    text, at, position = before.decode(), 0, prefix
    for start, deleted, inserted in changes(text, after.decode(), steps, most):
        # `changes` counts code points, and an edit counts bytes. Each stretch is encoded once, so
        # this costs as much as encoding the text once.
        position += len(text[at:start].encode())
        size = len(text[start : start + deleted].encode())
        edits.append(Edit(position, size, inserted.encode()))
        position += size
        at = start + deleted
    return edits


def applied(text: bytes, edits: Sequence[Edit]) -> bytes:
    """Return the text after these edits, which are in order, with positions in `text`."""
    parts: list[bytes] = []
    done = 0
    for position, deleted, inserted in edits:
        parts += (text[done:position], inserted)
        done = position + deleted
    return b"".join((*parts, text[done:]))


def is_near(old: bytes, new: bytes, most: int) -> bool:
    """Whether two texts differ in one place of up to `most` bytes, or by one insertion or deletion.

    The place reaches from the first to the last difference. Its bytes in both texts are added up.
    """
    prefix, suffix = common_ends(old, new)
    return len(old) + len(new) - 2 * (prefix + suffix) <= most or prefix + suffix >= min(
        len(old), len(new)
    )


def common_ends(old: bytes, new: bytes) -> tuple[int, int]:
    """Return how many bytes are equal at the beginning and at the end.

    Both ends consist of whole characters, and do not overlap. An example: é is c3 a9 and è is c3
    a8. Their first bytes are equal, but the common beginning is 0 bytes long. "aa" and "aaa" have a
    common beginning of 2 bytes and a common end of 0, not 2: otherwise an a would count twice.
    """
    prefix = _common(old, new, min(len(old), len(new)), from_end=False)
    while prefix and any(_is_inside(text, prefix) for text in (old, new)):
        prefix -= 1
    suffix = _common(old, new, min(len(old), len(new)) - prefix, from_end=True)
    # Checking `old` is enough: after this position both texts are equal, so the position is inside
    # a character in both or in neither.
    while suffix and _is_inside(old, len(old) - suffix):
        suffix -= 1
    return prefix, suffix


def _common(old: bytes, new: bytes, most: int, *, from_end: bool) -> int:
    """Return how many bytes are equal from the beginning, or from the end, at most `most`.

    The invariant: the first `known` bytes are equal, and at most `most` bytes are. Each step
    compares half of the bytes between the two, as slices, in C. That is twenty comparisons for a
    megabyte; a loop over bytes would take a million.
    """
    known = 0
    while known < most:
        size = (most - known + 1) // 2
        if from_end:
            same = (
                old[len(old) - known - size : len(old) - known]
                == new[len(new) - known - size : len(new) - known]
            )
        else:
            same = old[known : known + size] == new[known : known + size]
        if same:
            known += size
        else:
            most = known + size - 1
    return known


def _is_inside(text: bytes, position: int) -> bool:
    """Whether a position is inside a character."""
    return position < len(text) and _FIRST_CONTINUATION <= text[position] <= _LAST_CONTINUATION
