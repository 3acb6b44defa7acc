"""Tests of the limits on a document's state and text."""

import pycrdt
import pytest

from crdt.document import quota
from crdt.document.document import SMALL_BYTES, Document
from crdt.document.quota import DocumentQuota
from crdt.document.view import View
from crdt.errors import DocumentFull, DocumentShrinking, NeedsSteps
from crdt.limits import LimitCounters, RoomLimits
from crdt.steps import run_through
from crdt.structs.struct_index import StructIndex
from crdt.wire.parsed_update import Parsed
from crdt.wire.update_parser import parse
from tests.crdt.harness import Typist


class Full:
    """A document whose quota is checked before each update."""

    def __init__(self, limits: RoomLimits) -> None:
        self.typist = Typist(5)
        self.document = Document()
        self.index = StructIndex()
        self.counters = LimitCounters()
        self.quota = DocumentQuota(self.document, self.index, limits, 0, self.counters)

    def send(self, update: bytes, *, is_exact: bool = True) -> None:
        parsed: Parsed = parse(update)
        self.quota.check(parsed, "ada", is_exact=is_exact)
        self.index.take_stored(parsed, "ada", self.document.apply)


def test_quota_of_text_is_exact_at_its_limit() -> None:
    """Deleted text does not count, although the cheap upper bound still includes it."""
    full = Full(RoomLimits(text_bytes=10))
    full.send(full.typist.insert(0, "x" * 10))
    full.send(full.typist.delete(0, 4))
    full.send(full.typist.insert(0, "yyyy"))

    with pytest.raises(DocumentFull, match="over 10 bytes"):
        full.send(full.typist.insert(0, "z"))
    assert full.document.texts(["codemirror"]) == {"codemirror": "yyyyxxxxxx"}


def test_quota_counts_deletions_of_the_update_itself() -> None:
    """An update may replace the whole text when the new text is within the limit."""
    full = Full(RoomLimits(text_bytes=10))
    full.send(full.typist.insert(0, "x" * 10))

    full.send(full.typist.replace(0, 10, "y" * 10))
    with pytest.raises(DocumentFull):
        full.send(full.typist.replace(0, 10, "z" * 11))


def test_quota_with_live_replacement_may_be_exceeded_once() -> None:
    """A live edit may pass the limit once, because an exact check would load the document."""
    full = Full(RoomLimits(text_bytes=10))
    full.send(full.typist.insert(0, "x" * 10))

    full.send(full.typist.replace(0, 1, "yy"), is_exact=False)
    with pytest.raises(DocumentFull):
        full.send(full.typist.replace(0, 1, "yy"), is_exact=False)


def test_quota_of_state_above_twice_its_limit_refuses_once_the_rest_is_known() -> None:
    """Above twice the limit, a document counts as shrinking until the size of the rest is known.

    The rest is the content without deleted content. If it is too large, the document is full.
    """
    full = Full(RoomLimits(state_bytes=100))
    full.send(full.typist.insert(0, "x" * 100))

    with pytest.raises(DocumentShrinking):
        full.send(full.typist.insert(0, "y" * 100))
    was_needed = full.quota.needs_remaining
    full.quota.note_remaining({})
    assert (was_needed, full.quota.needs_remaining) == (True, False)
    with pytest.raises(DocumentFull, match="state is over 100 bytes") as raised:
        full.send(full.typist.insert(0, "y" * 100))
    assert raised.value.limit == "max_state_bytes"


def test_quota_of_full_document_allows_deletions() -> None:
    """A full document accepts deletions, because it would stay full otherwise.

    After a deletion it asks how much content remains.
    """
    full = Full(RoomLimits(state_bytes=100))
    full.send(full.typist.insert(0, "x" * 175))
    full.quota.note_remaining({})
    full.document.size = 199
    full.quota.note_remaining({})
    with pytest.raises(DocumentFull):
        full.send(Typist(6).insert(0, "y"))
    full.quota.note_remaining({})

    full.send(full.typist.delete(0, 50))

    assert full.quota.needs_remaining


def test_quota_after_deleted_content_has_left_accepts_inserts() -> None:
    """Only the content that remains counts against the limit."""
    full = Full(RoomLimits(state_bytes=100))
    full.send(full.typist.insert(0, "x" * 150))
    full.quota.note_remaining({})
    full.document.size = 30
    full.quota.note_remaining({})

    full.send(full.typist.insert(0, "y" * 100))


def test_quota_of_author_is_a_share_of_the_state() -> None:
    """An author with a full share may only delete. Other authors and the owner may insert."""
    full = Full(RoomLimits(state_bytes=1_000, author_share_percent=50))
    full.quota.own("owner")
    full.send(full.typist.insert(0, "x" * 100))
    update = full.typist.insert(0, "y")
    parsed = parse(update)
    full.quota.note_remaining({"ada": 501, "bob": 500, "owner": 900})

    with pytest.raises(DocumentFull, match="over 500 bytes") as raised:
        full.quota.check(parsed, "ada", is_exact=False)
    assert raised.value.limit == "author_share_percent"
    full.quota.check(parsed, "bob", is_exact=False)
    full.quota.check(parsed, "owner", is_exact=False)
    deletion = full.typist.delete(0, 50)
    full.quota.check(parse(deletion), "ada", is_exact=False)


def test_quota_with_author_over_their_share_reserves_nothing() -> None:
    """The fast path does not know authors.

    So it reserves nothing while an author is over their share.
    """
    full = Full(RoomLimits(state_bytes=1_000))
    assert full.quota.reserve(10, 10)

    full.quota.note_remaining({"ada": 501})
    assert not full.quota.reserve(10, 10)

    full.quota.note_remaining({"ada": 499})
    assert full.quota.reserve(10, 10)


def test_quota_of_grown_document_needs_the_bytes_of_authors() -> None:
    """The quota needs the authors' bytes again once an author could have filled their share."""
    full = Full(RoomLimits(state_bytes=2 << 20))
    full.quota.note_remaining({"ada": 512 << 10})
    full.send(full.typist.insert(0, "x" * (500 << 10)), is_exact=False)
    assert not full.quota.needs_remaining

    full.send(full.typist.insert(0, "x" * (20 << 10)), is_exact=False)
    assert full.quota.needs_remaining


def test_quota_counts_only_remaining_content_as_half_full() -> None:
    """Deleted content that will leave the state does not make a document half full."""
    full = Full(RoomLimits(state_bytes=100))
    full.send(full.typist.insert(0, "x" * 60))
    assert not full.quota.fill.is_half_full

    full.quota.note_remaining({})
    assert full.quota.fill.is_half_full


def test_quota_reserve_counts_only_updates_that_surely_fit() -> None:
    """`reserve` counts only the updates that it lets pass."""
    full = Full(RoomLimits(text_bytes=10, state_bytes=1_000, update_bytes=500))

    assert full.quota.reserve(30, 6)
    assert not full.quota.reserve(30, 6)
    assert full.quota.reserve(30, 4)
    assert not full.quota.reserve(501, 0)
    assert not full.quota.reserve(1_001, 0)


def test_quota_counts_text_in_shared_types() -> None:
    """Text in XML and maps counts like text in roots, until it or its parent type is deleted."""
    full = Full(RoomLimits(text_bytes=30))
    doc = full.typist.doc
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    tree = doc.get("tree", type=pycrdt.Map)
    with doc.transaction():
        tree["a"] = pycrdt.Text("a" * 12)
        tree["b"] = pycrdt.Text("é" * 8)
    full.send(updates.pop())

    with pytest.raises(DocumentFull, match="over 30 bytes"):
        full.send(Typist(6).insert(0, "x" * 3))
    del tree["a"][0:4]
    full.send(updates.pop())
    full.send(Typist(7).insert(0, "x" * 3))
    del tree["b"]
    full.send(updates.pop())
    full.send(Typist(8).insert(0, "x" * 19))
    with pytest.raises(DocumentFull):
        full.send(Typist(9).insert(0, "x"))
    doc.unobserve(subscription)


LARGE = SMALL_BYTES + 10


def _with_shared_text(length: int, limit: int) -> Full:
    full = Full(RoomLimits(text_bytes=limit))
    tree = full.typist.doc.get("tree", type=pycrdt.Map)
    full.send(full.typist.change(lambda: tree.update({"a": pycrdt.Text("a" * length)})))
    return full


@pytest.mark.parametrize(("letters", "is_full"), [(6, False), (7, True)])
def test_text_in_shared_types_is_counted_once_and_apart(
    monkeypatch: pytest.MonkeyPatch, letters: int, is_full: bool
) -> None:
    """Reading it took 0.1 s on the event loop at every other keystroke."""
    full = _with_shared_text(24, 30)
    full.quota.reserve(1, 5)  # text that was deleted since
    update = parse(Typist(6).insert(0, "x" * letters))
    run_through(full.quota.count(update.update))
    monkeypatch.setattr(quota, "text_bytes", lambda *_: pytest.fail("it is read again"))

    if is_full:
        with pytest.raises(DocumentFull, match="over 30 bytes"):
            full.quota.check(update, "ada", is_exact=True)
    else:
        full.quota.check(update, "ada", is_exact=True)


def test_text_that_comes_while_other_text_is_counted_is_not_forgotten() -> None:
    full = _with_shared_text(24, 30)
    update = parse(Typist(6).insert(0, "x" * 4))
    for read in (counting := full.quota.count(update.update)):
        assert full.quota.reserve(1, 3)
        with pytest.raises(StopIteration):
            counting.send(read and read())
    with pytest.raises(DocumentFull):
        full.quota.check(update, "ada", is_exact=False)


def test_true_size_found_while_other_text_is_counted_is_kept() -> None:
    """The bound then no longer has the text that was deleted before the counting began."""
    full = _with_shared_text(24, 30)
    full.quota.reserve(1, 5)  # text that was deleted since
    update = parse(Typist(6).insert(0, "x" * 4))
    for read in (counting := full.quota.count(update.update)):
        full.send(Typist(7).insert(0, "y" * 3), is_exact=False)
        with pytest.raises(StopIteration):
            counting.send(read and read())
    with pytest.raises(DocumentFull):
        full.quota.check(update, "ada", is_exact=False)


def no_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(View, "load", lambda *_: pytest.fail("the document is loaded"))


@pytest.mark.parametrize(("letters", "growth", "is_full"), [(6, 1, False), (7, 2, True)])
def test_quota_with_known_growth_loads_nothing(
    monkeypatch: pytest.MonkeyPatch, letters: int, growth: int, is_full: bool
) -> None:
    """An update whose growth is known is measured without a copy that has it."""
    full = Full(RoomLimits(text_bytes=LARGE + 1))
    full.send(full.typist.insert(0, "x" * LARGE))
    update = parse(full.typist.replace(0, 5, "y" * letters))
    no_load(monkeypatch)

    if is_full:
        with pytest.raises(DocumentFull, match=f"over {LARGE + 1} bytes"):
            full.quota.check(update, "ada", is_exact=True, growth=growth)
    else:
        full.quota.check(update, "ada", is_exact=True, growth=growth)
        with pytest.raises(DocumentFull):
            full.quota.check(update, "ada", is_exact=True, growth=growth + 1)


def test_quota_over_the_limit_lets_a_text_shrink(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = Full(RoomLimits(text_bytes=LARGE))
    full.send(full.typist.insert(0, "x" * LARGE))
    update = parse(full.typist.replace(0, 5, "yyyy"))
    no_load(monkeypatch)

    full.quota.check(update, "ada", is_exact=True, growth=-1)


def test_quota_after_too_small_a_growth_finds_the_true_size() -> None:
    """Other clients may delete the same text meanwhile: the text then grows by more than that."""
    full = Full(RoomLimits(text_bytes=LARGE + 1))
    full.send(full.typist.insert(0, "x" * LARGE))
    update = parse(full.typist.insert(0, "yy"))
    replacing = parse(full.typist.replace(0, 2, "zzzz"))
    full.index.take_stored(update, "ada", full.document.apply)
    full.quota.check(replacing, "ada", is_exact=True, growth=-10)
    full.index.take_stored(replacing, "ada", full.document.apply)

    with pytest.raises(DocumentFull, match=f"over {LARGE + 1} bytes"):
        full.send(full.typist.insert(0, "z"))


@pytest.mark.parametrize(("letters", "is_full"), [(6, False), (7, True)])
def test_quota_measures_a_prepared_update_in_the_view(
    monkeypatch: pytest.MonkeyPatch, letters: int, is_full: bool
) -> None:
    """A view that already has the update tells exactly how large the text will be."""
    full = Full(RoomLimits(text_bytes=LARGE + 1))
    full.send(full.typist.insert(0, "x" * LARGE))
    update = parse(full.typist.replace(0, 5, "y" * letters))
    run_through(full.document.prepare(update, always=True))
    assert full.document.shows(update.update)
    no_load(monkeypatch)

    if is_full:
        with pytest.raises(DocumentFull):
            full.quota.check(update, "ada", is_exact=False)
    else:
        full.quota.check(update, "ada", is_exact=False)


def test_quota_near_the_limit_needs_steps_only_for_slow_reads() -> None:
    """Reading is slow if the document is large and either not loaded or with a prepared update.

    An exact size needs steps in every large document, and so does text in shared types.
    """
    large, small = Full(RoomLimits(text_bytes=LARGE + 9)), Full(RoomLimits(text_bytes=19))
    large.send(large.typist.insert(0, "x" * LARGE))
    small.send(small.typist.insert(0, "x" * 10))
    near, far = b"\1" * 10, b"\1" * 9

    with pytest.raises(NeedsSteps):
        _with_shared_text(LARGE, LARGE + 9).quota.check_quick(near, is_exact=False)
    large.quota.check_quick(near, is_exact=False)
    large.quota.check_quick(far, is_exact=True)
    with pytest.raises(NeedsSteps):
        large.quota.check_quick(near, is_exact=True)
    for full in (large, small):
        run_through(full.document.prepare(parse(full.typist.insert(0, "y")), always=True))
    with pytest.raises(NeedsSteps):
        large.quota.check_quick(near, is_exact=False)
    large.quota.check_quick(far, is_exact=False)
    small.quota.check_quick(near, is_exact=True)
