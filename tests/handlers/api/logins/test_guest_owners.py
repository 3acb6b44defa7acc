"""Tests guests who open a session of their own, without an invite and without an account."""

import pytest

from tests.api import Api
from tests.clock import Clock
from tests.handlers.clients import account, code_of, guest_by, joined, new_invite, typing_frame
from tests.waiting import until

DAY_S = 86_400


async def start(url: str, name: str = "Gus") -> Api:
    """Start a session as a guest; return the guest's client."""
    answer = await Api(url).post("/user/guest", {"name": name})
    assert answer.status == 201, answer.body
    return Api(url, answer.body["accessToken"], answer.body["user"])


async def test_guest_without_invite_owns_new_session(ada: Api) -> None:
    """The answer has the new session, and the guest may edit it, change it and invite others."""
    answer = await Api(ada.url).post("/user/guest", {"name": "Gus"})

    assert (answer.status, answer.body["role"]) == (201, "owner")
    gus = Api(ada.url, answer.body["accessToken"], answer.body["user"])
    session_id = answer.body["sessionId"]
    assert (gus.user["guest"], gus.user["guestOf"]) == (True, session_id)
    (listed,) = (await gus.get("/session")).body["items"]
    assert (listed["id"], listed["title"], listed["role"]) == (
        session_id,
        "Untitled session",
        "owner",
    )
    wire = await joined(gus, session_id)
    await wire.send(typing_frame("mine"))
    await until(lambda: gus.live(session_id), lambda live: live["code"] == "mine")
    changed = await gus.patch(f"/session/{session_id}", {"title": "Ours"})
    assert (changed.status, changed.body["title"]) == (200, "Ours")
    invite = await new_invite(gus, session_id)
    guest = await guest_by(ada.url, invite["invite"], "Gil")
    assert guest.user["guestOf"] == session_id


async def test_guest_with_own_session_cannot_open_or_join_another(ada: Api) -> None:
    """A guest has one session, even if they own it. More sessions need an account."""
    gus = await start(ada.url)
    other = await ada.new_session(access="link")

    assert code_of(await gus.post("/session")) == (403, "forbidden")
    assert code_of(await gus.post(f"/session/{other}/join")) == (403, "forbidden")


async def test_guest_with_own_session_keeps_it_after_sign_up(ada: Api) -> None:
    """The new user is the session's owner under the same id, and may open other sessions."""
    gus = await start(ada.url)
    session_id = gus.user["guestOf"]

    answer = await gus.post("/user/signup", account("gustav"))

    assert answer.status == 201
    gus = Api(ada.url, answer.body["accessToken"], answer.body["user"])
    session = (await gus.get(f"/session/{session_id}")).body
    assert (session["role"], session["owner"]["id"]) == ("owner", gus.user["id"])
    assert (await gus.post("/session")).status == 201


async def test_guest_sessions_are_limited_like_new_accounts(start_server) -> None:
    """Guests without an invite and new accounts of one address have one limit together."""
    server = await start_server(signups_per_h=2)
    await start(server.url)
    await Api(server.url).sign_up("ada")

    answer = await Api(server.url).post("/user/guest", {"name": "Gus"})

    assert code_of(answer) == (429, "rate_limited")


@pytest.mark.parametrize("has_editor", [True, False])
async def test_session_of_idle_guest_passes_to_editor_or_is_deleted(
    clock: Clock, server, ada: Api, has_editor: bool
) -> None:
    """After 30 days without activity, an editor with an account inherits the guest's session.

    Without such an editor, the session is deleted with the guest.
    """
    gus = await start(ada.url)
    session_id = gus.user["guestOf"]
    if has_editor:
        assert (await ada.post(f"/session/{session_id}/join")).status == 200
    clock.advance(30 * DAY_S + 1)

    await server.housekeeping.sweep()

    store = server.parts.services.store
    session = await store.session(session_id)
    assert (session.owner_id if session else None) == (ada.user["id"] if has_editor else None)
    members = await store.members(session_id) if session else []
    assert [member.user_id for member in members] == ([ada.user["id"]] if has_editor else [])
    assert (await store.user(gus.user["id"])).is_deleted
