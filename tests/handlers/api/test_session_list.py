"""Tests the list of sessions: members online, last activity, and numbers of unread messages."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

import handlers.api.session
from handlers.http.views.times import rfc3339
from tests.api import Api
from tests.handlers.clients import (
    account,
    code_of,
    guest_of,
    joined,
    log_in,
    new_invite,
    picture,
    typing_frame,
    upload,
)
from tests.waiting import until


async def listed(api: Api, session_id: str) -> dict:
    """Return a session as a user's list shows it."""
    (item,) = [
        item for item in (await api.get("/session")).body["items"] if item["id"] == session_id
    ]
    assert item == (await api.get(f"/session/{session_id}")).body
    assert item["memberCount"] == len(item["members"])
    assert item["onlineCount"] == sum(member["online"] for member in item["members"])
    return item


async def unread(api: Api, session_id: str) -> int:
    return (await listed(api, session_id))["unread"]


async def online(api: Api, session_id: str) -> list[str]:
    """Return the names of members who are connected."""
    return [
        member["username"]
        for member in (await listed(api, session_id))["members"]
        if member["online"]
    ]


async def say(api: Api, session_id: str, *texts: str) -> int:
    """Send messages, and return the sequence of the last one."""
    sequence = 0
    for text in texts:
        answer = await api.post("/chat/send", {"sessionId": session_id, "message": text})
        assert answer.status == 201
        sequence = answer.body["sequence"]
    return sequence


@pytest.fixture
async def session_id(ada: Api, bob: Api) -> str:
    """A session of Ada, with Bob as a member."""
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    return session_id


# -- online ---------------------------------------------------------------------------------------


async def test_online_members_are_those_with_open_socket(
    ada: Api, bob: Api, session_id: str
) -> None:
    """A member is online while a socket to this session is open. Requests by REST do not count."""
    other = await bob.new_session()
    assert await online(ada, session_id) == []

    wires = [await joined(bob, session_id), await joined(await log_in(bob.url, "bob"), session_id)]

    assert await online(ada, session_id) == ["bob"]
    assert await online(bob, other) == []
    wires[0].close()
    wires[1].close()
    await until(lambda: online(ada, session_id), lambda names: names == [])


async def test_online_members_include_guests_and_viewers_but_not_removed(
    ada: Api, bob: Api, session_id: str
) -> None:
    """Guests and viewers can be online. Removed members are neither online nor in the list."""
    await ada.patch(f"/session/{session_id}/members/{bob.user['id']}", {"role": "viewer"})
    guest = await guest_of(ada, session_id, "Gus")
    wires = [await joined(api, session_id) for api in (ada, bob, guest)]
    assert sorted(await online(ada, session_id)) == ["Gus", "ada", "bob"]

    await ada.delete(f"/session/{session_id}/members/{bob.user['id']}")

    assert (await wires[1].until_closed())[0] == 4403
    assert sorted(await online(ada, session_id)) == ["Gus", "ada"]
    assert len((await listed(ada, session_id))["members"]) == 2


async def test_online_members_after_restart_are_none(start_server) -> None:
    """After a restart nobody is online, because the state is not stored."""
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    wire = await joined(ada, session_id)
    assert await online(ada, session_id) == ["ada"]
    await server.stop()
    assert (await wire.until_closed())[0] == 1012

    again = await start_server()

    assert await online(Api(again.url, ada.token), session_id) == []


# -- activity -------------------------------------------------------------------------------------


async def test_last_activity_changes_only_by_writing(
    clock, ada: Api, bob: Api, session_id: str
) -> None:
    """Messages, saves, edits and changes are activity. Reading, joining and connecting are not."""

    async def last() -> str:
        item = await listed(ada, session_id)
        assert item["lastActivityAt"] == item["updatedAt"]
        return item["lastActivityAt"]

    before = await last()
    clock.advance(10)
    await bob.post(f"/chat/{session_id}/read")
    await bob.get(f"/chat/{session_id}")
    wire = await joined(bob, session_id)
    await guest_of(ada, session_id)
    assert await last() == before

    await say(bob, session_id, "hi")
    assert await last() == rfc3339(clock())
    clock.advance(10)
    await bob.post(f"/code/{session_id}/save", {"code": "x"})
    assert await last() == rfc3339(clock())
    clock.advance(10)
    await ada.patch(f"/session/{session_id}", {"title": "new"})
    assert await last() == rfc3339(clock())
    clock.advance(10)
    await wire.send(typing_frame("typed"))
    await until(
        lambda: ada.get(f"/session/{session_id}"),
        lambda answer: answer.body["updatedAt"] == rfc3339(clock()),
    )
    assert await last() == rfc3339(clock())


# -- what was not read ----------------------------------------------------------------------------


async def test_unread_messages_are_counted_for_each_member(
    ada: Api, bob: Api, session_id: str
) -> None:
    """Each member has an unread count. Sending a message marks all earlier ones as read."""
    await say(ada, session_id, "one", "two", "three")

    assert await unread(bob, session_id) == 3
    assert await unread(ada, session_id) == 0
    answer = await bob.post(f"/chat/{session_id}/read")
    assert (answer.status, answer.body) == (200, {"unread": 0})
    assert await unread(bob, session_id) == 0
    await say(ada, session_id, "four")
    assert await unread(bob, session_id) == 1
    await say(bob, session_id, "five")
    assert (await unread(bob, session_id), await unread(ada, session_id)) == (0, 1)


async def test_read_mark_moves_forward_up_to_last_message(
    ada: Api, bob: Api, session_id: str
) -> None:
    """The read mark never moves back, and never beyond the last message."""
    await say(ada, session_id, "one", "two", "three", "four")

    async def read(sequence: int) -> int:
        answer = await bob.post(f"/chat/{session_id}/read", {"sequence": sequence})
        assert answer.status == 200
        assert await unread(bob, session_id) == answer.body["unread"]
        return answer.body["unread"]

    assert [await read(sequence) for sequence in (0, 1, 3, 2, 0)] == [4, 3, 1, 1, 1]
    assert await read(1 << 53) == 0
    await say(ada, session_id, "five")
    assert await unread(bob, session_id) == 1


@pytest.mark.parametrize("sequence", [-1, 1.5, "1", None, True, (1 << 53) + 1, [1]])
async def test_read_mark_with_bad_sequence_names_the_field(
    bob: Api, session_id: str, sequence: object
) -> None:
    """A malformed sequence is refused, and the answer names `sequence`."""
    answer = await bob.post(f"/chat/{session_id}/read", {"sequence": sequence})

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["sequence"]


async def test_loading_messages_does_not_mark_them_read(
    ada: Api, bob: Api, session_id: str
) -> None:
    """Loading messages does not mark them as read, because pages load them in the background."""
    await say(ada, session_id, "one")

    await bob.get(f"/chat/{session_id}")
    await joined(bob, session_id)

    assert await unread(bob, session_id) == 1


@pytest.mark.parametrize("how", ["link", "invite", "socket", "guest"])
async def test_new_member_has_no_unread_messages(ada: Api, session_id: str, how: str) -> None:
    """Messages sent before a member joined are not unread, in any way of joining."""
    await say(ada, session_id, "one", "two")
    carol = await ada.sign_up("carol")
    match how:
        case "link":
            await carol.post(f"/session/{session_id}/join")
        case "invite":
            invite = (await new_invite(ada, session_id))["invite"]
            await carol.post(f"/session/{session_id}/join", {"invite": invite})
        case "socket":
            await joined(carol, session_id)
        case "guest":
            carol = await guest_of(ada, session_id)

    assert await unread(carol, session_id) == 0
    await say(ada, session_id, "three")
    assert await unread(carol, session_id) == 1


async def test_guest_sign_up_keeps_unread_count(ada: Api, session_id: str) -> None:
    """A guest who signs up keeps the count of unread messages."""
    guest = await guest_of(ada, session_id)
    await say(ada, session_id, "one", "two")
    await guest.post(f"/chat/{session_id}/read", {"sequence": 1})

    claimed = await guest.post("/user/signup", account("gustav"))

    guest.token = claimed.body["accessToken"]
    assert await unread(guest, session_id) == 1


async def test_read_mark_in_ended_session_is_accepted(ada: Api, bob: Api, session_id: str) -> None:
    """Reading is noted in an ended session too."""
    await say(ada, session_id, "one")
    await ada.patch(f"/session/{session_id}", {"status": "ended"})

    assert (await bob.post(f"/chat/{session_id}/read")).body == {"unread": 0}


async def test_unread_counts_under_load_are_never_negative_and_right_at_the_end(
    crowd: None, ada: Api, bob: Api, session_id: str
) -> None:
    """Simultaneous messages and reads never make the unread count negative, or wrong at the end."""
    work: list[Coroutine[Any, Any, object]] = [
        say(ada, session_id, f"{number}") for number in range(25)
    ]
    work += [bob.post(f"/chat/{session_id}/read", {"sequence": number}) for number in range(25)]

    await asyncio.gather(*work)

    counts = [
        (await bob.post(f"/chat/{session_id}/read", {"sequence": number})).body["unread"]
        for number in (5, 25)
    ]
    assert 0 <= counts[0] <= 25
    assert counts[1] == await unread(bob, session_id) == 0


# -- pictures -------------------------------------------------------------------------------------


async def test_session_list_shows_current_pictures(ada: Api, bob: Api, session_id: str) -> None:
    """A new or removed picture of a member is shown in the list immediately."""
    address = (await upload(bob, picture())).body["avatar"]

    item = await listed(ada, session_id)

    assert [member["avatar"] for member in item["members"]] == [None, address]
    assert item["owner"]["avatar"] is None
    await bob.delete("/user/avatar")
    assert [member["avatar"] for member in (await listed(ada, session_id))["members"]] == [
        None,
        None,
    ]


# -- many members ---------------------------------------------------------------------------------


async def test_session_list_shows_eldest_members_and_total_count(
    clock, ada: Api, monkeypatch
) -> None:
    """The list counts all members, but shows only those who joined first, so pages stay small.

    The session itself shows all members.
    """
    monkeypatch.setattr(handlers.api.session, "MEMBERS_IN_LISTS", 2)
    session_id = await ada.new_session()
    people = [await ada.sign_up(name) for name in ("first", "second", "third")]
    for api in people:
        clock.advance(1)
        await api.post(f"/session/{session_id}/join")
    wires = [await joined(api, session_id) for api in people]

    (item,) = (await people[2].get("/session")).body["items"]
    whole = (await people[2].get(f"/session/{session_id}")).body

    assert [member["username"] for member in item["members"]] == ["ada", "first"]
    assert [member["username"] for member in whole["members"]] == [
        "ada",
        "first",
        "second",
        "third",
    ]
    assert {(listing["memberCount"], listing["onlineCount"]) for listing in (item, whole)} == {
        (4, len(wires))
    }
    assert item["role"] == "editor"
