"""A whole recorded editing session, typed through a real client."""

import gzip
import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.api import Api
from tests.node_peers import Peers, until
from tests.processes import ServerProcess, free_port

TRACES = Path(os.environ.get("COLLAB_TRACES", Path(__file__).parents[3] / "shared" / "traces"))
TRACE = TRACES / "automerge-paper.json.gz"
_AS_FAST_AS_IT_GOES = {
    "COLLAB_UPDATES_PER_S": 1_000_000, "COLLAB_UPDATES_BURST": 1_000_000, "COLLAB_UPDATE_BYTES_PER_S": 1 << 30,
}  # fmt: skip


def trace() -> Path:
    """Return the recorded session; a checkout without it can only skip, CI has it."""
    if not TRACE.exists() and not os.environ.get("CI"):
        pytest.skip("set COLLAB_TRACES to a folder with automerge-paper.json.gz of josephg/editing-traces")
    return TRACE


@pytest.mark.slow
async def test_a_paper_is_typed_synced_and_found_again(tmp_path: Path, peers: Peers) -> None:
    """259,778 edits by one client give the recorded text, to the server, to a fresh client, and after a restart.

    The server is one as people run it: beside tests of the same process, or traced for coverage, a quarter of a million
    edits are some four times as dear, and the last checkpoint then takes longer than `COLLAB_DRAIN_S`.
    """
    wanted = json.loads(gzip.decompress(trace().read_bytes()))["endContent"]
    digest = hashlib.sha256(wanted.encode()).hexdigest()
    server = ServerProcess(tmp_path / "data", free_port(), **_AS_FAST_AS_IT_GOES)
    await server.start()
    ada = await Api(server.url).sign_up()
    session_id = await ada.new_session()
    place = {"url": ada.socket_url, "room": session_id, "token": ada.token}
    await peers.do("connect", "writer", **place, saved=True)
    await peers.until_state("writer", synced=True)

    result = await peers.do("replay", "writer", file=str(trace()), everyEdits=200)

    assert (result["edits"], result["same"]) == (259_778, True)
    state = await peers.until_state("writer", timeout_s=120, saved=lambda count: count >= 259_778)
    assert state["saved"] == state["sent"]
    assert state["attempts"] == 1
    assert (await ada.live(session_id))["code"] == wanted
    await peers.do("connect", "reader", **place)
    await peers.until_state("reader", synced=True)
    assert await peers.do("digest", "reader") == digest

    assert await server.terminate() == 0
    again = ServerProcess(tmp_path / "data", free_port())
    await again.start()
    place["url"] = Api(again.url).socket_url
    await peers.do("connect", "later", **place)
    await peers.until_state("later", synced=True)
    await until(lambda: peers.do("digest", "later"), lambda found: found == digest)
    assert await again.terminate() == 0
    assert server.problems() == again.problems() == []
