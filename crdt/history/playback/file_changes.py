"""Finds which files were created, renamed and deleted, from the log's updates alone.

The document is not loaded for this. So an entry of the table of files is recognized by its own
bytes, or by the entry that it replaces. Only entries that are plain values are found. The web app
writes such entries, as docs/documents.md describes them.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from crdt.reading import values
from crdt.reading.file_table import MAX_ENTRIES, NO_NAME, TABLE_ROOT, is_table, repaired
from crdt.reading.items import ItemReader, YataItem
from crdt.wire.content import ANY, JSON
from crdt.wire.parsed_update import Parsed
from crdt.wire.struct_id import pack_id

MAX_SHOWN = 5
"""Changes of one update that are kept with their names; the others are counted."""

_MAX_KNOWN = 4 * MAX_ENTRIES
"""Entries that are remembered, so that an entry that replaces one of them is recognized. The oldest
ones are forgotten first."""

_PLAIN = 1 << ANY | 1 << JSON


class FileChange(NamedTuple):
    """What happened to one file.

    old_name  its name before it was renamed; None if that is not known, or it was not renamed
    """

    change: Literal["created", "renamed", "deleted", "restored"]
    root: str
    name: str
    old_name: str | None = None


class FileChanges:
    """The table of files, as far as the updates so far tell."""

    __slots__ = ("_entries", "_known", "_roots")

    def __init__(self) -> None:
        self._known: dict[int, str] = {}
        self._entries: dict[str, tuple[str, bool]] = {}
        self._roots: set[str] = set()

    def take(self, parsed: Parsed) -> list[FileChange]:
        """Take the log's next update; return what it does to files."""
        roots = parsed.contents.roots
        changes: list[FileChange] = []
        if parsed.contents.kinds & _PLAIN and (self._known or TABLE_ROOT in roots):
            for root, entry in self._written(parsed.update):
                changes += self._changes(root, entry)
        self._roots |= roots
        return changes

    def _written(self, update: bytes) -> Iterator[tuple[str, Any]]:
        """Yield (root, value) of each value in the table that an update writes."""
        for items in ItemReader(update).sections().values():
            for item in items:
                root = self._root_of(item)
                if root is None or item.kind not in (ANY, JSON) or item.length != 1:
                    continue
                self._remember(pack_id(item.client, item.clock), root)
                with suppress(values.TooDeep):
                    yield root, values.as_json(values.decode(item.kind, item.other.data)[0], 1)

    def _root_of(self, item: YataItem) -> str | None:
        """Return the root that an item is the entry of; None if it is no entry."""
        if item.place is None:
            return self._known.get(item.origin, self._known.get(item.right_origin))
        parent, key = item.place
        return key if parent == TABLE_ROOT else None

    def _remember(self, packed: int, root: str) -> None:
        self._known[packed] = root
        if len(self._known) > _MAX_KNOWN:
            del self._known[next(iter(self._known))]

    def _changes(self, root: str, entry: Any) -> list[FileChange]:
        if not is_table({root: entry}):
            return []
        before = self._entries.get(root)
        if before is None and len(self._entries) >= MAX_ENTRIES:
            return []
        name, is_deleted = repaired(entry["name"]) or _own_name(root), entry.get("deleted") is True
        self._entries[root] = name, is_deleted
        if before is None:
            return self._first(root, name, is_deleted=is_deleted)
        old_name, was_deleted = before
        if is_deleted != was_deleted:
            return [FileChange("deleted" if is_deleted else "restored", root, name)]
        if name != old_name and not is_deleted:
            return [FileChange("renamed", root, name, old_name)]
        return []

    def _first(self, root: str, name: str, *, is_deleted: bool) -> list[FileChange]:
        """Return what the first entry of a file means: the file may be older than its entry."""
        if is_deleted:
            return [FileChange("deleted", root, name)]
        if root not in self._roots:
            return [FileChange("created", root, name)]
        # An editor that puts files in order writes an entry for each of them, under the name that
        # it had. The main file was called main with the ending of a language.
        is_same = name == _own_name(root) or name.startswith("main.")
        return [] if is_same else [FileChange("renamed", root, name)]


def _own_name(root: str) -> str:
    return repaired(root) or NO_NAME
