"""Finds the changes that an update makes in a document's texts, from its structs and deletions.

Texts are not compared. So the cost depends on the update, not on the length of the text. Comparing
would also be a guess: when "a" is typed into "aaa", only the struct tells which of the four letters
is new.

The invariant: `YataItem.is_shown` tells whether the item is in the text after the edits so far, and
the block sums of `Positions` count exactly the shown items. An update first changes the list of
items, without showing or hiding any. Then each item whose `is_shown` is out of date becomes an
edit, and is shown or hidden. So each edit's position counts the edits before it, and the edits can
be made one after another.

An example: "hello" gets "XY" at 1, and loses its last letter. The update has one struct and one
range. The edits are (1, 0, "XY") and (6, 1, ""): the position is 6, because "XY" is shown then.
"""

from typing import NamedTuple

from crdt.reading.item_order import ItemOrder
from crdt.reading.items import OF_TEXTS, REPLACEMENT, YataItem, as_text
from crdt.reading.positions import Positions
from crdt.wire.struct_id import CLOCK_MASK, pack_id
from crdt.wire.struct_reader import Parent

MAX_EDITS = 1_000
"""The most edits that one update becomes in one text. If there were more, one edit replaces the
text from the first to the last of them."""

_ITEMS_PER_CHANGE = 100
"""Finding the position of one change costs about as much as walking over this many items."""


class TextEdit(NamedTuple):
    """One change of one text. Lengths and positions are UTF-16 code units."""

    root: str
    position: int
    deleted: int
    inserted: str


class TextOrder(ItemOrder):
    """Takes a document (`apply`), and then returns the changes of each update (`edits`).

    text_roots  names of the roots that are texts, in the order in which they appeared
    touched     the items that the last call of `edits` inserted or deleted, of all types
    """

    def __init__(self) -> None:
        self.text_roots: dict[str, None] = {}
        self.touched: list[YataItem] = []
        self._positions: dict[Parent, Positions] = {}
        self._is_tracking = False
        self._changed: list[YataItem] = []
        self._cut: list[int] = []
        super().__init__()

    def edits(self, update: bytes) -> list[TextEdit]:
        """Integrate an update; return its changes of texts, as edits to be made one after another.

        Raises the errors of `apply`.
        """
        if not self._is_tracking:
            self._show_all()
        self._changed, self._cut = [], []
        self.touched = self.apply(update)
        # Items are grouped by place, because each text has its own positions. Items that are not
        # text of a root, such as those of a map, change no text.
        changed: dict[Parent, list[YataItem]] = {}
        for item in (*self._changed, *(self._at(packed) for packed in self._cut)):
            if isinstance(item.content, str) and item.place and _is_root(item.place):
                changed.setdefault(item.place, []).append(item)
        return [edit for place, items in changed.items() for edit in self._edits_of(place, items)]

    def texts(self) -> dict[str, str]:
        """Return {root: text}."""
        return {root: self.text(root) for root in self.text_roots}

    def _show_all(self) -> None:
        self._is_tracking = True
        for root in self.text_roots:
            for item in self.visible(root):
                item.is_shown = True
            self._positions[root, None] = Positions(self.heads[root, None])

    def _edits_of(self, place: Parent, items: list[YataItem]) -> list[TextEdit]:
        """Return the edits of one root, and show and hide the items that changed."""
        root = str(place[0])
        if place not in self._positions:
            self._positions[place] = Positions(self.heads[place])
        positions = self._positions[place]
        edits = _Edits()
        cut = {packed for packed in self._cut if self._at(packed).place == place}
        # A few changes in a long list are looked up one by one. Many changes, or changes in a short
        # list, are found faster by walking over all items once.
        if len(items) <= MAX_EDITS and len(items) * _ITEMS_PER_CHANGE < positions.size:
            self._find_each(positions, items, cut, edits)
        else:
            self._walk(place, positions, cut, edits)
        joined = edits.joined()
        if len(joined) > MAX_EDITS:
            joined = [self._as_one(root, joined)]
        return [
            TextEdit(root, position, deleted, as_text(inserted))
            for position, deleted, inserted in joined
        ]

    def _find_each(
        self, positions: Positions, items: list[YataItem], cut: set[int], edits: "_Edits"
    ) -> None:
        """Look up the position of each change."""
        # Characters that were cut in two show U+FFFD for each half. These edits come first, while
        # both halves are still shown, because a later edit may delete one of the halves.
        for packed in sorted(cut):
            item = self._at(packed)
            if item.is_shown:
                edits.add(positions.of(item) + (packed & CLOCK_MASK) - item.clock, 1, REPLACEMENT)
        for item in items:
            if item.is_shown and item.is_deleted:
                edits.add(positions.of(item), item.length, "")
                positions.hide(item)
            elif not item.is_shown and not item.is_deleted:
                edits.add(positions.of(item), 0, item.text or "")
                positions.show(item)

    def _walk(self, place: Parent, positions: Positions, cut: set[int], edits: "_Edits") -> None:
        """Find the changes by walking over all items of a place, from left to right."""
        at = 0
        for item in self.items(place):
            was_shown, is_shown = (
                item.is_shown,
                isinstance(item.content, str) and not item.is_deleted,
            )
            if was_shown and is_shown and cut:
                for offset in {0, item.length - 1}:
                    if pack_id(item.client, item.clock + offset) in cut:
                        edits.add(at + offset, 1, REPLACEMENT)
            elif was_shown and not is_shown:
                edits.add(at, item.length, "")
                positions.hide(item)
            elif is_shown and not was_shown:
                edits.add(at, 0, item.text or "")
                positions.show(item)
            at += item.length if is_shown else 0

    def _as_one(self, root: str, edits: list[tuple[int, int, str]]) -> tuple[int, int, str]:
        """Return one edit that equals these edits, which are in order from left to right."""
        start = edits[0][0]
        position, _, last = edits[-1]
        inserted = "".join(item.text or "" for item in self.visible(root))[
            start : position + len(last)
        ]
        grown = sum(len(text) - deleted for _, deleted, text in edits)
        return start, len(inserted) - grown, inserted

    def _integrate(self, item: YataItem) -> None:
        super()._integrate(item)
        if item.place is None or not _is_root(item.place):
            return
        if isinstance(item.content, str) or item.content.kind in OF_TEXTS:
            self.text_roots[str(item.place[0])] = None
        if self._is_tracking:
            if positions := self._positions.get(item.place):
                positions.insert(item)
            self._changed.append(item)

    def _split_at(self, item: YataItem, offset: int) -> YataItem | None:
        # This is checked before the cut, because `split` replaces both halves by U+FFFD.
        is_cut = (
            item.is_shown
            and 0 < offset < item.length
            and "\ud800" <= (item.text or "")[offset - 1] <= "\udbff"
        )
        rest = super()._split_at(item, offset)
        if rest is None or not self._is_tracking:
            return rest
        if item.place in self._positions:
            self._positions[item.place].insert(rest)
        if is_cut:
            own = pack_id(item.client, item.clock + offset)
            self._cut += (own - 1, own)
        # The right part of an item of this update is new, too: `_changed` has only its left part.
        # The right part of a shown item is no change: two items now show the same text as one
        # before.
        if not item.is_shown:
            self._changed.append(rest)
        return rest

    def _delete(self, client: int, start: int, end: int) -> list[YataItem]:
        deleted = super()._delete(client, start, end)
        if self._is_tracking:
            self._changed += deleted
        return deleted


def _is_root(place: Parent) -> bool:
    return place[1] is None and isinstance(place[0], str)


class _Edits:
    """Joins edits, each to be made after the one before it.

    An edit that touches the last edit becomes a part of it. The last edit is open: at `_at` it
    deletes `_deleted` units and inserts `_parts`, which have `_length` units.

    An example: insert "ab" at 2, then delete one unit at 3. The deleted unit is the "b" that was
    just inserted, so both together insert "a" at 2. Deleting three units at 4 would extend the edit
    instead: "ab" for three units at 2.
    """

    def __init__(self) -> None:
        self._done: list[tuple[int, int, str]] = []
        self._at = self._deleted = self._length = 0
        self._parts: list[str] = []

    def add(self, position: int, deleted: int, inserted: str) -> None:
        """Add an edit."""
        end = self._at + self._length
        # This is typing from left to right. Nothing is copied, so 10,000 items of a pasted text
        # take linear time.
        if position == end:
            self._parts.append(inserted)
            self._deleted += deleted
            self._length += len(inserted)
            return
        before = "".join(self._parts)
        if position > end or position + deleted < self._at:
            self._flush()
            self._at, self._deleted, self._parts = position, deleted, [inserted]
        else:
            # The new edit may delete three kinds of text: text before the open edit, text after it,
            # and text that the open edit inserted. The first two count as deleted; the third is
            # just no longer inserted.
            inserted_before = (
                before[: max(0, position - self._at)],
                before[max(0, position + deleted - self._at) :],
            )
            self._deleted += max(0, self._at - position) + max(0, position + deleted - end)
            self._at = min(self._at, position)
            self._parts = [inserted_before[0], inserted, inserted_before[1]]
        self._length = sum(map(len, self._parts))

    def joined(self) -> list[tuple[int, int, str]]:
        """Return all edits."""
        self._flush()
        return self._done

    def _flush(self) -> None:
        if self._deleted or self._length:
            self._done.append((self._at, self._deleted, "".join(self._parts)))
        self._at = self._deleted = self._length = 0
        self._parts = []
