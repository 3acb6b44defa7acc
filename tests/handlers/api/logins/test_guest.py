"""Tests guests, who need only a name and an invite: their rights, and how they become users."""

import asyncio
import json

import pytest
from tornado.websocket import websocket_connect

from storage.errors import StoreUnavailable
from storage.sqlite.store import SqliteStore
from tests.api import PASSWORD, Api, Wire
from tests.handlers.clients import (
    ID,
    Browser,
    account,
    code_of,
    guest_by,
    guest_of,
    is_open,
    joined,
    log_in,
    new_invite,
    presence_frame,
    set_cookies,
    typing_frame,
)  # fmt: skip
from tests.waiting import until


@pytest.fixture
async def session_id(ada: Api) -> str:
    """A session of Ada that can be joined only by invite."""
    return await ada.new_session(access="invite")


@pytest.fixture
async def gus(ada: Api, session_id: str) -> Api:
    """A guest who may edit that session."""
    return await guest_of(ada, session_id, "Gus")


# -- coming in ------------------------------------------------------------------------------------


async def test_guest_sign_in_answers_with_tokens_session_and_role(
    ada: Api, session_id: str
) -> None:
    """A guest gets tokens in the body and in cookies, and the answer names session and role."""
    invite = (await new_invite(ada, session_id, role="viewer"))["invite"]

    answer = await Api(ada.url).post("/user/guest", {"name": " Gus ", "invite": invite})

    assert answer.status == 201
    assert set(answer.body) == {
        "user",
        "accessToken",
        "refreshToken",
        "expiresIn",
        "sessionId",
        "role",
    }
    assert (answer.body["sessionId"], answer.body["role"]) == (session_id, "viewer")
    user = answer.body["user"]
    assert ID.fullmatch(user["id"])
    assert (user["username"], user["email"], user["guest"], user["guestOf"]) == (
        "Gus",
        None,
        True,
        session_id,
    )
    assert set(set_cookies(answer)) == {"accessToken", "refreshToken"}
    me = await Api(ada.url, answer.body["accessToken"]).get("/user/me")
    assert me.body == user
    again = await Api(ada.url).post("/user/refresh", {"refreshToken": answer.body["refreshToken"]})
    assert (again.status, again.body["user"]) == (200, user)


async def test_guest_name_in_use_is_accepted(ada: Api, session_id: str) -> None:
    """Guests may have the name of another guest or a user, but cannot sign in by name."""
    guests = [await guest_of(ada, session_id, name) for name in ("ada", "ada", "Gus", "Gus")]

    assert len({guest.user["id"] for guest in guests}) == 4
    assert (await log_in(ada.url, "ada")).user["id"] == ada.user["id"]
    unknown = await Api(ada.url).post("/user/login", {"username": "Gus", "password": PASSWORD})
    assert code_of(unknown) == (401, "bad_credentials")
    assert (await Api(ada.url).post("/user/signup", account("gus"))).status == 201


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 33, "a\nb", "\u202eabc", "a@b", "a\u200bb", "nul\0", None, 5]
)
async def test_guest_sign_in_with_bad_name_is_refused_and_keeps_invite(
    ada: Api, session_id: str, name: object
) -> None:
    """A guest's name follows the rules of user names, but may be shorter.

    A refused sign-in does not use the invite.
    """
    invite = await new_invite(ada, session_id, maxUses=1)

    answer = await Api(ada.url).post("/user/guest", {"name": name, "invite": invite["invite"]})

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["name"]
    assert (await guest_by(ada.url, invite["invite"], "é")).user["username"] == "é"


async def test_guest_is_marked_in_chat_member_list_and_presence(
    ada: Api, gus: Api, session_id: str
) -> None:
    """Chat, member list and presence show the guest's name and mark the person as a guest."""
    wire = await joined(gus, session_id)
    watcher = await joined(ada, session_id)
    await wire.send(presence_frame(7, 1, '{"user":{"name":"ada","guest":false}}'))

    sent = await gus.post("/chat/send", {"sessionId": session_id, "message": "hi"})

    person = {"id": gus.user["id"], "username": "Gus", "avatar": None, "guest": True}
    assert (sent.status, sent.body["sender"]) == (201, person)
    member = (await ada.get(f"/session/{session_id}")).body["members"][1]
    assert {key: member[key] for key in person} == person
    assert member["online"] is True
    frame = await watcher.receive_until(b"\x01")
    while b'"Gus"' not in frame:
        frame = await watcher.receive_until(b"\x01")
    state = json.loads(frame[frame.index(b"{") :])
    assert (state["user"]["name"], state["user"]["guest"]) == ("Gus", True)
    assert state["user"]["id"] == gus.user["id"]


# -- where a guest may go -------------------------------------------------------------------------


@pytest.mark.parametrize("access", ["link", "invite"])
async def test_guest_joining_other_session_is_refused(
    ada: Api, gus: Api, session_id: str, access: str
) -> None:
    """A guest cannot join another session by link or invite, neither by REST nor by WebSocket."""
    other = await ada.new_session(access=access, code="secret")
    invite = (await new_invite(ada, other))["invite"]

    answers = [
        await gus.post(f"/session/{other}/join"),
        await gus.post(f"/session/{other}/join", {"invite": invite}),
    ]
    wire = await gus.connect(other)

    assert {answer.status for answer in answers} <= {403, 404}
    assert (await wire.until_closed())[0] == 4403
    assert b"secret" not in b"".join(wire.seen)
    assert len((await ada.get(f"/session/{other}")).body["members"]) == 1
    assert (await gus.get(f"/session/{session_id}")).status == 200
    assert [item["id"] for item in (await gus.get("/session")).body["items"]] == [session_id]


async def test_guest_creating_session_is_refused(ada: Api, gus: Api) -> None:
    """A guest cannot create a session."""
    assert code_of(await gus.post("/session", {"title": "x"})) == (403, "forbidden")


async def test_session_handover_to_guest_is_refused(ada: Api, gus: Api, session_id: str) -> None:
    """An owner cannot make a guest the owner of a session."""
    answer = await ada.patch(f"/session/{session_id}/members/{gus.user['id']}", {"role": "owner"})

    assert code_of(answer) == (403, "forbidden")
    assert (await ada.get(f"/session/{session_id}")).body["role"] == "owner"


async def test_guest_edits_saves_and_chats_like_member(ada: Api, gus: Api, session_id: str) -> None:
    """In their own session, a guest edits, saves, chats and reads like a member.

    Saved versions show the guest's name.
    """
    wire = await joined(gus, session_id)
    await wire.send(typing_frame("by Gus"))
    await until(lambda: ada.live(session_id), lambda live: live["code"] == "by Gus")

    saved = await gus.post(f"/code/{session_id}/save")

    assert saved.status == 201
    assert saved.body["author"] == {"id": gus.user["id"], "username": "Gus"}
    assert saved.body["contributors"] == [{"id": gus.user["id"], "username": "Gus"}]
    assert (await gus.get(f"/chat/{session_id}")).status == 200
    assert (await gus.post(f"/session/{session_id}/ticket")).status == 200


async def test_guest_role_change_and_removal_work_as_for_members(
    ada: Api, gus: Api, session_id: str
) -> None:
    """A removed guest's sockets are closed with 4403, and no invite lets the guest back in."""
    member = f"/session/{session_id}/members/{gus.user['id']}"
    wire = await joined(gus, session_id)
    assert (await ada.patch(member, {"role": "viewer"})).body["role"] == "viewer"
    assert code_of(await gus.post(f"/code/{session_id}/save", {"code": "x"})) == (403, "forbidden")

    await ada.delete(member)

    assert (await wire.until_closed())[0] == 4403
    invite = (await new_invite(ada, session_id))["invite"]
    assert code_of(await gus.post(f"/session/{session_id}/join", {"invite": invite})) == (
        403,
        "forbidden",
    )
    assert (await gus.get("/session")).body["items"] == []


async def test_guest_returns_by_invite_as_same_guest(ada: Api, gus: Api, session_id: str) -> None:
    """A guest who left can join the same session again by invite, as the same guest."""
    await gus.post(f"/session/{session_id}/leave")
    assert code_of(await gus.post(f"/session/{session_id}/join")) == (404, "not_found")
    invite = (await new_invite(ada, session_id, role="viewer"))["invite"]

    answer = await gus.post(f"/session/{session_id}/join", {"invite": invite})

    assert (answer.status, answer.body["role"]) == (200, "viewer")


async def test_guest_rename_to_name_in_use_is_accepted(ada: Api, gus: Api) -> None:
    """A guest may take any valid name, even one that is in use."""
    for name in ("é", "ada", "x" * 32):
        answer = await gus.patch("/user/me", {"username": name})
        assert (answer.status, answer.body["username"], answer.body["guest"]) == (200, name, True)
    assert code_of(await gus.patch("/user/me", {"username": "x" * 33})) == (422, "invalid")
    assert (await log_in(ada.url, "ada")).user["id"] == ada.user["id"]


# -- becoming a full user -------------------------------------------------------------------------


async def test_guest_sign_up_keeps_id_messages_and_membership(
    ada: Api, gus: Api, session_id: str
) -> None:
    """A guest who signs up keeps their id, messages, membership and open sockets.

    The new user may join other sessions and sign in again.
    """
    other = await ada.new_session()
    wire, watcher = await joined(gus, session_id), await joined(ada, session_id)
    await wire.send(presence_frame(7, 1, "{}"))
    await gus.post("/chat/send", {"sessionId": session_id, "message": "hi"})

    answer = await gus.post("/user/signup", account("gustav"))

    assert answer.status == 201
    user = answer.body["user"]
    assert (user["id"], user["username"], user["guest"]) == (gus.user["id"], "gustav", False)
    assert (user["email"], user["createdAt"]) == ("gustav@example.org", gus.user["createdAt"])
    assert "guestOf" not in user
    assert code_of(await gus.get("/user/me")) == (401, "not_signed_in"), (
        "the access token of before"
    )
    gus.token = answer.body["accessToken"]
    assert (await gus.get("/user/me")).body == user
    (message,) = (await ada.get(f"/chat/{session_id}")).body["messages"]
    assert message["sender"] == {
        "id": user["id"],
        "username": "gustav",
        "avatar": None,
        "guest": False,
    }
    member = (await ada.get(f"/session/{session_id}")).body["members"][1]
    assert (member["id"], member["role"], member["guest"]) == (user["id"], "editor", False)
    assert await is_open(wire)
    frame = await watcher.receive_until(b"\x01")
    while b'"gustav"' not in frame:
        frame = await watcher.receive_until(b"\x01")
    await wire.send(typing_frame("still here"))
    await until(lambda: ada.live(session_id), lambda live: live["code"] == "still here")
    assert (await gus.post(f"/session/{other}/join")).status == 200
    assert (await gus.post("/session")).status == 201
    assert (await log_in(ada.url, "gustav")).user["id"] == user["id"]


async def test_guest_sign_up_voids_earlier_tokens_and_tickets(gus: Api, session_id: str) -> None:
    """After a guest signs up, only the tokens of that answer are valid.

    The guest's sockets stay open until the new login ends.
    """
    wire = await joined(gus, session_id)
    ticket = (await gus.post(f"/session/{session_id}/ticket")).body["ticket"]

    answer = await gus.post("/user/signup", account("gustav"))

    fresh = await Api(gus.url).post("/user/refresh", {"refreshToken": answer.body["refreshToken"]})
    assert fresh.status == 200
    old = await Api(gus.url).post("/user/refresh", {"refreshToken": gus.refresh_token})
    assert old.status == 401
    other = Wire(await websocket_connect(f"{gus.socket_url}/{session_id}?ticket={ticket}"))
    assert (await other.until_closed())[0] == 4401
    assert await is_open(wire)
    full = Api(gus.url, fresh.body["accessToken"])
    (login,) = (await full.get("/user/logins")).body["items"]
    assert login["current"] is True
    await full.post("/user/logout")
    assert (await wire.until_closed())[0] == 4401


async def test_guest_tokens_end_at_sign_up_even_if_it_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, ada: Api, gus: Api
) -> None:
    """The store fails after the guest became a user, and before the guest's login has ended.

    After a restored backup, the server accepts tokens that are later than the store. It must not
    accept a token of this guest for that reason.
    """
    anyone = Api(gus.url)
    newest = (await anyone.post("/user/refresh", {"refreshToken": gus.refresh_token})).body

    async def away(*_: object) -> None:
        raise StoreUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "end_login", away)
        assert (await gus.post("/user/signup", account("gustav"))).status == 503

    refused = await anyone.post("/user/refresh", {"refreshToken": newest["refreshToken"]})

    assert code_of(refused) == (401, "not_signed_in")


async def test_guest_sign_up_with_expired_token_asks_for_refresh(clock, ada: Api, gus: Api) -> None:
    """A guest with an expired token is told to refresh it before signing up.

    Otherwise the sign-up would make a second, unrelated user.
    """
    clock.advance(901)

    refused = await gus.post("/user/signup", account("gustav"))

    assert code_of(refused) == (401, "token_expired")
    gus.token = (
        await Api(gus.url).post("/user/refresh", {"refreshToken": gus.refresh_token})
    ).body["accessToken"]
    claimed = await gus.post("/user/signup", account("gustav"))
    assert (claimed.status, claimed.body["user"]["id"]) == (201, gus.user["id"])


async def test_guest_sign_up_with_refresh_cookie_alone_keeps_id(
    clock, ada: Api, server, session_id: str
) -> None:
    """A browser drops an expired access cookie, but its refresh cookie still identifies the guest.

    The guest is told to refresh first, and then keeps the id.
    """
    browser = Browser(server.url)
    invite = (await new_invite(ada, session_id))["invite"]
    guest = (await browser.post("/user/guest", {"name": "Gus", "invite": invite})).body["user"]
    del browser.jar["accessToken"]

    refused = await browser.enter("gustav")

    assert code_of(refused) == (401, "token_expired")
    assert (await browser.post("/user/refresh")).status == 200
    assert (await browser.enter("gustav")).body["user"]["id"] == guest["id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (account("ada"), 409),
        (account("other", email="ADA@example.org"), 409),
        (account("gustav", password="short"), 422),
        ({**account("gustav"), "role": "owner"}, 422),
    ],
)
async def test_failed_guest_sign_up_changes_nothing(
    gus: Api, session_id: str, body: dict, status: int
) -> None:
    """A failed sign-up changes nothing, and the guest can try again."""
    wire = await joined(gus, session_id)

    assert (await gus.post("/user/signup", body)).status == status

    assert (await gus.get("/user/me")).body == gus.user
    assert await is_open(wire)
    assert (await gus.post("/user/signup", account("gustav"))).body["user"]["id"] == gus.user["id"]


async def test_guest_sign_up_by_cookie_needs_page_of_own_origin(
    ada: Api, server, session_id: str
) -> None:
    """A guest can sign up by cookie only on a page of our own origin."""
    browser = Browser(server.url)
    invite = (await new_invite(ada, session_id))["invite"]
    guest = (await browser.post("/user/guest", {"name": "Gus", "invite": invite})).body["user"]
    evil = {"Origin": "https://evil.example.org"}

    refused = await browser.post("/user/signup", account("evil"), headers=evil)
    claimed = await browser.enter("gustav")

    assert code_of(refused) == (403, "bad_origin")
    assert (claimed.status, claimed.body["user"]["id"]) == (201, guest["id"])
    assert (await browser.post("/user/refresh")).status == 200
    assert (await browser.get("/user/me")).body["guest"] is False


async def test_sign_up_of_full_user_makes_new_user(ada: Api) -> None:
    """A signed-in user who signs up gets a second account. Only a guest becomes the new user."""
    answer = await ada.post("/user/signup", account("other"))

    assert answer.status == 201
    assert answer.body["user"]["id"] != ada.user["id"]
    assert (await ada.get("/user/me")).body["username"] == "ada"


async def test_simultaneous_guest_sign_ups_make_one_user(
    crowd: None, ada: Api, session_id: str
) -> None:
    """A guest becomes exactly one user by simultaneous sign-ups, and no request fails with 5xx."""
    gus = await guest_of(ada, session_id)

    answers = await asyncio.gather(
        *(gus.post("/user/signup", account(f"gustav{n}")) for n in range(30))
    )

    assert all(answer.status < 500 for answer in answers)
    (claimed,) = [
        a.body for a in answers if a.status == 201 and a.body["user"]["id"] == gus.user["id"]
    ]
    assert (await Api(gus.url, claimed["accessToken"]).get("/user/me")).body == claimed["user"]
