"""Finds positions that exist in a room, for updates that fit the room but make no sense."""

from random import Random

from crdt.structs.struct_index import StructIndex
from crdt.wire.content import GC, SKIP, STRING
from crdt.wire.struct_id import client_of, clock_of, pack_id
from tests.fuzz import contents
from tests.fuzz.structure import Id, Struct, Update

_TRIES = 4


class Positions:
    """Picks positions for a user of one room."""

    def __init__(self, source: Random, index: StructIndex, user: str) -> None:
        self._source = source
        self._index = index
        self.own = [client for client in index.clocks if index.owners.get(client) == user]
        """The client ids under which the user has written."""
        self.usable = [*self.own, *contents.CLIENTS]
        """The client ids of `own`, and some that may be new."""

    def next_clock(self, client: int) -> int:
        return self._index.clocks.get(client, 0)

    def somewhere(self) -> Id:
        """Return the id of a struct, preferably a late one. An empty room gives any id."""
        source, clocks = self._source, self._index.clocks
        if not clocks:
            return contents.anywhere(source)
        client = source.choice(list(clocks))
        return client, int(clocks[client] * source.random() ** 0.5)

    def _near(self, left: Id | None) -> Id:
        """Return the id of another struct, preferably in the same parent as `left`.

        Between structs of different parents, nothing can be inserted.
        """
        place = self.somewhere()
        for _ in range(_TRIES):
            if not left or self._index.parents.between(pack_id(*left), pack_id(*place)):
                break
            place = self.somewhere()
        return place

    def ranges(self, count: int) -> list[tuple[int, int, int]]:
        """Return ranges of existing structs, to be deleted."""
        ranges = []
        for client in sorted({self.somewhere()[0] for _ in range(count)}):
            first = self._source.randrange(self.next_clock(client) or 1)
            longest = min(self.next_clock(client) - first, self._source.choice((1, 4, 99)))
            ranges.append((client, first, self._source.randint(1, max(1, longest))))
        return ranges

    def put(self, struct: Struct, client: int, clock: int) -> Struct:
        """Put a struct at a position: next to other structs, in a root or in a shared type."""
        source = self._source
        struct.left = struct.right = struct.parent = struct.key = None
        place = source.random()
        if struct.kind in (GC, SKIP):
            return struct
        if place < 0.6 and (self._index.clocks or clock):
            own = (client, clock - 1) if clock and source.random() < 0.4 else self.somewhere()
            struct.left = own if source.random() < 0.75 else None
            struct.right = (
                self._near(struct.left) if not struct.left or source.random() < 0.4 else None
            )
            return struct
        if place > 0.85 and self._index.types.depths:
            packed = source.choice(list(self._index.types.depths))
            struct.parent = client_of(packed), clock_of(packed)
        else:
            struct.parent = source.choice((*contents.ROOTS, *sorted(self._index.roots)[:8]))
        if struct.kind != STRING and source.random() < 0.4:
            struct.key = source.choice(contents.KEYS)
        return struct

    def fit(self, update: Update) -> None:
        """Give the update's structs client ids, clocks and neighbours that the room knows."""
        source = self._source
        moved: dict[int, tuple[int, int]] = {}
        for section in update.sections:
            keeps = section.client in self.usable and source.random() < 0.5
            client = section.client if keeps else source.choice(self.usable)
            moved[section.client] = client, self.next_clock(client) - section.clock
            section.client, section.clock = client, self.next_clock(client)
        for section in update.sections:
            clock = section.clock
            for struct in section.structs:
                ids = [
                    place
                    for place in (struct.left, struct.right, struct.parent)
                    if isinstance(place, tuple)
                ]
                if all(place[0] in moved for place in ids) and source.random() < 0.8:
                    _move(struct, moved)
                else:
                    self.put(struct, section.client, clock)
                clock += struct.length
        update.deleted = self.ranges(len(update.deleted))


def _move(struct: Struct, moved: dict[int, tuple[int, int]]) -> None:
    """Keep a struct's neighbours, and change their ids to the moved ones."""

    def there(origin: Id) -> Id:
        client, distance = moved[origin[0]]
        return client, max(0, origin[1] + distance)

    struct.left = there(struct.left) if struct.left else None
    struct.right = there(struct.right) if struct.right else None
    if isinstance(struct.parent, tuple):
        struct.parent = there(struct.parent)
