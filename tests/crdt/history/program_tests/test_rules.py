"""Tests of the rules for tests of programs."""

import asyncio
from typing import Any

import pytest

from crdt.history.program_tests import rules
from crdt.history.program_tests.rules import ProgramTests
from crdt.history.redaction import RedactedRows
from crdt.limits import LimitCounters
from storage.errors import LimitReached, NotFound, QuotaReached, RowDamaged
from storage.program_tests.records import Kind, Wanted
from storage.records import Member, Role, Session
from tests.crdt.world import World
from tests.narrowing import required
from tests.storage.rows import member, program_test

OWNER = member("u-ada", "one", role=Role.OWNER)
EDITOR = member("u-bob", "one", role=Role.EDITOR)


async def opened(world: World) -> Session:
    await world.session()
    return required(await world.store.session("one"))


async def fill(world: World, session: Session) -> None:
    """Add an open test between two hidden ones."""
    for name, is_hidden in (("a", True), ("b", False), ("c", True)):
        await world.program_tests.add(session, program_test(name, "one", is_hidden=is_hidden))


async def names(world: World, reader: Member) -> list[str]:
    tests = await world.program_tests.seen_by(reader)
    return [required(test.wanted).name for test in tests]


async def test_only_staff_sees_hidden_tests(world: World) -> None:
    await fill(world, await opened(world))

    assert await names(world, OWNER) == ["a", "b", "c"]
    assert await names(world, EDITOR) == ["b"]
    assert (await world.program_tests.one(OWNER, "t-a")).is_hidden


async def test_hidden_tests_are_not_even_read_for_others(world: World) -> None:
    """Otherwise an answer would take longer with hidden tests, and waste work for every reader."""
    session = await opened(world)
    await fill(world, session)
    world.store.options.clear()
    tests = world.program_tests

    await tests.seen_by(EDITOR)
    await tests.change(session, EDITOR, "t-b", {"name": "new"})
    await tests.order(EDITOR, ["t-b"])
    await tests.add(session, program_test("d", "one"))
    await tests.delete(EDITOR, "t-d")

    options = world.store.options["program_tests"]
    assert options == [{"with_hidden": False}] * 6
    assert await names(world, OWNER) == ["a", "new", "c"]


async def test_hidden_test_is_not_found_by_others(world: World) -> None:
    session = await opened(world)
    await fill(world, session)
    tests = world.program_tests

    with pytest.raises(NotFound):
        await tests.one(EDITOR, "t-a")
    with pytest.raises(NotFound):
        await tests.change(session, EDITOR, "t-a", {"name": "x"})
    with pytest.raises(NotFound):
        await tests.delete(EDITOR, "t-a")
    with pytest.raises(NotFound):
        await tests.order(EDITOR, ["t-b", "t-a"])

    assert await names(world, OWNER) == ["a", "b", "c"]


async def test_order_moves_only_named_tests(world: World) -> None:
    await fill(world, await opened(world))

    moved = await world.program_tests.order(OWNER, ["t-c", "t-a"])

    assert await names(world, OWNER) == ["c", "b", "a"]
    assert sorted(test.id for test in moved) == ["t-a", "t-c"]
    assert await world.program_tests.order(OWNER, ["t-c", "t-a"]) == []


async def test_damaged_test_can_be_written_again(world: World) -> None:
    session = await opened(world)
    await world.program_tests.add(session, program_test("a", "one", wanted=None))

    changes: dict[str, Any] = {"kind": Kind.CASE, "name": "new"}
    _, after = await world.program_tests.change(session, OWNER, "t-a", changes)

    assert after.wanted == Wanted(Kind.CASE, "new", "")
    assert await names(world, OWNER) == ["new"]


async def test_damaged_test_can_be_hidden_but_not_changed_in_part(world: World) -> None:
    session = await opened(world)
    await world.program_tests.add(session, program_test("a", "one", wanted=None))

    with pytest.raises(RowDamaged):
        await world.program_tests.change(session, OWNER, "t-a", {"name": "new"})
    _, after = await world.program_tests.change(session, OWNER, "t-a", {"is_hidden": True})

    assert (after.is_hidden, after.wanted) == (True, None)
    assert await world.program_tests.seen_by(EDITOR) == []


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (["t-b", "t-a", "t-c"], ["t-a"]),
        (["t-a", "t-c", "t-b"], ["t-c"]),
        (["t-d", "t-b"], ["t-b", "t-d"]),
        (["t-d", "t-a", "t-b", "t-c"], ["t-a", "t-b", "t-c", "t-d"]),
    ],
)
async def test_move_of_hidden_tests_does_not_count_as_change_of_open_tests(
    world: World, order: list[str], told: list[str]
) -> None:
    session = await opened(world)
    await fill(world, session)
    await world.program_tests.add(session, program_test("d", "one"))

    moved = await world.program_tests.order(OWNER, order)

    assert sorted(test.id for test in moved) == told


async def test_redaction_and_change_of_a_test_do_not_undo_each_other(world: World) -> None:
    """A test that is hidden while it loses a text stays hidden, and stays without the text."""
    session = await opened(world)
    labels = [f"secret {number:02}" for number in range(20)]
    for label in labels:
        await world.program_tests.add(session, program_test(label, "one"))

    # The redaction begins with the first test, and the changes with the last one. So they would
    # meet if they were made at the same time.
    await asyncio.gather(
        world.program_tests.redact("one", "secret", RedactedRows()),
        *(
            world.program_tests.change(session, OWNER, f"t-{label}", {"is_hidden": True})
            for label in reversed(labels)
        ),
    )

    tests = await world.store.program_tests("one")
    assert all(test.is_hidden for test in tests)
    assert not any("secret" in required(test.wanted).name for test in tests)


async def test_limit_counts_open_and_hidden_tests_apart(world: World) -> None:
    """Concurrent calls cannot pass the limit, nor can a hidden test that becomes open."""
    session, counters = await opened(world), LimitCounters()
    tests = ProgramTests(world.store, world.rooms.storage_quota, counters, 2)

    calls = [tests.add(session, program_test(f"{number}", "one")) for number in range(4)]
    ends = await asyncio.gather(*calls, return_exceptions=True)
    for number in range(2):
        await tests.add(session, program_test(f"h{number}", "one", is_hidden=True))

    assert [isinstance(end, LimitReached) for end in ends].count(True) == 2
    with pytest.raises(LimitReached):
        await tests.change(session, OWNER, "t-h0", {"is_hidden": False})
    assert dict(counters) == {"tests": 3}
    await tests.change(session, OWNER, "t-h0", {"name": "changed"})


async def test_bytes_of_all_tests_have_a_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_TESTS_BYTES", 50)
    session = await opened(world)
    await world.program_tests.add(session, program_test("a" * 30, "one"))

    with pytest.raises(LimitReached, match="50 bytes"):
        await world.program_tests.add(session, program_test("b" * 30, "one"))


async def test_test_of_owner_without_storage_is_refused(world: World) -> None:
    session = await opened(world)
    world.rooms.storage_quota.max_bytes = 0

    with pytest.raises(QuotaReached):
        await world.program_tests.add(session, program_test("a", "one"))
