"""The items of a document in order, each with its id. pycrdt gives the text without the ids.

Updates are integrated as Yjs does it, with runs of typing instead of single characters: a paper of
260,000 edits takes a tenth of a second. Each root, each shared type and each key of a map has a
list of its own. The last item of a key's list is the key's value.

The algorithm is YATA (Nicolaescu, Jahns, Derntl, Klamma: "Near Real-Time Peer-to-Peer Shared
Editing on Extensible Data Types", 2016) as Yjs has it in `Item.js`: `getMissing` and `integrate`.
Its names are kept here.

The invariant is that the order depends on the set of items only, never on the order in which they
arrive. An item says which items it was typed between: `origin` to its left, `right_origin` to its
right. These never change. So everything that can be between the two was put there by somebody who
had not seen this item, and the rules of `_left_among_conflicts` order it.

Why not sort the items between the two origins by client id: client 1 may have typed behind an item
of client 2, and would then come before it. An example: the text is "ab". Client 2 types "y" between
the two letters. Client 1 sees that and types "q" behind it. Client 3 has seen neither and types
"z". Sorted it would be "qyz", and client 1 would see "q" jump. YATA makes "yqz".

Why not let pycrdt do it: blame and replays need the author of each character,
and find them by the ids.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from crdt.errors import Gap
from crdt.reading.items import ItemReader, YataItem, as_text
from crdt.wire.raw_merge import EMPTY
from crdt.wire.struct_id import CLOCK_BITS, CLOCK_MASK, NO_ID, client_of, pack_id
from crdt.wire.struct_reader import Parent

_NOWHERE: Parent = (NO_ID, None)


class ItemOrder:
    """All items of one document, in order.

    heads  {place: the first item there, deleted or not}
    """

    def __init__(self, state: bytes = EMPTY) -> None:
        self._starts: dict[int, list[int]] = {}
        self._items: dict[int, list[YataItem]] = {}
        self._clocks: dict[int, int] = {}
        self.heads: dict[Parent, YataItem] = {}
        self.apply(state)

    def apply(self, update: bytes) -> list[YataItem]:
        """Integrate an update; return the items that it put in or deleted.

        Structs that are known already are passed over.
        Raises `Gap` if it refers to structs that are not known.
        """
        reader = ItemReader(update)
        sections = {client: self._new(client, items) for client, items in reader.sections().items()}
        changed = self._integrate_all(sections)
        # Deletions come last, because most of them are of structs in the same update. A range of
        # unknown structs deletes nothing; admission has left such ranges out of the stored log.
        for client, start, end in reader.deleted():
            changed += self._delete(client, start, min(end, self._clocks.get(client, 0)))
        return changed

    def items(self, place: Parent) -> Iterator[YataItem]:
        """Yield all items in a place in order, deleted ones too."""
        item = self.heads.get(place)
        while item:
            yield item
            item = item.right

    def visible(self, root: str) -> Iterator[YataItem]:
        """Yield the items of a root's text in order, without deleted ones."""
        return (
            item
            for item in self.items((root, None))
            if isinstance(item.content, str) and not item.is_deleted
        )

    def text(self, root: str) -> str:
        """Return the text of a root."""
        items = self.items((root, None))
        return as_text(
            "".join(
                item.content
                for item in items
                if isinstance(item.content, str) and not item.is_deleted
            )
        )

    def _new(self, client: int, items: list[YataItem]) -> list[YataItem]:
        """Return the part of a client's items that is not known yet, the last one first."""
        known = self._clocks.setdefault(client, 0)
        self._starts.setdefault(client, [])
        self._items.setdefault(client, [])
        while items and items[0].clock < known:
            # The document has a part of this item: it has "he", and gets "hello" as one item. Only
            # "llo" is new, so it is cut off. It is placed by its origin, the clock before it.
            if items[0].clock + items[0].length > known:
                items[0] = items[0].split(known - items[0].clock)
                items[0].left = None
            else:
                # A client that sends all it has sends thousands of known items: they are skipped by
                # bisection.
                items = items[
                    bisect_right(items, known, key=lambda item: item.clock + item.length) :
                ]
        return items[::-1]

    def _integrate_all(self, sections: dict[int, list[YataItem]]) -> list[YataItem]:
        """Integrate each client's items in order.

        An item that refers to another client's item waits for it.
        """
        # `stack` has the clients whose items wait for those of the next one on it. It is a list and
        # not recursion, because a text that two people typed in turns would go as deep as it is
        # long.
        #
        # `waiting` counts how often in a row an item had to wait, without one that could be
        # integrated. If it is greater than the number of clients, clients wait for each other in a
        # circle. No client makes such an update.
        #
        # An example: client 9 has items a b, client 5 has d e; b was put behind e. a is integrated,
        # then b waits for client 5, so d and e come first, then b: a d e b.
        integrated = []
        for first in sections:
            stack, waiting = [first], 0
            while stack:
                items = sections[stack[-1]]
                if not items:
                    stack.pop()
                    continue
                missing = _missing(items[-1], self._clocks)
                if missing is not None:
                    waiting += 1
                    if waiting > len(sections) or not sections.get(missing):
                        raise Gap("a struct's neighbour is missing")
                    stack.append(missing)
                    continue
                item, waiting = items.pop(), 0
                if item.clock != self._clocks[item.client]:
                    raise Gap("structs before this one are missing")
                self._clocks[item.client] = item.clock + item.length
                self._integrate(item)
                integrated.append(item)
        return integrated

    def _integrate(self, item: YataItem) -> None:
        """Put an item into its list, between its origins."""
        left = None if item.origin == NO_ID else self._clean_end(item.origin)
        right = None if item.right_origin == NO_ID else self._clean_start(item.right_origin)
        self._starts[item.client].append(item.clock)
        self._items[item.client].append(item)
        # `getMissing` of Yjs: an item with an origin does not name its parent, but has that of its
        # neighbours. A collected one (GC) has no place any more, nor has an item that is next to
        # it.
        if left and right:
            item.place = left.place if left.place == right.place else None
        elif left or right:
            item.place = (left or right).place  # type: ignore[union-attr]
        if item.place is None:
            return
        # Nobody has put anything between the two. That is so for nearly every keystroke, so the
        # search for conflicts costs only what was really typed at the same place by several people.
        are_neighbours = left.right is right if left else right is not None and right.left is None
        if not are_neighbours:
            left = self._left_among_conflicts(item, left, right)
        item.left = left
        item.right = left.right if left else self.heads.get(item.place)
        if left:
            left.right = item
        else:
            self.heads[item.place] = item
        if item.right:
            item.right.left = item

    def _left_among_conflicts(
        self, item: YataItem, left: YataItem | None, right: YataItem | None
    ) -> YataItem | None:
        """Return the item that `item` belongs behind, among those already put between its origins.

        The invariant: lines from each item to its origin never cross, and items with one and the
        same origin are in the order of their client ids. So all get one order, however items
        arrive.

        An example: the text is "ab". Three clients type behind "a" and before "b" without having
        seen each other: client 1 "x", client 2 "y", client 3 "z". The list is a x z b when "y"
        comes. o = x has the same origin, "a", and a smaller client id: "y" goes behind it (case 1).
        o = z has the same origin and a larger client id, and its right origin is "b" like ours: all
        that follows is behind "y" too, so the search ends (case 2). The result is a x y z b. Had
        client 1 typed one more character, "w", behind its "x", then o = w has another origin, x,
        which we passed and went behind: w goes with x, and "y" behind both (case 3).
        """
        o = left.right if left else self.heads.get(item.place or _NOWHERE)
        conflicting_items: set[YataItem] = set()
        items_before_origin: set[YataItem] = set()
        while o and o is not right:
            items_before_origin.add(o)
            conflicting_items.add(o)
            if o.origin == item.origin:
                # Case 1: put at the same place. The smaller client id comes first.
                if o.client < item.client:
                    left = o
                    conflicting_items.clear()
                elif o.right_origin == item.right_origin:
                    # Case 2: `o` and all behind it stay to the right of `item`.
                    break
            elif o.origin != NO_ID and (origin := self._at(o.origin)) in items_before_origin:
                # Case 3: `o` was put behind an item that we passed, so it goes where that one goes:
                # to the left of `item` if that item does, else undecided yet.
                if origin not in conflicting_items:
                    left = o
                    conflicting_items.clear()
            else:
                # Its origin is to the left of ours: going further would cross the line to it.
                break
            o = o.right
        return left

    def _at(self, packed: int) -> YataItem:
        client = packed >> CLOCK_BITS
        return self._items[client][bisect_right(self._starts[client], packed & CLOCK_MASK) - 1]

    def _clean_end(self, packed: int) -> YataItem:
        """Return the item that ends with this struct, cut there if need be."""
        item = self._at(packed)
        self._split_at(item, (packed & CLOCK_MASK) + 1 - item.clock)
        return item

    def _clean_start(self, packed: int) -> YataItem:
        """Return the item that starts with this struct, cut there if need be."""
        item = self._at(packed)
        return self._split_at(item, (packed & CLOCK_MASK) - item.clock) or item

    def _split_at(self, item: YataItem, offset: int) -> YataItem | None:
        """Cut an item; return the right part, None if the offset is at one of its ends."""
        if not 0 < offset < item.length:
            return None
        rest = item.split(offset)
        # Inserting into a list moves what is behind it, but as one block of memory: 10,000 cuts of
        # a run of 10,000 items take some tens of milliseconds. A tree would cost more for each of
        # the far more frequent look-ups.
        at = bisect_left(self._starts[item.client], rest.clock)
        self._starts[item.client].insert(at, rest.clock)
        self._items[item.client].insert(at, rest)
        return rest

    def _delete(self, client: int, start: int, end: int) -> list[YataItem]:
        """Delete what there is of a range; return the items that were not deleted before."""
        deleted = []
        clock = start
        while clock < end:
            # The item is cut at both ends of the range, so that all of it is deleted or nothing.
            item = self._clean_start(pack_id(client, clock))
            self._split_at(item, end - item.clock)
            if not item.is_deleted:
                item.is_deleted = True
                deleted.append(item)
            clock = item.clock + item.length
        return deleted


def _missing(item: YataItem, state: dict[int, int]) -> int | None:
    """Return the client whose items must be integrated before this item,
    None if all that it refers to is there.
    """
    for packed in (item.origin, item.right_origin):
        if packed != NO_ID and state.get(packed >> CLOCK_BITS, 0) <= packed & CLOCK_MASK:
            return client_of(packed)
    return None
