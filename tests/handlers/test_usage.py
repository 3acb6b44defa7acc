"""Tests the storage that a user's sessions take: the answer about it, and refusals at limits."""

import json

from tests.api import Api
from tests.handlers.clients import joined, typing_frame
from tests.waiting import until

MIB = 1 << 20


async def fill(server, session_id: str, size: int) -> None:
    """Make the store count `size` more bytes for a session."""
    await server.parts.services.store._engine.write(
        lambda db: db.execute(
            "UPDATE usage SET bytes = bytes + ? WHERE session_id = ?", (size, session_id)
        )
    )


async def test_usage_shows_figures_and_warns(start_server) -> None:
    server = await start_server(user_bytes=MIB, user_sessions=10)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code="print(1)\n")

    first = (await ada.get("/user/usage")).body
    await fill(server, session_id, MIB * 85 // 100)
    warned = (await ada.get("/user/usage")).body

    assert first.pop("bytes") > 10
    assert first == {"maxBytes": MIB, "sessions": 1, "maxSessions": 10, "isNearlyFull": False}
    assert warned["isNearlyFull"] is True


async def test_sessions_over_the_limit_are_refused_until_one_is_deleted(start_server) -> None:
    """A new session over the limit is refused until another is deleted.

    A session that is handed over counts for its new owner. The message is for people, and the
    limit's name is in a field for programs.
    """
    server = await start_server(user_sessions=2)
    ada, bob = [await Api(server.url).sign_up(name) for name in ("ada", "bob")]
    first, _ = await ada.new_session(), await ada.new_session()
    given = await bob.new_session()
    await ada.post(f"/session/{given}/join")

    refused = await ada.post("/session", {})
    handed = await bob.patch(f"/session/{given}/members/{ada.user['id']}", {"role": "owner"})
    await ada.request("DELETE", f"/session/{first}")
    again = await ada.post("/session", {})

    for answer in (refused, handed):
        assert (answer.status, answer.body["code"]) == (409, "limit_reached")
        assert answer.body["limit"] == "user_sessions"
        assert answer.body["message"] == (
            "The session's owner has as many sessions as one user may: 2 of 2."
            " Delete sessions that are not needed any more, or hand them over to somebody else."
        )
    assert again.status == 201


async def test_versions_are_refused_at_the_limit_and_edits_above_it(start_server) -> None:
    """Over the limit, versions are refused. Edits are refused only over 110 %.

    Then their socket is closed with 4413. Edits that were accepted before are kept.
    """
    server = await start_server(user_bytes=MIB)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code="base\n")
    other = await ada.new_session()
    await fill(server, other, MIB)
    quota = server.parts.services.rooms.storage_quota

    refused = [await ada.post(f"/code/{session_id}/save", {}), await ada.post("/session", {})]
    wire = await joined(ada, session_id)
    await quota.look()
    await wire.send(typing_frame("typed "))
    await until(lambda: ada.live(session_id), lambda live: "typed" in live["code"])
    await fill(server, other, MIB // 5)
    await quota.look()
    await wire.send(typing_frame("refused "))
    code, reason = await wire.until_closed()

    for answer in refused:
        assert (answer.status, answer.body["code"]) == (409, "limit_reached")
        assert answer.body["limit"] == "user_bytes"
        assert answer.body["message"] == (
            "The storage of the session's owner is full: 1.0 MiB of 1.0 MiB are in use."
            " Delete sessions that are not needed any more, or hand them over to somebody else."
        )
    assert code == 4413
    assert "user_bytes" in json.dumps(reason)
    assert "typed" in (await ada.live(session_id))["code"]
    await ada.request("DELETE", f"/session/{other}")
    await quota.look()
    assert (await ada.post(f"/code/{session_id}/save", {"code": "after\n"})).status == 201


async def test_more_sessions_than_one_may_open_a_day_are_refused(start_server) -> None:
    """Sessions per day are counted even if they are deleted, for each user separately.

    A request that is refused for another reason is not counted.
    """
    server = await start_server(sessions_per_day=2, user_sessions=1)
    ada, bob = [await Api(server.url).sign_up(name) for name in ("ada", "bob")]

    for _ in range(2):
        session_id = await ada.new_session()
        assert (await ada.post("/session", {})).status == 409
        await ada.request("DELETE", f"/session/{session_id}")
    refused = await ada.post("/session", {})

    assert (refused.status, refused.body["code"]) == (429, "rate_limited")
    assert refused.body["message"] == "Too many new sessions. Try again in 12 hours."
    assert 12 * 3_600 - 60 < int(refused.headers["Retry-After"]) <= 12 * 3_600
    assert (await bob.post("/session", {})).status == 201
