"""Puts a large update into a document's view, a few milliseconds at a time.

pycrdt integrates an update in one call, which cannot be interrupted. So a large update is
integrated in slices, and the clock is read after each slice. If the slices are slow, or no document
is loaded yet, a new pycrdt document is loaded. It is loaded from a copy whose structs are cut where
the update will cut them. The copy is loaded in slices, too, and then the new pycrdt document
replaces the old one.

See docs/design/documents.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from crdt.document.merging import PycrdtFailure
from crdt.document.view import NewDocument, View
from crdt.document.work import FEW_STRUCTS, Measure, Work
from crdt.steps import Long, Steps
from crdt.wire.compact import IsInSequence, squash
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import Parsed
from crdt.wire.rewriting.slices import Slicer, count_structs
from crdt.wire.update_parser import parse

MAX_UNJOINED = 2_000
"""Structs in a row that pycrdt may have to join when it loads a state; more are joined beforehand.
pycrdt joins them one by one: 2,000 letters take 6 MB, and 64,000 take 2 GB. Joining them in Python
takes 2 µs each."""

_MOST_STRUCTS = 512
_STEP_S = 0.004
"""Seconds of work between two pauses in which other clients are served."""
_QUICK_STEPS = 2
"""A document that takes this number of steps does not load quickly."""
_LONG_SLICE_S = _STEP_S / 2
_SHORT_SLICE_S = _STEP_S / 8


@dataclass(slots=True)
class Ahead:
    """An update that is in the view, as a whole or in part, before the document has it.

    parsed      the update
    copy        the version of it that pycrdt can read
    has_changed  whether it changed anything; None until the whole update is in the view
    meanwhile   updates that the document has taken since, as pycrdt can read them;
                None if they need not be kept
    """

    parsed: Parsed
    copy: bytes
    has_changed: bool | None = None
    meanwhile: list[bytes] | None = None

    def note(self, update: bytes) -> None:
        """Keep an update that the document has taken, if that is needed."""
        if self.meanwhile is not None:
            self.meanwhile.append(update)


class _Lost(Exception):
    """The pycrdt document was dropped while slices were put into it."""


Loading = Callable[[], list[bytes]]
"""Makes the updates that pycrdt loads for a document, in order."""


def integrate(
    view: View, work: Work, ahead: Ahead, loading: Callable[[Parsed], Loading]
) -> Steps[bool]:
    """Put a large update into a view, in steps; return True if the view changed or pycrdt failed.

    loading  called with the update; returns a function that makes the updates for pycrdt to load:
             the document without this update

    Raises LimitExceeded if it takes too long. A part of the update may then be in the view.
    """
    first = work.first_structs
    slicer = yield partial(
        _slicer, ahead.copy, first, None if ahead.copy is not ahead.parsed.update else ahead.parsed
    )
    if view.is_loaded:
        measure = work.start(len(ahead.copy))
        # Most slow updates are slow because they cut long structs at many places. Then loading the
        # whole document from a copy that is cut at these places is faster than going on: 20 ms
        # instead of 5 s for 12,000 indented lines. For fewer structs a reload is not worth it.
        reloads = not view.needs_cuts and count_structs(ahead.parsed) > _MOST_STRUCTS
        try:
            has_changed = yield from _in_slices(_into(view), slicer, measure, gives_up=reloads)
        except _Lost:
            pass
        else:
            if not reloads or not measure.is_slow:
                measure.finish()
                return has_changed
            view.needs_cuts = True
    try:
        yield from _load(view, work, ahead, loading(ahead.parsed), is_known=False)
    except PycrdtFailure:
        view.fail()
    return True


def load(view: View, work: Work, ahead: Ahead, make_copies: Loading) -> Steps[None]:
    """Load an admitted document into a view, in steps, for as long as it takes.

    ahead  collects the updates that come meanwhile
    """
    try:
        yield from _load(view, work, ahead, make_copies, is_known=True)
    except PycrdtFailure:
        view.fail()


def _load(
    view: View, work: Work, ahead: Ahead, make_copies: Loading, *, is_known: bool
) -> Steps[None]:
    """Load the document again, with the update and all updates that come meanwhile.

    Raises PycrdtFailure, and LimitExceeded unless it is_known.
    """
    # Clients edit while this goes on. Their updates are collected, and put into the new document at
    # the end. Each of them is small, because a large one would be taken in steps itself.
    ahead.meanwhile = []
    marks = view.marks
    updates = [*(yield Long(make_copies)), ahead.copy]
    measure = work.start_load(sum(map(len, updates)))
    measure.is_known = is_known
    with NewDocument() as new:
        for update in updates:
            measure.stop()
            # Finding the structs of a large state takes long, but needs only its bytes. So a thread
            # does it, and this time does not count as the document's.
            slicer = yield Long(partial(_slicer, update, work.first_structs))
            measure.go_on()
            yield from _in_slices(new.apply, slicer, measure, gives_up=False)
        # All slices have been applied. Nothing is awaited from here on, so no other update can come
        # in between.
        for update in ahead.meanwhile:
            new.apply(update)
    measure.finish()
    ahead.meanwhile = None
    if view.marks != marks:
        view.drop()  # characters were cut in two meanwhile, and this copy does not have the cuts
    elif (old := view.replace(new)) is not None:
        # Freeing a document of 100,000 structs takes 16 ms, and so does the end of its loading.
        yield None
        del old


def loads_quickly(copy: bytes, cpu_s: Callable[[], float]) -> bool:
    """Whether pycrdt loads a copy of a state in some milliseconds.

    If it takes longer, this function gives up after these milliseconds. It never holds the
    interpreter for long, so a thread may call it.
    """
    parsed = parse(copy, STORED_LIMITS)
    if count_structs(parsed) <= FEW_STRUCTS:
        return True
    work = Work(cpu_s)
    slicer = Slicer(parsed, work.first_structs)
    try:
        with NewDocument() as new:
            measure = work.start_load(len(copy))
            measure.is_known = True
            steps = _in_slices(new.apply, slicer, measure, gives_up=False)
            return len([*islice(steps, _QUICK_STEPS)]) < _QUICK_STEPS
    except PycrdtFailure:
        return True  # loading the whole state fails just as soon


def joined(state: bytes, unjoined: int, is_in_sequence: IsInSequence | None) -> bytes:
    """Return a state in which few structs follow each other without being joined.

    unjoined        how many such structs there may be now
    is_in_sequence  see `squash`
    """
    return squash(state, is_in_sequence=is_in_sequence) if unjoined > MAX_UNJOINED else state


def copies_to_load(
    parts: Sequence[bytes],
    copier: Callable[[Sequence[bytes]], list[bytes]],
    unjoined: int,
    is_in_sequence: IsInSequence | None,
) -> list[bytes]:
    """Return the parts of a document as a view loads them.

    copier                    see `View.copier`
    unjoined, is_in_sequence  see `joined`
    """
    return copier([joined(part, unjoined, is_in_sequence) for part in parts])


def _slicer(update: bytes, size: int, parsed: Parsed | None = None) -> Slicer:
    return Slicer(parsed or parse(update, STORED_LIMITS), size)


def _into(view: View) -> Callable[[bytes], bool]:
    """Return a function that puts a slice into the view's present document; it raises _Lost."""
    # Between two slices the view may be dropped or loaded again, because other updates come in. The
    # remaining slices must not go into another document.
    token = view.token

    def apply(part: bytes) -> bool:
        if view.token is not token:
            raise _Lost
        return view.integrate(part)

    return apply


def _in_slices(
    apply: Callable[[bytes], bool], slicer: Slicer, measure: Measure, *, gives_up: bool
) -> Steps[bool]:
    """Apply an update in slices, each short; return whether one of them changed the document.

    gives_up  end as soon as the update is slow

    Raises LimitExceeded as `Measure.check`, and the errors of `apply`.
    """
    has_changed = False
    given_way_s = before_s = measure.used_s
    for part in slicer.run():
        has_changed |= apply(part)
        measure.check()
        now_s = measure.used_s
        if gives_up and measure.is_slow:
            break
        # The time that a struct takes is not known before. So the size of a slice depends on the
        # last slice: half as many structs after a long one, twice as many after a short one.
        if now_s - before_s > _LONG_SLICE_S:
            slicer.size = max(1, slicer.size // 2)
        elif now_s - before_s < _SHORT_SLICE_S:
            slicer.size = min(_MOST_STRUCTS, slicer.size * 2)
        if now_s - given_way_s > _STEP_S:
            # Other clients are served now. Their work must not count as work of this update.
            measure.stop()
            yield None
            measure.go_on()
            given_way_s = measure.used_s
        before_s = measure.used_s
    return has_changed
