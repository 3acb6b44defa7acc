"""Compares two documents, for the answer to a request. A worker compares large documents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from crdt.history.snapshot import Contents
from crdt.reading.documents import Document
from crdt.reading.file_table import are_few, table_in, without_table
from crdt.text.hunks import FEW_STEPS, MANY_STEPS
from crdt.workers import Workers

_SMALL_TEXT = 32 << 10
_FEW_LINES = 1_000
"""Characters and lines of both documents together: the event loop compares and encodes these in
10 ms. A worker compares larger texts."""
DEADLINE_S = 20.0
"""Seconds that a comparison may take. It takes some seconds on a quiet machine, and more on a busy
one, where workers get a core last."""


class Side(NamedTuple):
    """One of two documents that are compared.

    texts  {root: text} of its texts
    table  its table of files (`crdt.reading.file_table`), or None
    """

    texts: dict[str, str]
    table: Mapping[str, Any] | None

    @property
    def is_small(self) -> bool:
        """Whether its names and texts can be read on the event loop."""
        size = sum(map(len, self.texts.values()))
        lines = sum(text.count("\n") for text in self.texts.values())
        has_few_files = are_few(self.table, self.texts)
        return has_few_files and size <= _SMALL_TEXT // 2 and lines <= _FEW_LINES // 2


Encode = Callable[[Side, Side, int], bytes]
"""Compares the texts of two documents within a number of steps (`crdt.text.hunks`);
returns the answer for the client."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The differences between two documents.

    files   differences of their texts and names, encoded
    others  {root: its kind} of the roots that differ and are not texts
    """

    files: bytes
    others: dict[str, str]


async def compare(
    workers: Workers, user_id: str, before: Contents, after: Contents, encode: Encode
) -> Difference:
    """Return the differences between two documents; raises the errors of `Workers.run`.

    user_id  the user that the work is done for
    encode   compares texts and encodes the result; both take long for large texts
    """
    others = changed_roots(before.documents, after.documents)
    old, new = (Side(contents.files, table_in(contents.documents)) for contents in (before, after))
    if old.is_small and new.is_small:
        return Difference(encode(old, new, FEW_STEPS), others)
    files = await workers.run(encode, old, new, MANY_STEPS, key=user_id, deadline_s=DEADLINE_S)
    return Difference(files, others)


def changed_roots(before: Mapping[str, Document], after: Mapping[str, Document]) -> dict[str, str]:
    """Return {root: its kind} of the roots that differ, in order of their names.

    The table of files does not count: its differences are the names of files.
    """
    before, after = without_table(before), without_table(after)
    differ = sorted(root for root in {**before, **after} if before.get(root) != after.get(root))
    return {root: (after.get(root) or before[root])["type"] for root in differ}
