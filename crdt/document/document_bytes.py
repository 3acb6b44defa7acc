"""The bytes of a document: its updates, merged when somebody asks for them.

Not for: what pycrdt shows of them, which is in `document`.
"""

from abc import ABC, abstractmethod

from crdt.document.raw_document import CUT_BYTES, RawDocument
from crdt.wire.raw_merge import MergedState


class DocumentBytes(ABC):
    """The part of `Document` that keeps its updates, and sends them to newcomers."""

    __slots__ = ("_late", "_raw", "size")

    def __init__(self, base: bytes, merged: MergedState | None) -> None:
        """Start from a merged state; merged: see `RawDocument`."""
        self._raw = RawDocument(base, merged)
        self._late: list[bytes] = []
        self.size = len(base)
        """Bytes of the merged state and the updates since: a newcomer gets at most these."""

    @property
    def has_values(self) -> bool:
        """Whether there is more in it than text, so that pycrdt must not merge it."""
        return self._raw.has_values

    def defer(self, update: bytes) -> None:
        """Integrate a keystroke later, together with those that come soon."""
        self._late.append(update)
        self.size += len(update)

    @abstractmethod
    def catch_up(self) -> None:
        """Integrate the deferred keystrokes, as one update."""

    def state(self) -> bytes:
        """Return all updates merged into one."""
        self.catch_up()
        state = self._raw.state()
        self.size = len(state)
        return state

    def parts(self) -> list[bytes]:
        """Return updates that are the document together: of a small one, its state."""
        self.catch_up()
        return self._raw.parts_to_replace() if self.size > CUT_BYTES else [self.state()]

    def diff(self, state_vector: bytes, *, cuts: bool = False) -> bytes:
        """Return what a client lacks, see `RawDocument.diff`."""
        self.state()
        return self._raw.diff(state_vector, cuts=cuts)

    def replace_base(
        self, before: bytes | list[bytes], after: bytes, merged: MergedState | None = None
    ) -> bool:
        """Replace a state or `parts_to_replace`, see `RawDocument.replace_parts`."""
        parts = [before] if isinstance(before, bytes) else before
        is_replaced = self._raw.replace_parts(parts, after, merged)
        self.size += len(after) - sum(map(len, parts)) if is_replaced else 0
        return is_replaced
