"""Makes edits that change texts of a document, on copies of it.

The edits are as small as possible, so that cursors and the edits of other users stay where they
are. All positions inside pycrdt are UTF-8 bytes. See docs/design/documents.md.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pycrdt

from crdt.document.merging import EMPTY, PycrdtFailure, guarded
from crdt.document.raw_document import merge_text
from crdt.document.view import TextCopy, View
from crdt.errors import TextUnavailable
from crdt.text.byte_edits import edits_between
from crdt.text.text_diff import MAX_STEPS
from crdt.text.text_map import Edit
from crdt.wire.compact import squash


def edit_copy(
    copy: TextCopy,
    files: Mapping[str, str],
    client_id: int,
    edits: Sequence[Edit] | None = None,
    steps: int = MAX_STEPS,
) -> bytes:
    """Return the update that `make_edit` makes on a copy of a document; raises TextUnavailable."""
    view = View(copy.split_surrogates, needs_copy=copy.needs_copy)
    state = merge_text([copy.state, *copy.since]) if copy.since else copy.state
    return make_edit(view.copy(squash(state)), files, client_id, edits, steps)


def make_edit(
    state: bytes,
    files: Mapping[str, str],
    client_id: int,
    edits: Sequence[Edit] | None = None,
    steps: int = MAX_STEPS,
) -> bytes:
    """Return an update for `files` by the given edits, by few changes, or by replacing all text.

    The first two ways need texts without embeds, because positions in the text do not count embeds.
    If a position leaves out an embed, yrs may split a run inside a character beyond ASCII. The
    update then refers to structs that do not exist.

    steps  bound the search for few changes, see `changes`

    Raises TextUnavailable if pycrdt fails.
    """
    try:
        return guarded(_smallest_edit, state, files, client_id, edits, steps)
    except PycrdtFailure as failure:
        raise TextUnavailable("the text of this document cannot be edited here") from failure


def _smallest_edit(
    state: bytes, files: Mapping[str, str], client_id: int, edits: Sequence[Edit] | None, steps: int
) -> bytes:
    # Three ways, from the smallest edits to the surest. Each gets a fresh copy, because an attempt
    # that failed has changed its copy. After each attempt the text must equal the requested one, so
    # a wrong position is found before users see it.
    if edits is not None:
        given = _Attempt(state, files, client_id)
        if not given.has_embeds() and given.is_right_after(lambda target, _: _apply(target, edits)):
            return given.update
    small = _Attempt(state, files, client_id)
    if not small.has_embeds() and small.is_right_after(partial(_replace, steps=steps)):
        return small.update
    whole = _Attempt(state, files, client_id)
    whole.is_right_after(_set)
    return whole.update


class _Attempt:
    """A copy of a document on which one way to make an edit is tried.

    update  the changes of the edit, as bytes; EMPTY if there are none
    """

    def __init__(self, state: bytes, files: Mapping[str, str], client_id: int) -> None:
        self._doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=client_id)
        self._doc.apply_update(state)
        self._files = files
        self._targets = {root: self._doc.get(root, type=pycrdt.Text) for root in files}
        self.update = EMPTY

    def has_embeds(self) -> bool:
        """Whether a text contains embeds, which take up positions but are no characters."""
        return any(len(target) != len(str(target).encode()) for target in self._targets.values())

    def is_right_after(self, change: Callable[[pycrdt.Text, str], None]) -> bool:
        """Change each text by `change`; return whether all texts are then as requested."""
        subscription = self._doc.observe(self._note)
        with self._doc.transaction():
            for root, text in self._files.items():
                change(self._targets[root], text)
        self._doc.unobserve(subscription)
        return all(str(self._targets[root]) == text for root, text in self._files.items())

    def _note(self, event: pycrdt.TransactionEvent) -> None:
        self.update = event.update


def _apply(target: pycrdt.Text, edits: Sequence[Edit]) -> None:
    """Apply edits from first to last, so that a long run is split near its beginning.

    yrs counts the characters before each split: 300 edits of a megabyte take 5 ms from first to
    last, and would take 100 ms from last to first.
    """
    growth = 0
    for position, deleted, inserted in edits:
        at = position + growth
        if deleted:
            del target[at : at + deleted]
        if inserted:
            target.insert(at, inserted.decode())
        growth += len(inserted) - deleted


def _replace(target: pycrdt.Text, text: str, *, steps: int) -> None:
    _apply(target, edits_between(str(target).encode(), text.encode(), steps))


def _set(target: pycrdt.Text, text: str) -> None:
    del target[0 : len(target)]
    target.insert(0, text)
