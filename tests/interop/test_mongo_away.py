"""Tests of the server on MongoDB, and of outages of MongoDB while people type."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable

import pytest

import storage.mongo.store
from storage.mongo.database import lease
from storage.mongo.store import MongoStore
from tests.api import PASSWORD, Api
from tests.conftest import StartServer
from tests.node_peers import Peers, connect
from tests.processes import ServerProcess, free_port
from tests.storage.faults import FORGETFUL_DRIVER, Place, failing
from tests.waiting import until

IMPATIENT = (
    "?serverSelectionTimeoutMS=1500&connectTimeoutMS=3000&socketTimeoutMS=3000"
    "&directConnection=true"
)
OUTAGE_S = 20.0
"""A time after which the pauses between two tries have their longest length, 5 s. They begin with
0.1 s, double each time, and reach it after 6.3 s."""

pytestmark = [pytest.mark.filterwarnings(warning) for warning in FORGETFUL_DRIVER]


@pytest.fixture
async def place(mongo_uri: str) -> AsyncIterator[Place]:
    async with failing(mongo_uri, IMPATIENT) as made:
        yield made


@pytest.fixture
def start_server(place: Place, start_server: StartServer) -> StartServer:
    """Start servers that stop before their database is dropped.

    Otherwise a server would lose its lease and log an error.
    """
    return start_server


def expect_outage(expect_log: Callable[[str], None]) -> None:
    """Expect the messages that a server logs while its store is away."""
    expect_log("ERROR crdt.lifecycle.log_writer: the store cannot be written")
    expect_log("WARNING crdt.lifecycle.rooms: session .* is not maintained now")
    expect_log("WARNING collab_server.housekeeping")
    expect_log("WARNING crdt.storage_quota: the storage of users cannot be checked now")


async def entries(place: Place, session_id: str) -> list[tuple[int, int]]:
    """Return (first, last) of each chunk in a session's log."""
    store = MongoStore(place.direct)
    await store.open()
    try:
        return [(chunk.first, chunk.last) for chunk in await store.chunks(session_id, 0, 100_000)]
    finally:
        await store.close(is_clean=True)


async def test_mongo_server_restart_keeps_everything(
    start_server, place: Place, peers: Peers
) -> None:
    """Accounts, code of two people, a chat, a version and a guest survive a restart."""
    server = await start_server(mongo_uri=place.direct)
    ada, bob = await Api(server.url).sign_up("ada"), await Api(server.url).sign_up("bob")
    session_id = await ada.new_session(title="On Mongo", code="base ")
    for api, name in ((ada, "a"), (bob, "b")):
        await connect(peers, api, session_id, name)
    await peers.do("insert", "a", text="[a]")
    await peers.do("insert", "b", text="[b]")
    live = await until(lambda: ada.live(session_id), lambda live: len(live["code"]) == 11)
    assert (await ada.post(f"/code/{session_id}/save", {"label": "first"})).status == 201
    assert (await bob.post("/chat/send", {"sessionId": session_id, "message": "hi"})).status == 201
    invite = (await ada.post(f"/session/{session_id}/invites", {"role": "viewer"})).body["invite"]
    assert (
        await Api(server.url).post("/user/guest", {"name": "Gil", "invite": invite})
    ).status == 201
    await server.stop()

    server = await start_server(mongo_uri=place.direct)

    ada = Api(server.url, ada.token)
    (listed,) = (await ada.get("/session")).body["items"]
    assert (listed["title"], listed["unread"], listed["memberCount"]) == ("On Mongo", 1, 3)
    assert (await ada.live(session_id))["code"] == live["code"]
    assert (await ada.get(f"/code/{session_id}/versions/1")).body["label"] == "first"
    assert [
        message["message"] for message in (await ada.get(f"/chat/{session_id}")).body["messages"]
    ] == ["hi"]
    assert (await ada.request("DELETE", "/user/me", {"password": PASSWORD})).status == 204


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "how", ["refuse", "hang", "cut", pytest.param("refuse for long", marks=pytest.mark.slow)]
)
async def test_mongo_outage_keeps_editors_typing_and_stores_edits_once(
    start_server, place: Place, peers: Peers, expect_log, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During an outage, editors see each other's edits, but no edit is called saved.

    Requests get 503. Afterwards, each edit is stored once.

    A long outage outlasts the lease and the longest pause between two tries. The test shortens the
    times of the lease to a third, so the outage takes 20 s and not a minute.
    """
    expect_outage(expect_log)
    if how == "refuse for long":
        for module, name in (
            (lease, "LEASE_S"),
            (lease, "DOUBT_S"),
            (storage.mongo.store, "RENEW_S"),
        ):
            monkeypatch.setattr(module, name, getattr(module, name) / 3)
    server = await start_server(mongo_uri=place.through)
    ada = await Api(server.url).sign_up("ada")
    session_id, other = await ada.new_session(), await ada.new_session()
    await connect(peers, ada, session_id, "a", saved=True)
    await connect(peers, ada, session_id, "b", saved=True)
    await peers.do("insert", "a", text="before ")
    await peers.until_text("before ", "b")
    saved = (await peers.until_state("a", saved=lambda count: count > 0))["saved"]

    if how.startswith("refuse"):
        await place.proxy.refuse()
    elif how == "hang":
        place.proxy.hang()
    else:
        place.proxy.on_reply = lambda reply: None
    started = asyncio.get_running_loop().time()

    async def passed() -> float:
        return asyncio.get_running_loop().time() - started

    for number in range(20):
        await peers.do("insert", "ab"[number % 2], text=f"<{number}>")
    text = await until(
        lambda: peers.text("b"), lambda text: all(f"<{n}>" in text for n in range(20))
    )
    await peers.until_text(text, "a")
    ready = await until(lambda: Api(server.url).get("/readyz"), lambda answer: answer.status == 503)
    refused = await ada.get("/session")
    wire = await ada.connect(other)
    closed = await wire.until_closed()
    meanwhile = await peers.do("state", "a")

    place.proxy.on_reply = lambda reply: reply
    place.proxy.hang(is_hanging=False)
    if how == "refuse for long":
        assert lease.LEASE_S < OUTAGE_S
        await until(passed, lambda seconds: seconds > OUTAGE_S, timeout_s=60)
    if how.startswith("refuse"):
        await place.proxy.again()
    state = await peers.until_state("a", saved=lambda count: count == meanwhile["sent"])

    assert ready.body["status"] != "ready"
    assert (refused.status, refused.body["code"], refused.headers["Retry-After"]) == (
        503,
        "unavailable",
        "5",
    )
    assert closed[0] == 4503
    assert (meanwhile["saved"], state["attempts"]) == (saved, 1)
    await until(lambda: Api(server.url).get("/readyz"), lambda answer: answer.status == 200)
    await server.stop()
    chunks = await entries(place, session_id)
    assert [first for first, _ in chunks] == [1, *(last + 1 for _, last in chunks[:-1])]
    server = await start_server(mongo_uri=place.direct)
    again = Api(server.url, ada.token)
    assert (await again.live(session_id))["code"] == text


async def test_mongo_commit_with_lost_reply_is_stored_once(
    start_server, place: Place, peers: Peers, expect_log
) -> None:
    """If the reply to a commit is lost, the driver or the writer repeats the commit.

    The log then has each entry once, and no client is disconnected.
    """
    expect_outage(expect_log)
    server = await start_server(mongo_uri=place.through)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "a", saved=True)
    drops = itertools.count()
    place.proxy.on_reply = lambda reply: None if next(drops) % 7 == 3 else reply

    for number in range(40):
        await peers.do("insert", "a", text=f"<{number}>")
        await peers.until_state("a", saved=lambda count, least=number: count > least)

    place.proxy.on_reply = lambda reply: reply
    assert (await peers.do("state", "a"))["attempts"] == 1
    await server.stop()
    chunks = await entries(place, session_id)
    assert [first for first, _ in chunks] == [1, *(last + 1 for _, last in chunks[:-1])]
    assert chunks[-1][1] == 40


async def test_mongo_server_after_sigkill_restarts_immediately_and_loses_nothing(
    place: Place, tmp_path, peers: Peers
) -> None:
    """After `kill -9`, the server can start again immediately on the same machine.

    Everything that it had acknowledged is there.
    """
    server = ServerProcess(tmp_path / "data", free_port(), MONGO_URI=place.direct)
    await server.start()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "a", saved=True)
    for _ in range(3):
        before = (await peers.do("typed", "a"))["typedSaved"]
        await peers.do("type", "a", everyMs=3, mark="a")
        await until(lambda: peers.do("typed", "a"), lambda typed: typed["typedSaved"] > before + 20)  # noqa: B023  # awaited here
        await server.kill()
        await peers.do("stop", "a")
        acknowledged = (await peers.do("typed", "a"))["typedSaved"]
        await peers.do("disconnect", "a")
        await server.start()
        code = (await ada.live(session_id))["code"]
        assert [n for n in range(acknowledged) if code.count(f"<a{n}>") != 1] == []
        await peers.do("reconnect", "a")
        await peers.until_state("a", synced=True)
    text = await peers.text("a")
    await until(lambda: ada.live(session_id), lambda live: live["code"] == text)
    assert await server.terminate() == 0


async def test_mongo_second_server_is_refused_with_one_line(
    start_server, place: Place, tmp_path
) -> None:
    """The second server on a database is refused with one line that names the first server."""
    await start_server(mongo_uri=place.direct)
    second = ServerProcess(tmp_path / "second", free_port(), MONGO_URI=place.direct)

    with pytest.raises(AssertionError):
        await second.start()

    (line,) = second.output.read_text().splitlines()
    assert line.startswith(
        "collab-server: MONGO_URI: MongoDB: the database is in use by another server ("
    )
    assert f"pid {os.getpid()}" in line
