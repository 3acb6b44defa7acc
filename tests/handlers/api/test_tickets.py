"""Tests tickets. A ticket admits one WebSocket of a page that has no cookies for this server."""

import asyncio
import contextlib

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClosedError, websocket_connect

from tests.api import PASSWORD, Api, Wire
from tests.handlers.clients import Browser, code_of, guest_of, is_open, joined, log_in, typed
from tests.waiting import until

EVIL = "https://evil.example.org"


async def ticket_for(api: Api, session_id: str) -> str:
    answer = await api.post(f"/session/{session_id}/ticket")
    assert answer.status == 200, answer
    return answer.body["ticket"]


async def connect(url: str, session_id: str, ticket: str, query: str = "", **headers: str) -> Wire:
    """Open a socket with a ticket as its only credential."""
    address = f"{Api(url).socket_url}/{session_id}?ticket={ticket}{query}"
    return Wire(await websocket_connect(HTTPRequest(address, headers=headers)))


async def refusal(wire: Wire) -> int | None:
    """Return the close code of a refused socket. Assert that it received no document."""
    code, _ = await wire.until_closed()
    assert not [frame for frame in wire.seen if frame.startswith(b"\x00")], "the document came"
    return code


@pytest.fixture
async def session_id(ada: Api) -> str:
    return await ada.new_session(code="x")


async def test_ticket_reused_is_refused(ada: Api, session_id: str) -> None:
    """A ticket works once, so a ticket seen in a log or a history is useless."""
    answer = await ada.post(f"/session/{session_id}/ticket")

    assert set(answer.body) == {"ticket", "expiresIn"}
    assert answer.body["expiresIn"] == 60
    wire = await connect(ada.url, session_id, answer.body["ticket"])
    assert await is_open(wire)
    assert await refusal(await connect(ada.url, session_id, answer.body["ticket"])) == 4401
    assert await is_open(wire)


@pytest.mark.parametrize("origin", [EVIL, "null", "https://editor.example.org"])
async def test_ticket_works_from_any_origin(ada: Api, session_id: str, origin: str) -> None:
    """A ticket works from any origin, because the request for the ticket was authorized."""
    wire = await connect(ada.url, session_id, await ticket_for(ada, session_id), Origin=origin)

    assert await is_open(wire)


async def test_ticket_with_other_parameters_is_accepted(ada: Api, session_id: str) -> None:
    """A ticket works with additional query parameters, which some providers add.

    Session ids and tickets may be typed by hand.
    """
    for query in ("&saved=1", "?x=1", "&ticket2=y"):
        assert await is_open(
            await connect(ada.url, session_id, await ticket_for(ada, session_id), query)
        )
    assert await is_open(
        await connect(ada.url, typed(session_id), await ticket_for(ada, session_id))
    )
    assert await is_open(
        await connect(ada.url, session_id, typed(await ticket_for(ada, session_id)))
    )


async def test_ticket_used_by_50_sockets_simultaneously_admits_one(start_server) -> None:
    """Only one of 50 simultaneous sockets with the same ticket is admitted."""
    server = await start_server(refusal_hold_s=0, connections_per_user=100)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    ticket = await ticket_for(ada, session_id)

    wires = await asyncio.gather(*(connect(server.url, session_id, ticket) for _ in range(50)))

    async def how_it_went(wire: Wire) -> int:
        with contextlib.suppress(WebSocketClosedError):
            await wire.send(b"\x00\x00\x01\x00")
        while (frame := await wire.receive()) is not None:
            if frame.startswith(b"\x00\x01"):
                return 101
        return wire.close_code or 0

    outcomes = await asyncio.gather(*(how_it_went(wire) for wire in wires))
    assert sorted(outcomes) == [101] + [4401] * 49


@pytest.mark.parametrize(("age_s", "is_good"), [(59.999, True), (60, False)])
async def test_ticket_after_one_minute_is_refused(
    clock, ada: Api, session_id: str, age_s: float, is_good: bool
) -> None:
    """A ticket is valid for one minute: until its last millisecond, and not in the next one."""
    ticket = await ticket_for(ada, session_id)
    clock.advance(age_s)

    wire = await connect(ada.url, session_id, ticket)

    assert await is_open(wire) if is_good else await refusal(wire) == 4401


async def test_ticket_for_other_session_is_refused_and_used_up(ada: Api, session_id: str) -> None:
    """A ticket used for another session is refused there, and used up."""
    other = await ada.new_session()
    ticket = await ticket_for(ada, session_id)

    assert await refusal(await connect(ada.url, other, ticket)) == 4401
    assert await refusal(await connect(ada.url, session_id, ticket)) == 4401


async def test_ticket_signs_in_its_user_despite_other_cookie(
    ada: Api, bob: Api, session_id: str
) -> None:
    """A ticket signs in its own user, with that user's role, despite another user's cookie."""
    await ada.patch(f"/session/{session_id}", {"joinRole": "viewer"})
    await bob.post(f"/session/{session_id}/join")
    ticket = await ticket_for(bob, session_id)

    wire = await connect(
        ada.url, session_id, ticket, Cookie=f"accessToken={ada.token}", Origin=ada.url
    )

    assert await is_open(wire)
    members = (await ada.get(f"/session/{session_id}")).body["members"]
    assert [(member["username"], member["online"]) for member in members] == [
        ("ada", False),
        ("bob", True),
    ]


@pytest.mark.parametrize("ticket", ["x", "0" * 26, "%00", "a.b.c", "%F0%9F%98%80"])
async def test_bad_ticket_with_cookie_of_other_origin_is_refused(
    ada: Api, session_id: str, ticket: str
) -> None:
    """A wrong ticket is refused even with a valid cookie, from any origin."""
    cookie = f"accessToken={ada.token}"

    assert (
        await refusal(await connect(ada.url, session_id, ticket, Cookie=cookie, Origin=EVIL))
        == 4401
    )
    assert (
        await refusal(await connect(ada.url, session_id, ticket, Cookie=cookie, Origin=ada.url))
        == 4401
    )


async def test_empty_ticket_is_ignored_in_favour_of_cookie(ada: Api, session_id: str) -> None:
    """With an empty ticket, only the cookie counts, and its page must be of our own origin."""
    cookie = f"accessToken={ada.token}"

    assert await is_open(await connect(ada.url, session_id, "", Cookie=cookie, Origin=ada.url))
    with pytest.raises(Exception, match="403"):
        await connect(ada.url, session_id, "", Cookie=cookie, Origin=EVIL)


@pytest.mark.parametrize("how", ["logout", "logins", "password", "account"])
async def test_ticket_of_ended_login_is_refused(ada: Api, session_id: str, how: str) -> None:
    """When a login ends, its unused tickets end too. Tickets of another login stay valid."""
    other = await log_in(ada.url, "ada")
    tickets = [await ticket_for(other, session_id), await ticket_for(ada, session_id)]

    match how:
        case "logout":
            await other.post("/user/logout")
        case "logins":
            await ada.delete("/user/logins")
        case "password":
            await ada.post(
                "/user/password", {"currentPassword": PASSWORD, "newPassword": "another good one"}
            )
        case "account":
            await ada.delete("/user/me", body={"password": PASSWORD})

    first, second = [await connect(ada.url, session_id, ticket) for ticket in tickets]
    assert await refusal(first) in ((4401,) if how != "account" else (4401, 4404))
    if how != "account":
        assert await is_open(second)


async def test_ticket_follows_changed_role_and_removal(ada: Api, bob: Api, session_id: str) -> None:
    """A ticket of a member who was removed meanwhile is refused."""
    await bob.post(f"/session/{session_id}/join")
    ticket = await ticket_for(bob, session_id)
    await ada.delete(f"/session/{session_id}/members/{bob.user['id']}")

    assert await refusal(await connect(ada.url, session_id, ticket)) == 4403


async def test_socket_by_ticket_is_closed_when_login_ends(ada: Api, session_id: str) -> None:
    """A socket that was opened by ticket is closed when its login ends."""
    other = await log_in(ada.url, "ada")
    wire = await connect(ada.url, session_id, await ticket_for(other, session_id))
    assert await is_open(wire)

    await other.post("/user/logout")

    assert (await wire.until_closed())[0] == 4401


async def test_ticket_token_and_invite_are_not_interchangeable(ada: Api, session_id: str) -> None:
    """A ticket is neither a token nor an invite, and tokens are not tickets."""
    ticket = await ticket_for(ada, session_id)
    bearer = Api(ada.url, ticket)

    assert code_of(await bearer.get("/user/me")) == (401, "not_signed_in")
    assert code_of(await Api(ada.url).get("/user/me",
                                          headers={"Cookie": f"accessToken={ticket}"})) == (
        401, "not_signed_in",
    )  # fmt: skip
    assert await refusal(await bearer.connect(session_id)) == 4401
    assert code_of(await Api(ada.url).get(f"/invite/{ticket}")) == (404, "not_found")
    assert await refusal(await connect(ada.url, session_id, str(ada.token))) == 4401
    assert await refusal(await connect(ada.url, session_id, ada.refresh_token)) == 4401
    assert await is_open(await connect(ada.url, session_id, ticket))


async def test_ticket_of_guest_works_for_own_session(ada: Api, session_id: str) -> None:
    """A guest's ticket works for the guest's own session."""
    guest = await guest_of(ada, session_id)

    assert await is_open(await connect(ada.url, session_id, await ticket_for(guest, session_id)))


async def test_ticket_request_by_cookie_of_other_site_is_refused(browser: Browser) -> None:
    """Another site cannot make a visitor's browser request a ticket."""
    await browser.enter("ada")
    session_id = await browser.new_session()
    browser.origin = EVIL

    assert code_of(await browser.post(f"/session/{session_id}/ticket")) == (403, "bad_origin")


async def test_ticket_survives_restart_and_is_removed_when_used(start_server) -> None:
    """A ticket is stored, so it works after a restart. It is deleted when it is used."""
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    ticket = await ticket_for(ada, session_id)
    await server.stop()
    again = await start_server()

    assert await is_open(await connect(again.url, session_id, ticket))
    assert await refusal(await connect(again.url, session_id, ticket)) == 4401


async def test_ticket_is_not_logged(ada: Api, session_id: str, caplog) -> None:
    """A ticket is not logged when it is made or used, successfully or not."""
    caplog.set_level("DEBUG")
    ticket = await ticket_for(ada, session_id)

    await is_open(await connect(ada.url, session_id, ticket))
    await refusal(await connect(ada.url, session_id, ticket))
    wire = await joined(ada, session_id)
    wire.close()
    await until(lambda: _text(caplog), lambda text: "left session" in text)

    assert ticket not in caplog.text
    assert str(ada.token) not in caplog.text


async def _text(caplog) -> str:
    return caplog.text
