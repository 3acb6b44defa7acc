"""Tests of splitting a state into parts.

Each part can be integrated when it arrives, and together the parts are the state.
"""

import random

import pycrdt
import pytest

from crdt.wire.rewriting.splitting import split_update
from crdt.wire.update_parser import parse

PART_SIZES = [1, 60, 300, 2_000, 1 << 20]


def history(seed: int, clients: int, edits: int = 300) -> bytes:
    """Return a state of several users who type, delete, set keys and nest types.

    The users sync from time to time.
    """
    choose = random.Random(seed)
    docs: list[pycrdt.Doc] = [pycrdt.Doc(client_id=1_000 + 7 * number) for number in range(clients)]
    for number in range(edits):
        doc = choose.choice(docs)
        text, items = doc.get("text", type=pycrdt.Text), doc.get("items", type=pycrdt.Array)
        keys = doc.get("keys", type=pycrdt.Map)
        match choose.randrange(8):
            case 0 if len(text) > 5:
                at = choose.randrange(len(text) - 4)
                del text[at : at + 4]
            case 1:
                items.insert(
                    choose.randrange(len(items) + 1),
                    pycrdt.Map({"n": number, "t": pycrdt.Text("inner 😀")}),
                )
            case 2 if len(items):
                del items[choose.randrange(len(items))]
            case 3:
                keys[f"k{choose.randrange(5)}"] = "x" * choose.randrange(50)
            case _:
                text.insert(choose.randrange(len(text) + 1), "abcdefgh"[: choose.randrange(1, 8)])
        if choose.random() < 0.3:
            other = choose.choice(docs)
            other.apply_update(doc.get_update(other.get_state()))
    return pycrdt.merge_updates(*(doc.get_update() for doc in docs))


def contents(*updates: bytes) -> tuple[object, ...]:
    doc: pycrdt.Doc = pycrdt.Doc()
    for update in updates:
        doc.apply_update(update)
    roots = [
        doc.get(name, type=kind)
        for name, kind in (("text", pycrdt.Text), ("items", pycrdt.Array), ("keys", pycrdt.Map))
    ]
    return (
        *(str(root) if isinstance(root, pycrdt.Text) else root.to_py() for root in roots),
        doc.get_state(),
    )


@pytest.mark.parametrize("part_bytes", PART_SIZES)
@pytest.mark.parametrize("clients", [1, 2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_parts_refer_to_nothing_that_comes_later(seed: int, clients: int, part_bytes: int) -> None:
    """A part refers only to its own structs and to earlier parts, and no struct is left out."""
    state = history(seed, clients)
    whole = parse(state)

    known: dict[int, int] = {}
    deleted: list[tuple[int, int, int]] = []
    for part in split_update(state, part_bytes):
        parsed = parse(part.update)
        assert {client: after for client, (_, after) in parsed.spans.items()} == dict(part.clocks)
        for client, (first, after) in parsed.spans.items():
            assert first == known.get(client, 0)
            known[client] = after
        assert {
            client: clock for client, clock in parsed.needs.items() if clock >= known.get(client, 0)
        } == {}
        assert [span for span in parsed.ranges if span[2] > known.get(span[0], 0)] == []
        assert bool(part.deletions) == bool(parsed.ranges)
        if part.deletions:
            assert parse(part.deletions).ranges == parsed.ranges
        deleted += parsed.ranges

    assert known == {client: after for client, (_, after) in whole.spans.items()}
    assert units(deleted) == units(whole.ranges)


def units(ranges: list[tuple[int, int, int]]) -> set[tuple[int, int]]:
    return {(client, clock) for client, start, end in ranges for clock in range(start, end)}


@pytest.mark.parametrize("part_bytes", PART_SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_parts_applied_in_order_make_the_document(seed: int, part_bytes: int) -> None:
    """Parts applied in order give the same texts, arrays, maps and state vector."""
    state = history(seed, 3)

    assert contents(*(part.update for part in split_update(state, part_bytes))) == contents(state)


def test_struct_larger_than_a_part_is_a_part_of_its_own() -> None:
    """Parts have the requested size, except for the last part and single large structs."""
    doc: pycrdt.Doc = pycrdt.Doc()
    pictures = doc.get("pictures", type=pycrdt.Map)
    for number in range(10):
        pictures[f"p{number}"] = bytes(1_000)

    sizes = [len(part.update) for part in split_update(doc.get_update(), 2_500)]

    assert len(sizes) == 4
    assert all(2_500 <= size < 3_700 for size in sizes[:-1])
    assert len(split_update(doc.get_update(), 10)) == 10


@pytest.mark.parametrize("update", [b"\x00\x00", b"\x00\x01\x05\x01\x00\x03"])
def test_update_without_structs_is_one_part_or_none(update: bytes) -> None:
    """Deletions are kept, even if their structs are not in the update."""
    assert b"".join(part.update for part in split_update(update)) in (update, b"")


def test_references_that_nothing_resolves_end_in_one_part() -> None:
    """Two structs that wait for each other end in one part, and cause no endless loop.

    A valid state has no such structs.
    """
    circle = bytes.fromhex("020102008401000161010100840200016200")

    assert [part.update for part in split_update(circle, 1)] == [circle]
