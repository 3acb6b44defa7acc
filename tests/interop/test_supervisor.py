"""Tests of the supervisor, which restarts the serving process after an update has made it die.

The session of that update is set aside, and no other edit is lost.
"""

import asyncio
import operator
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.api import Api
from tests.collab_server.failing import TRIGGER
from tests.handlers.clients import joined, typing_frame
from tests.node_peers import Peers
from tests.processes import ServerProcess, free_port
from tests.waiting import PATIENCE_S, until

Start = Callable[..., Awaitable[ServerProcess]]
BOMB = typing_frame(TRIGGER.decode())
RESTARTED = "a new one starts in 0.1 s"


@pytest.fixture
async def supervised(tmp_path: Path) -> AsyncIterator[Start]:
    """Return a function that starts a supervised server with a fault.

    At the end of the test, the server must end well and in time.
    """
    started: list[ServerProcess] = []

    async def start(fault: str, **variables: Any) -> ServerProcess:
        module = ("tests.collab_server.failing", fault)
        variables = {"COLLAB_SUPERVISOR": "on", "COLLAB_REFUSAL_HOLD_S": "0.1", **variables}
        server = ServerProcess(tmp_path / "data", free_port(), module=module, **variables)
        await server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        assert await asyncio.wait_for(server.terminate(), PATIENCE_S) == 0


def data_limit(pid: int) -> int:
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(int(line.split()[3]) for line in lines if line.startswith("Max data size"))


def child_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else 0


def children_of(pid: int) -> list[int]:
    """Return the ids of the processes that a process has started from any of its threads."""
    return [
        int(child)
        for path in Path(f"/proc/{pid}/task").glob("*/children")
        for child in path.read_text().split()
    ]


async def serving(server: ServerProcess) -> int:
    """Return the id of the serving process, or 0 if there is none."""
    return child_of(server.pid)


async def until_back(server: ServerProcess, before: int) -> float:
    """Wait until another process serves, and return the seconds that this took."""
    began = time.monotonic()
    await until(lambda: serving(server), lambda pid: pid not in (0, before))
    assert (await Api(server.url).get("/readyz")).status == 200
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("fault", "died", "variables"),
    [
        ("segfault", "died by SIGSEGV", {}),
        pytest.param(
            "hang",
            "stood still and was ended (SIGALRM)",
            {"COLLAB_WATCHDOG_S": "1"},
            marks=pytest.mark.watchdog_ends_a_server,
        ),
    ],
)
async def test_supervisor_after_fatal_update_restarts_server_without_that_session(
    supervised: Start, peers: Peers, fault: str, died: str, variables: dict[str, str], capsys
) -> None:
    """Other sessions reconnect and lose nothing.

    The session of the fatal update is set aside, and its user is slowed, also after a restart.
    """
    server = await supervised(fault, **variables)
    eve, ada = [await Api(server.url).sign_up(name) for name in ("eve", "ada")]
    attacked, other = await eve.new_session(code="before"), await ada.new_session()
    for name in ("one", "two"):
        await peers.do(
            "connect",
            name,
            url=ada.socket_url,
            room=other,
            token=ada.token,
            saved=True,
            maxBackoffTime=200,
        )
        await peers.until_state(name, synced=True)
        await peers.do("type", name, everyMs=20, mark=name)
    await until(lambda: peers.do("typed", "one"), lambda now: now["typedSaved"] > 3)
    assert (await eve.post(f"/code/{attacked}/save")).status == 201
    wire = await joined(eve, attacked)
    before = await serving(server)

    await wire.send(BOMB)
    await until(lambda: serving(server), lambda pid: pid != before)
    back_s = await until_back(server, before)

    with capsys.disabled():
        print(f"\n{fault}: serving again {back_s:.2f} s after the death was seen")
    refused = await eve.get(f"/code/{attacked}/latest?live=true")
    assert (refused.status, refused.body["code"]) == (409, "quarantined")
    assert "out of service for 10 minutes" in refused.body["detail"]
    assert refused.body["latest"] == f"/code/{attacked}/latest"
    assert (await eve.get(refused.body["latest"])).body["code"] == "before"
    assert (await (await eve.connect(attacked)).until_closed())[0] == 4500
    assert (await eve.get("/metrics")).body.count(b"collab_quarantined_sessions 1.0\n") == 1
    await until(lambda: peers.do("typed", "two"), lambda now: now["typedSaved"] > 6)
    typed = {name: await peers.do("stop", name) for name in ("one", "two")}
    words = [f"<{name}{number}>" for name, count in typed.items() for number in range(count)]
    answer = await until(
        lambda: ada.live(other), lambda live: all(live["code"].count(word) == 1 for word in words)
    )
    assert len(answer["code"]) == sum(map(len, words))
    problems = server.problems()
    assert [line for line in problems if died in line and RESTARTED in line]
    assert [
        line
        for line in problems
        if f"session {attacked}" in line and "set aside for 10 minutes" in line
    ]
    assert len(problems) == 2

    assert await server.terminate() == 0
    await server.start()
    assert (await eve.get(f"/code/{attacked}/latest?live=true")).status == 409
    elsewhere = await eve.new_session()
    assert (await (await eve.connect(elsewhere)).receive()) is not None
    assert (await (await eve.connect(elsewhere)).until_closed())[0] == 4529


async def test_memory_limit_keeps_process_and_edits_of_document_that_cannot_be_read(
    supervised: Start,
) -> None:
    """Reading an edit would take more memory than the limit.

    The edit is kept, the session's text is not shown, and other sessions are not affected.
    """
    server = await supervised("hoard", COLLAB_MEMORY_MB="1024")
    ada = await Api(server.url).sign_up()
    session_id, other = await ada.new_session(), await ada.new_session(code="kept")
    before = await serving(server)
    assert data_limit(before) == 1 << 30

    wire = await ada.connect(session_id, "&saved=1")
    await wire.send(BOMB)
    await wire.receive_until(b"\x66")

    answer = await ada.get(f"/code/{session_id}/latest?live=true")
    assert (answer.status, answer.body["code"]) == (409, "text_unavailable")
    assert (await ada.live(other))["code"] == "kept"
    assert await serving(server) == before


async def test_server_process_after_death_of_supervisor_saves_and_ends(supervised: Start) -> None:
    """The serving process notices the supervisor's death, saves everything and ends.

    Then another server can start.
    """
    server = await supervised("segfault")
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session(code="kept")
    orphan = await serving(server)

    await server.kill()

    await until(
        lambda: asyncio.to_thread(Path(f"/proc/{orphan}").exists), lambda is_there: not is_there
    )
    await server.start()
    assert (await ada.live(session_id))["code"] == "kept"
    assert [line for line in server.problems() if "supervisor is gone" in line]


async def test_supervisor_after_repeated_crashes_waits_longer_each_time(supervised: Start) -> None:
    """The pauses before a restart get longer with each `kill -9`, which sets no session aside."""
    server = await supervised("segfault")
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session(code="kept")
    for _ in range(3):
        pid = await until(lambda: serving(server), bool)
        await Api(server.url).get("/readyz")
        os.kill(pid, signal.SIGKILL)
        await until(lambda: serving(server), partial(operator.ne, pid))
    problems = await until(server.problems, lambda lines: len(lines) == 3)
    assert [line.partition("starts in ")[2].partition(" ")[0] for line in problems] == [
        "0.1",
        "0.3",
        "0.9",
    ]
    assert all("died by SIGKILL" in line for line in problems)
    await until_back(server, 0)
    assert (await ada.live(session_id))["code"] == "kept"
    assert (await ada.get("/metrics")).body.count(b"collab_quarantined_sessions 0.0\n") == 1


async def test_supervisor_does_not_restart_server_that_cannot_start(
    tmp_path: Path, supervised: Start
) -> None:
    """A second server on the same data says that the data are in use, and ends."""
    await supervised("segfault")
    second = ServerProcess(tmp_path / "data", free_port(), COLLAB_SUPERVISOR="on")
    with pytest.raises(AssertionError, match="in use by another server"):
        await second.start()
    assert await second.wait() == 2


@pytest.mark.parametrize("is_killed", [True, False])
async def test_worker_processes_end_with_the_server(supervised: Start, is_killed: bool) -> None:
    """Workers end whenever the serving process ends, also in the middle of their work."""
    server = await supervised("segfault")
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code="a b\n" * 200_000)
    save = asyncio.create_task(ada.post(f"/code/{session_id}/save", {"code": "b a c\n" * 150_000}))
    pid = await serving(server)
    workers = await until(partial(children_of, pid))

    if is_killed:
        os.kill(pid, signal.SIGKILL)
    else:
        assert await server.terminate() == 0
        await server.start()

    for worker in workers:
        await until(partial(asyncio.to_thread, Path(f"/proc/{worker}").exists), operator.not_)
    await asyncio.gather(save, return_exceptions=True)
