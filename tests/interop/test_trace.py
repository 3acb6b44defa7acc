"""Tests of whole editing sessions, which a real client repeats."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import traces
from tests.api import Api
from tests.node_peers import Peers
from tests.processes import ServerProcess, free_port
from tests.waiting import until

_AS_FAST_AS_IT_GOES: dict[str, Any] = {
    "COLLAB_UPDATES_PER_S": 1_000_000, "COLLAB_UPDATES_BURST": 1_000_000,
    "COLLAB_UPDATE_BYTES_PER_S": 1 << 30,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "name", [traces.PAPER, "simulated-letters", *traces.recorded("automerge-paper")]
)
async def test_editing_session_is_synced_and_restored_after_restart(
    name: str, trace_file: Callable[[str], Path], tmp_path: Path, peers: Peers
) -> None:
    """After one client has made all edits, the server and a new client have the trace's text.

    A client that connects after a restart has it, too.

    The server is a separate process. In the tests' own process, or with coverage, 250,000 edits
    would take some four times as long. Then the last checkpoint would take longer than
    `COLLAB_DRAIN_S`.
    """
    file = trace_file(name)
    trace = json.loads(gzip.decompress(file.read_bytes()))
    expected, edits = trace["endContent"], sum(len(txn["patches"]) for txn in trace["txns"])
    digest = hashlib.sha256(expected.encode()).hexdigest()
    server = ServerProcess(tmp_path / "data", free_port(), **_AS_FAST_AS_IT_GOES)
    await server.start()
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    place = {"url": ada.socket_url, "room": session_id, "token": ada.token}
    await peers.do("connect", "writer", **place, saved=True)
    await peers.until_state("writer", synced=True)

    result = await peers.do("replay", "writer", file=str(file), everyEdits=200)

    assert (result["edits"], result["same"]) == (edits, True)
    state = await peers.until_state("writer", timeout_s=120, saved=lambda count: count >= edits)
    assert state["saved"] == state["sent"]
    assert state["attempts"] == 1
    assert (await ada.live(session_id))["code"] == expected
    await peers.do("connect", "reader", **place)
    await peers.until_state("reader", synced=True)
    assert await peers.do("digest", "reader") == digest

    assert await server.terminate() == 0
    again = ServerProcess(tmp_path / "data", free_port())
    await again.start()
    place["url"] = Api(again.url).socket_url
    await peers.do("connect", "later", **place)
    await peers.until_state("later", synced=True)
    await until(lambda: peers.do("digest", "later"), lambda shown: shown == digest)
    assert await again.terminate() == 0
    assert server.problems() == again.problems() == []
