"""Measures what viewers of a chatty program cost the server: R in the report of benchmarks.

One program prints all the time. Its end is in a presence that 100 viewers get, and its output is
reported again and again. The server's CPU time for that is compared with its time for the cursors
of the same 100. `make run-speed` measures it, too.
"""

import asyncio
import json
import os
from pathlib import Path

from tornado.websocket import WebSocketClientConnection, websocket_connect

from bench.servers import Running, kinds, running
from crdt.wire.y_protocol import AwarenessEntry, awareness_update

_VIEWERS = 100
_MEASURED_S = 15
_CURSOR_S, _TAIL_S, _RUN_S = 1.0, 0.5, 2.0
"""Seconds between two cursors of a viewer, between two ends of the output (`TELL_MS` of the app),
and between two reports of a user, which is the most that COLLAB_RUNS_PER_10S allows."""
_TAIL, _OUTPUT = "x" * 1_000, "x" * 60_000
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PRESENCE_MS = "20"
"""The default of COLLAB_PRESENCE_MS. Other benchmarks set 0, because of the servers of others."""
_EXPLAINED = """### R. 100 viewers of a program that prints all the time (ours alone)

One of 100 people in a room runs a program. The others see the end of its output twice a second, and
its result of 60,000 characters every two seconds. This is compared with a cursor a second of each
of the 100. Goal: the program costs at most as much as the cursors.

| what the server does | CPU ms a second |
|---|---|
"""


def measure() -> dict[str, float]:
    """Return the server's CPU time in ms a second: for the `cursors` of all, and for a `program`."""
    with running(kinds()["ours"], COLLAB_PRESENCE_MS=_PRESENCE_MS) as server:
        return asyncio.run(_measure(server))


def table(figures: dict[str, float]) -> str:
    """Return the section of the report."""
    return (
        f"{_EXPLAINED}| cursors of 100 people | {figures['cursors']:.3g} |\n"
        f"| the program | {figures['program']:.3g} |\n"
    )


async def _measure(server: Running) -> dict[str, float]:
    (session_id,) = server.rooms(1)
    url = f"{server.url().format(room=session_id)}?token={server.token}&notes=1"
    viewers = [await websocket_connect(url, on_message_callback=_read) for _ in range(_VIEWERS)]
    idle = await _cpu_ms(server, [])
    cursors = [_cursor(viewer, number) for number, viewer in enumerate(viewers)]
    of_cursors = await _cpu_ms(server, cursors)
    of_program = await _cpu_ms(server, [_program(viewers[0]), _reports(server, session_id)])
    for viewer in viewers:
        viewer.close()
    return {"cursors": of_cursors - idle, "program": of_program - idle}


def _read(_: str | bytes | None) -> None:
    """Take a message, so that the connection is read. A browser does more with it."""


async def _cpu_ms(server: Running, acts: list) -> float:
    """Return the CPU time in ms a second while `acts` go on."""
    tasks = [asyncio.ensure_future(act) for act in acts]
    before, began = _ticks(server.pid), asyncio.get_running_loop().time()
    await asyncio.sleep(_MEASURED_S)
    spent, took = _ticks(server.pid) - before, asyncio.get_running_loop().time() - began
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):  # no cancellation
            raise ended
    return spent / _TICKS_PER_S / took * 1_000


def _ticks(pid: int) -> int:
    """Return the CPU time that a process has used, in ticks of the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def _cursor(viewer: WebSocketClientConnection, number: int) -> None:
    await asyncio.sleep(_CURSOR_S * number / _VIEWERS)
    await _say(viewer, number, "cursor", {"anchor": 0, "head": 0}, _CURSOR_S)


async def _program(viewer: WebSocketClientConnection) -> None:
    run = {"root": "codemirror", "language": "python", "state": "running", "tail": _TAIL}
    await _say(viewer, _VIEWERS, "run", run, _TAIL_S)


async def _say(
    viewer: WebSocketClientConnection, number: int, name: str, value: object, pause_s: float
) -> None:
    """Send a field of a presence again and again, each time with another content."""
    clock = 0
    while True:
        clock += 1
        state = json.dumps({name: value, "at": clock})
        entry = AwarenessEntry(number + 1, clock, state)
        await viewer.write_message(awareness_update([entry]), binary=True)
        await asyncio.sleep(pause_s)


async def _reports(server: Running, session_id: str) -> None:
    report = {
        "root": "codemirror", "language": "python", "stdout": _OUTPUT, "stderr": "", "exit": 0,
        "outcome": "done", "ms": 12,
    }  # fmt: skip
    while True:
        await asyncio.to_thread(server.post, f"/session/{session_id}/runs", report)
        await asyncio.sleep(_RUN_S)
