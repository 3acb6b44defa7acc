"""Roles, logins and sessions that change while real editors are connected."""

import asyncio

import pytest

from tests.api import PASSWORD, Api
from tests.handlers.clients import guest_of, log_in
from tests.node_peers import Peers, connect
from tests.waiting import until

VERSIONS = (1, 3)


async def test_demotion_to_viewer_refuses_next_update(ada: Api, bob: Api, peers: Peers) -> None:
    """After the owner has the answer, no edit of the new viewer is taken.

    Edits from before are kept.
    """
    session_id = await ada.new_session()
    await connect(peers, bob, session_id, "bob")
    await peers.do("insert", "bob", text="before ")
    await until(lambda: ada.live(session_id), lambda live: live["code"] == "before ")

    changed = await ada.patch(f"/session/{session_id}/members/{bob.user['id']}", {"role": "viewer"})
    await peers.do("insert", "bob", text="after")

    assert changed.status == 200
    state = await peers.until_state("bob", denied=lambda denied: len(denied) == 1)
    assert state["denied"] == ["forbidden: viewers cannot edit"]
    assert (await ada.live(session_id))["code"] == "before "
    assert state["attempts"] == 1


async def test_role_changes_in_quick_succession_lose_no_edits(
    ada: Api, bob: Api, peers: Peers
) -> None:
    """A member types while the owner changes their role many times.

    Refused edits are taken when the member may write again.
    """
    session_id = await ada.new_session()
    member = f"/session/{session_id}/members/{bob.user['id']}"
    await connect(peers, ada, session_id, "ada")
    await connect(peers, bob, session_id, "bob")
    await peers.do("type", "bob", everyMs=2, mark="b")

    for number in range(50):
        role = "editor" if number % 2 else "viewer"
        assert (await ada.patch(member, {"role": role})).status == 200

    typed = await peers.do("stop", "bob")
    text = await peers.text("bob")
    assert typed > 0
    await peers.until_text(text, "ada")
    assert (await ada.live(session_id))["code"] == text
    assert sorted(text.count(f"<b{n}>") for n in range(typed)) == [1] * typed
    assert (await peers.do("state", "bob"))["attempts"] == 1


@pytest.mark.parametrize("version", VERSIONS)
async def test_removed_member_is_closed_with_4403_on_every_retry(
    start_server, peers: Peers, version: int
) -> None:
    """A removed member is closed with 4403, also when their provider reconnects.

    No edit of theirs is taken.
    """
    server = await start_server(refusal_hold_s=0.05)
    ada, bob = await Api(server.url).sign_up("ada"), await Api(server.url).sign_up("bob")
    session_id = await ada.new_session(code="x")
    await connect(peers, bob, session_id, "bob", version=version, maxBackoffTime=50)

    removed = await ada.delete(f"/session/{session_id}/members/{bob.user['id']}")
    await peers.do("insert", "bob", text="me again")

    assert removed.status == 204
    if version == 1:  # this client ignores the close code and reconnects ten times a second
        state = await peers.until_state("bob", closes=lambda closes: len(closes) >= 3)
    else:
        state = await peers.until_state("bob", gone=4403)
    assert {code for code, *_ in state["closes"]} == {4403}
    assert (await ada.live(session_id))["code"] == "x"
    assert [
        member["id"] for member in (await ada.get(f"/session/{session_id}")).body["members"]
    ] == [ada.user["id"]]


async def test_leave_closes_own_sockets_of_that_session_only(
    ada: Api, bob: Api, peers: Peers
) -> None:
    """A member who leaves is closed with 4403 in that session only.

    Their sockets in other sessions, and the other members' sockets, stay open.
    """
    left, other = await ada.new_session(), await ada.new_session()
    await connect(peers, ada, left, "ada")
    await connect(peers, bob, left, "bob")
    await connect(peers, bob, other, "elsewhere")

    assert (await bob.post(f"/session/{left}/leave")).status == 204

    await peers.until_state("bob", gone=4403)
    for name in ("ada", "elsewhere"):
        assert (await peers.do("state", name))["connected"]


@pytest.mark.parametrize("how", ["logout", "revoked", "all others", "password"])
async def test_logout_closes_sockets_of_that_login_only(ada: Api, peers: Peers, how: str) -> None:
    """The sockets of an ended login are closed with 4401, and its client does not reconnect.

    Sockets of the user's other login stay open.
    """
    session_id = await ada.new_session()
    other = await log_in(ada.url, ada.user["username"])
    await connect(peers, ada, session_id, "ada")
    await connect(peers, other, session_id, "other")

    if how == "logout":
        answer = await other.post("/user/logout")
    elif how == "revoked":
        logins = (await other.get("/user/logins")).body["items"]
        (own,) = [login["id"] for login in logins if login["current"]]
        answer = await ada.delete(f"/user/logins/{own}")
    elif how == "all others":
        answer = await ada.delete("/user/logins")
    else:
        answer = await ada.post(
            "/user/password", {"currentPassword": PASSWORD, "newPassword": "quite another one"}
        )

    assert answer.status in (200, 204), answer
    await peers.until_state("other", gone=4401)
    await peers.do("insert", "ada", text="still here")
    await until(lambda: ada.live(session_id), lambda live: live["code"] == "still here")


async def test_failed_logins_leave_open_sockets_connected(ada: Api, peers: Peers) -> None:
    """Wrong passwords lock the account's next login, but not its open sockets."""
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "ada")
    wrong = {"username": "ada", "password": "not the right one"}

    answers = [await Api(ada.url).post("/user/login", wrong) for _ in range(6)]
    right = await Api(ada.url).post("/user/login", {"username": "ada", "password": PASSWORD})

    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert (right.status, int(right.headers["Retry-After"]) > 0) == (429, True)
    await peers.do("insert", "ada", text="undisturbed")
    await until(lambda: ada.live(session_id), lambda live: live["code"] == "undisturbed")
    assert (await peers.do("state", "ada"))["attempts"] == 1


async def test_transfer_swaps_rights_on_open_sockets(ada: Api, bob: Api, peers: Peers) -> None:
    """The old and the new owner keep their sockets, and their rights change immediately."""
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "ada")
    await connect(peers, bob, session_id, "bob")

    answer = await ada.patch(f"/session/{session_id}/members/{bob.user['id']}", {"role": "owner"})

    assert (answer.status, answer.body["role"]) == (200, "owner")
    assert (await ada.patch(f"/session/{session_id}", {"title": "mine"})).status == 403
    assert (await bob.patch(f"/session/{session_id}", {"title": "mine"})).status == 200
    await peers.do("insert", "ada", text="a")
    await peers.do("insert", "bob", text="b")
    await until(lambda: ada.live(session_id), lambda live: sorted(live["code"]) == ["a", "b"])


async def test_account_removal_closes_owner_sockets_and_hands_sessions_over(
    ada: Api, bob: Api, peers: Peers
) -> None:
    """The sockets of a deleted owner are closed, and the eldest editor owns the session.

    The text stays, and the new owner's socket stays open.
    """
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "ada")
    await connect(peers, bob, session_id, "bob")
    await peers.do("insert", "ada", text="ada's ")
    await peers.until_text("ada's ", "bob")

    answer = await ada.request("DELETE", "/user/me", {"password": PASSWORD})

    assert answer.status == 204
    await peers.until_state("ada", gone=4401)
    await peers.do("insert", "bob", text="bob's")
    await until(lambda: bob.live(session_id), lambda live: live["code"] == "ada's bob's")
    session = (await bob.get(f"/session/{session_id}")).body
    assert (session["role"], session["owner"]["id"]) == ("owner", bob.user["id"])
    assert [member["id"] for member in session["members"]] == [bob.user["id"]]


async def test_guest_on_signing_up_keeps_socket_text_and_id(ada: Api, peers: Peers) -> None:
    """A guest needs only a name and an invite.

    After signing up, they keep their socket, their text and their id.
    """
    session_id = await ada.new_session(access="invite")
    gil = await guest_of(ada, session_id, "Gil")
    await connect(peers, ada, session_id, "ada")
    await connect(peers, gil, session_id, "gil")
    await peers.do("presence", "gil", state={"user": {"name": "somebody else"}})
    client = str((await peers.do("state", "gil"))["clientID"])

    def name(states: dict[str, dict[str, dict[str, str]]]) -> str:
        return states.get(client, {}).get("user", {}).get("name", "")

    seen = await until(lambda: peers.do("states", "ada"), lambda states: name(states) == "Gil")
    assert seen[client]["user"]["guest"] is True
    body = {"username": "gilbert", "email": "gil@example.org", "password": PASSWORD}
    signed_up = await gil.post("/user/signup", body)

    assert (signed_up.status, signed_up.body["user"]["id"]) == (201, gil.user["id"])
    await until(lambda: peers.do("states", "ada"), lambda states: name(states) == "gilbert")
    await peers.do("insert", "gil", text="typed on")
    await peers.until_text("typed on", "ada")
    assert (await peers.do("state", "gil"))["attempts"] == 1


async def test_guest_connecting_to_other_session_is_refused(ada: Api, peers: Peers) -> None:
    """A guest who connects to another session is refused, even if users may join it by link."""
    home, other = await ada.new_session(), await ada.new_session(code="secret")
    gil = await guest_of(ada, home, "Gil")

    await peers.do("connect", "gil", url=gil.socket_url, room=other, token=gil.token)

    await peers.until_state("gil", gone=4403)
    assert await peers.text("gil") == ""


async def test_ticket_admits_one_connection_only(ada: Api, peers: Peers) -> None:
    """A ticket lets a stock provider connect once. A second use is refused."""
    session_id = await ada.new_session(code="hello")
    ticket = (await ada.post(f"/session/{session_id}/ticket")).body["ticket"]

    await peers.do("connect", "one", url=ada.socket_url, room=session_id, ticket=ticket)
    await peers.until_text("hello", "one")
    await peers.do("connect", "two", url=ada.socket_url, room=session_id, ticket=ticket)

    await peers.until_state("two", gone=4401)
    assert await peers.text("two") == ""


CHANGES = {
    "role": ("set_role", "role_changed"),
    "hand over": ("transfer_session", "role_changed"),
    "remove": ("remove_member", "member_gone"),
    "leave": ("leave", "member_gone"),
    "end": ("change_session", "status_changed"),
    "delete": ("delete_session", "session_deleted"),
    "logout": ("end_login", "logins_ended"),
    "revoke": ("end_login", "logins_ended"),
    "password": ("set_password", "logins_ended"),
    "delete account": ("delete_user", "logins_ended"),
}
"""{change: (the store's method that commits it, the method that tells the rooms)}"""


async def change(what: str, ada: Api, bob: Api, session_id: str) -> int:
    member = f"/session/{session_id}/members/{bob.user['id']}"
    match what:
        case "role":
            answer = await ada.patch(member, {"role": "viewer"})
        case "hand over":
            answer = await ada.patch(member, {"role": "owner"})
        case "remove":
            answer = await ada.delete(member)
        case "leave":
            answer = await bob.post(f"/session/{session_id}/leave")
        case "end":
            answer = await ada.patch(f"/session/{session_id}", {"status": "ended"})
        case "delete":
            answer = await ada.delete(f"/session/{session_id}")
        case "logout":
            answer = await bob.post("/user/logout")
        case "revoke":
            other = await log_in(bob.url, bob.user["username"])
            answer = await other.delete(f"/user/logins/{bob.refresh_token.partition('.')[0]}")
        case "password":
            other = await log_in(bob.url, bob.user["username"])
            answer = await other.post(
                "/user/password", {"currentPassword": PASSWORD, "newPassword": "another one"}
            )
        case _:
            answer = await bob.request("DELETE", "/user/me", {"password": PASSWORD})
    return answer.status


@pytest.mark.parametrize("what", CHANGES)
async def test_committed_change_takes_effect_in_same_event_loop_turn(
    server, ada: Api, bob: Api, monkeypatch, what: str
) -> None:
    """No other code runs between the store's commit of a change and its effect in the rooms."""
    session_id = await ada.new_session()
    assert (await bob.post(f"/session/{session_id}/join")).status == 200
    services, loop, turn = server.parts.services, asyncio.get_running_loop(), 0
    at: dict[str, int] = {}
    committed, told = CHANGES[what]
    commit, tell = getattr(services.store, committed), getattr(services.rooms.changes, told)

    def count() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(count)

    async def noted_commit(*arguments, **options):
        result = await commit(*arguments, **options)
        at.setdefault("committed", turn)
        return result

    def noted_tell(*arguments):
        at.setdefault("told", turn)
        tell(*arguments)

    monkeypatch.setattr(services.store, committed, noted_commit)
    monkeypatch.setattr(services.rooms.changes, told, noted_tell)
    loop.call_soon(count)

    status = await change(what, ada, bob, session_id)

    monkeypatch.undo()
    assert status in (200, 204)
    assert at["told"] == at["committed"] > 0
