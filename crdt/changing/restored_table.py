"""Decides how a restore changes the table of files, so that it lists the files as in a version.

All functions here only compute with JSON. `crdt.document.editing.table_edits` writes the entries,
and `crdt.reading.file_table` explains the table.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from crdt.document.editing.table_edits import Entries
from crdt.reading.documents import Document
from crdt.reading.file_table import TABLE_ROOT, is_table, table_in
from crdt.reading.roots import RootType

_NONE: Final[Mapping[str, Any]] = {}


class Listed(NamedTuple):
    """The part of a document that decides which files the document lists.

    texts      {root: text} of its texts
    documents  {root: its content} of its other roots
    """

    texts: Mapping[str, str]
    documents: Mapping[str, Document]

    @property
    def table(self) -> Mapping[str, Mapping[str, Any]]:
        """The entries in the table of files; empty if there is none.

        Wrong values from faulty editors are left out. pycrdt could not write such values again, so
        a restore would fail.
        """
        table = table_in(self.documents) or _NONE
        return {root: entry for root, entry in table.items() if is_table({root: entry})}

    @property
    def is_foreign(self) -> bool:
        """Whether the root named `files` is not a table of files, but something else.

        This is so if another app uses a root of that name, or if the content cannot be read.
        """
        root = self.documents.get(TABLE_ROOT)
        if root is None:
            return bool(self.texts.get(TABLE_ROOT))
        is_empty = root["type"] == RootType.EMPTY or root["value"] == {}
        return not is_empty and not is_table(root["value"])


def restored_entries(then: Listed, now: Listed, main_root: str) -> Entries:
    """Return the entries to write, so that the document lists its files as in a version.

    Files that were made after the version are marked as deleted. Their names stay known, so users
    can bring them back.

    then       the version
    now        the present document
    main_root  the root that is a file even if it has no entry and no text
    """
    old, present = then.table, now.table
    # A document without a table needs no entries: editors that do not know tables show its roots.
    if then.is_foreign or now.is_foreign or not (old or present):
        return {}
    entries: dict[str, Mapping[str, Any] | None] = {
        key: entry for key, entry in old.items() if present.get(key) != entry
    }
    had_no_entry = {*then.texts, main_root} - {*old}
    for root, entry in present.items():
        if root in old:
            continue
        if root in had_no_entry:
            entries[root] = None
        elif _is_listed(entry):
            entries[root] = {**entry, "deleted": True}
    for root in now.texts.keys() - {*old, *present, *had_no_entry}:
        entries[root] = {"name": root, "deleted": True}
    return entries


def entry_brought_back(root: str, now: Listed) -> Entries:
    """Return the entry to write, so that the document lists one file; {} if it is listed."""
    entry = now.table.get(root)
    if entry is None or _is_listed(entry):
        return {}
    return {root: {key: value for key, value in entry.items() if key != "deleted"}}


def _is_listed(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of the table is for a file that is not deleted."""
    return entry.get("deleted") is not True
