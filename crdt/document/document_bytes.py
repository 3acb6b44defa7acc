"""The part of a document that keeps its updates; keystrokes wait in it for the next commit.

Not for the texts that pycrdt shows of them, which are in `document`.
"""

from abc import ABC, abstractmethod

from crdt.document.merged_state import MergedState
from crdt.document.raw_document import CUT_BYTES, RawDocument
from crdt.errors import NeedsSteps
from crdt.steps import Long, Steps
from crdt.structs.fast_path import UPDATE, Keystroke
from crdt.structs.typing_runs import join_runs
from crdt.wire.parsed_update import VALUES, Parsed

_READ_BYTES = 16 << 10
"""Reading the structs of a document of this size takes 4 ms. Reading a hundred thousand structs
takes 0.13 s."""


class DocumentBytes(ABC):
    """The part of `Document` that keeps the updates, and sends them to new clients."""

    __slots__ = ("_late", "_raw", "size")

    def __init__(self, base: bytes, merged: MergedState | None) -> None:
        """Start from a merged state; merged: see `RawDocument`."""
        self._raw = RawDocument(base, merged)
        self._late: list[Keystroke] = []
        self.size = len(base)
        """Bytes of the merged state and of the updates since then: a new client gets at most this
        many."""

    @property
    def has_values(self) -> bool:
        """Whether the document has content other than text, so that pycrdt must not merge it."""
        return self._raw.has_values

    def check_values(self, parsed: Parsed) -> None:
        """Raise NeedsSteps if an update brings the first values of a document that is not small."""
        if parsed.contents.kinds & VALUES and not self.has_values and self.size > _READ_BYTES:
            raise NeedsSteps

    def expect_values(self) -> Steps[None]:
        """Prepare for content other than text: read all structs once, in a thread."""
        if self.has_values:
            return
        self.catch_up()
        parts, read = self._raw.reading()
        merged = yield Long(read)
        self.catch_up()
        self._raw.expect_values_in(parts, merged)

    def defer(self, edit: Keystroke) -> None:
        """Integrate a keystroke later, together with the next ones."""
        self._late.append(edit)
        self.size += len(edit[UPDATE])

    def _take_late(self) -> list[bytes]:
        """Return the deferred keystrokes as few updates; their bytes are subtracted from `size`."""
        edits, self._late = self._late, []
        self.size -= sum(len(edit[UPDATE]) for edit in edits)
        return join_runs(edits)

    @abstractmethod
    def catch_up(self) -> None:
        """Integrate the deferred keystrokes, merged into one update."""

    def state(self) -> bytes:
        """Return all updates merged into one."""
        self.catch_up()
        state = self._raw.state()
        self.size = len(state)
        return state

    def parts(self) -> list[bytes]:
        """Return updates that together are the document; a small document is one merged state."""
        self.catch_up()
        return self._raw.parts_to_replace() if self.size > CUT_BYTES else [self.state()]

    def diff(self, state_vector: bytes, *, cuts: bool = False) -> bytes:
        """Return the update that a client lacks, see `RawDocument.diff`."""
        self.state()
        return self._raw.diff(state_vector, cuts=cuts)

    def replace_base(
        self, before: bytes | list[bytes], after: bytes, merged: MergedState | None = None
    ) -> bool:
        """Replace a state or `parts_to_replace` by a new state, see `RawDocument.replace_parts`."""
        parts = [before] if isinstance(before, bytes) else before
        is_replaced = self._raw.replace_parts(parts, after, merged)
        self.size += len(after) - sum(map(len, parts)) if is_replaced else 0
        return is_replaced
