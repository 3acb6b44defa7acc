"""Uses pycrdt to show the texts of a document; `crdt.document.editing` changes them.

A view may be dropped and loaded again at any time. This happens whenever the view could differ from
the text that Yjs clients show. The view loads a copy of the state, with equal lengths, without
content that pycrdt cannot read (`crdt.wire.rewriting.readable`) and without cut characters.

All positions inside pycrdt are UTF-8 bytes. See docs/design/documents.md.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from functools import partial

import pycrdt

from crdt.document.merging import PycrdtFailure, guarded
from crdt.document.work import cut_copies
from crdt.errors import TextUnavailable
from crdt.wire.compact import squash
from crdt.wire.parsed_update import Parsed
from crdt.wire.rewriting.readable import readable
from crdt.wire.y_protocol import deletion_of


@dataclass(frozen=True, slots=True)
class TextCopy:
    """A document that is sent to another process, where `edit_copy` makes edits on it.

    state             the merged state
    since             updates that came since, in order; none has values
    split_surrogates  see `squash`
    needs_copy        see `View`
    """

    state: bytes
    split_surrogates: Set[int]
    needs_copy: bool
    since: Sequence[bytes] = ()


class View:
    """A pycrdt document, or none.

    has_failed   pycrdt cannot load the document, so its texts cannot be read
    needs_copy   the document has content that pycrdt cannot read, so it is loaded from a copy
    needs_cuts   the document is loaded from a copy that is cut beforehand, see `work`
    """

    __slots__ = ("_doc", "_split_surrogates", "has_failed", "needs_copy", "needs_cuts")

    def __init__(
        self,
        split_surrogates: Set[int],
        *,
        needs_copy: bool = False,
        has_failed: bool = False,
        needs_cuts: bool = False,
    ) -> None:
        """split_surrogates: see `squash`."""
        self._doc: pycrdt.Doc[pycrdt.Text] | None = None
        self._split_surrogates = split_surrogates
        self.needs_copy = needs_copy
        self.has_failed = has_failed
        self.needs_cuts = needs_cuts

    @property
    def is_loaded(self) -> bool:
        """Whether there is a pycrdt document."""
        return self._doc is not None

    def drop(self) -> None:
        """Forget the pycrdt document."""
        self._doc = None

    @property
    def token(self) -> object:
        """An object that differs for each loaded pycrdt document; None without one."""
        return self._doc

    @property
    def marks(self) -> int:
        """The number of characters that were cut in two.

        If it grows, copies of the state that were made before are out of date.
        """
        return len(self._split_surrogates)

    def load(self, state: bytes) -> None:
        """Load a whole state; if pycrdt fails, `has_failed` is set, and later calls do nothing."""
        self._doc = None
        if self.has_failed:
            return
        doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
        try:
            # A pycrdt document in which a load failed may be half changed, and is never used again.
            guarded(doc.apply_update, self.copy(state))
        except PycrdtFailure:
            self.has_failed = True
        else:
            self._doc = doc

    def replace(self, new: "NewDocument") -> object:
        """Show another pycrdt document from now on; return the old one, None without one."""
        old, self._doc = self._doc, new.doc
        return old

    def fail(self) -> None:
        """Note that pycrdt cannot load the document."""
        self._doc = None
        self.has_failed = True

    def fresh(self) -> "View":
        """Return another view of this document, without a pycrdt document."""
        return View(self._split_surrogates, needs_copy=True, needs_cuts=self.needs_cuts)

    def copy(self, state: bytes) -> bytes:
        """Return a state whose texts in pycrdt equal the texts of the given state in Yjs."""
        return self.copier()([state])[0]

    def copier(self, *coming: Parsed) -> Callable[[Sequence[bytes]], list[bytes]]:
        """Return a function that copies all parts of a state as `copy` does, also in a thread.

        coming  updates that are to be integrated into the copy
        """
        return partial(
            _copies,
            frozenset(self._split_surrogates),
            self.needs_copy,
            coming if self.needs_cuts else None,
        )

    def text_copy(self, state: bytes, since: Sequence[bytes] = ()) -> TextCopy:
        """Return this document for `edit_copy`; arguments: see `TextCopy`."""
        return TextCopy(state, frozenset(self._split_surrogates), self.needs_copy, since)

    def copy_update(self, update: bytes) -> bytes:
        """Return the update, or a copy that pycrdt can read; then states need copies, too."""
        copy = readable(update)
        if copy is not update:
            self.needs_copy = True
        return copy

    def apply(self, update: bytes) -> bool:
        """Put an update into the document; return False if none is loaded, or pycrdt fails."""
        if self._doc is None:
            return False
        try:
            guarded(self._doc.apply_update, update)
        except PycrdtFailure:
            self._doc = None
            return False
        return True

    def integrate(self, update: bytes) -> bool:
        """Apply an update; return False only if nothing changed, so True also after a failure."""
        doc = self._doc
        if doc is None:
            return True
        events: list[pycrdt.TransactionEvent] = []
        # An event comes only if something changed. State vectors do not show deletions.
        subscription = doc.observe(events.append)
        if not self.apply(update):
            return True
        doc.unobserve(subscription)
        return bool(events)

    def texts(self, roots: Iterable[str]) -> dict[str, str]:
        """Return {root: text}; raises TextUnavailable if the document is not loaded."""
        if self._doc is None:
            raise TextUnavailable("the text of this document cannot be shown")
        try:
            return {root: guarded(_read_text, self._doc, root) for root in roots}
        except PycrdtFailure as failure:
            self._doc = None
            self.has_failed = True
            raise TextUnavailable("the text of this document cannot be shown") from failure


class NewDocument:
    """A pycrdt document that takes updates in one transaction.

    At the end of it yrs joins structs that were cut beforehand.

    doc  the pycrdt document
    """

    def __init__(self) -> None:
        self.doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
        self._transaction = self.doc.transaction()

    def __enter__(self) -> "NewDocument":
        self._transaction.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            # yrs would now join the pieces into which the text was cut. For 4,000 pieces that takes
            # 1.7 s and 1.6 GB. Nobody uses this copy any more, so its text is deleted first: 1 ms.
            if kind is not None:
                guarded(self.doc.apply_update, deletion_of(guarded(self.doc.get_state)))
            guarded(self._transaction.__exit__, None, None, None)
        except PycrdtFailure:
            if kind is None:
                raise

    def apply(self, update: bytes) -> bool:
        """Put an update into the document; returns True. Raises PycrdtFailure."""
        guarded(self.doc.apply_update, update)
        return True


def _copies(
    split_surrogates: Set[int],
    needs_copy: bool,
    coming: Sequence[Parsed] | None,
    parts: Sequence[bytes],
) -> list[bytes]:
    copies = [squash(part, split_surrogates) for part in parts] if split_surrogates else [*parts]
    if needs_copy:
        copies = [readable(copy) for copy in copies]
    return copies if coming is None else cut_copies(copies, *coming)


def _read_text(doc: "pycrdt.Doc[pycrdt.Text]", root: str) -> str:
    return str(doc.get(root, type=pycrdt.Text))
