"""Tests of struct parents, which keep the place of each struct."""

import random
from typing import Any

import pycrdt
import pytest

from crdt.errors import Rejected
from crdt.structs.admission import MAX_FOLLOWERS
from crdt.structs.struct_index import StructIndex
from crdt.wire.content import GC
from crdt.wire.parsed_update import GONE
from crdt.wire.rewriting.slices import count_structs
from crdt.wire.struct_id import pack_id
from crdt.wire.struct_reader import Parent
from crdt.wire.update_parser import parse, read
from tests.crdt.harness import Typist
from tests.crdt.struct_bytes import admit, placed, text, update_of, value
from tests.fuzz.structure import Section, Struct, Update, shared_type

BASE = update_of(
    placed(text("ab"), parent="text"),
    placed(text("cd"), parent="other"),
    placed(shared_type(1), parent="map", key="inner"),
    placed(value(), parent=(1, 4), key="k"),
    placed(text("ef"), parent="map"),
    Struct(GC, 2, b"\x02"),
)
"""Ten clocks of client 1.

0-1    in a text
2-3    in another text
4      a map under a key of a map
5      under a key of that inner map
6-7    text
8-9    gone
"""


def take(index: StructIndex, update: bytes) -> None:
    parsed = admit(index, update, "ada", accepts_foreign=True)
    assert parsed
    index.take_stored(parsed, "ada")


@pytest.fixture
def index() -> StructIndex:
    index = StructIndex()
    take(index, BASE)
    return index


def place(index: StructIndex, client: int, clock: int) -> Parent:
    return index.parents.at(pack_id(client, clock))


def test_struct_parents_of_document_are_run_type_or_key(index: StructIndex) -> None:
    """Each struct of a run has the place of the run.

    A nested struct lies in its type, and an entry lies under its key.
    """
    places = [place(index, 1, clock) for clock in range(10)]

    inner = pack_id(1, 4)
    assert places == [
        ("text", None), ("text", None), ("other", None), ("other", None), ("map", "inner"),
        (inner, "k"),
        ("map", None), ("map", None), GONE, GONE,
    ]  # fmt: skip


def test_documents_do_not_share_a_changed_table() -> None:
    """Documents with one text share an empty table.

    A document gets its own when a struct is elsewhere.
    """
    mixed, plain = StructIndex(), StructIndex()
    for index in (mixed, plain, StructIndex()):
        admit(index, update_of(placed(text("a"), parent="t")))
    mixed.take_stored(
        parse(update_of(placed(value(), parent="m", key="k"), placed(text("a"), parent="t"))), "ada"
    )

    assert not mixed.parents.is_single
    assert plain.parents.is_single
    assert StructIndex().parents.is_single


def test_place_found_in_an_empty_document_stays_right_after_another_root() -> None:
    """The places of a large update are found before the update is applied.

    Places that were found in an empty document stay right if another root is added meanwhile.
    """
    index = StructIndex()
    large = admit(index, update_of(placed(text("ab"), parent="t"), client=5))
    other = admit(index, update_of(placed(text("cd"), parent="u"), client=6))
    assert large
    assert other

    index.take_stored(other, "ada")
    index.take_stored(large, "ada")

    assert (place(index, 5, 0), place(index, 6, 1)) == (("t", None), ("u", None))
    with pytest.raises(Rejected, match="different parents"):
        admit(index, update_of(placed(text("x"), left=(5, 0), right=(6, 0)), client=7))


def test_struct_between_neighbours_has_their_parent(index: StructIndex) -> None:
    """A struct gets its neighbour's parent, even from a later section of the same update."""
    behind = Section(
        2, 0, [placed(text("x"), left=(3, 0)), placed(text("y"), left=(2, 0), right=(3, 1))]
    )
    before = Section(3, 0, [placed(text("pq"), right=(1, 3)), placed(text("r"), left=(1, 8))])

    take(index, Update([behind, before]).encode())

    assert [place(index, 2, clock) for clock in range(2)] == [("other", None)] * 2
    assert [place(index, 3, clock) for clock in range(3)] == [("other", None)] * 2 + [GONE]


BETWEEN = {
    "two texts": placed(text("x"), left=(1, 1), right=(1, 2)),
    "a text and a key": placed(text("x"), left=(1, 1), right=(1, 4)),
    "a list and a key of the same": placed(value(), left=(1, 7), right=(1, 4)),
    "keys of different maps": placed(value(), left=(1, 4), right=(1, 5)),
}


@pytest.mark.parametrize("where", BETWEEN)
def test_struct_between_neighbours_of_different_parents_is_refused(
    index: StructIndex, where: str
) -> None:
    """A struct between different parents is refused, alone or as a part of a run."""
    with pytest.raises(Rejected, match="different parents"):
        take(index, update_of(BETWEEN[where], client=2))
    left = BETWEEN[where].left
    run = update_of(
        placed(text("a"), left=left),
        placed(text("b"), left=(2, 0), right=BETWEEN[where].right),
        client=2,
    )
    if left in ((1, 1), (1, 7)):
        with pytest.raises(Rejected, match="different parents"):
            take(index, run)


def test_struct_under_key_inherits_key_from_neighbour(index: StructIndex) -> None:
    """A struct gets the key of its left or right neighbour."""
    for struct in (
        placed(text("x"), left=(1, 5)),
        placed(text("x"), right=(1, 5)),
    ):
        with pytest.raises(Rejected, match="text under a map key"):
            take(index, update_of(struct, client=2))
    take(index, update_of(placed(value(), left=(1, 5)), client=2))
    assert place(index, 2, 0) == place(index, 1, 5)


def test_values_under_one_key_are_split_into_structs(index: StructIndex) -> None:
    """Each value under a key becomes a struct, whether the key is its own or its neighbour's.

    Yjs itself joins the values that it keeps for undo.
    """
    named = update_of(
        placed(value(3), parent="settings", key="k"), placed(value(), left=(2, 2)), client=2
    )
    behind = update_of(
        placed(value(2), left=(1, 5), right=None), placed(value(2), parent="list"), client=3
    )

    for update, apart in ((named, 4), (behind, 3)):
        parsed = admit(index, update, "ada", accepts_foreign=True)
        assert parsed
        again = parse(parsed.update)
        assert again.spans == parse(update).spans
        assert count_structs(again) == apart
        assert parsed.placement
        assert not parsed.placement.multi_value_entries
        ours: pycrdt.Doc[Any] = pycrdt.Doc()
        theirs: pycrdt.Doc[Any] = pycrdt.Doc()
        for doc, brought in ((ours, parsed.update), (theirs, update)):
            doc.apply_update(BASE)
            doc.apply_update(brought)
        assert (
            ours.get("settings", type=pycrdt.Map).to_py()
            == theirs.get("settings", type=pycrdt.Map).to_py()
        )
        assert (
            ours.get("list", type=pycrdt.Array).to_py()
            == theirs.get("list", type=pycrdt.Array).to_py()
        )
        index.take_stored(parsed, "ada")


def test_values_sent_one_by_one_are_joined() -> None:
    """Values are joined even if only the document knows that they lie in a sequence."""
    structs = [
        placed(value(), left=(2, clock - 1)) if clock else placed(value(), parent="l")
        for clock in range(3_000)
    ]
    joined = read(update_of(*structs, client=2))
    assert count_structs(joined) == 1
    assert joined.spans == {2: (0, 3_000)}

    index = StructIndex()
    take(index, update_of(placed(value(), parent="l"), placed(value(), parent="m", key="k")))
    for behind, count in ((0, 1), (1, MAX_FOLLOWERS + 2)):
        structs[0].parent = None
        structs[0].left = (1, behind)
        parsed = admit(index, update_of(*structs[: MAX_FOLLOWERS + 2], client=2))
        assert parsed
        assert (count_structs(parsed), parsed.spans) == (count, {2: (0, MAX_FOLLOWERS + 2)})


def test_letters_sent_one_by_one_are_joined() -> None:
    """Many single letters are joined, and their clocks stay the same."""
    structs = [
        placed(text("x"), left=(2, clock - 1)) if clock else placed(text("x"), parent="t")
        for clock in range(1_002)
    ]
    update = update_of(*structs, client=2)

    assert read(update_of(*structs[:-1], client=2)).update == update_of(*structs[:-1], client=2)
    parsed = read(update)
    assert len(parsed.update) < 1_100
    assert parsed.spans == {2: (0, 1_002)}


def test_repeated_sets_of_one_key_are_neither_joined_nor_refused() -> None:
    """2,000 values of one key are neither joined nor refused."""
    structs = [
        placed(value(), left=(2, clock - 1)) if clock else placed(value(), parent="m", key="k")
        for clock in range(2_000)
    ]
    index = StructIndex()
    take(index, update_of(*structs, client=2))
    assert place(index, 2, 1_999) == ("m", "k")


@pytest.mark.parametrize("seed", range(10))
def test_edits_of_real_editors_always_have_a_parent(seed: int) -> None:
    """Each edit of two real editors is taken, and each struct lies where it was put.

    The editors share three texts and a map.
    """
    source = random.Random(seed)
    docs = [Typist(number).doc for number in (5, 6)]
    roots = [
        [doc.get(root, type=pycrdt.Text) for root in ("codemirror", "notes", "main.py")]
        for doc in docs
    ]
    maps = [doc.get("settings", type=pycrdt.Map) for doc in docs]
    index = StructIndex()
    for _ in range(200):
        number = source.randrange(2)
        before = docs[number].get_state()
        if source.random() < 0.2:
            maps[number][source.choice("abc")] = source.random()
        else:
            shared = source.choice(roots[number])
            shared.insert(source.randint(0, len(str(shared))), source.choice(("x", "yz")))
            if len(str(shared)) > 3 and source.random() < 0.3:
                del shared[1:3]
        update = docs[number].get_update(before)
        parsed = admit(index, update, str(number), accepts_foreign=False)
        assert parsed
        index.take_stored(parsed, str(number))
        docs[1 - number].apply_update(update)

    whole = StructIndex()
    take(whole, docs[0].get_update())
    for client, after in index.clocks.items():
        assert [place(index, client, clock) for clock in range(after)] == [
            place(whole, client, clock) for clock in range(after)
        ]
