"""Makes edits that change texts and the table of files together, as one update.

So no client ever shows the new texts with the old names of files. Not for reading or comparing
tables: see `crdt.reading.file_table` and `crdt.changing.restored_table`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pycrdt

from crdt.document.editing.text_edits import edit_copy
from crdt.document.merging import EMPTY, PycrdtFailure, guarded
from crdt.document.raw_document import merge_text
from crdt.document.view import TextCopy, View
from crdt.errors import TextUnavailable
from crdt.reading.file_table import TABLE_ROOT
from crdt.wire.compact import squash

Entries = Mapping[str, Mapping[str, Any] | None]
"""{key: its new value, None to remove the key} of a table of files."""


def edit_copy_and_table(
    copy: TextCopy, files: Mapping[str, str], entries: Entries, client_id: int, steps: int
) -> bytes:
    """Return one update that changes the texts and the table of a document.

    copy     the document
    files    {root: its new text}
    entries  the new values in the table
    steps    bound the search for few changes, see `text_diff.changes`

    Raises TextUnavailable.
    """
    table = _table_update(copy, entries, client_id)
    # The second update begins at the clock after the first one, so together they are one update.
    texts = edit_copy(replace(copy, since=(*copy.since, table)), files, client_id, None, steps)
    return merge_text([update for update in (table, texts) if update != EMPTY])


def _table_update(copy: TextCopy, entries: Entries, client_id: int) -> bytes:
    """Return the update that changes only the table; EMPTY if there is nothing to change."""
    view = View(copy.split_surrogates, needs_copy=copy.needs_copy)
    state = merge_text([copy.state, *copy.since]) if copy.since else copy.state
    try:
        return guarded(_write, view.copy(squash(state)), entries, client_id)
    except PycrdtFailure as failure:
        raise TextUnavailable("the table of files cannot be edited here") from failure


def _write(state: bytes, entries: Entries, client_id: int) -> bytes:
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
    doc.apply_update(state)
    table = doc.get(TABLE_ROOT, type=pycrdt.Map)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    with doc.transaction():
        for key, entry in entries.items():
            if entry is not None:
                table[key] = dict(entry)
            elif key in table:
                del table[key]
    doc.unobserve(subscription)
    return updates[0] if updates else EMPTY
