"""The changes that an update makes in the texts of a document,
found from its structs and its deletions.

No texts are compared. So the cost depends on what is in the update, not on how long the text is.
Comparing would also be a guess: when "a" is typed into "aaa", only the struct says which of the
four it is.

The invariant: `YataItem.is_shown` says whether the item is in the text that the edits so far have
made, and the block sums of `Positions` count exactly the shown items. An update first changes the
list of items, and shows and hides none. Then each item whose `is_shown` differs from what it should
be becomes an edit, and is shown or hidden. So each edit's position counts the edits before it, and
they can be made one after the other.

An example: "hello" gets "XY" at 1, and loses its last letter. The update has one struct and one
range. The edits are (1, 0, "XY") and (6, 1, ""): 6, because "XY" is shown by then.
"""

from typing import NamedTuple

from crdt.reading.item_order import ItemOrder
from crdt.reading.items import OF_TEXTS, REPLACEMENT, YataItem, as_text
from crdt.reading.positions import Positions
from crdt.wire.struct_id import CLOCK_MASK, pack_id
from crdt.wire.struct_reader import Parent

MAX_EDITS = 1_000
"""Edits that one update becomes in one text at most. If there were more, one edit replaces the text
from the first to the last of them."""

_ITEMS_PER_CHANGE = 100
"""Finding the position of one change costs about as much as walking over this many items."""


class TextEdit(NamedTuple):
    """One change of one text. Lengths and positions are UTF-16 code units."""

    root: str
    position: int
    deleted: int
    inserted: str


class TextOrder(ItemOrder):
    """An `ItemOrder` that first takes in a document (`apply`),
    and then returns the changes of each update (`edits`).

    text_roots  names of the roots that are texts, in the order in which they appeared
    """

    def __init__(self) -> None:
        self.text_roots: dict[str, None] = {}
        self._positions: dict[Parent, Positions] = {}
        self._is_tracking = False
        self._changed: list[YataItem] = []
        self._cut: list[int] = []
        super().__init__()

    def edits(self, update: bytes) -> list[TextEdit]:
        """Integrate an update; return what it changed in texts,
        as edits to be made one after the other.

        Raises: as `apply`.
        """
        if not self._is_tracking:
            self._show_all()
        self._changed, self._cut = [], []
        self.apply(update)
        # By place, as each text has positions of its own. Items that are no text of a root, such as
        # those of a map, change no text.
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
        # Few changes in a long list are looked up one by one. Many, or a short list, are found
        # faster by walking over all items once.
        if len(items) <= MAX_EDITS and len(items) * _ITEMS_PER_CHANGE < positions.size:
            self._find_each(positions, items, cut, edits)
        else:
            self._walk(place, positions, cut, edits)
        found = edits.joined()
        if len(found) > MAX_EDITS:
            found = [self._as_one(root, found)]
        return [
            TextEdit(root, position, deleted, as_text(inserted))
            for position, deleted, inserted in found
        ]

    def _find_each(
        self, positions: Positions, items: list[YataItem], cut: set[int], edits: "_Edits"
    ) -> None:
        """Look up where each change is."""
        # Characters that were cut in two show U+FFFD for each half. These edits come first, while
        # both halves are still shown, because an edit after them may delete one of the halves.
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
        """Go over all items of a place, from left to right."""
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
        """Return one edit that does what these do, which go from left to right."""
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
        # Before the cut is made, because `split` replaces both halves by U+FFFD.
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
        # The rest of an item that this update brought is new too: `_changed` has only its left
        # part. The rest of a shown one is no change, as the same text is shown in two items now.
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
    """Edits, each to be made after the one before it;
    an edit that touches the last one becomes a part of it.

    The last edit is open: at `_at` it deletes `_deleted` units and inserts `_parts`,
    which have `_length` units.

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
        # Typing from left to right: nothing is copied, so 10,000 items of a pasted text cost what
        # they have.
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
            # The new edit deletes in three parts: text before the open edit and text behind it,
            # which count as deleted, and text that the open edit inserted, which is just not
            # inserted any more.
            kept = (
                before[: max(0, position - self._at)],
                before[max(0, position + deleted - self._at) :],
            )
            self._deleted += max(0, self._at - position) + max(0, position + deleted - end)
            self._at = min(self._at, position)
            self._parts = [kept[0], inserted, kept[1]]
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
