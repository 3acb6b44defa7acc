"""Handles line ends: texts are compared with LF, and edits get the document's own line ends."""

from collections.abc import Sequence

from crdt.text.text_map import Edit

CRLF, LF = b"\r\n", b"\n"


def with_lf(text: bytes) -> bytes:
    """Return a text with each CRLF as LF."""
    return text.replace(CRLF, LF)


def line_ends(text: bytes) -> bytes:
    """Return the line ends of all lines; b"" if there are none, or both kinds."""
    pairs, ends = text.count(CRLF), text.count(LF)
    if not ends or 0 < pairs < ends:
        return b""
    return CRLF if pairs else LF


def edits_of_original(edits: Sequence[Edit], original: bytes) -> list[Edit]:
    """Turn edits of `with_lf(original)` into edits of `original`.

    A deleted line end is deleted with both its bytes.

    edits  in order; inserted lines get CRLF if all lines of the original have CRLF

    An example: the original is "a", CRLF, "b".
    "Replace LF at 1 by two LF" becomes "replace two bytes at 1 by two CRLF".
    """
    if CRLF not in original:
        return list(edits)
    cursor = _Cursor(original)
    has_crlf = line_ends(original) == CRLF
    made = []
    for position, deleted, inserted in edits:
        start = cursor.place(position)
        end = cursor.place(position + deleted)
        made.append(Edit(start, end - start, inserted.replace(LF, CRLF) if has_crlf else inserted))
    return made


class _Cursor:
    """Walks forward through a text, for growing positions in `with_lf` of the text.

    A stretch of n bytes with k line ends of two bytes has n - k bytes in `with_lf` of the text. So
    the walk goes on for k bytes, which have at most k / 2 such line ends, and so on. No byte is
    read twice.
    """

    __slots__ = ("_at", "_position", "_text")

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0
        self._position = 0

    def place(self, position: int) -> int:
        """Return the position in the text for a position in `with_lf` of the text."""
        left = position - self._position
        self._position = position
        text, at = self._text, self._at
        while left:
            # Go on by `left` bytes as if every line end had one byte. A CRLF must not be cut, so
            # its LF is included. Then `left` is the number of CRLF in these bytes, less the byte
            # that was included.
            end = at + left
            if text[end - 1 : end + 1] == CRLF:
                end += 1
            left -= end - at - text.count(CRLF, at, end)
            at = end
        self._at = at
        return at
