"""Line ends: texts are compared with LF, and edits get the line ends that the document has."""

from collections.abc import Sequence

from crdt.text.text_map import Edit

CRLF, LF = b"\r\n", b"\n"


def with_lf(text: bytes) -> bytes:
    """Return a text with each CRLF as LF."""
    return text.replace(CRLF, LF)


def line_ends(text: bytes) -> bytes:
    """Return the line ends that all lines have, b"" if there are none or of both kinds."""
    pairs, ends = text.count(CRLF), text.count(LF)
    if not ends or 0 < pairs < ends:
        return b""
    return CRLF if pairs else LF


def edits_of_original(edits: Sequence[Edit], original: bytes) -> list[Edit]:
    """Turn edits of `with_lf(original)` into edits of `original`:
    a deleted line end takes both its bytes.

    edits  in order; inserted lines get CRLF if all lines of the original have that

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
    """Walks through a text by positions in `with_lf` of it, which only grow.

    A stretch of n bytes that has k line ends of two bytes is n - k bytes of the other text, so k
    more are to be walked. These have at most k / 2 line ends, and so on: no byte is looked at
    twice.
    """

    __slots__ = ("_at", "_position", "_text")

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0
        self._position = 0

    def place(self, position: int) -> int:
        """Return where a position is in the text."""
        left = position - self._position
        self._position = position
        text, at = self._text, self._at
        while left:
            # Go on by `left` bytes as if no line end had two. A CRLF must not be cut, so its LF is
            # taken too. Then `left` is the number of line ends that had two bytes, less what was
            # taken more than asked.
            end = at + left
            if text[end - 1 : end + 1] == CRLF:
                end += 1
            left -= end - at - text.count(CRLF, at, end)
            at = end
        self._at = at
        return at
