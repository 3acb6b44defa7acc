"""Records the places of a document's structs: a root or shared type, and a key in it.

Yjs calls this a struct's parent and parentSub. `parent_resolver` finds the places of new structs.

Nearly every document is one text, so only places that differ from that of the first struct are
recorded. An example: a document of one text has no entries at all. Then client 9 types into a map,
from clock 40 on: `_runs` gets one entry, {9: ([0, 40], [text, map])}. Look-ups of other clients
still return the first place.

See docs/design/documents.md.
"""

from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache

from crdt.structs.parent_resolver import ParentResolver, common_parent
from crdt.structs.type_table import TypeTable
from crdt.wire.content import DELETED, EMBED, FORMAT
from crdt.wire.parsed_update import GONE, ParentRuns, Parsed, Placement
from crdt.wire.struct_id import NO_ID, client_of, clock_of
from crdt.wire.struct_reader import Parent

_SINGLE = Placement()
_DELETED = 1 << DELETED
_IN_TEXTS = 1 << EMBED | 1 << FORMAT
_NONE: dict[int, tuple[list[int], list[Parent]]] = {}
"""A value shared by documents, which must not be changed. It is not a read-only view, because
worker processes need to pickle it."""


class StructParents:
    """The parents of a document's structs.

    is_single  all structs have one parent; an attribute, because each keystroke reads it
    has_keys   some structs are under keys of maps
    """

    __slots__ = ("_first", "_runs", "has_keys", "is_single")

    def __init__(self) -> None:
        self._first: Parent | None = None
        self._runs = _NONE
        self.is_single = True
        self.has_keys = False

    def at(self, packed: int) -> Parent:
        """Return the parent of a known struct."""
        runs = self._runs.get(client_of(packed))
        if runs is None:
            return self._first or GONE
        starts, parents = runs
        return parents[bisect_right(starts, clock_of(packed)) - 1]

    def of_range(self, client: int, start: int, end: int) -> Parent | None:
        """Return the parent of all known structs of a range; None if they have several."""
        runs = self._runs.get(client)
        if runs is None:
            return self._first
        starts, parents = runs
        after = bisect_right(starts, start)
        return parents[after - 1] if after == len(starts) or end <= starts[after] else None

    def is_in_sequence(self, packed: int) -> bool:
        """Whether a known struct is in a sequence, and not under a map key."""
        return self.at(packed)[1] is None

    def between(self, left: int, right: int) -> Parent | None:
        """Return the parent of a struct between two known structs (or NO_ID).

        Returns None if these two have different parents.
        """
        if NO_ID in (left, right):
            return self.at(max(left, right))
        return common_parent(self.at(left), self.at(right))

    def resolve(self, parsed: Parsed, types: TypeTable, *, is_strict: bool = True) -> Placement:
        """Find the places of an update's structs, note them in `parsed.placement`, and return them.

        types      the shared types of the document
        is_strict  False accepts structs that earlier releases accepted

        Raises Rejected if a struct has no place.
        """
        # Nearly every update is text in the only root of a document: its place is known without
        # reading its structs. ContentDeleted is not text, and must be noted as deleted, so it goes
        # to the resolver.
        root, contents = self._single_root(parsed), parsed.contents
        if root is not None and not contents.kinds & _DELETED:
            placement = (
                _text_in(root) if contents.text_bytes or contents.kinds & _IN_TEXTS else _SINGLE
            )
        elif parsed.spans:
            placement = ParentResolver(self, types, parsed, is_strict=is_strict).run()
        else:
            placement = _SINGLE
        parsed.placement = placement
        return placement

    def _single_root(self, parsed: Parsed) -> str | None:
        """Return the only root of the document and of an update; None if there may be more."""
        if self._runs or not parsed.is_plain:
            return None
        roots = parsed.contents.roots
        if self._first is None:
            return next(iter(roots)) if len(roots) == 1 else None
        root, key = self._first
        return root if key is None and isinstance(root, str) and roots <= {root} else None

    def add(self, parsed: Parsed, placement: Placement) -> None:
        """Note the structs of an update that was applied."""
        self.has_keys = self.has_keys or parsed.contents.has_keys
        if self._first is None and parsed.spans:
            self._first = _first_parent(parsed, placement.parents)
        if placement.parents:
            for client, runs in placement.parents.items():
                for clock, parent in runs:
                    self.extend(client, clock, parent)
            return
        for root in parsed.contents.roots:
            # The place was found in an empty document, and then another root came.
            if (root, None) != self._first:
                for client, (clock, _) in parsed.spans.items():
                    self.extend(client, clock, (root, None))

    def extend(self, client: int, clock: int, parent: Parent) -> None:
        """Note that a client's structs have this parent from this clock on."""
        if client not in self._runs:
            if parent == self._first:
                return
            # All documents without runs share `_NONE`, so this document needs its own dictionary.
            if self.is_single:
                self._runs = {}
                self.is_single = False
            # The known structs of this client have the first parent, because no other parent was
            # noted.
            self._runs[client] = ([0], [self._first or parent]) if clock else ([], [])
        starts, parents = self._runs[client]
        if not parents or (parents[-1] != parent and clock > starts[-1]):
            starts.append(clock)
            parents.append(parent)


@lru_cache(maxsize=64)
def _text_in(root: str) -> Placement:
    """Return the placement of text in the only root of a document.

    It is cached, because most updates have it.
    """
    return Placement(text_roots=frozenset((root,)))


def _first_parent(parsed: Parsed, resolved: Mapping[int, ParentRuns]) -> Parent:
    """Return the parent that most structs of a new document will have: the first sequence."""
    parents = [parent for runs in resolved.values() for _, parent in runs] or [
        (root, None) for root in parsed.contents.roots
    ]
    return next((parent for parent in parents if parent[1] is None and parent != GONE), parents[0])
