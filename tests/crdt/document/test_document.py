"""Tests of `Document`: its state, texts and edits, and its failures in pycrdt."""

import random
from typing import Any

import pycrdt
import pytest

from crdt.document import integration, merging
from crdt.document.document import Document
from crdt.document.merged_state import MergedState
from crdt.document.merging import EMPTY, merge, verify
from crdt.document.raw_document import CUT_BYTES
from crdt.document.traits import inspect
from crdt.document.view import View
from crdt.document.work import FEW_STRUCTS
from crdt.errors import LimitExceeded, Rejected, RoomDamaged, TextUnavailable
from crdt.limits import MAX_WORK_S
from crdt.structs.struct_index import StructIndex
from crdt.wire.compact import squash
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import Parsed
from crdt.wire.slicing import delete_set
from crdt.wire.update_parser import parse
from crdt.wire.y_protocol import state_vector
from harness.hostile import B3, POISON
from tests.crdt.harness import Typist, keystroke
from tests.crdt.struct_bytes import placed, update_of
from tests.crdt.struct_bytes import text as structure_text
from tests.yjs import Yjs


def parsed(update: bytes) -> Parsed:
    return parse(update, STORED_LIMITS)


def test_apply_of_update_changes_text_and_reports_change() -> None:
    """`apply` reports a change for a new update, and no change for a known or empty update."""
    typist, subject = Typist(1), Document()
    update = typist.insert(0, "héllo")

    assert subject.apply(parsed(update)) is True
    assert subject.apply(parsed(update)) is False
    assert subject.apply(parsed(EMPTY)) is False
    assert subject.texts(["codemirror", "other"]) == {"codemirror": "héllo", "other": ""}


def test_state_of_thousand_updates_loads_into_fresh_document() -> None:
    """A thousand updates merge into one state that a fresh document loads."""
    typist, subject = Typist(1), Document()
    for number in range(1_234):
        subject.apply(parsed(typist.insert(0, str(number % 10))))

    state = subject.state()

    assert subject.size == len(state)
    assert Document(state).texts(["codemirror"]) == {"codemirror": typist.text}
    assert subject.state() is state


BROKEN = bytes.fromhex("01010700070003010100")
"""This update uses B3's text as a map, as no Yjs client does. pycrdt fails to apply or load it."""


@pytest.mark.parametrize("update", [BROKEN, POISON], ids=["broken", "poison"])
@pytest.mark.parametrize("cuts", [False, True])
def test_update_that_pycrdt_fails_at_is_kept_without_texts(update: bytes, cuts: bool) -> None:
    """An admitted update at which pycrdt fails stays in the document, which loses its texts.

    Newcomers still receive all updates, but the server cannot read the texts.
    """
    subject = Document()
    subject.apply(parsed(B3))
    subject.texts(["text"])

    assert subject.apply(parsed(update), cuts=cuts) is True

    assert not subject.has_texts
    assert subject.apply(parsed(Typist(8, "text").insert(0, "x"))) is True
    with pytest.raises(TextUnavailable):
        subject.texts(["text"])
    with pytest.raises(TextUnavailable):
        subject.edit({"text": "y"}, 5)
    assert subject.text_bytes(["text"]) == subject.text_bytes(["text"], B3) == 0
    assert parsed(subject.state()).spans.keys() >= {1, 2, 3, 8}
    assert not inspect(
        subject.state(), parsed(subject.state()).contents.kinds, None, cpu_s=float
    ).is_readable


def test_failed_view_is_tried_again_after_a_rest() -> None:
    """After a rest the failed view is tried again; here pycrdt fails once more."""
    subject = Document()
    subject.apply(parsed(B3))
    subject.apply(parsed(BROKEN))

    subject.rest()
    assert subject.has_texts
    with pytest.raises(TextUnavailable):
        subject.texts(["text"])
    assert not subject.has_texts


def test_edit_of_text_with_embeds_replaces_everything() -> None:
    """An edit's positions do not count embeds, so the edit replaces the whole text."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=3)
    text = doc.get("quill", type=pycrdt.Text)
    text.insert(0, "hello world")
    text.insert_embed(5, {"image": "x"})
    subject = Document(doc.get_update())

    subject.apply(parsed(subject.edit({"quill": "hello WORLD"}, 9)))

    assert subject.texts(["quill"]) == {"quill": "hello WORLD"}


def test_view_that_failed_is_rebuilt_and_update_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """If only the view fails at an update, the update is kept, and a new view shows the text."""
    typist, subject = Typist(1), Document()
    subject.apply(parsed(typist.insert(0, "a")))
    subject.apply(parsed(typist.insert(1, "b")))
    integrate = View.integrate

    def choke(self: View, update: bytes) -> bool:
        monkeypatch.setattr(View, "integrate", integrate)
        self.drop()
        return update is not None

    monkeypatch.setattr(View, "integrate", choke)

    assert subject.apply(parsed(typist.insert(2, "c"))) is True
    assert subject.texts(["codemirror"]) == {"codemirror": "abc"}


def test_edit_by_code_points_makes_update() -> None:
    """Each new text becomes an update, with non-ASCII text and in later edits of one client."""
    subject = Document()
    for text in ("naïve 😀 text", "naïve 👍😀 texts", "", "x"):
        update = subject.edit({"codemirror": text}, 55)
        subject.apply(parsed(update))
        assert subject.texts(["codemirror"]) == {"codemirror": text}
    assert subject.edit({"codemirror": "x"}, 55) == EMPTY


def test_delete_of_half_a_character_shows_replacement_as_in_yjs() -> None:
    """A half-deleted character is shown as U+FFFD.

    The state keeps its bytes, and editing goes on.
    """
    index, typist = StructIndex(), Typist(1)
    subject = Document(split_surrogates=index.split_surrogates)
    for update in (typist.insert(0, "x😀y"), bytes.fromhex("000101010101")):
        index.take(parse(update), "ada", subject.apply)

    assert subject.texts(["codemirror"]) == {"codemirror": "x\ufffdy"}
    subject.apply(parsed(subject.edit({"codemirror": "x\ufffdyz"}, 9)))
    assert subject.texts(["codemirror"]) == {"codemirror": "x\ufffdyz"}
    loaded: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    loaded.apply_update(subject.state())
    verify(subject.state(), {1: 4, 9: 1})


def test_merge_in_tens_keeps_order() -> None:
    """A merge of 237 updates keeps their order, and a merge of no updates is empty."""
    typist, source = Typist(1), random.Random(3)
    updates = [typist.insert(source.randint(0, len(typist.text)), "ab") for _ in range(237)]

    assert Document(merge(updates)).texts(["codemirror"]) == {"codemirror": typist.text}
    assert merge([]) == EMPTY


def test_damaged_state_raises_room_damaged() -> None:
    """A state that cannot be loaded, or only in part, raises RoomDamaged."""
    with pytest.raises(RoomDamaged):
        verify(merge([B3, BROKEN]), {1: 3, 2: 3, 3: 3, 7: 1})
    with pytest.raises(RoomDamaged):
        verify(b"\x07", {})
    with pytest.raises(RoomDamaged, match="completely"):
        verify(B3, {1: 3, 2: 3, 3: 4})


def test_keyboard_interrupt_inside_pycrdt_passes() -> None:
    """A KeyboardInterrupt that occurs inside pycrdt is passed on."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merging.guarded(interrupt)


def test_diff_that_pycrdt_fails_at_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state vector at which pycrdt fails is rejected, so its sender's connection is closed."""
    subject = Document()
    subject.apply(parsed(B3))
    monkeypatch.setattr(pycrdt, "get_update", lambda *_: 1 / 0)

    with pytest.raises(Rejected):
        subject.diff(b"\x01\x01\x02")


def test_diff_between_halves_of_a_character_has_the_second() -> None:
    """The second half of a character is sent as U+FFFD, as Yjs does; pycrdt would omit it."""
    subject = Document()
    subject.apply(parsed(Typist(1).insert(0, "a😀b")))

    assert subject.diff(b"\x01\x01\x02", cuts=True) == bytes.fromhex("0101010284010104efbfbd6200")


def test_deferred_updates_are_integrated_by_next_read() -> None:
    """Deferred keystrokes are integrated together by the next call that needs them."""
    typist, subject = Typist(1), Document()
    for at in range(30):
        subject.defer(keystroke(typist.insert(at, "x")))
    assert subject.size > 30 * 10
    assert subject.texts(["codemirror"]) == {"codemirror": "x" * 30}
    size = subject.size
    subject.defer(keystroke(typist.insert(0, "y")))
    assert subject.size > size
    reader = Typist(2)
    reader.hear(subject.state())
    assert reader.text == "y" + "x" * 30
    subject.defer(keystroke(typist.delete(0, 1)))
    assert subject.apply(parsed(typist.insert(0, "z"))) is True
    assert subject.texts(["codemirror"]) == {"codemirror": "z" + "x" * 30}


def test_deferred_update_that_cannot_be_integrated_is_kept_without_texts() -> None:
    subject = Document()
    subject.apply(parsed(B3))
    subject.defer(keystroke(BROKEN))

    subject.catch_up()

    assert not subject.has_texts
    assert len(subject.state()) > len(B3)


def is_loaded(subject: Document) -> bool:
    return subject._view.is_loaded


def test_document_at_rest_holds_merged_bytes_only() -> None:
    """A document is loaded by its second edit, and holds only merged bytes at rest."""
    typist, subject = Typist(1), Document()
    assert [subject.is_resting, is_loaded(subject)] == [True, False]
    subject.defer(keystroke(typist.insert(0, "a")))
    subject.catch_up()
    assert not is_loaded(subject)
    subject.defer(keystroke(typist.insert(1, "b")))
    subject.catch_up()
    assert [subject.is_resting, is_loaded(subject)] == [False, True]
    subject.rest()
    assert not is_loaded(subject)
    assert subject.is_resting
    assert subject.texts(["codemirror"]) == {"codemirror": "ab"}


@pytest.mark.parametrize("seed", range(5))
def test_document_with_values_equals_that_of_yjs(yjs: Yjs, seed: int) -> None:
    """A document with values equals the document that Yjs makes of the same updates.

    This holds for its state, its diffs, its squashed state and its text.
    """
    rng = random.Random(seed)
    history = yjs.history(seed, 3, 80)
    index = StructIndex()
    subject = Document(split_surrogates=index.split_surrogates)
    for number, update in enumerate(history.updates):
        index.take_stored(parsed(update), "ada", subject.apply)
        if rng.random() < 0.1:
            state = subject.state()
            assert yjs.state(state) == yjs.state(*history.updates[: number + 1])
            known = {client: rng.randrange(clock + 1) for client, clock in index.clocks.items()}
            vector = state_vector(known)
            assert yjs.state(subject.diff(vector)) == yjs.state(yjs.diff(state, vector))
        if rng.random() < 0.05:
            state = subject.state()
            squashed = squash(state)
            assert yjs.state(squashed) == yjs.state(state)
            assert subject.replace_base(
                state, squashed, MergedState(squashed) if rng.random() < 0.5 else None
            )
    assert subject.has_texts
    assert subject.has_values
    assert subject.texts(["text"])["text"] == yjs.text("text", *history.updates)
    assert yjs.look(subject.state()) == yjs.look(*history.updates)


def test_large_diff_with_values_leaves_out_known_clients() -> None:
    """A large diff omits known clients and sends other clients' structs whole, to save time."""
    doc: pycrdt.Doc[pycrdt.Map[object]] = pycrdt.Doc(client_id=1)
    settings = doc.get("settings", type=pycrdt.Map)
    settings["a"] = "x" * CUT_BYTES
    settings["b"] = 1
    subject = Document()
    subject.apply(parsed(doc.get_update()))
    other: pycrdt.Doc[pycrdt.Map[object]] = pycrdt.Doc(client_id=2)
    other.get("settings", type=pycrdt.Map)["c"] = 2
    subject.apply(parsed(other.get_update()))

    assert parsed(subject.diff(state_vector({1: 2}))).spans == {2: (0, 1)}
    assert parsed(subject.diff(state_vector({1: 1, 2: 1}))).spans == {1: (0, 2)}
    assert subject.diff(state_vector({1: 2, 2: 1})) == EMPTY


def test_first_value_in_a_text_keeps_its_bytes(yjs: Yjs) -> None:
    """A value keeps its bytes in a text whose earlier structs pycrdt has merged."""
    typist, subject = Typist(1), Document()
    for at in range(25):
        subject.apply(parsed(typist.insert(at, "x")))
    subject.defer(keystroke(typist.insert(25, "y")))
    embed = bytes.fromhex("01010900050104" + b"code".hex()) + b"\x0d" + b'{"z":1,"a":2}' + b"\x00"

    subject.apply(parsed(embed))
    subject.defer(keystroke(typist.insert(26, "z")))

    assert subject.has_values
    assert embed[2:-1] in subject.state()
    assert (
        yjs.text("codemirror", subject.state())
        == subject.texts(["codemirror"])["codemirror"]
        == "x" * 25 + "yz"
    )


LINES = 3_000
INDENTED = "".join(f"  line {number}\n" for number in range(LINES))


def indented_from_last_to_first(line: str = "line {}\n") -> tuple[bytes, bytes]:
    """Return a text in one struct, and an update that indents its lines from last to first."""
    text = "".join(line.format(number) for number in range(LINES))
    starts = [0]
    for number in range(LINES - 1):
        starts.append(starts[-1] + len(line.format(number)))
    structs = [
        placed(structure_text("  "), left=(1, start - 1) if start else None, right=(1, start))
        for start in reversed(starts)
    ]
    return update_of(placed(structure_text(text), parent="codemirror")), update_of(
        *structs, client=2
    )


def test_text_with_thousands_of_cuts_is_loaded_again_with_cuts() -> None:
    """A text with thousands of cuts is loaded again with cuts, and later loads are fast."""
    base, update = indented_from_last_to_first()
    ticks = iter(range(10**9))
    subject = Document(cpu_s=lambda: 0.0 if subject._view.needs_cuts else next(ticks) * 0.01)
    subject.apply(parsed(base))

    assert subject.apply(parsed(update))

    assert subject._view.needs_cuts
    assert subject.texts(["codemirror"]) == {"codemirror": INDENTED}
    assert Document(subject.state()).texts(["codemirror"]) == {"codemirror": INDENTED}


def test_large_update_is_integrated_in_slices_and_reports_change() -> None:
    """Known deletions change nothing, even if there are 1,500 of them."""
    base, update = indented_from_last_to_first()
    subject = Document()
    subject.apply(parsed(base))

    assert [subject.apply(parsed(update)) for _ in range(2)] == [True, False]
    deletions = b"\x00" + delete_set(
        [(2, 4 * number, 4 * number + 2) for number in range(LINES // 2)]
    )
    assert [subject.apply(parsed(deletions)) for _ in range(2)] == [True, False]
    assert not subject._view.needs_cuts


@pytest.mark.parametrize("count", [FEW_STRUCTS, 10 * FEW_STRUCTS])
def test_update_that_takes_too_long_does_not_change_the_document(count: int) -> None:
    """A slow update is refused and changes nothing. The test's clock makes its inserts slow."""
    ticks, step_s = iter(range(10**9)), [0.0]
    subject = Document(cpu_s=lambda: next(ticks) * step_s[0])
    structs = [placed(structure_text("x"), right=(1, place)) for place in range(count)]
    subject.apply(parsed(update_of(placed(structure_text("a" * count), parent="codemirror"))))
    before = subject.state()
    step_s[0] = 2 * MAX_WORK_S

    for _ in range(2):
        with pytest.raises(LimitExceeded, match="too long"):
            subject.apply(parsed(update_of(*structs, client=2)))

    assert subject.state() == before
    assert subject.texts(["codemirror"]) == {"codemirror": "a" * count}


def test_view_is_loaded_from_joined_structs_if_many_are_loose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before a load, a view joins structs if many of them could be joined.

    A checkpoint later stores them joined. pycrdt itself would need gigabytes to join them.
    """
    squashed: list[int] = []

    def counting(update: bytes, **options: Any) -> bytes:
        squashed.append(len(update))
        return squash(update, **options)

    monkeypatch.setattr(integration, "squash", counting)
    typist, subject = Typist(1), Document()
    for number in range(integration.MAX_UNJOINED):
        subject.apply(parsed(typist.insert(number, "x")))

    for text, times in (("y", 1), ("z", 2)):
        subject.defer(keystroke(typist.insert(0, text)))
        subject.rest()
        subject.texts(["codemirror"])
        assert subject.texts(["codemirror"]) == {"codemirror": typist.text}
        assert len(squashed) == times

    state = subject.state()
    assert subject.replace_base(state, squash(state))
    subject.rest()
    assert subject.texts(["codemirror"]) == {"codemirror": typist.text}
    assert len(squashed) == times
