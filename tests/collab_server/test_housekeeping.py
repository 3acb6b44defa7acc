"""Tests periodic work: removing idle guests and expired rows, noting logins, freeing memory."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from collab_server import housekeeping
from collab_server.housekeeping import Housekeeping
from storage.errors import StoreUnavailable
from tests.api import PASSWORD, Api
from tests.clock import Clock
from tests.handlers.clients import (
    account,
    code_of,
    guest_by,
    guest_of,
    is_open,
    joined,
    new_invite,
    picture,
    upload,
)
from tests.waiting import until

DAY_S = 86_400


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data" / "collab.db"


def count(database: Path, table: str) -> int:
    """Return how many rows a table has."""
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        db.close()


async def come_back(api: Api) -> Api:
    """Sign in again, because the login has expired."""
    answer = await Api(api.url).post(
        "/user/login", {"username": api.user["username"], "password": PASSWORD}
    )
    return Api(api.url, answer.body["accessToken"], answer.body["user"])


@pytest.fixture
async def guest(clock: Clock, ada: Api) -> Api:
    """Return a guest who has sent a chat message and has a picture and a ticket."""
    session_id = await ada.new_session(access="invite")
    gus = await guest_of(ada, session_id, "Gus")
    await gus.post("/chat/send", {"sessionId": session_id, "message": "hi"})
    await gus.post(f"/session/{session_id}/ticket")
    assert (await upload(gus, picture())).status == 200
    return gus


async def test_housekeeping_removes_guest_idle_for_30_days(
    clock: Clock, server, ada: Api, guest: Api, data: Path
) -> None:
    """A guest idle for over 30 days is removed, but the guest's messages and name stay.
    Login, ticket, picture and membership are removed.
    """
    session_id = guest.user["guestOf"]
    clock.advance(30 * DAY_S)
    await server.housekeeping.sweep()
    assert count(data, "members") == 2
    clock.advance(1)

    await server.housekeeping.sweep()

    ada = await come_back(ada)
    session = (await ada.get(f"/session/{session_id}")).body
    assert [member["username"] for member in session["members"]] == ["ada"]
    (message,) = (await ada.get(f"/chat/{session_id}")).body["messages"]
    assert (message["message"], message["sender"]["id"]) == ("hi", guest.user["id"])
    assert (message["sender"]["username"], message["sender"]["avatar"]) == ("Gus", None)
    assert (await guest.get("/user/me")).status == 401
    assert (
        await Api(ada.url).post("/user/refresh", {"refreshToken": guest.refresh_token})
    ).status == 401
    assert (await ada.get(f"/user/{guest.user['id']}/avatar")).status == 404
    assert [
        count(data, table) for table in ("refresh_tokens", "tickets", "avatars", "members")
    ] == [1, 0, 0, 1]


async def test_housekeeping_keeps_recently_active_guest(
    clock: Clock, server, guest: Api, data: Path
) -> None:
    """A refresh counts as activity. A request counts when the login's use has been noted."""
    clock.advance(13 * DAY_S)
    answer = await Api(guest.url).post("/user/refresh", {"refreshToken": guest.refresh_token})
    guest.token = answer.body["accessToken"]
    clock.advance(600)
    assert (await guest.get("/user/me")).status == 200
    await server.housekeeping.note_logins()
    clock.advance(30 * DAY_S)

    await server.housekeeping.sweep()

    assert count(data, "members") == 2
    clock.advance(1)
    await server.housekeeping.sweep()
    assert count(data, "members") == 1


@pytest.mark.parametrize("is_noted", [True, False])
async def test_housekeeping_keeps_connected_guest(
    clock: Clock, start_server, is_noted: bool
) -> None:
    """A connected guest who only watches is kept, even if no round noted the guest's login."""
    server = await start_server(guest_days=5)
    ada = await Api(server.url).sign_up("ada")
    guest = await guest_of(ada, await ada.new_session())
    wire = await joined(guest, guest.user["guestOf"])

    for _ in range(2):
        clock.advance(6 * DAY_S)
        if is_noted:
            await server.housekeeping.note_logins()
        await server.housekeeping.sweep()

    assert await is_open(wire)
    members = (await (await come_back(ada)).get(f"/session/{guest.user['guestOf']}")).body[
        "members"
    ]
    assert {member["username"]: member["online"] for member in members} == {
        "ada": False,
        "Gus": True,
    }


async def test_housekeeping_closes_sockets_of_expired_login(clock: Clock, server, ada: Api) -> None:
    """A client that never refreshes its login is disconnected after 14 days."""
    wire = await joined(ada, await ada.new_session())
    clock.advance(14 * DAY_S - 1)
    await server.housekeeping.note_logins()
    assert await is_open(wire)
    clock.advance(1)

    await server.housekeeping.note_logins()

    assert (await wire.until_closed())[0] == 4401


async def test_housekeeping_keeps_guest_signed_up_as_user(clock: Clock, server, guest: Api) -> None:
    """A guest who has signed up is a user, and is never removed."""
    await guest.post("/user/signup", account("gustav"))
    clock.advance(400 * DAY_S)

    await server.housekeeping.sweep()

    again = await come_back(Api(guest.url, user={"username": "gustav"}))
    assert again.user["id"] == guest.user["id"]
    assert (await again.get(f"/session/{guest.user['guestOf']}")).status == 200


async def test_housekeeping_uses_guest_days_of_configuration(
    clock: Clock, start_server, data: Path
) -> None:
    """`COLLAB_GUEST_DAYS` is the number of days that an idle guest is kept."""
    server = await start_server(guest_days=2)
    ada = await Api(server.url).sign_up("ada")
    await guest_of(ada, await ada.new_session())
    clock.advance(2 * DAY_S + 1)

    await server.housekeeping.sweep()

    assert count(data, "members") == 1


async def test_housekeeping_removes_many_guests_in_batches(
    clock: Clock, server, ada: Api, data: Path, monkeypatch
) -> None:
    """Guests are removed in batches until no idle guest is left."""
    monkeypatch.setattr(housekeeping, "_BATCH", 5)
    session_id = await ada.new_session()
    invite = (await new_invite(ada, session_id))["invite"]
    for _ in range(12):
        await guest_by(ada.url, invite)
    clock.advance(31 * DAY_S)

    await server.housekeeping.sweep()

    assert count(data, "members") == 1


async def test_housekeeping_drops_expired_logins_tickets_and_invites(
    clock: Clock, server, ada: Api, data: Path
) -> None:
    """Expired logins and tickets are removed, and invites a month after their end.

    Valid rows stay.
    """
    session_id = await ada.new_session()
    await ada.post(f"/session/{session_id}/ticket")
    invite = await new_invite(ada, session_id, expiresIn=60)
    await server.housekeeping.sweep()
    assert [count(data, table) for table in ("refresh_tokens", "tickets", "invites")] == [1, 1, 1]

    clock.advance(61)
    await server.housekeeping.sweep()
    assert [count(data, table) for table in ("refresh_tokens", "tickets", "invites")] == [1, 0, 1]
    clock.advance(14 * DAY_S)
    await server.housekeeping.sweep()
    assert [count(data, table) for table in ("refresh_tokens", "tickets", "invites")] == [0, 0, 1]
    clock.advance(17 * DAY_S)
    await server.housekeeping.sweep()

    assert [count(data, table) for table in ("refresh_tokens", "tickets", "invites")] == [0, 0, 0]
    assert code_of(await Api(ada.url).get(f"/invite/{invite['invite']}")) == (404, "not_found")


async def test_housekeeping_runs_at_server_start(clock: Clock, start_server, data: Path) -> None:
    """Rows that expired while the server was off are removed soon after its start."""
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    await guest_of(ada, await ada.new_session())
    await server.stop()
    clock.advance(31 * DAY_S)

    await start_server()

    async def left() -> int:
        return count(data, "members")

    await until(left, lambda number: number == 1)


async def test_housekeeping_notes_login_use_at_server_stop(
    clock: Clock, start_server, data: Path
) -> None:
    """A login that was used just before the server stops is still noted."""
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    clock.advance(600)
    assert (await ada.get("/user/me")).status == 200

    await server.stop()

    again = await start_server()
    (login,) = (await Api(again.url, ada.token).get("/user/logins")).body["items"]
    assert login["lastUsedAt"] > login["createdAt"]


async def test_housekeeping_during_store_outage_warns_and_tries_again(
    server, ada: Api, monkeypatch, expect_log
) -> None:
    """While the store is out of reach, each round logs a warning, and the next tries again."""
    expect_log(
        "WARNING collab_server.housekeeping: housekeeping could not (sweep|note logins): disk full"
    )
    store = server.parts.services.store
    calls, real = [], store.touch_logins

    async def away(*_: object) -> None:
        calls.append("away")
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(store, "touch_logins", away)
    monkeypatch.setattr(store, "sweep", away)
    await ada.get("/user/me")
    chores = Housekeeping(server.parts.services, 30, interval_s=0.01)
    chores.start()

    async def tries() -> int:
        return len(calls)

    await until(tries, lambda number: number > 3)
    monkeypatch.setattr(store, "touch_logins", real)

    async def waiting() -> set[str]:
        return server.parts.services.seen_logins

    await until(waiting, lambda logins: not logins)
    await chores.stop()


async def test_epoch_is_renewed_each_hour_but_not_at_the_start(server) -> None:
    """The epoch is renewed every 60 rounds of a minute.

    It is not renewed at the start, which has begun a new one.
    """
    rounds: list[int] = []
    noted: list[int] = []

    async def renew() -> None:
        rounds.append(len(noted))

    chores = Housekeeping(server.parts.services, 30, interval_s=0.001, renew_epoch=renew)
    note_logins = chores.note_logins

    async def note() -> None:
        noted.append(1)
        await note_logins()

    chores.note_logins = note  # type: ignore[method-assign]
    chores.start()
    await until(lambda: len(rounds) > 1)
    await chores.stop()

    assert rounds[:2] == [61, 121]


async def test_housekeeping_after_unexpected_error_continues(
    server, ada: Api, monkeypatch, expect_log
) -> None:
    """An unexpected error is logged, and the next round still runs."""
    expect_log("ERROR collab_server.housekeeping: housekeeping could not (note logins|sweep)")
    calls = []

    async def broken(*_: object) -> None:
        calls.append("broken")
        raise ZeroDivisionError

    monkeypatch.setattr(server.parts.services.store, "touch_logins", broken)
    await ada.get("/user/me")
    chores = Housekeeping(server.parts.services, 30, interval_s=0.01)
    chores.start()

    async def tries() -> int:
        return len(calls)

    await until(tries, lambda number: number > 2)
    await chores.stop()


@pytest.mark.parametrize("what", ["rooms", "connections"])
async def test_memory_is_returned_after_rooms_or_many_connections_have_closed(
    server, ada: Api, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(housekeeping, "_GIVE_BACK_S", 0.01)
    services, calls = server.parts.services, list[None]()
    loaded = [1]
    monkeypatch.setattr(type(services.rooms), "loaded", property(lambda _: loaded[0]))
    chores = Housekeeping(services, 30, free_memory=lambda: calls.append(None))
    chores.start()
    await asyncio.sleep(0.1)
    assert not calls

    if what == "rooms":
        loaded[0] = 0
    else:
        services.connections.closes[4401] += 100

    await until(lambda: len(calls) == 6)
    await chores.stop()
