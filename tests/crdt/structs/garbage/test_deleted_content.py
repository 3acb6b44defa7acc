"""Tests of removing deleted content from a state.

Nobody may see a difference between the two states, so the tests compare them with real Yjs.
"""

import random

import pytest

from crdt.document.document import Document
from crdt.reading.documents import read_documents
from crdt.structs.garbage.deleted_content import collect
from crdt.wire import raw_merge
from crdt.wire.compact import squash
from crdt.wire.content import ANY, STORED_LIMITS
from crdt.wire.lib0 import write_var_bytes
from crdt.wire.update_parser import parse
from harness.typist import Typist
from tests.crdt.struct_bytes import deleted, placed, text, value
from tests.fuzz.structure import Section, Struct, Update, shared_type
from tests.yjs import Yjs

_ARRAY, _XML_ELEMENT = 0, 3


def collected(*updates: bytes) -> bytes:
    state = squash(raw_merge.merge(updates))
    return collect(state, parse(state, STORED_LIMITS))[0]


@pytest.mark.parametrize("seed", range(24))
def test_collected_state_is_the_same_document_for_all_peers(yjs: Yjs, seed: int) -> None:
    """Real Yjs sees no difference between a state and its collected state.

    This holds for newcomers, for peers with and without gc that undo, for later
    updates, and for a second collection.
    """
    history = yjs.history(seed, 3, 60, only_whole_characters=True)
    half = len(history.updates) // 2
    early, late = history.updates[:half], history.updates[half:]
    shown = yjs.look(*history.updates)
    first = collected(*early)
    second = collected(first, *late)

    assert yjs.look(first) == yjs.look(*early)
    assert yjs.look(first, *late) == shown
    assert yjs.look(second) == shown
    for state in history.states:
        assert yjs.look(second, state) == yjs.look(state, second) == shown
    merged = parse(raw_merge.merge(history.updates), STORED_LIMITS)
    assert parse(second, STORED_LIMITS).spans == merged.spans
    assert sorted(parse(second, STORED_LIMITS).ranges) == sorted(merged.ranges)


@pytest.mark.parametrize("seed", range(8))
def test_collected_state_is_smaller_than_that_of_yjs(yjs: Yjs, seed: int) -> None:
    """A collected state is smaller than the state of Yjs for clients with `gc: true`."""
    history = yjs.history(seed, 3, 200)

    assert len(collected(*history.updates)) < len(yjs.state(*history.updates))


@pytest.mark.parametrize("seed", range(8))
def test_collected_text_with_later_edits_equals_the_original(seed: int) -> None:
    """A collected text shows the same text in pycrdt as the original, also after later edits.

    Three users write, delete much, and receive each other's edits late.
    """
    rng = random.Random(seed)
    typists = [Typist(number) for number in (1, 2, 3)]
    sent: list[bytes] = []
    heard = [0, 0, 0]
    for turn in range(120):
        number = rng.randrange(3)
        typist = typists[number]
        if rng.random() < 0.3:
            for update in sent[heard[number] :]:
                typist.hear(update)
            heard[number] = len(sent)
        size = len(typist.text)
        if size > 30 and rng.random() < 0.4:
            start = rng.randrange(size - 28)
            sent.append(typist.delete(start, start + rng.randint(1, 28)))
        else:
            sent.append(typist.insert(rng.randint(0, size), "x" * rng.randint(1, 60)))
        if turn % 40 == 39:
            state = collected(*sent)
            original = Document(squash(raw_merge.merge(sent)))
            assert Document(state).texts(["codemirror"]) == original.texts(["codemirror"])
            sent[:] = [state]
            heard = [0, 0, 0]


def test_collected_typing_and_deleting_is_one_struct() -> None:
    """99,000 deleted characters take less than fifty bytes."""
    structs = [
        placed(text("x" * 1_000), left=(1, 1_000 * at - 1) if at else None, parent="t")
        for at in range(100)
    ]
    state = Update([Section(1, 0, structs)], [(1, 0, 99_000)]).encode()

    small, parsed = collect(state, parse(state))

    assert len(small) < 1_000 + 50
    assert parsed.spans == {1: (0, 100_000)}
    assert Document(small).texts(["t"]) == {"t": "x" * 1_000}


def test_collect_keeps_deleted_letters_whose_removal_costs_more() -> None:
    """A few deleted letters stay, because cutting the run of text would enlarge the state."""
    state = Update([Section(1, 0, [placed(text("x" * 100), parent="t")])], [(1, 40, 5)]).encode()

    assert collect(state, parse(state))[0] == state


def test_collect_keeps_a_little_deleted_content() -> None:
    """A little deleted content stays, because snapshots of clients with `gc: false` need it."""
    state = Update([Section(1, 0, [placed(text("x" * 1_000), parent="t")])], [(1, 0, 900)]).encode()
    parsed = parse(state)

    assert collect(state, parsed, kept_bytes=900) == (state, parsed)
    assert len(collect(state, parsed, kept_bytes=800)[0]) < 150


@pytest.mark.parametrize(
    ("content", "trace"),
    [
        (text("a note " * 10), text("a")),
        (value(100), value(1)),
        (shared_type(_XML_ELEMENT), shared_type(_XML_ELEMENT)),
    ],
)
def test_collect_leaves_a_trace_of_each_root(content, trace) -> None:
    """A trace of each root stays, because only its content shows if it is a text, a list or XML."""
    others = [placed(text("x" * 100), parent="two"), placed(text("living"), parent="two")]
    state = Update(
        [Section(1, 0, [placed(content, parent="one"), *others])], [(1, 0, content.length + 100)]
    ).encode()

    small, _ = collect(state, parse(state))

    rest = [placed(deleted(content.length - 1), left=(1, 0))] if content.length > 1 else []
    structs = [placed(trace, parent="one"), *rest, placed(deleted(100), parent="two"), others[1]]
    assert small == Update([Section(1, 0, structs)], [(1, 0, content.length + 100)]).encode()


def test_collect_of_text_root_leaves_one_letter() -> None:
    """A room that is restored from a collected state still knows that an empty root is a text."""
    structs = [
        placed(text("a long note " * 10), parent="one"),
        placed(text("living"), parent="two"),
    ]
    state = Update([Section(1, 0, structs)], [(1, 0, 120)]).encode()

    small, parsed = collect(state, parse(state))

    assert len(small) < 50
    assert parsed.ranges == [(1, 0, 120)]
    assert Document(small).texts(["one", "two"]) == {"one": "", "two": "living"}


def test_collect_of_deleted_list_leaves_lengths_only() -> None:
    """Content in a deleted type becomes garbage, and the type itself becomes deleted content."""
    structs = [
        placed(shared_type(_ARRAY), parent="tree", key="list"),
        placed(value(100), parent=(1, 0)),
        placed(shared_type(_ARRAY), parent="tree", key="other"),
    ]
    state = Update([Section(1, 0, structs)], [(1, 0, 1)]).encode()

    small, parsed = collect(state, parse(state))

    assert len(small) < 60
    assert [kind for *_, kind in parsed.parent_changes] == [1, 0, 7]


def test_collect_removes_hidden_values_of_a_key(yjs: Yjs) -> None:
    """If clients set one key at the same time, the values that nobody can see are removed."""
    big = Struct(ANY, 1, b"\x01\x77" + write_var_bytes(b"x" * 500))
    sections = [Section(client, 0, [placed(big, parent="map", key="k1")]) for client in (1, 2, 3)]
    state = Update(sections).encode()

    small, _ = collect(state, parse(state))

    assert len(state) > 1_500
    assert len(small) < 600
    assert yjs.look(small) == yjs.look(state)


def test_collect_keeps_a_trace_of_the_type_of_a_list() -> None:
    """A list of values and elements stays a list, not XML, after its values are deleted."""
    structs = [placed(value(100), parent="one"), placed(shared_type(_XML_ELEMENT), parent="one")]
    state = Update([Section(1, 0, structs)], [(1, 0, 100)]).encode()

    small, _ = collect(state, parse(state))

    assert len(small) < len(state) - 80
    assert read_documents(small) == read_documents(state)


@pytest.mark.parametrize("seed", range(12))
def test_collected_documents_are_read_as_before(yjs: Yjs, seed: int) -> None:
    """Versions, exports and requests read the same documents, with the same kinds of roots."""
    history = yjs.history(seed, 3, 12, only_whole_characters=True)
    state = squash(raw_merge.merge(history.updates))

    assert read_documents(collected(state)) == read_documents(state)
