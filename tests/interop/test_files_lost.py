"""Tests of removing the database's files while the server runs.

Edits that the server called saved must survive this and a later `kill -9`.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api import Api
from tests.interop.words import WORD, saves_more, text_in_file
from tests.node_peers import Peers
from tests.processes import ServerProcess, free_port
from tests.waiting import until


def remove_log(data: Path) -> None:
    (data / "collab.db-wal").unlink()


def remove_database(data: Path) -> None:
    (data / "collab.db").unlink()


def remove_everything(data: Path) -> None:
    for name in ("collab.db", "collab.db-wal", "collab.db-shm", "collab.lock"):
        (data / name).unlink()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("work", [remove_log, remove_database, remove_everything])
async def test_words_called_saved_survive_removed_files_and_kill(
    tmp_path: Path, peers: Peers, work: Callable[[Path], None]
) -> None:
    """The server restores its removed files while two people type.

    Their saved words are still there after the server was killed and started again.
    """
    data = tmp_path / "data"
    server = ServerProcess(data, free_port())
    await server.start()
    people = {name: await Api(server.url).sign_up(f"user-{name}") for name in "ab"}
    session_id = await people["a"].new_session()
    for name, api in people.items():
        await peers.do(
            "connect",
            name,
            url=api.socket_url,
            room=session_id,
            token=api.token,
            saved=True,
            version=3,
        )
        await peers.until_state(name, synced=True)
        await peers.do("type", name, everyMs=25, mark=name)
    for name in people:
        await saves_more(peers, name, 5)

    work(data)
    await until(server.problems, lambda lines: any("in order again" in line for line in lines))
    before = {name: (await peers.do("typed", name))["typedSaved"] for name in people}
    for name in people:
        await saves_more(peers, name, before[name])
    await until(lambda: Api(server.url).get("/readyz"), lambda answer: answer.status == 200)
    await server.kill()

    saved = {name: (await peers.do("typed", name))["typedSaved"] for name in people}
    words = set(
        WORD.findall(await asyncio.to_thread(text_in_file, data, tmp_path / "copy", session_id))
    )
    assert [
        word
        for name, count in saved.items()
        for n in range(count)
        if (word := f"<{name}{n}>") not in words
    ] == []
    assert (
        len(
            [
                line
                for line in server.problems()
                if '"level": "error"' in line and "storage.sqlite" in line
            ]
        )
        == 1
    )
    await server.start()
    assert words <= set(WORD.findall((await people["a"].live(session_id))["code"]))
    await server.terminate()


@pytest.mark.timeout(300)
async def test_replaced_database_is_unavailable_until_restart(tmp_path: Path, peers: Peers) -> None:
    """While the database is another file, no edit is called saved and `/readyz` gives 503.

    After a restart, editors send the text that the other file lacks.
    """
    data = tmp_path / "data"
    server = ServerProcess(data, free_port())
    await server.start()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code="base ")
    await server.terminate()
    backup = (data / "collab.db").read_bytes()
    await server.start()
    await peers.do(
        "connect", "a", url=ada.socket_url, room=session_id, token=ada.token, saved=True, version=3
    )
    await peers.until_state("a", synced=True)

    (data / "restored").write_bytes(backup)
    (data / "restored").replace(data / "collab.db")
    await until(lambda: ada.get("/readyz"), lambda answer: answer.status == 503)
    before = await peers.do("state", "a")
    await peers.do("insert", "a", text="typed ")
    await until((data / "collab.db.kept").exists, bool)
    refused = await ada.get("/session")
    meanwhile = await peers.do("state", "a")

    assert refused.status == 503
    assert meanwhile["saved"] == before["saved"]
    await server.kill()
    await server.start()
    text = await until(lambda: ada.live(session_id), lambda live: "typed " in live["code"])
    assert sorted(text["code"].split()) == ["base", "typed"]
    await server.terminate()
