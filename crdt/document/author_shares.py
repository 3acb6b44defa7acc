"""Which authors have filled their share of a document."""

from collections.abc import Mapping, Set

_RECOUNT_BYTES = 256 << 10
"""Bytes that a document grows by at least before the share of each author is counted again."""

_NOBODY: frozenset[str] = frozenset()


class AuthorShares:
    """What authors other than the session's owner may fill.

    most_bytes  bytes that each of them may fill
    over        authors that had more when their bytes were counted last
    recount_at  size of the document, in bytes, from which on they should be counted again
    """

    __slots__ = ("most_bytes", "over", "recount_at")

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.over: Set[str] = _NOBODY
        self.recount_at = most_bytes

    def count(self, author_bytes: Mapping[str, int], document_bytes: int) -> None:
        """Note the bytes of each author but the owner, as {user id:
        bytes}, and those of the whole document.
        """
        self.over = frozenset(
            author for author, size in author_bytes.items() if size > self.most_bytes
        )
        # Counting reads the whole state, so it is done only when it can matter. The author with the
        # most bytes may write all that comes: until the document has grown by what is left to this
        # author, nobody can be over.
        most = max(
            (size for author, size in author_bytes.items() if author not in self.over), default=0
        )
        self.recount_at = document_bytes + max(self.most_bytes - most, _RECOUNT_BYTES)
