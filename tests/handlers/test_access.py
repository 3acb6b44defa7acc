"""Tests the rights of each role, from a stranger to the owner, on every route and method."""

import pytest

from tests.handlers.everybody import WHO, World, implemented

ALL = (200,) * 7
SIGNED_IN = (401, 200, 200, 200, 200, 200, 200)
MEMBERS = (401, 404, 404, 404, 200, 200, 200)
OWNER = (401, 404, 404, 404, 403, 403, 200)
DELETED = (401, 204, 204, 204, 204, 204, 204)
DELETED_BY_OWNER = (401, 404, 404, 404, 403, 403, 204)

ROWS: dict[tuple[str, str], tuple[int, ...]] = {
    ("POST", r"/user/signup"): (201,) * 7,
    ("POST", r"/user/login"): ALL,
    ("POST", r"/user/guest"): (201,) * 7,
    ("POST", r"/user/refresh"): ALL,
    ("POST", r"/user/logout"): SIGNED_IN,
    ("GET", r"/user/me"): SIGNED_IN,
    ("PATCH", r"/user/me"): SIGNED_IN,
    ("DELETE", r"/user/me"): DELETED,
    ("POST", r"/user/password"): (401, 200, 422, 200, 200, 200, 200),
    ("POST", r"/user/password/forgot"): (404,) * 7,  # it sends no mail: test_recovery.py
    ("POST", r"/user/password/reset"): (404,) * 7,  # nobody has the token
    ("POST", r"/user/email"): (401, 200, 403, 200, 200, 200, 200),
    ("GET", r"/user/logins"): SIGNED_IN,
    ("DELETE", r"/user/logins"): DELETED,
    ("DELETE", r"/user/logins/([^/]+)"): DELETED,
    ("POST", r"/user/avatar"): SIGNED_IN,
    ("DELETE", r"/user/avatar"): SIGNED_IN,
    ("GET", r"/user/([^/]+)/avatar"): ALL,
    ("GET", r"/user/usage"): SIGNED_IN,
    ("GET", r"/session"): SIGNED_IN,
    ("POST", r"/session"): (401, 201, 403, 201, 201, 201, 201),
    ("GET", r"/session/([^/]+)"): MEMBERS,
    ("PATCH", r"/session/([^/]+)"): OWNER,
    ("DELETE", r"/session/([^/]+)"): DELETED_BY_OWNER,
    ("POST", r"/session/([^/]+)/join"): (401, 200, 403, 403, 200, 200, 200),
    ("POST", r"/session/([^/]+)/leave"): (401, 404, 404, 404, 204, 204, 409),
    ("PATCH", r"/session/([^/]+)/members/([^/]+)"): OWNER,
    ("DELETE", r"/session/([^/]+)/members/([^/]+)"): DELETED_BY_OWNER,
    ("POST", r"/session/([^/]+)/invites"): (401, 404, 404, 404, 403, 403, 201),
    ("GET", r"/session/([^/]+)/invites"): OWNER,
    ("DELETE", r"/session/([^/]+)/invites/([^/]+)"): DELETED_BY_OWNER,
    ("POST", r"/session/([^/]+)/ticket"): MEMBERS,
    ("POST", r"/session/([^/]+)/compact"): OWNER,
    ("POST", r"/session/([^/]+)/runs"): (401, 404, 404, 404, 403, 201, 201),
    ("GET", r"/session/([^/]+)/runs"): MEMBERS,
    ("GET", r"/session/([^/]+)/runs/([0-9]+)"): MEMBERS,
    ("POST", r"/session/([^/]+)/runs/remote"): (401, 404, 404, 404, 403, 404, 404),
    ("GET", r"/session/([^/]+)/tests"): MEMBERS,
    ("POST", r"/session/([^/]+)/tests"): (401, 404, 404, 404, 403, 201, 201),
    ("POST", r"/session/([^/]+)/tests/order"): (401, 404, 404, 404, 403, 200, 200),
    ("PATCH", r"/session/([^/]+)/tests/([^/]+)"): (401, 404, 404, 404, 403, 200, 200),
    ("DELETE", r"/session/([^/]+)/tests/([^/]+)"): (401, 404, 404, 404, 403, 204, 204),
    # the server of this test knows no service that runs programs
    ("GET", r"/session/([^/]+)/runs/remote"): (401, 404, 404, 404, 404, 404, 404),
    ("GET", r"/session/([^/]+)/preview"): ALL,
    ("GET", r"/invite/([^/]+)"): ALL,
    ("POST", r"/chat/send"): (401, 404, 404, 404, 201, 201, 201),
    ("GET", r"/chat/([^/]+)"): MEMBERS,
    ("POST", r"/chat/([^/]+)/read"): MEMBERS,
    ("POST", r"/code/([^/]+)/save"): (401, 404, 404, 404, 403, 201, 201),
    ("POST", r"/code/([^/]+)/restore"): (401, 404, 404, 404, 403, 200, 200),
    ("GET", r"/code/([^/]+)/diff"): MEMBERS,
    ("GET", r"/code/([^/]+)/timeline"): MEMBERS,
    ("GET", r"/code/([^/]+)/at/([0-9]+)"): MEMBERS,
    ("GET", r"/code/([^/]+)/export"): MEMBERS,
    ("GET", r"/code/([^/]+)/replay"): MEMBERS,
    ("GET", r"/code/([^/]+)/blame"): MEMBERS,
    ("POST", r"/code/([^/]+)/redact"): (401, 404, 404, 404, 403, 403, 404),
    ("GET", r"/code/([^/]+)/latest"): MEMBERS,
    ("GET", r"/code/([^/]+)/files"): MEMBERS,
    ("GET", r"/code/([^/]+)/versions"): MEMBERS,
    ("GET", r"/code/([^/]+)/versions/([0-9]+)"): MEMBERS,
    ("GET", r"/sync/([^/]+)"): (4401, 101, 4403, 4403, 101, 101, 101),
    ("GET", r"/socket.io/"): ALL,
    ("POST", r"/socket.io/"): (400,) * 7,
    ("GET", r"/features"): ALL,
    ("GET", r"/healthz"): ALL,
    ("GET", r"/metrics"): ALL,
    ("GET", r"/readyz"): ALL,
    ("GET", r"/"): ALL,
    ("GET", r"/signin"): ALL,
    ("GET", r"/signup"): ALL,
    ("GET", r"/forgot"): ALL,
    ("GET", r"/reset"): ALL,
    ("GET", r"/profile"): ALL,
    ("GET", r"/developers"): ALL,
    ("GET", r"/s/([^/]+)"): ALL,
    ("GET", r"/s/([^/]+)/versions"): ALL,
    ("GET", r"/s/([^/]+)/replay"): ALL,
    ("GET", r"/join/([^/]+)"): ALL,
    ("GET", r"/sw.js"): ALL,
    ("GET", r"/docs"): ALL,
    ("GET", r"/openapi.json"): ALL,
    ("GET", r"/run/"): ALL,
    ("GET", r"/run/preview"): ALL,
    ("GET", r"/static/run/(.+)"): ALL,
    ("GET", r"/static/(.+)"): ALL,
}
"""{(method, route): status for each client, in the order of WHO}, in a session open by link. A
WebSocket has its close code instead.

The guest belongs to another session. The rights for events of Socket.IO are tested in
`tests/interop/test_access_events.py`, because the connection itself is open to all."""

IN_A_SESSION = sorted(
    key for key in ROWS if key[1].startswith(("/session/", "/invite", "/chat", "/code", "/sync"))
)

BY_INVITATION = {
    ("POST", r"/session/([^/]+)/join"): (401, 404, 404, 403, 200, 200, 200),
    ("GET", r"/session/([^/]+)/preview"): (404,) * 7,
    ("GET", r"/sync/([^/]+)"): (4401, 4403, 4403, 4403, 101, 101, 101),
}
"""The rows that differ in a session that is not open by link."""

ENDED = {
    ("POST", r"/chat/send"): (401, 404, 404, 404, 409, 409, 409),
    ("POST", r"/session/([^/]+)/runs"): (401, 404, 404, 404, 409, 409, 409),
    ("POST", r"/session/([^/]+)/runs/remote"): (401, 404, 404, 404, 409, 409, 409),
    ("POST", r"/session/([^/]+)/tests"): (401, 404, 404, 404, 403, 409, 409),
    ("POST", r"/session/([^/]+)/tests/order"): (401, 404, 404, 404, 403, 409, 409),
    ("PATCH", r"/session/([^/]+)/tests/([^/]+)"): (401, 404, 404, 404, 403, 409, 409),
    ("DELETE", r"/session/([^/]+)/tests/([^/]+)"): (401, 404, 404, 404, 403, 409, 409),
    ("POST", r"/code/([^/]+)/save"): (401, 404, 404, 404, 403, 409, 409),
    ("POST", r"/code/([^/]+)/restore"): (401, 404, 404, 404, 403, 409, 409),
}
"""The rows that differ in a session that has ended, because nobody may write in it."""


def test_access_table_covers_every_route() -> None:
    """Each route and method has a row in the table, and each row has a route."""
    assert implemented() == set(ROWS)
    assert {len(row) for row in ROWS.values()} == {len(WHO)}
    assert set(BY_INVITATION) | set(ENDED) <= set(ROWS)


@pytest.fixture
async def world(start_server) -> World:
    return await World.make((await start_server(refusal_hold_s=0)).url)


async def outcome(world: World, method: str, route: str, **fields: str) -> dict[str, int]:
    """Let each client make the request, each in a session of its own. Return the results."""
    sessions = {who: await world.session(**fields) for who in WHO}
    return {who: await world.attempt(who, method, route, sessions[who]) for who in WHO}


@pytest.mark.parametrize(("method", "route"), sorted(ROWS))
async def test_requests_of_each_role_are_answered_as_table_says(
    world: World, method: str, route: str
) -> None:
    """Each client gets the result that the table says."""
    outcomes = await outcome(world, method, route)

    assert outcomes == dict(zip(WHO, ROWS[method, route], strict=True))


@pytest.mark.parametrize(("method", "route"), IN_A_SESSION)
async def test_requests_to_invite_only_session_are_answered_as_table_says(
    world: World, method: str, route: str
) -> None:
    """In a session by invitation, the results are those of the table and of `BY_INVITATION`."""
    outcomes = await outcome(world, method, route, access="invite")

    assert outcomes == dict(
        zip(WHO, BY_INVITATION.get((method, route), ROWS[method, route]), strict=True)
    )


@pytest.mark.parametrize(("method", "route"), IN_A_SESSION)
async def test_requests_to_ended_session_are_answered_as_table_says(
    world: World, method: str, route: str
) -> None:
    """In an ended session, the results are those of the table and of `ENDED`: nobody can write."""
    outcomes = await outcome(world, method, route, status="ended")

    assert outcomes == dict(zip(WHO, ENDED.get((method, route), ROWS[method, route]), strict=True))


async def test_sync_connection_by_link_makes_stranger_member(world: World) -> None:
    """A stranger who connects to `/sync` becomes a member with the session's join role."""
    session_id = await world.session()
    stranger = world.clients["stranger"]
    assert (await stranger.get(f"/session/{session_id}")).status == 404

    assert await world.attempt("stranger", "GET", r"/sync/([^/]+)", session_id) == 101

    assert (await stranger.get(f"/session/{session_id}")).body["role"] == "viewer"


async def test_owner_has_no_rights_in_other_session(world: World) -> None:
    """An owner of one session has no rights in another session."""
    own = await world.clients["stranger"].new_session()
    other = await world.session(access="invite")
    version = f"/code/{other}/versions/1"

    assert (await world.clients["stranger"].get(f"/session/{own}")).status == 200
    assert (await world.clients["stranger"].get(version)).status == 404
    sent = await world.clients["stranger"].post("/chat/send", {"sessionId": other, "message": "x"})
    assert sent.status == 404
