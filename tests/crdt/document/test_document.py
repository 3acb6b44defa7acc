"""The door to pycrdt."""

import random
from typing import cast

import pycrdt
import pytest

from crdt.document import document, merging
from crdt.document.document import CUT_BYTES, Document
from crdt.document.merging import EMPTY, merge, verify
from crdt.document.struct_index import StructIndex
from crdt.errors import Rejected, RoomDamaged
from crdt.wire.update_parser import parse
from harness.hostile import B3, POISON
from tests.crdt.harness import Typist


def test_apply_of_update_changes_text_and_reports_change() -> None:
    """Updates become text; what changes nothing says so."""
    typist, subject = Typist(1), Document()
    update = typist.insert(0, "héllo")

    assert subject.apply(update) is True
    assert subject.apply(update) is False
    assert subject.apply(EMPTY) is False
    assert subject.texts(["codemirror", "other"]) == {"codemirror": "héllo", "other": ""}


def test_state_is_merged_once_for_twenty_newcomers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who joins a long document gets what was merged for the one before, until somebody types."""
    typist, subject = Typist(1), Document()
    for number in range(1_234):
        subject.apply(typist.insert(0, str(number % 10)))
    merged: list[int] = []

    def counting(parts: list[bytes]) -> bytes:
        merged.append(len(parts))
        return merge(parts)

    monkeypatch.setattr(document, "merge", counting)

    assert len({subject.diff(b"\x00") for _ in range(20)}) == 1
    assert len(merged) == 1

    subject.defer(typist.insert(0, "x"))
    assert len({subject.diff(b"\x00") for _ in range(20)}) == 1
    assert merged[1:] == [1, 2]


def test_state_of_thousand_updates_loads_into_fresh_document() -> None:
    """A thousand updates merge into one state that a fresh document loads."""
    typist, subject = Typist(1), Document()
    for number in range(1_234):
        subject.apply(typist.insert(0, str(number % 10)))

    state = subject.state()

    assert subject.size == len(state)
    assert Document(state).texts(["codemirror"]) == {"codemirror": typist.text}
    assert subject.state() is state


def test_diff_returns_what_state_vector_lacks() -> None:
    """A newcomer gets everything, others what came after their state vector."""
    typist, subject = Typist(1), Document()
    subject.apply(typist.insert(0, "abc"))
    reader: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    reader.apply_update(subject.diff(b"\x00"))
    subject.apply(typist.insert(3, "def"))

    part = subject.diff(bytes(reader.get_state()))
    reader.apply_update(part)

    assert str(reader.get("codemirror", type=pycrdt.Text)) == "abcdef"
    assert len(part) < len(subject.state())


def test_diff_of_large_document_returns_everything() -> None:
    """Leaving out what a client has would keep the event loop; it takes what it has again, and nothing changes."""
    typist, subject = Typist(1), Document()
    subject.apply(typist.insert(0, "abc" * 1_000))
    reader: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    reader.apply_update(subject.state())
    subject.apply(typist.insert(1, "x" * CUT_BYTES))

    answer = subject.diff(bytes(reader.get_state()))
    reader.apply_update(answer)

    assert answer is subject.state()
    assert str(reader.get("codemirror", type=pycrdt.Text)) == typist.text
    assert reader.get_state() == typist.doc.get_state()


def test_apply_of_update_refused_by_pycrdt_changes_nothing() -> None:
    """An update that fails inside pycrdt is rejected, and the document is as before."""
    subject = Document()
    subject.apply(B3)
    broken = bytes.fromhex("01010700070003010900")

    with pytest.raises(Rejected):
        subject.apply(broken)

    assert subject.texts(["text"]) == {"text": "abcabcabc"}
    assert subject.apply(Typist(8, "text").insert(0, "x")) is True


def test_apply_of_poisonous_update_is_refused_every_time() -> None:
    """Also right after a refusal, and right after a cut: nothing is taken that pycrdt has not loaded."""
    subject = Document()
    subject.apply(B3)
    for _ in range(3):
        with pytest.raises(Rejected):
            subject.apply(POISON)
        with pytest.raises(Rejected):
            subject.apply(POISON, cuts=True)

    assert subject.texts(["text"]) == {"text": "abcabcabc"}
    assert Document(subject.state()).texts(["text"]) == {"text": "abcabcabc"}


def test_edit_of_text_with_embeds_replaces_everything() -> None:
    """Positions cannot see an embed: then everything is replaced, and the text is what was asked for."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=3)
    text = doc.get("quill", type=pycrdt.Text)
    text.insert(0, "hello world")
    text.insert_embed(5, {"image": "x"})
    subject = Document(doc.get_update())

    subject.apply(subject.edit({"quill": "hello WORLD"}, 9))

    assert subject.texts(["quill"]) == {"quill": "hello WORLD"}


def test_view_that_failed_is_rebuilt_and_update_kept() -> None:
    """When only the view chokes, the update is taken and the text read from a fresh one."""
    typist, subject = Typist(1), Document()
    subject.apply(typist.insert(0, "a"))

    class Choking:
        def apply_update(self, _update: bytes) -> None:
            raise RuntimeError("choked")

        def observe(self, _callback: object) -> None:
            pass

        unobserve = observe

    subject._doc = cast("pycrdt.Doc[pycrdt.Text]", Choking())

    assert subject.apply(typist.insert(1, "b")) is True
    assert subject.texts(["codemirror"]) == {"codemirror": "ab"}


def test_edit_by_code_points_makes_update() -> None:
    """A new text becomes an update; beyond ASCII and for a second edit of the same client."""
    subject = Document()
    for text in ("naïve 😀 text", "naïve 👍😀 texts", "", "x"):
        update = subject.edit({"codemirror": text}, 55)
        subject.apply(update)
        assert subject.texts(["codemirror"]) == {"codemirror": text}
    assert subject.edit({"codemirror": "x"}, 55) == EMPTY


def test_delete_of_half_a_character_shows_replacement_as_in_yjs() -> None:
    """F3: the state keeps the raw updates, the text shows U+FFFD, and editing goes on."""
    index, typist = StructIndex(), Typist(1)
    subject = Document(split_surrogates=index.split_surrogates)
    for update in (typist.insert(0, "x😀y"), bytes.fromhex("000101010101")):
        index.take(parse(update), "ada", subject.apply)

    assert subject.texts(["codemirror"]) == {"codemirror": "x\ufffdy"}
    subject.apply(subject.edit({"codemirror": "x\ufffdyz"}, 9))
    assert subject.texts(["codemirror"]) == {"codemirror": "x\ufffdyz"}
    loaded: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    loaded.apply_update(subject.state())
    verify(subject.state(), {1: 4, 9: 1})


def test_replace_base_happens_only_for_same_base() -> None:
    """A squashed state takes the place of the one it was made from, or none."""
    typist, subject = Typist(1), Document()
    subject.apply(typist.insert(0, "a"))
    state = subject.state()

    assert subject.replace_base(state, bytes(state)) is True
    subject.apply(typist.insert(1, "b"))
    subject.state()
    assert subject.replace_base(state, EMPTY) is False
    assert subject.texts(["codemirror"]) == {"codemirror": "ab"}


def test_merge_in_tens_keeps_order() -> None:
    """Any number of updates merges to the same as all at once."""
    typist, source = Typist(1), random.Random(3)
    updates = [typist.insert(source.randint(0, len(typist.text)), "ab") for _ in range(237)]

    assert Document(merge(updates)).texts(["codemirror"]) == {"codemirror": typist.text}
    assert merge([]) == EMPTY


def test_damaged_state_or_update_raises_room_damaged() -> None:
    """States that cannot be loaded, and updates that cannot be merged."""
    broken = bytes.fromhex("01010700070003010900")
    with pytest.raises(RoomDamaged):
        verify(merge([B3, broken]), {1: 3, 2: 3, 3: 3, 7: 1})
    with pytest.raises(Rejected):
        merge([b"\x05", b"\x07"])
    with pytest.raises(RoomDamaged):
        verify(b"\x07", {})
    with pytest.raises(RoomDamaged):
        merging.check(b"\x07")
    with pytest.raises(RoomDamaged):
        Document(b"\x07").texts(["text"])
    with pytest.raises(RoomDamaged, match="completely"):
        verify(B3, {1: 3, 2: 3, 3: 4})


def test_read_and_edit_of_damaged_document_raise_room_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails while reading or editing is RoomDamaged, never pycrdt's own error."""
    subject = Document()
    subject.apply(B3)

    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(document, "_read_text", fail)
    monkeypatch.setattr(document, "_make_edit", fail)

    with pytest.raises(RoomDamaged):
        subject.texts(["text"])
    with pytest.raises(RoomDamaged):
        subject.edit({"text": "x"}, 5)


def test_keyboard_interrupt_inside_pycrdt_passes() -> None:
    """Ctrl-C inside pycrdt stays Ctrl-C."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merging.guarded(interrupt)


def test_diff_with_invalid_state_vector_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pycrdt makes of a strange vector closes its sender."""
    subject = Document()
    subject.apply(B3)
    monkeypatch.setattr(pycrdt, "get_update", lambda *_: 1 / 0)

    with pytest.raises(Rejected):
        subject.diff(b"\x01\x01\x02")


def test_deferred_updates_are_integrated_by_next_read() -> None:
    """Keystrokes wait for the next call that needs them, and are integrated as one."""
    typist, subject = Typist(1), Document()
    for at in range(30):
        subject.defer(typist.insert(at, "x"))
    assert subject.size > 30 * 10
    assert subject.texts(["codemirror"]) == {"codemirror": "x" * 30}
    size = subject.size
    subject.defer(typist.insert(0, "y"))
    assert subject.size > size
    reader = Typist(2)
    reader.hear(subject.state())
    assert reader.text == "y" + "x" * 30
    subject.defer(typist.delete(0, 1))
    assert subject.apply(typist.insert(0, "z")) is True
    assert subject.texts(["codemirror"]) == {"codemirror": "z" + "x" * 30}


def test_deferred_update_that_cannot_be_integrated_raises_room_damaged() -> None:
    """Every call says so, so that nothing of it is ever stored."""
    subject = Document()
    subject.apply(B3)
    subject.defer(POISON)
    for call in (subject.catch_up, subject.state, lambda: subject.texts(["codemirror"])):
        with pytest.raises(RoomDamaged):
            call()


def is_loaded(subject: Document) -> bool:
    return subject._doc is not None


def test_document_at_rest_holds_merged_bytes_only() -> None:
    """A document that nobody edits holds merged bytes only; after one edit too, after more it is loaded."""
    typist, subject = Typist(1), Document()
    assert [subject.is_resting, is_loaded(subject)] == [True, False]
    subject.defer(typist.insert(0, "a"))
    subject.catch_up()
    assert not is_loaded(subject)
    subject.defer(typist.insert(1, "b"))
    subject.catch_up()
    assert [subject.is_resting, is_loaded(subject)] == [False, True]
    subject.rest()
    assert not is_loaded(subject)
    assert subject.is_resting
    assert subject.texts(["codemirror"]) == {"codemirror": "ab"}
