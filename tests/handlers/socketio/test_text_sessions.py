"""Tests text clients that join and leave sessions."""

import asyncio

import pytest

from crdt.errors import RoomDamaged
from crdt.room.room import Room
from tests.api import PASSWORD, Api
from tests.raw_events import RawEvents


async def test_client_after_password_change_stays_and_joins_others(ada: Api) -> None:
    """A user who changes the password stays in the session on the same connection.

    The user may also join other sessions on it.
    """
    first, second = await ada.new_session(), await ada.new_session()
    raw = await RawEvents.joined(ada, first)

    body = {"currentPassword": PASSWORD, "newPassword": "another good one"}
    assert (await ada.post("/user/password", body)).status == 200

    assert (await raw.ask("code-change", {"sessionId": first, "code": "x"})) == {"ok": True}
    assert (await raw.ask("send-message", {"sessionId": first, "message": "x"}))["ok"]
    assert (await raw.ask("join-session", second))["ok"]


async def test_fast_changes_of_typing_are_announced_a_few_times_a_second(
    ada: Api, bob: Api
) -> None:
    """Other clients get at most a few typing events per second. The last event is correct."""
    session_id = await ada.new_session()
    raw, other = await RawEvents.joined(ada, session_id), await RawEvents.joined(bob, session_id)
    began = asyncio.get_running_loop().time()

    for _ in range(100):
        await raw.ask("typing", session_id)
        await raw.ask("stop-typing", session_id)
    await raw.ask("typing", session_id)
    lasted = asyncio.get_running_loop().time() - began
    assert (await other.ask("send-message", {"sessionId": session_id, "message": "x"}))["ok"]
    while [event[0] for event in other.events if "typing" in event[0]][-1] != "user-typing":
        await other.until_event("user-typing")

    told = [event for event in other.events if event[0] in ("typing", "stop-typing")]
    assert len(told) <= 4 + 10 * lasted


async def test_join_that_fails_gives_its_place_back(
    server, ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A join that fails, because the room's text cannot be read, is not counted as a connection."""
    session_id = await ada.new_session(code="x")
    raw = await RawEvents.signed_in(ada)

    def fail(_room: Room) -> dict[str, str]:
        raise RoomDamaged("the text cannot be read")

    with monkeypatch.context() as patched:
        patched.setattr(Room, "files", fail)
        answers = [await raw.ask("join-session", session_id) for _ in range(12)]

    assert {answer["ok"] for answer in answers} == {False}
    assert len(answers) > server.parts.config.connections_per_user
    assert (await raw.ask("join-session", session_id))["ok"]
