"""Where the structs of a document lie: in which root or shared type, and under which key of that.

Between neighbours that lie apart there is no place: yrs then links the lists of two types with each other, and
dies or cannot load what it made (the fuzzer's most frequent finding, `tests/fuzz`). No client makes such structs.
Nor does one put text under a map key, which a struct also gets from its neighbours.

Nearly every document is one text, so what lies where the first struct does is not written down.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from types import MappingProxyType

from crdt.errors import Rejected
from crdt.wire.content import ANY, STRING
from crdt.wire.parsed_update import GONE, ParentChange, ParentRuns, Parsed
from crdt.wire.struct_id import client_of, clock_of, pack_id
from crdt.wire.struct_reader import Parent

MAX_MERGEABLE_VALUES = 1_000
"""Values behind each other in a sequence, each a struct of its own: 17 ms in yrs; 8,000 take a second."""


MAX_PARENT_CHANGES = 20_000
"""In one update, where not all lies in one place: 2 µs each. A paper of 260,000 edits has 9,000."""


_NONE: Mapping[int, tuple[list[int], list[Parent]]] = MappingProxyType({})


class StructParents:
    """The places of a document's structs."""

    __slots__ = ("_first", "_runs")

    def __init__(self) -> None:
        self._first: Parent | None = None
        self._runs: Mapping[int, tuple[list[int], list[Parent]]] = _NONE

    @property
    def is_single(self) -> bool:
        """Whether all structs lie in the same place."""
        return not self._runs

    def at(self, packed: int) -> Parent:
        """Return where a known struct lies."""
        runs = self._runs.get(client_of(packed))
        if runs is None:
            return self._first or GONE
        starts, places = runs
        return places[bisect_right(starts, clock_of(packed)) - 1]

    def between(self, left: int, right: int) -> Parent | None:
        """Return where something between two known structs lies, -1 for none; None if they lie apart."""
        if left < 0 or right < 0:
            return self.at(max(left, right))
        return common(self.at(left), self.at(right))

    def resolve(self, parsed: Parsed, *, is_strict: bool = True) -> None:
        """Look up where new structs lie, in `parsed.parents`, and which are `multi_value_entries`.

        is_strict  False takes what earlier releases let pass

        Raises Rejected if there is no such place.
        """
        parsed.parents = {} if self._holds(parsed) else ParentResolver(self, parsed, is_strict=is_strict).run()

    def _holds(self, parsed: Parsed) -> bool:
        """Whether it is plain that all of an update lies where all else does."""
        if self._runs or not parsed.is_plain:
            return False
        if self._first is None:
            return len(parsed.roots) < 2
        root, key = self._first
        return key is None and parsed.roots <= {root}

    def add(self, parsed: Parsed) -> None:
        """Note the structs of an update that was applied."""
        if parsed.parents is None:
            self.resolve(parsed, is_strict=False)
        parents = parsed.parents or {}
        if self._first is None and parsed.spans:
            found = [place for runs in parents.values() for _, place in runs] or [(root, None) for root in parsed.roots]
            self._first = next((place for place in found if place[1] is None and place != GONE), found[0])
        for client, runs in parents.items():
            for clock, place in runs:
                self.extend(client, clock, place)

    def extend(self, client: int, clock: int, place: Parent) -> None:
        """Note that a client's structs lie there from this clock on."""
        if client not in self._runs:
            if place == self._first:
                return
            runs = self._runs if isinstance(self._runs, dict) else {}
            runs[client] = ([0], [self._first or place]) if clock else ([], [])
            self._runs = runs
        starts, places = self._runs[client]
        if not places or (places[-1] != place and clock > starts[-1]):
            starts.append(clock)
            places.append(place)


def common(left: Parent, right: Parent) -> Parent | None:
    """Return where something between two places lies, None if nowhere; what is gone says nothing."""
    if right in (left, GONE):
        return left
    return right if left == GONE else None


class ParentResolver:
    """Looks up the places of one update's structs, each section as far as what it refers to is known."""

    def __init__(self, places: StructParents, parsed: Parsed, *, is_strict: bool) -> None:
        self._places = places
        self._spans = parsed.spans
        self._is_strict = is_strict
        self._left: dict[int, list[ParentChange]] = {client: [] for client in parsed.spans}
        for jump in reversed(parsed.parent_changes):
            self._left[jump[0]].append(jump)
        self._parents: dict[int, ParentRuns] = {client: [] for client in parsed.spans}
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
                needed = self._needed(self._left[client][-1])
                if not needed:
                    self._put(self._left[client].pop())
                elif len(waiting) > len(self._spans):
                    raise Rejected("structs that wait for each other")
                else:
                    waiting.append(needed)
        return self._parents

    def _reached(self, client: int) -> int:
        parent_changes = self._left[client]
        return parent_changes[-1][1] if parent_changes else self._spans[client][1]

    def _needed(self, jump: ParentChange) -> tuple[int, int] | None:
        """Return whose structs have to be looked up before, and up to which clock."""
        if jump[4] is not None:
            return None
        for packed in jump[2:4]:
            client, clock = client_of(packed), clock_of(packed)
            if packed >= 0 and client in self._spans and clock >= self._reached(client):
                return client, clock + 1
        return None

    def _put(self, jump: ParentChange) -> None:
        client, clock, left, right, place, kind = jump
        place = place or self._between(left, right)
        if place[1] is not None:
            self._check_entry(pack_id(client, clock), kind, self._reached(client) - clock)
        elif kind == ANY and left == pack_id(client, clock) - 1:
            self._mergeable_left -= 1
            if self._mergeable_left < 0 and self._is_strict:
                raise Rejected("too many values one by one")
        parents = self._parents[client]
        if not parents or parents[-1][1] != place:
            parents.append((clock, place))

    def _check_entry(self, packed: int, kind: int, length: int) -> None:
        if kind == STRING and self._is_strict:
            raise Rejected("text under a map key")
        if kind == ANY and length > 1:
            self._multi_value_entries.append(packed)

    def _between(self, left: int, right: int) -> Parent:
        if left < 0 or right < 0:
            return self._at(max(left, right))
        before, behind = self._at(left), self._at(right)
        place = common(before, behind)
        if place is None and self._is_strict:
            raise Rejected("struct between two that lie apart")
        return place or before

    def _at(self, packed: int) -> Parent:
        client, clock = client_of(packed), clock_of(packed)
        if client in self._spans and clock >= self._spans[client][0]:
            runs = self._parents[client]
            return runs[bisect_left(runs, (clock + 1,)) - 1][1]
        return self._places.at(packed)
