"""Finds the authors that have filled their share of a document."""

from collections.abc import Mapping, Set

_RECOUNT_BYTES = 256 << 10
"""The document grows by at least this many bytes before the authors' shares are counted again."""

_NOBODY: frozenset[str] = frozenset()


class AuthorShares:
    """The share of a document that each author except the session's owner may fill.

    most_bytes  bytes that each author may fill
    over        authors that had more bytes at the last count
    recount_at  size of the document, in bytes, from which the shares should be counted again
    """

    __slots__ = ("most_bytes", "over", "recount_at")

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.over: Set[str] = _NOBODY
        self.recount_at = most_bytes

    def count(self, author_bytes: Mapping[str, int], document_bytes: int) -> None:
        """Note the bytes of each author except the owner, and those of the whole document.

        author_bytes  {user id: bytes}
        """
        self.over = frozenset(
            author for author, size in author_bytes.items() if size > self.most_bytes
        )
        # Counting reads the whole state, so it is done only when it can matter. In the worst case
        # the author with the most bytes writes everything from now on. Until the document has grown
        # by the bytes that this author has left, no further author can be over the share.
        most = max(
            (size for author, size in author_bytes.items() if author not in self.over), default=0
        )
        self.recount_at = document_bytes + max(self.most_bytes - most, _RECOUNT_BYTES)
