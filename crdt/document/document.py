"""A Yjs document as bytes: what is stored, sent to newcomers and shown.

The raw updates are the truth; they are what is stored, relayed and merged for newcomers. A pycrdt document beside
them (`View`) only shows texts. `Doc.get_update()` is never used: it drops what is pending, and it corrupts text in
which half a surrogate pair was deleted. If pycrdt cannot load what was admitted, the texts are not to be had, but
the document goes on.

pycrdt merges updates that only write and delete text. Values it would write otherwise than they came; so a document
with values is merged without it (`raw_merge`). See docs/design/documents.md.

Everything that comes in has passed `update_parser` and `StructIndex`. All positions inside pycrdt are UTF-8 bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import partial
from itertools import chain

from crdt.document.integration import FEW_STRUCTS, Ahead, copy_to_load, integrate, joined
from crdt.document.merging import EMPTY, PycrdtFailure, add_to_levels, cut, guarded, merge
from crdt.document.traits import Traits, inspect
from crdt.document.view import TextCopy, View, make_edit
from crdt.document.work import Work
from crdt.errors import LimitExceeded, Rejected, TextUnavailable
from crdt.steps import Steps, run_through
from crdt.text.text_map import Edit
from crdt.wire import raw_merge
from crdt.wire.compact import IsInSequence
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import VALUES, Parsed
from crdt.wire.raw_merge import MergedState
from crdt.wire.rewriting.readable import readable
from crdt.wire.rewriting.slices import count_structs
from crdt.wire.update_parser import parse
from crdt.wire.y_protocol import decode_state_vector

CUT_BYTES = 256 << 10
"""Of a larger state everything is sent: to leave out what a client has takes pycrdt up to 50 ns a byte."""
_SMALL_BYTES = 32 << 10
"""One edit makes no typist, but what takes long to load is not loaded twice for one who is."""


class Document:
    """The live document of one room."""

    __slots__ = (
        "_ahead", "_base", "_is_in_sequence", "_is_rested", "_late", "_levels", "_loose", "_merged", "_view", "_work",
        "size",
    )  # fmt: skip

    def __init__(
        self,
        base: bytes = EMPTY,
        split_surrogates: Set[int] = frozenset(),
        traits: Traits | None = None,
        cpu_s: Callable[[], float] = float,
        is_in_sequence: IsInSequence | None = None,
    ) -> None:
        """Start from a merged state; pycrdt loads it when that is needed.

        split_surrogates  see `squash`; the same set that `StructIndex` keeps and adds to
        traits            of the state; found out if not given
        cpu_s             see `Work`
        is_in_sequence    see `squash`
        """
        if traits is None:
            parsed = parse(base, STORED_LIMITS)
            traits = inspect(base, parsed.kinds, parsed, split_surrogates)
        self._base = base
        self._merged = traits.merged
        self._levels: list[list[bytes]] = []
        self._late: list[bytes] = []
        self._is_rested = True
        self._view = View(
            split_surrogates,
            needs_copy=traits.needs_copy,
            has_failed=not traits.is_readable,
            needs_cuts=traits.needs_cuts,
        )
        self._work = Work(cpu_s, traits.work_s)
        self._is_in_sequence = is_in_sequence
        self._loose = 0  # structs that came since the state was squashed
        self._ahead: Ahead | None = None
        self.size = len(base)
        """Bytes of the merged state and of what came since, an upper bound of what a newcomer gets."""

    @property
    def has_values(self) -> bool:
        """Whether there is more in it than text, so that pycrdt must not merge it."""
        return self._merged is not None

    @property
    def has_texts(self) -> bool:
        """Whether its texts can be read, as far as is known."""
        return not self._view.has_failed

    @property
    def is_loaded(self) -> bool:
        """Whether its texts can be read without loading it into pycrdt first."""
        return self._view.is_loaded and self._ahead is None

    def defer(self, update: bytes) -> None:
        """Integrate a keystroke together with those that come soon, at the next call that needs it."""
        self._late.append(update)
        self.size += len(update)

    def catch_up(self) -> None:
        """Integrate what was deferred, as one."""
        if not self._late:
            return
        updates, self._late = self._late, []
        merged = _merge(updates)
        self.size -= sum(map(len, updates))
        self._loose += len(updates)
        self._push(merged)
        if not self._view.apply(merged):
            self._restore_view(was_resting=self.is_resting)

    def rest(self) -> None:
        """Drop what is only needed while people type; a view that has failed is tried again."""
        self.state()
        self._view.drop()
        self._view.has_failed = False
        self._is_rested = True

    @property
    def is_resting(self) -> bool:
        return self._is_rested and not self._view.is_loaded

    def prepare(self, parsed: Parsed) -> Steps[None]:
        """Put a large update into the view before `apply` gets it, in steps between which others may be applied.

        Until then nothing but the view knows it. Raises as `apply`.
        """
        view, are_few = self._view, count_structs(parsed) <= FEW_STRUCTS
        if view.has_failed or (are_few and not parsed.kinds & VALUES):
            return
        copy = (yield partial(readable, parsed.update)) if parsed.kinds & VALUES else parsed.update
        view.needs_copy |= copy is not parsed.update
        self.catch_up()
        ahead = self._ahead = Ahead(parsed, copy)
        try:
            if are_few:
                ahead.has_changed = self._show(copy, parsed)
            else:
                ahead.has_changed = yield from integrate(view, self._work, ahead, self._loading)
        finally:
            if ahead.has_changed is None:
                self.forget_prepared()

    def forget_prepared(self) -> None:
        """Forget what was prepared, unless it was applied."""
        if self._ahead is not None:
            self._ahead = None
            self._view.drop()

    def apply(self, parsed: Parsed, *, cuts: bool = False) -> bool:
        """Integrate an update; return whether the document changed.

        cuts  it cuts a character in two (`StructIndex.take` says so): the text is then read from a corrected copy

        The update is kept even if pycrdt fails: then there are no texts to be had (`has_texts`). Raises LimitExceeded
        if it takes too long; the document is then as it was before. While another is prepared, each counts as a change.
        """
        self.catch_up()
        view, ahead, update = self._view, self._ahead, parsed.update
        done = ahead if ahead is not None and ahead.parsed is parsed else None
        if parsed.kinds & VALUES:
            if done is None:
                update = view.copy_update(update)
            if self._merged is None:
                self._merged = MergedState(self.state())
        was_resting = self.is_resting
        self._ahead = None if done else self._ahead
        if cuts:
            view.drop()
            has_changed = True
        else:
            has_changed = bool(done.has_changed) if done else self._show(update, parsed) or self._ahead is not None
        if has_changed:
            self._loose += count_structs(parsed)
            self._push(parsed.update, parsed, update)
        if was_resting or not view.is_loaded:
            self._restore_view(was_resting=was_resting)
        return has_changed

    def _show(self, update: bytes, parsed: Parsed) -> bool:
        """Put what pycrdt can read of an update into the view; return whether that changed; raises as `apply`."""
        view = self._view
        if view.has_failed:
            return True
        if not view.is_loaded:
            self._load_view()
        try:
            if count_structs(parsed) > FEW_STRUCTS:
                return run_through(integrate(view, self._work, Ahead(parsed, update), self._loading))
            measure = self._work.start(len(update))
            has_changed = view.integrate(update)
            measure.finish()
        except LimitExceeded:
            view.drop()
            raise
        return has_changed

    def _loading(self, coming: Parsed) -> Callable[[], bytes]:
        """Return a function that makes the copy which a view loads before an update, for a thread, too."""
        return partial(copy_to_load, self.state(), self._view.copier(coming), self._loose, self._is_in_sequence)

    def _view_state(self) -> bytes:
        return joined(self.state(), self._loose, self._is_in_sequence)

    def _load_view(self) -> None:
        state = self._view_state()
        measure = self._work.start_load(len(state))
        self._view.load(state)
        measure.finish_known()

    def _restore_view(self, *, was_resting: bool) -> None:
        """Load the view if it was lost; of what rested, and is small, only see that it can be loaded."""
        if not self._view.is_loaded and not self._view.has_failed:
            self._load_view()
        if was_resting:
            self._is_rested = False
            if self.size < _SMALL_BYTES:
                self._view.drop()

    def state(self) -> bytes:
        """Return all updates merged into one."""
        self.catch_up()
        if self._merged is not None:
            self._base = self._merged.encode()
        elif self._levels:
            self._base = _merge([self._base, *chain(*reversed(self._levels))])
            self._levels = []
        self.size = len(self._base)
        return self._base

    def diff(self, state_vector: bytes, *, cuts: bool = False) -> bytes:
        """Return what a client with this (checked) state vector lacks, of a large document more than that.

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
            return MergedState(state).diff(decode_state_vector(state_vector)) if cuts else cut(state, state_vector)
        except PycrdtFailure as failure:
            raise Rejected("state vector that does not fit the document") from failure

    def replace_base(self, before: bytes, after: bytes, merged: MergedState | None = None) -> bool:
        """Replace the base by the squashed state that was made from it; False if that is no longer the base.

        merged  the sections of the squashed state; found out if not given
        """
        if self._base is not before:
            return False
        if self._merged is not None and not self._merged.rebase(before, merged or MergedState(after)):
            return False
        self._base = after
        self._loose = 0
        self.size += len(after) - len(before)
        return True

    def texts(self, roots: Iterable[str]) -> dict[str, str]:
        """Return {root: text}; raises TextUnavailable. A surrogate pair cut in two shows as U+FFFD twice, as in Yjs."""
        self.catch_up()
        view = self._view
        if self._ahead is not None:  # the view may show an update that the document does not have
            view = view.fresh()
            view.load(self._view_state())
        elif not view.is_loaded:
            self._load_view()
        return view.texts(roots)

    def text_bytes(self, roots: Iterable[str], update: bytes = EMPTY) -> int:
        """Return the UTF-8 bytes of all text, as it would be after an update; 0 if texts are not to be had."""
        try:
            if update == EMPTY:
                texts = self.texts(roots)
            else:
                view = self._view.fresh()
                view.load(self._view_state())
                view.apply(view.copy_update(update))
                texts = view.texts(roots)
        except TextUnavailable:
            return 0
        return sum(len(text.encode()) for text in texts.values())

    def edit(self, files: Mapping[str, str], client_id: int, edits: Sequence[Edit] | None = None) -> bytes:
        """Return the update that turns roots' texts into `files`, made by `client_id`; EMPTY if equal.

        edits  of the only root: how, in order, with positions in the text as it is; when not given, or
               wrong, as few as can be found

        The document itself is not changed: the update goes the way of any client's update. Raises TextUnavailable.
        """
        try:
            return guarded(make_edit, self._view.copy(self._view_state()), files, client_id, edits)
        except PycrdtFailure as failure:
            raise TextUnavailable("the text of this document cannot be edited here") from failure

    def text_copy(self) -> TextCopy:
        """Return what `edit_copy` needs to do elsewhere what `edit` does: large texts take seconds."""
        return self._view.text_copy(self.state())

    def _push(self, update: bytes, parsed: Parsed | None = None, copy: bytes | None = None) -> None:
        """Keep an update; of text only, merging each level of ten into one entry of the next."""
        self.size += len(update)
        if self._ahead is not None:
            self._ahead.note(copy or update)
        if self._merged is not None:
            if parsed:
                self._merged.add_parsed(parsed)
            else:
                self._merged.add(update)
            return
        add_to_levels(self._levels, update, _merge)


def _merge(updates: list[bytes]) -> bytes:
    """Merge updates of text: by pycrdt, which is faster, and without it if it fails."""
    try:
        return merge(updates)
    except Rejected:
        return raw_merge.merge(updates)
