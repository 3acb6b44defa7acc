"""Which structs of a state lie in shared types that were deleted.

Of these a client with `gc: true` keeps only the length (`Item.gc` in Yjs, with `parentGCd`). So may the server.
"""

from bisect import bisect_right
from collections.abc import Mapping
from operator import itemgetter

from crdt.structs.struct_parents import StructParents
from crdt.structs.type_table import TypeTable
from crdt.wire.parsed_update import GONE, Parsed, Placement
from crdt.wire.struct_id import client_of, clock_of
from crdt.wire.struct_reader import Parent

Ranges = dict[int, list[tuple[int, int]]]
"""{client: (start, end), in order and without overlaps}"""


def deleted_ranges(parsed: Parsed) -> Ranges:
    """Return what a state says was deleted."""
    by_client: Ranges = {}
    for client, start, end in sorted(parsed.ranges):
        ranges = by_client.setdefault(client, [])
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], end))
        else:
            ranges.append((start, end))
    return by_client


class StructPlaces:
    """Where the structs of one whole state lie.

    placement  of all of them
    """

    def __init__(self, parsed: Parsed) -> None:
        """Look up the places of all structs: 2 µs for each one that does not follow the one before it."""
        self.placement = StructParents().resolve(parsed, TypeTable(), is_strict=False)
        self._single: Parent = (next(iter(parsed.shared.roots), ""), None)

    def runs(self, client: int) -> list[tuple[int, Parent]]:
        """Return (first clock, place) of runs of a client's structs, in order."""
        return self.placement.parents.get(client, [(0, self._single)])

    def is_in_sequence(self, packed: int) -> bool:
        """Whether a struct lies in a sequence, and not under a map key."""
        runs = self.runs(client_of(packed))
        _, (_, key) = runs[bisect_right(runs, clock_of(packed), key=itemgetter(0)) - 1]
        return key is None

    def lost_types(self, deleted: Ranges) -> set[int]:
        """Return the packed ids of the shared types that were deleted, or that lie in one that was."""
        lost: set[int] = set()
        for packed, (_, around) in self.placement.types.items():  # a type comes behind the one around it
            if around in lost or _is_in(deleted, packed):
                lost.add(packed)
        return lost


def lost_ranges(placement: Placement, lost_types: set[int], spans: Mapping[int, tuple[int, int]]) -> Ranges:
    """Return the structs that lie in one of these types, or nowhere any more.

    spans  see `Parsed`
    """
    by_client: Ranges = {}
    for client, runs in placement.parents.items():
        ends = [clock for clock, _ in runs[1:]] + [spans[client][1]]
        for (start, place), end in zip(runs, ends, strict=True):
            if place == GONE or place[0] in lost_types:
                by_client.setdefault(client, []).append((start, end))
    return by_client


def _is_in(ranges: Ranges, packed: int) -> bool:
    of_client = ranges.get(client_of(packed), [])
    at = bisect_right(of_client, (clock_of(packed), 1 << 53)) - 1
    return at >= 0 and clock_of(packed) < of_client[at][1]
