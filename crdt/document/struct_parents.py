"""Where the structs of a document lie: in which root or shared type, and under which key of that.

Yjs calls this a struct's parent and parentSub. A struct between neighbours that lie apart has none: yrs
then links the lists of two types with each other, and dies or cannot load what it made (the fuzzer's
most frequent finding, `tests/fuzz`). No client makes such structs. Nor does one put text under a map
key, which a struct also gets from its neighbours.

Nearly every document is one text, so the parent that the first struct has is not written down.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from types import MappingProxyType

from crdt.errors import Rejected
from crdt.wire.content import ANY, STRING
from crdt.wire.parsed_update import GONE, ParentChange, ParentRuns, Parsed
from crdt.wire.struct_id import NO_ID, client_of, clock_of, pack_id
from crdt.wire.struct_reader import Parent

MAX_MERGEABLE_VALUES = 1_000
"""Values behind each other in a sequence, each a struct of its own: 17 ms in yrs; 8,000 take a second."""

MAX_PARENT_CHANGES = 20_000
"""In one update whose structs have several parents: 2 µs each. A paper of 260,000 edits has 9,000."""

_NONE: Mapping[int, tuple[list[int], list[Parent]]] = MappingProxyType({})


class StructParents:
    """The parents of a document's structs."""

    __slots__ = ("_first", "_runs")

    def __init__(self) -> None:
        self._first: Parent | None = None
        self._runs: Mapping[int, tuple[list[int], list[Parent]]] = _NONE

    @property
    def is_single(self) -> bool:
        """Whether all structs have the same parent."""
        return not self._runs

    def at(self, packed: int) -> Parent:
        """Return the parent of a known struct."""
        runs = self._runs.get(client_of(packed))
        if runs is None:
            return self._first or GONE
        starts, parents = runs
        return parents[bisect_right(starts, clock_of(packed)) - 1]

    def between(self, left: int, right: int) -> Parent | None:
        """Return the parent of a struct between two known ones (or NO_ID); None if these lie apart."""
        if NO_ID in (left, right):
            return self.at(max(left, right))
        return common_parent(self.at(left), self.at(right))

    def resolve(self, parsed: Parsed, *, is_strict: bool = True) -> None:
        """Look up the parents of new structs: sets `parsed.parents` and fills `parsed.multi_value_entries`.

        is_strict  False takes what earlier releases let pass

        Raises Rejected if a struct has no parent.
        """
        parsed.parents = {} if self._is_all_single(parsed) else _ParentResolver(self, parsed, is_strict=is_strict).run()

    def _is_all_single(self, parsed: Parsed) -> bool:
        """Whether it is plain that all structs of an update have the one parent that the document has."""
        if self._runs or not parsed.is_plain:
            return False
        if self._first is None:
            return len(parsed.shared.roots) < 2
        root, key = self._first
        return key is None and parsed.shared.roots <= {root}

    def add(self, parsed: Parsed) -> None:
        """Note the structs of an update that was applied."""
        if parsed.parents is None:
            self.resolve(parsed, is_strict=False)
        resolved = parsed.parents or {}
        if self._first is None and parsed.spans:
            self._first = _first_parent(parsed, resolved)
        for client, runs in resolved.items():
            for clock, parent in runs:
                self.extend(client, clock, parent)

    def extend(self, client: int, clock: int, parent: Parent) -> None:
        """Note that a client's structs have this parent from this clock on."""
        if client not in self._runs:
            if parent == self._first:
                return
            runs = self._runs if isinstance(self._runs, dict) else {}
            runs[client] = ([0], [self._first or parent]) if clock else ([], [])
            self._runs = runs
        starts, parents = self._runs[client]
        if not parents or (parents[-1] != parent and clock > starts[-1]):
            starts.append(clock)
            parents.append(parent)


def common_parent(left: Parent, right: Parent) -> Parent | None:
    """Return the parent of a struct between structs with these parents, None if these differ.

    Of a garbage-collected neighbour nothing is known; then the other one says it.
    """
    if right in (left, GONE):
        return left
    return right if left == GONE else None


def _first_parent(parsed: Parsed, resolved: Mapping[int, ParentRuns]) -> Parent:
    """Return the parent that most of a new document will have: the first sequence."""
    parents = [parent for runs in resolved.values() for _, parent in runs] or [
        (root, None) for root in parsed.shared.roots
    ]
    return next((parent for parent in parents if parent[1] is None and parent != GONE), parents[0])


class _ParentResolver:
    """Looks up the parents of one update's structs, each section as far as what it refers to is known.

    Sections refer to each other in both directions, so none can be done as a whole. `run` works on one
    until a struct refers to a part of another section that is not done, then on that one up to there,
    and comes back. The stack `waiting` never holds a section twice unless they wait in a circle.
    """

    def __init__(self, parents: StructParents, parsed: Parsed, *, is_strict: bool) -> None:
        self._known = parents
        self._spans = parsed.spans
        self._is_strict = is_strict
        self._todo: dict[int, list[ParentChange]] = {client: [] for client in parsed.spans}
        for change in reversed(parsed.parent_changes):
            self._todo[change[0]].append(change)
        self._resolved: dict[int, ParentRuns] = {client: [] for client in parsed.spans}
        self._mergeable_left = MAX_MERGEABLE_VALUES
        self._multi_value_entries = parsed.multi_value_entries
        if is_strict and len(parsed.parent_changes) > MAX_PARENT_CHANGES:
            raise Rejected("too many structs in too many places")

    def run(self) -> dict[int, ParentRuns]:
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
        return self._resolved

    def _reached(self, client: int) -> int:
        """Return the clock up to which a section is done."""
        todo = self._todo[client]
        if not todo:
            return self._spans[client][1]
        _, clock, _, _, _, _ = todo[-1]
        return clock

    def _needed(self, change: ParentChange) -> tuple[int, int] | None:
        """Return which client's structs have to be looked up before, and up to which clock."""
        _, _, left, right, parent, _ = change
        if parent is not None:
            return None
        for packed in (left, right):
            client, clock = client_of(packed), clock_of(packed)
            if packed != NO_ID and client in self._spans and clock >= self._reached(client):
                return client, clock + 1
        return None

    def _put(self, change: ParentChange) -> None:
        client, clock, left, right, parent, kind = change
        parent = parent or self._between(left, right)
        own = pack_id(client, clock)
        if parent[1] is not None:
            self._check_entry(own, kind, self._reached(client) - clock)
        elif kind == ANY and left == own - 1:
            self._mergeable_left -= 1
            if self._mergeable_left < 0 and self._is_strict:
                raise Rejected("too many values one by one")
        runs = self._resolved[client]
        if not runs or runs[-1][1] != parent:
            runs.append((clock, parent))

    def _check_entry(self, packed: int, kind: int, length: int) -> None:
        """Check a struct under a map key."""
        if kind == STRING and self._is_strict:
            raise Rejected("text under a map key")
        if kind == ANY and length > 1:
            self._multi_value_entries.append(packed)

    def _between(self, left: int, right: int) -> Parent:
        if NO_ID in (left, right):
            return self._at(max(left, right))
        before, behind = self._at(left), self._at(right)
        parent = common_parent(before, behind)
        if parent is None and self._is_strict:
            raise Rejected("struct between two that lie apart")
        return parent or before

    def _at(self, packed: int) -> Parent:
        client, clock = client_of(packed), clock_of(packed)
        if client in self._spans and clock >= self._spans[client][0]:
            runs = self._resolved[client]
            return runs[bisect_left(runs, (clock + 1,)) - 1][1]
        return self._known.at(packed)
