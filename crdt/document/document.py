"""A Yjs document as bytes: stored, sent to new clients, and shown.

The raw updates are the truth: they are stored, relayed, and merged for new clients. A pycrdt
document (`View`) only shows texts. `Doc.get_update()` is never used: it drops pending structs, and
it corrupts text in which half a surrogate pair was deleted. If pycrdt cannot load an admitted
update, the texts cannot be read, but clients can still edit the document.

pycrdt takes long to load a large document. So the document is loaded in steps (`load`) when its
texts are read, or when an update must be measured. Keystrokes are taken without loading it. See
docs/design/documents.md.

Every update that comes in has passed `update_parser` and `StructIndex`.
All positions inside pycrdt are UTF-8 bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import partial

from crdt.document.document_bytes import DocumentBytes
from crdt.document.editing.text_edits import make_edit
from crdt.document.integration import Ahead, copies_to_load, integrate, joined, load
from crdt.document.merging import EMPTY
from crdt.document.raw_document import CUT_BYTES, merge_text
from crdt.document.traits import Traits, inspect
from crdt.document.view import TextCopy, View
from crdt.document.work import Work
from crdt.errors import LimitExceeded, NeedsSteps, TextUnavailable
from crdt.steps import Steps, run_through
from crdt.text.text_map import Edit
from crdt.wire.compact import IsInSequence
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import VALUES, Parsed
from crdt.wire.rewriting.readable import readable
from crdt.wire.rewriting.slices import count_structs
from crdt.wire.update_parser import parse

SMALL_BYTES = 32 << 10
"""A document up to this size is loaded in one call: 5,000 structs take a few milliseconds."""
_LONG_LOAD_S = 0.005
_FEW_BYTES = 24
"""An update of fewer bytes has one or two structs: it is quick even if the document is slow."""
_NOTHING = parse(EMPTY)


class Document(DocumentBytes):
    """The live document of one room."""

    __slots__ = ("_ahead", "_is_in_sequence", "_is_rested", "_is_torn", "_view", "_work")

    def __init__(
        self,
        base: bytes = EMPTY,
        split_surrogates: Set[int] = frozenset(),
        traits: Traits | None = None,
        cpu_s: Callable[[], float] = float,
        is_in_sequence: IsInSequence | None = None,
    ) -> None:
        """Start from a merged state; pycrdt loads it only when that is needed.

        split_surrogates, is_in_sequence  see `squash`; the first is the set that `StructIndex`
                                          keeps and adds to
        traits  the properties of the state; found by `inspect` if not given
        cpu_s   see `Work`
        """
        if traits is None:
            parsed = parse(base, STORED_LIMITS)
            traits = inspect(base, parsed.contents.kinds, parsed, split_surrogates)
        super().__init__(base, traits.merged)
        self._is_rested = True
        self._view = View(
            split_surrogates,
            needs_copy=traits.needs_copy,
            has_failed=not traits.is_readable,
            needs_cuts=traits.needs_cuts,
        )
        self._work = Work(cpu_s, traits.work_s)
        self._is_in_sequence = is_in_sequence
        self._is_torn = False  # the view was dropped because characters were cut in two
        self._ahead: Ahead | None = None

    @property
    def has_texts(self) -> bool:
        """Whether the document's texts can be read, as far as is known."""
        return not self._view.has_failed

    @property
    def is_proven(self) -> bool:
        """Whether pycrdt has read the whole document except keystrokes, so it can read it again."""
        return self.has_texts and not self._is_torn

    @property
    def is_loaded(self) -> bool:
        """Whether the texts can be read without loading the document into pycrdt first."""
        return self._view.is_loaded and self._ahead is None

    @property
    def needs_load(self) -> bool:
        """Whether the document should be loaded in steps (`load`) first, because it takes long."""
        return not (self._view.is_loaded or self._view.has_failed) and self.takes_long

    @property
    def is_slow_to_read(self) -> bool:
        """Whether its texts take long to read: it needs a load, or an update is being prepared."""
        return self.needs_load or (self._ahead is not None and self.takes_long)

    def shows(self, update: bytes) -> bool:
        """Whether the view already has this update, which was prepared but is not applied yet."""
        return self._ahead is not None and self._ahead.parsed.update is update

    def check_quick(self, update: bytes) -> None:
        """Raise NeedsSteps if an update must be taken in steps (`prepare`), even a small one."""
        is_dear = self._work.is_slow and len(update) > _FEW_BYTES
        if update != EMPTY and (self.needs_load or is_dear):
            raise NeedsSteps

    @property
    def takes_long(self) -> bool:
        """Whether loading the document into pycrdt takes more than some milliseconds."""
        return self.size > SMALL_BYTES or self._work.spent_s > _LONG_LOAD_S

    def catch_up(self) -> None:
        """Integrate the deferred keystrokes, merged into one update."""
        if not self._late:
            return
        updates = self._take_late()
        merged = merge_text(updates)
        self._raw.unjoined += len(updates)
        self._push(merged)
        if not self._view.apply(merged):
            self._restore_view(was_resting=self.is_resting)

    def rest(self) -> None:
        """Drop everything that only typing needs. A view that has failed is loaded again later."""
        if self.size <= CUT_BYTES:  # the next checkpoint merges a larger document
            self.state()
        self._view.drop()
        self._view.has_failed = False
        self._is_rested = True

    @property
    def is_resting(self) -> bool:
        """Whether `rest` was called, and the texts were not loaded since."""
        return self._is_rested and not self._view.is_loaded

    def load(self) -> Steps[None]:
        """Load the view in steps, if it is not loaded and loading it takes long."""
        if not self.needs_load:
            return
        self.catch_up()
        ahead = self._ahead = Ahead(_NOTHING, EMPTY)
        try:
            yield from load(self._view, self._work, ahead, self._loading(_NOTHING))
            self._is_torn = False
        finally:
            if self._ahead is ahead:
                self._ahead = None

    def prepare(self, parsed: Parsed, *, always: bool = False) -> Steps[None]:
        """Put a large update into the view, in steps, before `apply` gets it.

        Until then only the view has the update. For a small update this method only loads the view,
        unless the update has values or `always` is true. Raises as `apply`.
        """
        view, are_few = self._view, count_structs(parsed) <= self._work.few_structs
        if parsed.contents.kinds & VALUES:
            yield from self.expect_values()
        if are_few:
            yield from self.load()
        if view.has_failed or (are_few and not always and not parsed.contents.kinds & VALUES):
            return
        copy = parsed.update
        if parsed.contents.kinds & VALUES:
            copy = yield partial(readable, copy)
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
        # A character may have been cut while the old view was freed, so the new one was dropped.
        self._is_torn &= not (view.is_loaded or view.has_failed)

    def forget_prepared(self) -> None:
        """Drop a prepared update and the view that has it, unless the update was applied."""
        if self._ahead is not None:
            self._ahead = None
            self._view.drop()

    def apply(self, parsed: Parsed, *, cuts: bool = False) -> bool:
        """Integrate an update; return whether the document changed.

        cuts  the update cuts a character in two (`StructIndex.take` says so):
              the text is then read from a corrected copy

        The update is kept even if pycrdt fails: then the texts cannot be read (`has_texts`). Raises
        LimitExceeded if it takes too long; the document is then as it was before. While another
        update is being prepared, the result is always True, because a change cannot be detected.
        """
        self.catch_up()
        # A prepared update is in the view already: then only its bytes are added to `_raw`.
        view, ahead, update = self._view, self._ahead, parsed.update
        done = ahead if ahead is not None and ahead.parsed is parsed else None
        if parsed.contents.kinds & VALUES:
            if done is None:
                update = view.copy_update(update)
            self._raw.expect_values()
        was_resting = self.is_resting
        self._ahead = None if done else self._ahead
        if cuts:
            view.drop()  # UTF-8 has no half characters: it is loaded again from a corrected copy
            has_changed = self._is_torn = True
        elif done:
            has_changed = bool(done.has_changed)
        else:
            has_changed = self._show(update, parsed) or self._ahead is not None
        if has_changed:
            self._raw.unjoined += count_structs(parsed)
            self._push(parsed.update, parsed, update)
        if was_resting or not view.is_loaded:
            self._restore_view(was_resting=was_resting)
        return has_changed

    def _show(self, update: bytes, parsed: Parsed) -> bool:
        """Put an update into the view; return whether the view changed. Raises LimitExceeded."""
        view = self._view
        if view.has_failed:
            return True
        if not view.is_loaded:
            self._load_view()
        try:
            if count_structs(parsed) > self._work.few_structs:
                return run_through(
                    integrate(view, self._work, Ahead(parsed, update), self._loading)
                )
            measure = self._work.start(len(update))
            has_changed = view.integrate(update)
            measure.finish()
        except LimitExceeded:
            view.drop()
            raise
        return has_changed

    def _loading(self, coming: Parsed) -> Callable[[], list[bytes]]:
        """Return a function that makes the updates a view loads before `coming`, in any thread."""
        raw, in_sequence = self._raw, self._is_in_sequence
        return partial(
            copies_to_load, raw.parts(), self._view.copier(coming), raw.unjoined, in_sequence
        )

    def _view_state(self) -> bytes:
        return joined(self.state(), self._raw.unjoined, self._is_in_sequence)

    def _load_view(self) -> None:
        state = self._view_state()
        measure = self._work.start_load(len(state))
        self._view.load(state)
        measure.finish_known()
        self._is_torn = False

    def _restore_view(self, *, was_resting: bool) -> None:
        """Load a lost view if that is quick; if it rested, only test it, and then drop it."""
        if was_resting:
            self._is_rested = False
        if not self._view.is_loaded and not self._view.has_failed and not self.takes_long:
            self._load_view()
        if was_resting and not self.takes_long:
            self._view.drop()

    def texts(self, roots: Iterable[str]) -> dict[str, str]:
        """Return {root: text}; raises TextUnavailable.

        Each half of a surrogate pair that was cut in two shows as U+FFFD, as in Yjs.
        """
        self.catch_up()
        view = self._view
        if self._ahead is not None:  # the view may show an update that the document does not have
            view = view.fresh()
            view.load(self._view_state())
        elif not view.is_loaded:
            self._load_view()
        return view.texts(roots)

    def text_bytes(self, roots: Iterable[str], update: bytes = EMPTY) -> int:
        """Return the UTF-8 bytes of all text after an update; 0 if texts cannot be read."""
        try:
            if update == EMPTY:
                texts = self.texts(roots)
            elif self.shows(update):
                texts = self._view.texts(roots)  # the view has this update already
            else:
                view = self._view.fresh()
                view.load(self._view_state())
                view.apply(view.copy_update(update))
                texts = view.texts(roots)
        except TextUnavailable:
            return 0
        return sum(len(text.encode()) for text in texts.values())

    def edit(
        self, files: Mapping[str, str], client_id: int, edits: Sequence[Edit] | None = None
    ) -> bytes:
        """Return the update by `client_id` that turns roots' texts into `files`; EMPTY if equal.

        edits  of the only root, in order, with positions in the text as it is;
               if they are missing or wrong, as few edits as possible are found

        The document itself is not changed: the update is then taken like one of any client.
        Raises TextUnavailable.
        """
        return make_edit(self._view.copy(self._view_state()), files, client_id, edits)

    def text_copy(self) -> TextCopy:
        """Return a copy of the document for `edit_copy`, which makes edits in another process."""
        state, *since = self.parts()
        return self._view.text_copy(state, since)

    def _push(self, update: bytes, parsed: Parsed | None = None, copy: bytes | None = None) -> None:
        """Keep an update; copy: the version of it that pycrdt can read."""
        if self._ahead is not None:
            self._ahead.note(copy or update)
        self._raw.push(update, parsed)
        self.size += len(update)
