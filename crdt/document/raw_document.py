"""A document's updates as bytes: kept as they come, and merged as far as somebody needs.

Merging updates into a large base is one native call that takes 0.15 s for 6 MB. So code that can
work with several updates takes `parts`, which merges nothing that is large.

pycrdt merges updates that only write and delete text. It would change the bytes of values (`10n`
becomes 10), so a document with values is merged without pycrdt (`raw_merge`).
"""

from collections.abc import Sequence
from itertools import chain

from crdt.document.merging import PycrdtFailure, add_to_levels, cut, merge
from crdt.errors import Rejected
from crdt.wire import raw_merge
from crdt.wire.parsed_update import Parsed
from crdt.wire.raw_merge import MergedState
from crdt.wire.y_protocol import decode_state_vector

CUT_BYTES = 256 << 10
"""Bytes of a state that is cut for a client. A larger one is sent whole: to leave out what the
client has would take pycrdt up to 50 ns a byte."""
LARGE_BYTES = 64 << 10
"""Bytes up to which updates are merged again and again as new ones come. Merging larger ones takes
over 2 ms each time."""


class RawDocument:
    """The updates of one document.

    loose  structs that came since the base was squashed
    """

    __slots__ = ("_base", "_large", "_levels", "_merged", "loose")

    def __init__(self, base: bytes, merged: MergedState | None) -> None:
        """Start from a merged state; merged: its sections, if it has values."""
        self._base = base
        self._merged = merged
        self._large: list[bytes] = []  # before what is in the levels
        self._levels: list[list[bytes]] = []
        self.loose = 0

    @property
    def has_values(self) -> bool:
        """Whether there is more in it than text, so that pycrdt must not merge it."""
        return self._merged is not None

    def expect_values(self) -> None:
        """From now on there may be more in it than text."""
        if self._merged is None:
            self._merged = MergedState(self.state())

    def push(self, update: bytes, parsed: Parsed | None = None) -> None:
        """Keep an update; parsed: what it holds, if that is known."""
        if self._merged is not None:
            if parsed:
                self._merged.add_parsed(parsed)
            else:
                self._merged.add(update)
        elif len(update) > LARGE_BYTES:
            self._large += self._from_levels()
            self._large.append(update)
        # A level that has become large would be copied with each merge above it. So it is put aside
        # with the large ones.
        elif len(add_to_levels(self._levels, update, merge_text)) > LARGE_BYTES:
            self._large += self._from_levels()

    def _from_levels(self) -> list[bytes]:
        """Take all out of the levels, in the order in which they came;
        merged into one if they are small.
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
        """Return updates that are the document together,
        in the order in which they can be integrated.

        The first is the base, the same object until something large is merged.
        """
        if self._merged is not None:
            return [self.state()]
        return [self._base, *self._large, *chain(*reversed(self._levels))]

    def parts_to_replace(self) -> list[bytes]:
        """Return the parts, as `parts` does, but small updates merged,
        so that `replace_parts` finds them again.
        """
        if self._merged is None:
            self._large += self._from_levels()
        return self.parts()

    def diff(self, state_vector: bytes, *, cuts: bool = False) -> bytes:
        """Return what a client with this (checked) state vector lacks;
        of a large document the whole state.

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
        """Replace updates by the squashed state that was made from them;
        False if they are no longer the first ones.

        merged  the sections of the squashed state; found out if not given
        """
        kept = [self._base, *self._large]
        # By identity, not by content: a checkpoint is made elsewhere from these very objects. If
        # anything was merged meanwhile, other objects are there, and the result is thrown away.
        if len(kept) < len(before) or any(
            ours is not theirs for ours, theirs in zip(kept, before, strict=False)
        ):
            return False
        if self._merged is not None and not self._merged.rebase(
            self._base, merged or MergedState(after)
        ):
            return False
        self._base, self._large = after, kept[len(before) :]
        self.loose = 0
        return True


def merge_text(updates: Sequence[bytes]) -> bytes:
    """Merge updates of text: by pycrdt, which is faster, and without it if it fails."""
    try:
        return merge([*updates])
    except Rejected:
        return raw_merge.merge(updates)
