"""Finds the places of the structs of one update, as Yjs does (`getMissing` in `Item.js`).

A struct with a collected neighbour is collected, too. So is a struct in a type that is collected or
whose content was deleted. Any other struct has the place of its neighbours, or the place that it
names. No client puts a struct between two structs with different places. yrs would link the lists
of two types with each other, and die or be unable to load the result. Also, no client puts text
under a map key. A struct gets its key from its neighbours, too.

An example, with client 5 in root "t" and client 9 in root "u", all of it known:

    a struct after 5:0                         is in "t", as is 5:0
    a struct after 5:0 and before 5:1          is in "t", as are both
    a struct after 5:0 and before 9:0          is refused: their places differ
    a struct after 5:2, which was collected    is collected, too
    a struct that names 5:3 as its parent      is in 5:3 if that is a type, is collected if
                                               5:3 was deleted, and is refused otherwise

See docs/design/documents.md.
"""

from bisect import bisect_left
from typing import Protocol

from crdt.errors import Rejected
from crdt.structs.type_table import TypeTable
from crdt.wire.content import DELETED, EMBED, FORMAT, GC, STRING, TYPE
from crdt.wire.parsed_update import GONE, ParentChange, ParentRuns, Parsed, Placement
from crdt.wire.struct_id import NO_ID, client_of, clock_of, pack_id
from crdt.wire.struct_reader import Parent

_TEXT_KINDS = frozenset((STRING, EMBED, FORMAT))


class KnownParents(Protocol):
    """Knows the parents of a document's structs, as `StructParents` does."""

    def at(self, packed: int) -> Parent:
        """Return the parent of a known struct."""


class ParentResolver:
    """Finds the parents of one update's structs.

    Sections refer to each other in both directions, so none can be done as a whole. `run` works on
    a section until one of its structs refers to a part of another section that is not done yet.
    Then it works on the other section up to that part, and comes back. The stack `waiting` never
    has more entries than there are sections, unless the sections wait in a circle.

    The results are runs: one entry for each change of parent, not for each struct. A text of
    100,000 structs in one root is one run.
    """

    def __init__(
        self, known: KnownParents, types: TypeTable, parsed: Parsed, *, is_strict: bool
    ) -> None:
        """is_strict: False for stored updates, because earlier releases accepted more."""
        self._known = known
        self._known_types = types
        self._spans = parsed.spans
        self._is_strict = is_strict
        self._todo: dict[int, list[ParentChange]] = {client: [] for client in parsed.spans}
        for change in reversed(parsed.parent_changes):
            self._todo[change[0]].append(change)
        self._resolved: dict[int, ParentRuns] = {client: [] for client in parsed.spans}
        self._text_roots: set[str] = set()
        self._types: dict[int, tuple[int, int]] = {}
        self._multi_values = parsed.contents.multi_values
        self._collected: list[tuple[int, int, int]] = []
        self._deleted: dict[int, list[tuple[int, int]]] = {}  # {client: (start, end) of each run}

    def run(self) -> Placement:
        """Return the parents of the structs. Raises Rejected if a struct has none."""
        for first, (_, end) in self._spans.items():
            waiting = [(first, end)]
            while waiting:
                client, until = waiting[-1]
                if self._reached(client) >= until:
                    waiting.pop()
                    continue
                needed = self._needed(self._todo[client][-1])
                if not needed:
                    self._put(self._todo[client].pop())
                elif len(waiting) > len(self._spans):
                    raise Rejected("structs that wait for each other")
                else:
                    waiting.append(needed)
        return Placement(
            parents=self._resolved,
            text_roots=self._text_roots,
            types=self._types,
            multi_value_entries=[
                packed for packed in self._multi_values if self._at(packed)[1] is not None
            ],
            collected=self._collected,
            deleted=[
                (client, start, end)
                for client, runs in self._deleted.items()
                for start, end in runs
            ],
        )

    def _reached(self, client: int) -> int:
        """Return the clock up to which a section is done."""
        todo = self._todo[client]
        if not todo:
            return self._spans[client][1]
        _, clock, _, _, _, _ = todo[-1]
        return clock

    def _needed(self, change: ParentChange) -> tuple[int, int] | None:
        """Return the client whose structs must be resolved first, and the clock up to which."""
        _, _, left, right, parent, _ = change
        # A struct that names its parent has no origins. If the parent is a root, no other struct
        # must be resolved first.
        if parent is not None:
            left = parent[0] if isinstance(parent[0], int) else NO_ID
        for packed in (left, right):
            client, clock = client_of(packed), clock_of(packed)
            if packed != NO_ID and client in self._spans and clock >= self._reached(client):
                return client, clock + 1
        return None

    def _put(self, change: ParentChange) -> None:
        client, clock, left, right, named, kind = change
        parent = self._between(left, right) if named is None else self._named(named)
        end = self._reached(client)
        if parent == GONE:
            # A struct that is a GC already needs no rewriting.
            if kind != GC:
                self._collected.append((client, clock, end))
        else:
            self._note(parent, kind, pack_id(client, clock), end - clock)
        runs = self._resolved[client]
        if not runs or runs[-1][1] != parent:
            runs.append((clock, parent))

    def _note(self, parent: Parent, kind: int, own: int, length: int) -> None:
        """Check structs of one kind for their place, and note their effects on it.

        own     packed id of the first struct
        length  number of clock units of all structs
        """
        place, key = parent
        if key is not None:
            if kind == STRING and self._is_strict:
                raise Rejected("text under a map key")
        elif kind in _TEXT_KINDS and isinstance(place, str):
            self._text_roots.add(place)
        # Types may be neighbours in one run, but each is a separate place for other structs.
        if kind == TYPE:
            lies_in = place if isinstance(place, int) else NO_ID
            depth = 1 + self._depth(lies_in)
            self._types.update((packed, (depth, lies_in)) for packed in range(own, own + length))
        elif kind == DELETED:
            self._deleted.setdefault(client_of(own), []).append(
                (clock_of(own), clock_of(own) + length)
            )

    def _depth(self, packed: int) -> int:
        """Return the depth of a shared type; 0 for NO_ID, which means a root."""
        known = self._types.get(packed)
        return known[0] if known else self._known_types.depths.get(packed, 0)

    def _named(self, parent: Parent) -> Parent:
        """Return the place of a struct that names its parent."""
        packed = parent[0]
        # A named parent has three cases. 1: a root or a type, even a deleted type, is a real place
        # (Yjs deletes structs in a deleted type). 2: into a type whose content was deleted or
        # collected nothing can be put: Yjs collects it. 3: a struct that never was a type is
        # refused: yrs raises or dies, and no real client names it.
        if (
            parent == GONE
            or isinstance(packed, str)
            or packed in self._types
            or packed in self._known_types.depths
        ):
            return parent
        if self._at(packed) != GONE and not self._has_lost(packed) and self._is_strict:
            raise Rejected("parent is not a shared type")
        return GONE

    def _has_lost(self, packed: int) -> bool:
        client, clock = client_of(packed), clock_of(packed)
        if client in self._spans and clock >= self._spans[client][0]:
            runs = self._deleted.get(client, [])
            at = bisect_left(runs, (clock + 1,)) - 1
            return at >= 0 and clock < runs[at][1]
        return self._known_types.has_lost(packed)

    def _between(self, left: int, right: int) -> Parent:
        if NO_ID in (left, right):
            return self._at(max(left, right))
        before, behind = self._at(left), self._at(right)
        parent = common_parent(before, behind)
        if parent is None and self._is_strict:
            raise Rejected("struct between two structs with different parents")
        return parent or before

    def _at(self, packed: int) -> Parent:
        client, clock = client_of(packed), clock_of(packed)
        if client in self._spans and clock >= self._spans[client][0]:
            runs = self._resolved[client]
            return runs[bisect_left(runs, (clock + 1,)) - 1][1]
        return self._known.at(packed)


def common_parent(left: Parent, right: Parent) -> Parent | None:
    """Return the parent of a struct between structs with these parents; None if these differ."""
    if GONE in (left, right):
        return GONE
    return left if left == right else None
