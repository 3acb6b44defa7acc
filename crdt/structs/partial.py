"""Finds the part of an update that a document can integrate now.

The rules are those of Yjs (`integrateStructs` in `encoding.js`). Stock clients keep structs that
they cannot integrate yet, and send them again at each sync. Such a struct comes after a hole in the
client's own store, or refers to a struct that no client has brought yet. Each section is integrated
up to its first struct that must wait; the other sections go on. A deletion is applied to the
structs that are known.

See docs/design/documents.md.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from crdt.wire.parsed_update import Parsed


@dataclass(frozen=True, slots=True)
class Part:
    """The part of an update that can be integrated.

    spans    {client: (first clock, next clock)} of the new structs that need not wait
    ranges   (client, start, end) of deleted ranges whose structs are known
             once `spans` are integrated
    missing  clients with missing structs: those whose structs are left out, and those for
             which these wait. Empty if no struct is left out
    """

    spans: Mapping[int, tuple[int, int]]
    ranges: list[tuple[int, int, int]]
    missing: frozenset[int]


def find_part(parsed: Parsed, clocks: Mapping[int, int], foreign: Set[int]) -> Part | None:
    """Return the part of an update that can be integrated; None for the whole update.

    Usually the whole update can be integrated.

    clocks   {client: next clock} of the document
    foreign  clients whose structs must not be taken
    """
    # The usual update begins where the document ends and refers to known structs. This check reads
    # each section's bounds and each range, but no structs.
    if not foreign and not parsed.holes and _is_complete(parsed, clocks) and not _has_order(parsed):
        return None
    reach = _Reach(parsed, clocks, foreign)
    reach.run()
    spans = {client: (clocks.get(client, 0), after) for client, after in reach.reached.items()}
    spans = {client: span for client, span in spans.items() if span[0] < span[1]}
    missing = reach.missing()
    ranges = []
    for client, start, end in parsed.ranges:
        known = max(clocks.get(client, 0), reach.reached.get(client, 0))
        if end > known:
            missing.add(client)
        if start < known:
            ranges.append((client, start, min(end, known)))
    if not missing and not parsed.holes and spans == parsed.spans:
        return None
    return Part(spans, ranges, frozenset(missing))


def _is_complete(parsed: Parsed, clocks: Mapping[int, int]) -> bool:
    """Whether all structs of an update are new, and refer only to known ones or to each other."""
    spans = parsed.spans
    for client, (first, _) in spans.items():
        if first != clocks.get(client, 0):
            return False
    for client, clock in parsed.needs.items():
        if clock >= clocks.get(client, 0) and (client not in spans or clock >= spans[client][1]):
            return False
    for client, _, end in parsed.ranges:
        if end > clocks.get(client, 0) and (client not in spans or end > spans[client][1]):
            return False
    return True


def _has_order(parsed: Parsed) -> bool:
    """Whether sections of an update refer to each other, so that they could wait in a circle."""
    spans = parsed.spans
    return len(spans) > 1 and any(
        other in spans and clock >= spans[other][0] for _, _, other, clock in parsed.edges
    )


class _Reach:
    """Finds out how far each section of an update can be integrated.

    Each section is read up to its first reference to a struct that is not known yet, and waits
    there. When the other section gets further, this section is tried again. Each reference is read
    once or twice, so the cost is that of reading the update. The alternative is to read all
    sections again until none gets further. Its cost is quadratic if two sections refer to each
    other in turns.

    An example: client 9 has clocks 0 to 9, and its clock 4 refers to clock 2 of client 5. Client 5
    has clocks 0 to 9, and its clock 7 refers to client 8, of which no structs are known. If section
    9 is first, it reaches 4 and waits for section 5. Section 5 reaches 7 and waits for client 8.
    Since section 5 got further, section 9 is tried again and reaches its end. `reached` is
    {9: 10, 5: 7}, and clocks 7 to 9 of client 5 are left out, because client 8 is missing.

    reached  {client: next clock, once the part is integrated}
    """

    def __init__(self, parsed: Parsed, clocks: Mapping[int, int], foreign: Set[int]) -> None:
        self._clocks = clocks
        self._spans = parsed.spans
        self.reached = {client: clocks.get(client, 0) for client in parsed.spans}
        self._ends = {client: self._end(parsed, client, foreign) for client in parsed.spans}
        self._waits: dict[int, list[tuple[int, int, int]]] = {client: [] for client in parsed.spans}
        # The edges are reversed, so that the next reference of each section is the last in its list
        # and can be popped.
        for client, clock, other, k in reversed(parsed.edges):
            if self.reached[client] <= clock < self._ends[client] and k >= clocks.get(other, 0):
                self._waits[client].append((clock, other, k))

    def _end(self, parsed: Parsed, client: int, foreign: Set[int]) -> int:
        """Return the clock up to which a client's structs follow each other without a hole."""
        first, after = parsed.spans[client]
        known = self.reached[client]
        # A section that starts too late would be pending in Yjs as a whole. Foreign sections are
        # treated in the same way.
        if first > known or client in foreign:
            return known
        for start, end in parsed.holes.get(client, ()):
            # A deletion may reach beyond the known structs: then its known part is applied. Yjs
            # keeps the other part in `pendingDs`. Here the sender is asked for its structs, because
            # pending deletions would be lost when the room is loaded again.
            if end > known:
                return max(start, known)
        return max(after, known)

    def run(self) -> None:
        """Move all sections on as far as they can."""
        waiting: dict[int, list[int]] = {}
        ready = list(self._waits)
        while ready:
            client = ready.pop()
            waits = self._waits[client]
            # `reached` has no entry for a client that is not in this update: its structs will not
            # come.
            while waits and waits[-1][2] < self.reached.get(waits[-1][1], 0):
                waits.pop()
            if waits:
                position = waits[-1][0]
                waiting.setdefault(waits[-1][1], []).append(client)
            else:
                position = self._ends[client]
            if position > self.reached[client]:
                self.reached[client] = position
                ready += waiting.pop(client, [])

    def missing(self) -> set[int]:
        """Return the clients with missing structs, see `Part`."""
        missing = set()
        for client, (_, after) in self._spans.items():
            if self.reached[client] < after:
                missing.add(client)
                # Two clients are missing: the one whose structs were left out, and the one for
                # whose struct they wait.
                missing.update(other for _, other, _ in self._waits[client][-1:])
        return missing
