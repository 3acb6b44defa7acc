"""Tests of the rules for runs."""

from typing import Any

import pytest

from crdt.errors import OutputTooLarge, RunForbidden
from crdt.history import runs
from crdt.history.runs import MAX_OUTPUT_BYTES, MAX_STDIN_BYTES, check_size, may_run
from storage.errors import QuotaReached
from storage.records import Role, Session
from storage.runs.records import Run, Runners
from tests.crdt.harness import Typist, join, send
from tests.crdt.world import World, all_saved
from tests.narrowing import required
from tests.storage.rows import report, run


async def opened(world: World) -> Session:
    await world.session()
    return required(await world.store.session("one"))


async def add(world: World, session: Session, sequence: int | None = None, **fields: Any) -> Run:
    return await world.runs.add(session, run(session_id="one", **fields), sequence)


@pytest.mark.parametrize(
    ("runners", "allowed"),
    [
        (Runners.NOBODY, []),
        (Runners.EDITORS, [Role.OWNER, Role.EDITOR]),
        (Runners.ALL, [Role.OWNER, Role.EDITOR, Role.VIEWER]),
    ],
)
def test_rule_of_session_says_which_roles_may_run(runners: Runners, allowed: list[Role]) -> None:
    assert [role for role in Role if may_run(runners, role)] == allowed


async def test_member_who_may_not_run_is_refused(world: World) -> None:
    session = await opened(world)

    world.runs.check_allowed(session, Role.EDITOR)
    with pytest.raises(RunForbidden) as caught:
        world.runs.check_allowed(session, Role.VIEWER)

    assert caught.value.runners == "editors"


async def test_position_of_a_run_is_at_most_the_present_position(world: World) -> None:
    """An earlier position is kept. A position in the future becomes the present position."""
    session = await opened(world)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "a"))
        send(room, ada, Typist(6).insert(0, "b"))
        positions = [
            (await add(world, session, sequence, id=f"r{sequence}")).sequence
            for sequence in (None, 0, 1, 2, 3, 1 << 53)
        ]

    assert positions == [2, 0, 1, 2, 2, 2]


async def test_position_of_closed_session_is_read_from_the_store(world: World) -> None:
    session = await opened(world)
    empty = await add(world, session)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "a"))
        await all_saved(room)
    again = await world.restarted()

    late = await add(again, session, 9, id="late")

    assert again.rooms.find("one") is None
    assert (empty.sequence, late.sequence) == (0, 1)
    await again.rooms.drain(5)


async def test_run_of_owner_without_storage_is_refused(make_world) -> None:
    world = make_world(user_bytes=1)
    session = await opened(world)
    await add(world, session)

    with pytest.raises(QuotaReached) as caught:
        await add(world, session, id="second")

    assert caught.value.setting == "user_bytes"


async def test_session_keeps_its_newest_runs(make_world) -> None:
    world = make_world(runs=2)
    session = await opened(world)

    for number in range(4):
        await add(world, session, id=f"r{number}")

    listed, has_more = await world.runs.page("one", None, 10)
    assert ([run.number for run in listed], has_more) == ([4, 3], False)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"stdin": "é" * (MAX_STDIN_BYTES // 2) + "x"}, "stdin"),
        ({"stdout": "x" * MAX_OUTPUT_BYTES, "stderr": "x"}, "stdout"),
        ({"stdout": "x", "stderr": "é" * (MAX_OUTPUT_BYTES // 2)}, "stderr"),
    ],
)
def test_too_large_report_names_the_field(fields: dict[str, str], field: str) -> None:
    """Sizes are bytes of UTF-8."""
    with pytest.raises(OutputTooLarge) as caught:
        check_size(report(**fields))

    assert caught.value.field == field


def test_report_at_its_limits_is_not_too_large() -> None:
    check_size(report("x" * (MAX_OUTPUT_BYTES - 2), stderr="é", stdin="x" * MAX_STDIN_BYTES))


@pytest.mark.parametrize(
    ("before", "limit", "expected", "has_more"),
    [
        (None, 3, [12, 11, 10], True),
        (None, 12, list(range(12, 0, -1)), False),
        (None, 50, list(range(12, 0, -1)), False),
        (4, 2, [3, 2], True),
        (3, 2, [2, 1], False),
        (1, 2, [], False),
    ],
)
async def test_page_has_newest_runs_first(
    world: World, before: int | None, limit: int, expected: list[int], has_more: bool
) -> None:
    session = await opened(world)
    for number in range(12):
        await add(world, session, id=f"r{number}")

    listed, more = await world.runs.page("one", before, limit)

    assert ([run.number for run in listed], more) == (expected, has_more)


async def test_page_ends_when_its_outputs_are_large(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_PAGE_CHARACTERS", 1_000)
    session = await opened(world)
    for number in range(12):
        await add(world, session, id=f"r{number}", report=report("x" * 200))

    listed, more = await world.runs.page("one", None, 12)

    assert ([run.number for run in listed], more) == ([12, 11, 10, 9, 8], True)
