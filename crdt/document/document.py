"""A Yjs document: with `merging` the only door to pycrdt.

The raw updates are the truth; they are what is stored, relayed and merged for newcomers. The
pycrdt `Doc` beside them is only a view to read text from, and it is thrown away and loaded again
whenever it could differ from what real Yjs clients show. `Doc.get_update()` is never used: it
drops what is pending, and it corrupts text in which half a surrogate pair was deleted: two browsers
then show different texts under equal state vectors.

Everything that comes in has passed `update_parser` and `StructIndex`. All positions inside pycrdt are UTF-8 bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set

import pycrdt

from crdt.document.merging import EMPTY, FAN_IN, PycrdtFailure, guarded, merge
from crdt.errors import Rejected, RoomDamaged
from crdt.text.text_diff import changes
from crdt.text.text_map import Edit
from crdt.wire.compact import squash

CUT_BYTES = 256 << 10
"""Of a larger state everything is sent: to leave out what a client has takes pycrdt up to 50 ns a byte."""
_SMALL_BYTES = 32 << 10
"""One edit makes no typist, but what takes long to load is not loaded twice for one who is."""


class Document:
    """The live document of one room."""

    __slots__ = ("_base", "_doc", "_is_rested", "_late", "_levels", "_split_surrogates", "size")

    def __init__(self, base: bytes = EMPTY, split_surrogates: Set[int] = frozenset()) -> None:
        """Start from a merged state that pycrdt can load (`check`); it is loaded when it is needed.

        split_surrogates  see `squash`; the same set that `StructIndex` keeps and adds to.
        """
        self._base = base
        self._levels: list[list[bytes]] = []
        self._late: list[bytes] = []
        self._is_rested = True
        self._split_surrogates = split_surrogates
        self._doc: pycrdt.Doc[pycrdt.Text] | None = None
        self.size = len(base)
        """Bytes of the merged state and of what came since, an upper bound of what a newcomer gets."""

    def defer(self, update: bytes) -> None:
        """Integrate an update together with those that come soon, at the next call that needs it."""
        self._late.append(update)
        self.size += len(update)

    def catch_up(self) -> None:
        """Integrate what was deferred, as one; raises RoomDamaged if pycrdt refuses, then at every call again."""
        if not self._late:
            return
        updates, self._late = self._late, []
        try:
            merged = merge(updates)
            self._take_in(merged)
        except (Rejected, RoomDamaged) as error:
            self._late = updates
            raise RoomDamaged("what was typed cannot be integrated") from error
        self.size -= sum(map(len, updates))
        self._push(merged)

    def _take_in(self, merged: bytes) -> None:
        """Put an update into the view; after a rest only see that it could be, as in `apply`."""
        if self._doc is None and self._is_rested:
            self._is_rested = False
            self._rebuild_with(merged)
            if self.size < _SMALL_BYTES:
                self._doc = None
            return
        try:
            guarded(self._view().apply_update, merged)
        except PycrdtFailure:
            self._doc = None
            self._rebuild_with(merged)

    def rest(self) -> None:
        """Let go of what is only needed while people type."""
        self.state()
        self._doc = None
        self._is_rested = True

    @property
    def is_resting(self) -> bool:
        return self._doc is None and self._is_rested

    def apply(self, update: bytes, *, cuts: bool = False) -> bool:
        """Integrate an update; return whether the document changed.

        cuts  it cuts a character in two (`StructIndex.take` says so): the text is then read from a corrected copy

        Raises Rejected when pycrdt refuses it; the document is then as it was before. Nothing is
        taken that pycrdt has not loaded, or the room could not be opened again.
        """
        self.catch_up()
        if cuts:
            self._rebuild_with(update)
            self._push(update)
            return True
        was_resting = self.is_resting
        has_changed = self._integrate(update)
        if was_resting:
            self._is_rested = False
            if self.size < _SMALL_BYTES:
                self._doc = None
        if has_changed:
            self._push(update)
        return has_changed

    def _integrate(self, update: bytes) -> bool:
        """Put an update into the view; return whether that changed; raises Rejected."""
        doc = self._view()
        changes: list[pycrdt.TransactionEvent] = []
        subscription = doc.observe(changes.append)
        try:
            guarded(doc.apply_update, update)
        except PycrdtFailure:
            self._doc = None
            self._rebuild_with(update)
            return True
        finally:
            doc.unobserve(subscription)
        return bool(changes)

    def state(self) -> bytes:
        """Return all updates merged into one; raises RoomDamaged as `catch_up`."""
        self.catch_up()
        if self._levels:
            parts = [self._base]
            for level in reversed(self._levels):
                parts += level
            self._base = merge(parts)
            self._levels = []
            self.size = len(self._base)
        return self._base

    def diff(self, state_vector: bytes) -> bytes:
        """Return what a client with this (checked) state vector lacks, of a large document everything."""
        state = self.state()
        if state_vector == b"\x00" or len(state) > CUT_BYTES:
            return state
        try:
            return bytes(guarded(pycrdt.get_update, state, state_vector))
        except PycrdtFailure as failure:
            raise Rejected("state vector that does not fit the document") from failure

    def replace_base(self, before: bytes, after: bytes) -> bool:
        """Put a squashed state in place of the one it was made from; False if that is no longer the base."""
        if self._base is not before:
            return False
        self._base = after
        self.size += len(after) - len(before)
        return True

    def texts(self, roots: Iterable[str]) -> dict[str, str]:
        """Return {root: text}. A surrogate pair cut in two shows as U+FFFD twice, as in Yjs."""
        self.catch_up()
        doc = self._view()
        try:
            return {root: guarded(_read_text, doc, root) for root in roots}
        except PycrdtFailure as failure:
            self._doc = None
            raise RoomDamaged("the text cannot be read") from failure

    def text_bytes(self, roots: Iterable[str], update: bytes = EMPTY) -> int:
        """Return the UTF-8 bytes of all text, as it would be after an update.

        Raises Rejected if the update cannot be integrated.
        """
        if update == EMPTY:
            texts = self.texts(roots)
        else:
            try:
                texts = Document(merge([self.state(), update])).texts(roots)
            except RoomDamaged as error:
                raise Rejected("the update cannot be integrated") from error
        return sum(len(text.encode()) for text in texts.values())

    def edit(self, files: Mapping[str, str], client_id: int, edits: Sequence[Edit] | None = None) -> bytes:
        """Return the update that turns roots' texts into `files`, made by `client_id`; EMPTY if equal.

        edits  of the only root: how, in order, with positions in the text as it is; when not given, or
               wrong, as few as can be found

        The document itself is not changed: the update goes the way of any client's update.
        """
        state = squash(self.state(), self._split_surrogates) if self._split_surrogates else self.state()
        try:
            return guarded(_make_edit, state, files, client_id, edits)
        except PycrdtFailure as failure:
            raise RoomDamaged("the text cannot be edited") from failure

    def _push(self, update: bytes) -> None:
        """Keep an update, merging each level of ten into one entry of the next."""
        self.size += len(update)
        for level in self._levels:
            level.append(update)
            if len(level) < FAN_IN:
                return
            update = merge(level)
            level.clear()
        self._levels.append([update])

    def _view(self) -> "pycrdt.Doc[pycrdt.Text]":
        if self._doc is None:
            try:
                self._doc = self._load(self.state())
            except PycrdtFailure as failure:
                raise RoomDamaged("the merged updates cannot be loaded") from failure
        assert self._doc is not None  # noqa: S101 - for the type checker
        return self._doc

    def _rebuild_with(self, update: bytes) -> None:
        """Load a fresh view that has the update; raises Rejected, with the old view as it was."""
        try:
            doc = self._load(merge([self.state(), update]))
        except PycrdtFailure as failure:
            raise Rejected("the update cannot be integrated") from failure
        self._doc = doc

    def _load(self, state: bytes) -> "pycrdt.Doc[pycrdt.Text]":
        doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
        guarded(doc.apply_update, squash(state, self._split_surrogates) if self._split_surrogates else state)
        return doc


def _make_edit(state: bytes, files: Mapping[str, str], client_id: int, edits: Sequence[Edit] | None = None) -> bytes:
    """Make the edit on a copy: by the given edits, else by few changes, else by replacing the whole texts.

    Positions cannot see embeds that are in a text, nor may they be off. yrs splits a run inside a
    character beyond ASCII when a position is off by an embed, and the update then refers to what is not
    there. So each attempt gets a fresh copy, and the first two need texts without embeds.
    """
    if edits is not None:
        given = _Attempt(state, files, client_id)
        if not given.has_embeds() and given.is_right_after(lambda target, _: _apply(target, edits)):
            return given.update
    small = _Attempt(state, files, client_id)
    if not small.has_embeds() and small.is_right_after(_replace):
        return small.update
    whole = _Attempt(state, files, client_id)
    whole.is_right_after(_set)
    return whole.update


class _Attempt:
    """A copy of a document on which one way to make an edit is tried.

    update  what the edit did; EMPTY if nothing
    """

    def __init__(self, state: bytes, files: Mapping[str, str], client_id: int) -> None:
        self._doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=client_id)
        self._doc.apply_update(state)
        self._files = files
        self._targets = {root: self._doc.get(root, type=pycrdt.Text) for root in files}
        self.update = EMPTY

    def has_embeds(self) -> bool:
        """Whether a text has anything but characters in it, which counts as a position."""
        return any(len(target) != len(str(target).encode()) for target in self._targets.values())

    def is_right_after(self, change: Callable[[pycrdt.Text, str], None]) -> bool:
        """Change each text by `change`; return whether all are then as they should be."""
        subscription = self._doc.observe(self._note)
        with self._doc.transaction():
            for root, text in self._files.items():
                change(self._targets[root], text)
        self._doc.unobserve(subscription)
        return all(str(self._targets[root]) == text for root, text in self._files.items())

    def _note(self, event: pycrdt.TransactionEvent) -> None:
        self.update = event.update


def _apply(target: pycrdt.Text, edits: Sequence[Edit]) -> None:
    """Apply edits from last to first."""
    for position, deleted, inserted in reversed(edits):
        if deleted:
            del target[position : position + deleted]
        if inserted:
            target.insert(position, inserted.decode())


def _replace(target: pycrdt.Text, text: str) -> None:
    """Apply the changes from last to first; positions in pycrdt are UTF-8 bytes."""
    before = str(target)
    end, at = len(before), len(before.encode())
    for position, deleted, inserted in reversed(changes(before, text)):
        at -= len(before[position:end].encode())
        end = position
        if deleted:
            del target[at : at + len(before[position : position + deleted].encode())]
        if inserted:
            target.insert(at, inserted)


def _set(target: pycrdt.Text, text: str) -> None:
    del target[0 : len(target)]
    target.insert(0, text)


def _read_text(doc: "pycrdt.Doc[pycrdt.Text]", root: str) -> str:
    return str(doc.get(root, type=pycrdt.Text))
