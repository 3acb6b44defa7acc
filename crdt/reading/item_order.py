"""Puts the items of a document in order, each with its id. pycrdt gives the text without the ids.

Updates are integrated as in Yjs, with runs of typing instead of single characters: a paper of
260,000 edits takes a tenth of a second. Each root, each shared type and each key of a map has its
own list. The last item of a key's list is the key's value.

The algorithm is YATA (Nicolaescu, Jahns, Derntl, Klamma: "Near Real-Time Peer-to-Peer Shared
Editing on Extensible Data Types", 2016), as in `getMissing` and `integrate` of Yjs's `Item.js`.
This module keeps the names of `Item.js`.

The invariant: the order depends only on the set of items, not on the order of their arrival. An
item names the items that it was typed between: `origin` to its left, `right_origin` to its right.
These never change. So other items between the two were put there by clients that had not seen this
item, and the rules of `_left_among_conflicts` order them.

Sorting the items between the two origins by client id would be wrong. An example: the text is "ab".
Client 2 types "y" between the two letters. Client 1 sees "y" and types "q" after it. Client 3 has
seen neither and types "z". Sorted, the text would be "qyz", and client 1 would see "q" jump. YATA
makes "yqz".

pycrdt cannot replace this module: blame and replays need the author of each character, and find the
authors by the ids.
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

    heads  {place: its first item, deleted or not}
    """

    def __init__(self, state: bytes = EMPTY) -> None:
        self._starts: dict[int, list[int]] = {}
        self._items: dict[int, list[YataItem]] = {}
        self._clocks: dict[int, int] = {}
        self.heads: dict[Parent, YataItem] = {}
        self.apply(state)

    def apply(self, update: bytes) -> list[YataItem]:
        """Integrate an update; return the items that it inserted or deleted.

        Known structs are skipped. Raises `Gap` if the update refers to unknown structs.
        """
        reader = ItemReader(update)
        sections = {client: self._new(client, items) for client, items in reader.sections().items()}
        changed = self._integrate_all(sections)
        # Deletions come last, because most of them delete structs of the same update. A range of
        # unknown structs deletes nothing; `admission` keeps such ranges out of the stored log.
        for client, start, end in reader.deleted():
            changed += self._delete(client, start, min(end, self._clocks.get(client, 0)))
        return changed

    def items(self, place: Parent) -> Iterator[YataItem]:
        """Yield all items of a place in order, also the deleted ones."""
        item = self.heads.get(place)
        while item:
            yield item
            item = item.right

    def visible(self, root: str) -> Iterator[YataItem]:
        """Yield the items of a root's text in order, without the deleted ones."""
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
        """Return the items of a client that are not known yet, in reverse order."""
        known = self._clocks.setdefault(client, 0)
        self._starts.setdefault(client, [])
        self._items.setdefault(client, [])
        while items and items[0].clock < known:
            # The document has a part of this item: it has "he", and gets "hello" as one item. Only
            # "llo" is new, so it is cut off. Its origin, the clock before it, gives its position.
            if items[0].clock + items[0].length > known:
                items[0] = items[0].split(known - items[0].clock)
                items[0].left = None
            else:
                # A client that sends its whole document sends thousands of known items. Bisection
                # skips them.
                items = items[
                    bisect_right(items, known, key=lambda item: item.clock + item.length) :
                ]
        return items[::-1]

    def _integrate_all(self, sections: dict[int, list[YataItem]]) -> list[YataItem]:
        """Integrate each client's items in order.

        An item that refers to another client's item waits for it.
        """
        # `stack` has the clients whose items wait for those of the next client on it. Recursion is
        # not possible: a text that two users typed in turns would need a depth of its whole
        # length.
        #
        # `waiting` counts how often in a row an item had to wait. If it is greater than the number
        # of clients, clients wait for each other in a circle. No real client makes such an update.
        #
        # An example: client 9 has items a b, client 5 has d e; b was put after e. a is integrated,
        # then b waits for client 5, so d and e are integrated before b: a d e b.
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
        # As in `getMissing` of Yjs: an item with an origin does not name its parent, but has that
        # of its neighbours. A collected item (GC) has no place any more, and an item next to it has
        # none, either.
        if left and right:
            item.place = left.place if left.place == right.place else None
        elif left or right:
            item.place = (left or right).place  # type: ignore[union-attr]
        if item.place is None:
            return
        # For nearly every keystroke, no item is between the two origins. So the search for
        # conflicts only runs if several users typed at the same place.
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
        """Return the item after which `item` belongs, among the items between its origins.

        The invariant: lines from each item to its origin never cross, and items with the same
        origin are in the order of their client ids. So the order does not depend on the arrival of
        the items.

        An example: the text is "ab". Three clients type between "a" and "b" without having seen
        each other: client 1 "x", client 2 "y", client 3 "z". The list is a x z b when "y" arrives.
        o = x has the same origin, "a", and a smaller client id: "y" goes after it (case 1).
        o = z has the same origin and a larger client id, and also the right origin "b". So all
        following items come after "y", too, and the search ends (case 2). The result is a x y z b.
        Now client 1 also types "w" after its "x". Then o = w has another origin, x, and "y" goes
        after x. So w stays with x, and "y" goes after both (case 3).
        """
        o = left.right if left else self.heads.get(item.place or _NOWHERE)
        conflicting_items: set[YataItem] = set()
        items_before_origin: set[YataItem] = set()
        while o and o is not right:
            items_before_origin.add(o)
            conflicting_items.add(o)
            if o.origin == item.origin:
                # Case 1: `o` was put at the same place. The smaller client id comes first.
                if o.client < item.client:
                    left = o
                    conflicting_items.clear()
                elif o.right_origin == item.right_origin:
                    # Case 2: `o` and all items after it stay to the right of `item`.
                    break
            elif o.origin != NO_ID and (origin := self._at(o.origin)) in items_before_origin:
                # Case 3: `o` was put after an item that the loop has passed, so `o` stays with that
                # item. If that item is to the left of `item`, so is `o`. Otherwise it is undecided.
                if origin not in conflicting_items:
                    left = o
                    conflicting_items.clear()
            else:
                # The origin of `o` is left of ours: going further would cross the line to it.
                break
            o = o.right
        return left

    def _at(self, packed: int) -> YataItem:
        client = packed >> CLOCK_BITS
        return self._items[client][bisect_right(self._starts[client], packed & CLOCK_MASK) - 1]

    def _clean_end(self, packed: int) -> YataItem:
        """Return the item that ends with this struct; cut the item there if need be."""
        item = self._at(packed)
        self._split_at(item, (packed & CLOCK_MASK) + 1 - item.clock)
        return item

    def _clean_start(self, packed: int) -> YataItem:
        """Return the item that starts with this struct; cut the item there if need be."""
        item = self._at(packed)
        return self._split_at(item, (packed & CLOCK_MASK) - item.clock) or item

    def _split_at(self, item: YataItem, offset: int) -> YataItem | None:
        """Cut an item; return the right part, or None if the offset is at one of its ends."""
        if not 0 < offset < item.length:
            return None
        rest = item.split(offset)
        # Inserting into a list moves the items after it, but as one block of memory: 10,000 cuts of
        # a run of 10,000 items take some tens of milliseconds. A tree would make each look-up
        # slower, and look-ups are far more frequent.
        at = bisect_left(self._starts[item.client], rest.clock)
        self._starts[item.client].insert(at, rest.clock)
        self._items[item.client].insert(at, rest)
        return rest

    def _delete(self, client: int, start: int, end: int) -> list[YataItem]:
        """Delete the items of a range that exist; return those that were not deleted before."""
        deleted = []
        clock = start
        while clock < end:
            # The item is cut at both ends of the range, so that it is deleted as a whole.
            item = self._clean_start(pack_id(client, clock))
            self._split_at(item, end - item.clock)
            if not item.is_deleted:
                item.is_deleted = True
                deleted.append(item)
            clock = item.clock + item.length
        return deleted


def _missing(item: YataItem, state: dict[int, int]) -> int | None:
    """Return the client whose items must be integrated before this item, or None."""
    for packed in (item.origin, item.right_origin):
        if packed != NO_ID and state.get(packed >> CLOCK_BITS, 0) <= packed & CLOCK_MASK:
            return client_of(packed)
    return None
