"""Tests of the fast path for keystrokes.

Its result is equal to the slow path's, or it gives none.
"""

import random
from typing import Any

import pycrdt
import pytest

from crdt.document.document import Document
from crdt.document.traits import inspect
from crdt.errors import ProtocolError
from crdt.structs import fast_path
from crdt.structs.admission import check_update
from crdt.structs.fast_path import SimpleEdit
from crdt.structs.struct_index import StructIndex
from crdt.wire import y_protocol
from crdt.wire.content import STORED_LIMITS
from crdt.wire.lib0 import write_var_uint
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from tests.crdt.harness import Typist
from tests.crdt.senseless import senseless
from tests.crdt.struct_bytes import admit

OWN = pack_id(3_000_000_000, 0)


def taken(index: StructIndex, update: bytes, author: str = "ada") -> None:
    """Take an update on the slow path."""
    parsed = admit(index, update, author)
    assert parsed
    index.take_stored(parsed, author)


def frame_of(update: bytes) -> bytes:
    return y_protocol.sync_update(update)


def index_after(*updates: bytes, author: str = "ada") -> StructIndex:
    index = StructIndex()
    for update in updates:
        taken(index, update, author)
    return index


def test_fast_path_recognizes_typing_and_deleting() -> None:
    """The edits that an editor sends while a user types are recognized."""
    typist = Typist(3_000_000_000)
    index = index_after(typist.insert(0, "ab"))

    insert = typist.insert(1, "xyz")
    assert fast_path.read(frame_of(insert), index, "ada") == SimpleEdit(
        3_000_000_000, 2, 5, insert, text=b"xyz", left=OWN, right=OWN + 1
    )
    taken(index, insert)
    at_end = typist.insert(5, "!")
    assert fast_path.read(frame_of(at_end), index, "ada") == SimpleEdit(
        3_000_000_000, 5, 6, at_end, text=b"!", left=OWN + 1
    )
    taken(index, at_end)
    at_start = typist.insert(0, "?")
    assert fast_path.read(frame_of(at_start), index, "ada") == SimpleEdit(
        3_000_000_000, 6, 7, at_start, text=b"?", right=OWN
    )
    taken(index, at_start)
    over = typist.replace(1, 2, "over")
    assert fast_path.read(frame_of(over), index, "ada") == SimpleEdit(
        3_000_000_000, 7, 11, over, left=OWN, right=OWN + 2
    )
    taken(index, over)
    delete = typist.delete(1, 2)
    assert fast_path.read(frame_of(delete), index, "ada") == SimpleEdit(3_000_000_000, 0, 0, delete)


@pytest.mark.parametrize("seed", range(20))
def test_fast_path_accepts_only_updates_that_slow_path_accepts(seed: int) -> None:
    """If the fast path accepts an update, the slow path leaves the same tables.

    Two users type, with some emoji. Each update is tried unchanged and with a changed
    byte.
    """
    source = random.Random(seed)
    typists = [Typist(5), Typist(1 << 31)]
    index, yes = StructIndex(), 0
    for _ in range(300):
        number = source.randrange(2)
        typist, author = typists[number], ("ada", "bob")[number]
        size = len(typist.text.encode())
        is_plain = typist.text.isascii()
        if size and is_plain and source.random() < 0.2:
            at = source.randrange(size)
            update = typist.replace(at, min(size, at + source.randint(1, 3)), "z")
        elif size and is_plain and source.random() < 0.3:
            at = source.randrange(size)
            update = typist.delete(at, min(size, at + source.randint(1, 3)))
        else:
            at = source.randint(0, size) if is_plain else size
            update = typist.insert(
                at, source.choice(["a", "bc", "\n", "0123456789" * 12, "é", "😀"])
            )
        for mutant in (bytearray(update), bytearray(update)):
            mutant[source.randrange(len(mutant))] = source.randrange(256)
            same_or_none(bytes(mutant), index, author)
        yes += same_or_none(update, index, author)
        taken(index, update, author)
        typists[1 - number].hear(update)
    assert yes > 50


def same_or_none(update: bytes, index: StructIndex, author: str) -> bool:
    edit = fast_path.read(frame_of(update), index, author)
    if edit is None:
        return False
    typed = SimpleEdit(*edit)
    parsed = parse(update)
    admitted = check_update(index, parsed, author, index.foreign(parsed, author), lambda: b"")
    assert admitted.parsed is parsed
    cuts = set(parsed.splits)
    for client, start, end in parsed.ranges:
        cuts |= {client << 31 | start, client << 31 | end}
    assert not any(index.cuts(cut) for cut in cuts)
    if typed.after and not index.parents.is_single:
        assert parsed.placement is not None
        assert parsed.placement.parents == {typed.client: [(typed.first, typed.parent)]}
    else:
        assert typed.parent is None
    if typed.after:
        assert parsed.spans == {typed.client: (typed.first, typed.after)}
        assert parsed.contents.text_bytes == typed.after - typed.first
        assert len(parsed.ranges) <= 1
    else:
        assert not parsed.spans
        assert len(parsed.ranges) == 1
    assert not parsed.contents.roots
    return True


@pytest.mark.parametrize(
    "change",
    [
        "another user",
        "a gap before",
        "an unknown origin",
        "a frame of another length",
        "a clock out of range",
        "behind and before the same",
        "between two texts",
    ],
)
def test_fast_path_leaves_other_updates_to_slow_path(change: str) -> None:
    """The fast path refuses nothing, and never accepts an update that would be refused."""
    typist = Typist(7)
    first, second = typist.insert(0, "ab"), typist.insert(1, "x")
    index, author, frame = index_after(first), "ada", frame_of(second)
    if change == "another user":
        author = "bob"
    elif change == "a gap before":
        frame = frame_of(typist.insert(2, "y"))
    elif change == "an unknown origin":
        index.clocks[7] = 2
        frame = frame_of(b"\x01\x01\x07\x02\x84\x09\x00\x01x\x00")
    elif change == "behind and before the same":
        frame = frame_of(b"\x01\x01\x07\x02\xc4\x07\x00\x07\x00\x01x\x00")
    elif change == "between two texts":
        taken(index, b"\x01\x01\x09\x00\x04\x01\x04text\x02zz\x00")
        frame = frame_of(b"\x01\x01\x07\x02\xc4\x07\x01\x09\x00\x01x\x00")
    elif change == "a frame of another length":
        frame = frame[:2] + bytes((frame[2] + 1,)) + frame[3:]
    else:
        index.clocks[7] = (1 << 31) - 2
        frame = frame_of(b"\x01\x01\x07" + write_var_uint((1 << 31) - 2) + b"\x84\x07\x00\x01x\x00")

    assert fast_path.read(frame, index, author) is None
    if change in ("another user", "a gap before", "an unknown origin"):
        assert admit(index, frame[3:], author) is None
    elif change == "behind and before the same":  # undo makes such structs
        taken(index, frame[3:], author)
    elif change != "a frame of another length":
        with pytest.raises(ProtocolError):
            taken(index, frame[3:], author)


@pytest.mark.parametrize("kind", ["nested", "collected", "subdocument"])
def test_fast_path_does_not_apply_next_to_nested_types(kind: str) -> None:
    """In a document with shared types inside others, every update takes the slow path.

    On the slow path, pycrdt integrates each update immediately.
    """
    typist = Typist(7)
    index, second = index_after(typist.insert(0, "ab")), typist.insert(1, "x")
    assert fast_path.read(frame_of(second), index, "ada")
    other: pycrdt.Doc[Any] = pycrdt.Doc(client_id=8)
    if kind == "subdocument":
        other.get("map", type=pycrdt.Map)["key"] = pycrdt.Doc()
    elif kind == "nested":
        other.get("array", type=pycrdt.Array).append(pycrdt.Text("inside"))
    taken(index, b"\x01\x01\x08\x00\x00\x03\x00" if kind == "collected" else other.get_update())
    assert fast_path.read(frame_of(second), index, "ada") is None


@pytest.mark.parametrize("seed", range(8))
def test_fast_path_accepts_only_updates_that_pycrdt_integrates(seed: int) -> None:
    """The fast path accepts only edits that pycrdt integrates, even in senseless sequences.

    The texts are in several roots, with formats and deletions.
    """
    source = random.Random(seed)
    for _ in range(60):
        author: pycrdt.Doc[Any] = pycrdt.Doc(client_id=1)
        text, other = (
            author.get("text", type=pycrdt.Text),
            author.get("codemirror", type=pycrdt.Text),
        )
        text.insert(0, "hello world")
        other.insert(0, "abc")
        author.get("array", type=pycrdt.Array).append(7)
        del text[2:5]
        text.format(0, 3, {"bold": True})
        first = (
            b"\x01\x01" + bytes((client,)) + b"\x00\x04\x01\x04text\x02zz\x00" for client in (2, 3)
        )
        index, document = StructIndex(), Document()
        for update in (bytes(author.get_update()), *first):
            taken(index, update)
            document.apply(parse(update, STORED_LIMITS))
        for _ in range(source.randint(1, 40)):
            update = senseless(source, index)
            keystroke = fast_path.read(frame_of(update), index, "ada")
            if keystroke:
                assert same_or_none(update, index, "ada")
                document.defer(keystroke)
                taken(index, update)
            if source.random() < 0.2:
                document.texts(["text", "codemirror"])
        assert document.has_texts
        assert inspect(
            document.state(), parse(document.state()).contents.kinds, None, cpu_s=float
        ).is_readable
