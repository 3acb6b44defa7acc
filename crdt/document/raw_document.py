"""A document's updates as bytes: kept as they come, and merged only when that is needed.

Merging updates into a large base is one native call that takes 0.15 s for 6 MB. So code that can
work with several updates takes `parts`, which merges no large updates.

pycrdt merges updates that only write and delete text. pycrdt would change the bytes of values
(`10n` becomes 10), so a document with values is merged without pycrdt (`raw_merge`).
"""

from collections.abc import Callable, Sequence
from itertools import chain

from crdt.document.merged_state import MergedState
from crdt.document.merging import PycrdtFailure, add_to_levels, cut, merge
from crdt.errors import Rejected
from crdt.wire import raw_merge
from crdt.wire.parsed_update import Parsed
from crdt.wire.y_protocol import decode_state_vector

CUT_BYTES = 256 << 10
"""Bytes of a state that is cut for a client. A larger state is sent whole, because pycrdt would
take up to 50 ns a byte to leave out the part that the client has."""
LARGE_BYTES = 64 << 10
"""Merged updates up to this size are merged again with each new update. Merging larger ones takes
over 2 ms each time."""


class RawDocument:
    """The updates of one document.

    unjoined  structs that came since the base was squashed
    """

    __slots__ = ("_base", "_large", "_levels", "_merged", "unjoined")

    def __init__(self, base: bytes, merged: MergedState | None) -> None:
        """Start from a merged state; merged: its sections, if it has values."""
        self._base = base
        self._merged = merged
        self._large: list[bytes] = []  # older than the updates in the levels
        self._levels: list[list[bytes]] = []
        self.unjoined = 0

    @property
    def has_values(self) -> bool:
        """Whether the document has content other than text, so that pycrdt must not merge it."""
        return self._merged is not None

    def expect_values(self) -> None:
        """Prepare for content other than text: from now on pycrdt must not merge the updates."""
        if self._merged is None:
            self._merged = MergedState(self.state())

    def reading(self) -> tuple[Sequence[bytes], Callable[[], MergedState]]:
        """Return the parts, and a function for any thread that reads them for `expect_values`."""
        parts = self.parts_to_replace()
        return parts, lambda: MergedState(raw_merge.merge(parts))

    def expect_values_in(self, parts: Sequence[bytes], merged: MergedState) -> None:
        """Prepare as `expect_values`, with what the function of `reading` has returned."""
        if self._merged is not None or not self._begins_with(parts):
            return
        for update in self.parts()[len(parts) :]:
            merged.add(update)
        self._merged, self._large, self._levels = merged, [], []

    def push(self, update: bytes, parsed: Parsed | None = None) -> None:
        """Keep an update; parsed: its structs and deletions, if they are known."""
        if self._merged is not None:
            if parsed:
                self._merged.add_parsed(parsed)
            else:
                self._merged.add(update)
        elif len(update) > LARGE_BYTES:
            self._large += self._from_levels()
            self._large.append(update)
        # Each merge would copy an entry that has become large. So it moves to the large updates.
        elif len(add_to_levels(self._levels, update, merge_text)) > LARGE_BYTES:
            self._large += self._from_levels()

    def _from_levels(self) -> list[bytes]:
        """Take all updates out of the levels, in the order in which they came.

        Small updates are merged into one.
        """
        updates = [*chain(*reversed(self._levels))]
        self._levels = []
        return (
            [merge_text(updates)] if updates and sum(map(len, updates)) <= LARGE_BYTES else updates
        )

    def state(self) -> bytes:
        """Return all updates merged into one."""
        if self._merged is not None:
            self._base = self._merged.encode()
        elif self._levels or self._large:
            self._base = merge_text(self.parts())
            self._large, self._levels = [], []
        return self._base

    def parts(self) -> list[bytes]:
        """Return updates that together are the document, in the order of their integration.

        The first update is the base. The base stays the same object until large updates are merged.
        """
        if self._merged is not None:
            return [self.state()]
        return [self._base, *self._large, *chain(*reversed(self._levels))]

    def parts_to_replace(self) -> list[bytes]:
        """Return the parts as `parts` does, but with the small updates merged.

        So `replace_parts` finds the same objects again.
        """
        if self._merged is None:
            self._large += self._from_levels()
        return self.parts()

    def diff(self, state_vector: bytes, *, cuts: bool = False) -> bytes:
        """Return the update that a client with this (checked) state vector lacks.

        A large document is returned as a whole.

        cuts  the state vector ends between the halves of a character
        """
        state = self.state()
        if state_vector == b"\x00":
            return state
        is_large = len(state) > CUT_BYTES
        if self._merged is not None:
            return self._merged.diff(decode_state_vector(state_vector), cuts=not is_large)
        if is_large:
            return state
        try:
            return (
                MergedState(state).diff(decode_state_vector(state_vector))
                if cuts
                else cut(state, state_vector)
            )
        except PycrdtFailure as failure:
            raise Rejected("state vector that does not fit the document") from failure

    def replace_parts(
        self, before: Sequence[bytes], after: bytes, merged: MergedState | None = None
    ) -> bool:
        """Replace updates by the squashed state that was made from them.

        Returns False, and does nothing, if they are no longer the first updates, or if `merged` is
        missing.

        merged  the sections of the squashed state, for a document with values; only those of a
                small state are computed if they are not given
        """
        if not self._begins_with(before):
            return False
        if self._merged is not None:
            if merged is None and len(after) > LARGE_BYTES:
                return False  # reading it here would take long
            if not self._merged.rebase(self._base, merged or MergedState(after)):
                return False
        self._base, self._large = after, [self._base, *self._large][len(before) :]
        self.unjoined = 0
        return True

    def _begins_with(self, parts: Sequence[bytes]) -> bool:
        """Whether these updates, of `parts_to_replace`, are still the first ones."""
        present = [self._base, *self._large]
        # Parts are compared by identity, not by content: a checkpoint is made elsewhere from these
        # very objects. If they were merged meanwhile, the document has other objects, and the
        # result is dropped.
        return len(present) >= len(parts) and all(
            ours is theirs for ours, theirs in zip(present, parts, strict=False)
        )


def merge_text(updates: Sequence[bytes]) -> bytes:
    """Merge updates of text by pycrdt, which is faster; without pycrdt if it fails."""
    try:
        return merge([*updates])
    except Rejected:
        return raw_merge.merge(updates)
