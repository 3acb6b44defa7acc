"""Measures what viewers of a chatty program cost the server: a part of `make run-speed`.

One program prints all the time. Its end is in a presence that 100 viewers get, and its output is
reported again and again. The server's CPU time for that is compared with its time for the cursors
of the same 100.
"""

import asyncio
import json
import os
import tempfile
from pathlib import Path

from tornado.websocket import WebSocketClientConnection, websocket_connect

from crdt.wire.y_protocol import AwarenessEntry, awareness_update
from tests.api import Api
from tests.handlers.clients import report
from tests.processes import ServerProcess, free_port

_VIEWERS = 100
_MEASURED_S = 15
_CURSOR_S, _TAIL_S, _RUN_S = 1.0, 0.5, 2.0
"""Seconds between two cursors of a viewer, between two ends of the output (`TELL_MS` of the app),
and between two reports of a user, which is the most that COLLAB_RUNS_PER_10S allows."""
_TAIL, _OUTPUT = "x" * 1_000, "x" * 60_000
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


async def cpu_ms_per_s() -> tuple[float, float]:
    """Return the server's CPU time in ms a second: for the cursors of all, and for a program."""
    with tempfile.TemporaryDirectory() as folder:
        data, connections = Path(folder) / "data", 2 * _VIEWERS
        server = ServerProcess(data, free_port(), COLLAB_CONNECTIONS_PER_USER=connections)
        try:
            await server.start()
            ada = await Api(server.url).sign_up("ada")
            session_id = await ada.new_session()
            url = f"{ada.socket_url}/{session_id}?token={ada.token}&notes=1"
            viewers = [
                await websocket_connect(url, on_message_callback=_read) for _ in range(_VIEWERS)
            ]
            idle = await _cpu_ms(server, [])
            cursors = [_cursor(viewer, number) for number, viewer in enumerate(viewers)]
            of_cursors = await _cpu_ms(server, cursors)
            of_program = await _cpu_ms(server, [_program(viewers[0]), _reports(ada, session_id)])
            for viewer in viewers:
                viewer.close()
        finally:
            await server.end()
    return of_cursors - idle, of_program - idle


def _read(_: str | bytes | None) -> None:
    """Take a message, so that the connection is read. A browser does more with it."""


async def _cpu_ms(server: ServerProcess, acts: list) -> float:
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


async def _reports(ada: Api, session_id: str) -> None:
    while True:
        answer = await ada.post(f"/session/{session_id}/runs", report(_OUTPUT))
        if answer.status != 201:
            raise RuntimeError(answer)
        await asyncio.sleep(_RUN_S)
