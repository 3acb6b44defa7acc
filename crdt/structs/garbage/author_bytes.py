"""Counts the bytes of a document's state by author."""

from collections import Counter
from collections.abc import Mapping

from crdt.wire.parsed_update import Parsed


def bytes_by_author(parsed: Parsed, authors: Mapping[int, str]) -> Counter[str]:
    """Return {user id: bytes of the structs under their client ids} of a whole state.

    authors  {client: user id}; clients without a user are left out
    """
    sizes: Counter[str] = Counter()
    for client, _, begin, end in parsed.sections:
        if author := authors.get(client):
            # A section has the structs of one client, so its size gives this author's bytes. No
            # struct is read.
            sizes[author] += end - begin
    return sizes
