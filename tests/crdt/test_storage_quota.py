"""Tests of rooms whose owner's sessions take too much storage, on a real store."""

import pytest

from crdt.errors import DocumentFull
from storage.base import Usage
from storage.errors import QuotaReached, StoreUnavailable
from tests.crdt.harness import Typist, join, send
from tests.crdt.world import all_saved


async def test_room_of_owner_over_the_limit_takes_only_deletions(make_world) -> None:
    """A room over the limit keeps its text and allows deletions, but refuses new text.

    It takes new text as soon as the limit allows it.
    """
    world = make_world(user_bytes=1)
    await world.session()
    quota, typist = world.rooms.storage_quota, Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, typist.insert(0, "saved"))
        await all_saved(room)

        await quota.look()
        with pytest.raises(DocumentFull) as caught:
            send(room, ada, typist.insert(5, "refused"))
        assert caught.value.limit == "user_bytes"
        assert room.files() == {"codemirror": "saved"}
        send(room, ada, typist.delete(0, 1))
        assert room.files() == {"codemirror": "aved"}

        quota.max_bytes = 1 << 30
        await quota.look()
        send(room, ada, Typist(6).insert(0, "x"))
        assert "x" in room.files()["codemirror"]


async def test_new_session_over_the_limit_is_refused_with_figure_and_setting(make_world) -> None:
    world = make_world(user_sessions=1)
    await world.session()

    with pytest.raises(QuotaReached) as caught:
        await world.rooms.storage_quota.require_session("ada")

    assert caught.value.setting == "user_sessions"
    assert "1 of 1" in str(caught.value)
    await world.rooms.storage_quota.require_session("nobody")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [(Usage(1, 1), False), (Usage(1, 80), True), (Usage(9, 1), True), (Usage(7, 79), False)],
)
async def test_users_are_warned_from_four_fifths_on(
    make_world, usage: Usage, expected: bool
) -> None:
    quota = make_world(user_bytes=100, user_sessions=10).rooms.storage_quota

    assert quota.is_near(usage) is expected


async def test_failed_look_at_the_storage_changes_nothing(
    make_world, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(user_bytes=1)
    await world.session()

    async def away(_: str) -> Usage:
        raise StoreUnavailable("made up")

    async with world.rooms.use("one") as room:
        monkeypatch.setattr(world.store, "usage", away)
        with pytest.raises(StoreUnavailable):
            await world.rooms.storage_quota.look()
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "x"))
        assert room.files() == {"codemirror": "x"}
