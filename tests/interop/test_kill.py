"""`kill -9` while three people type: edits called saved are in the file, and no edit is lost."""

import asyncio
import random
import statistics
from collections import Counter
from pathlib import Path

import pytest

from tests.api import Api
from tests.interop.words import WORD, saves_more, text_in_file
from tests.node_peers import Peers
from tests.processes import ServerProcess, free_port
from tests.waiting import until

KILLS = 20


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_sigkill_during_typing_neither_loses_nor_doubles_saved_words(
    tmp_path: Path, peers: Peers, capsys
) -> None:
    """After each of 20 kills at random moments, every word called saved is in the file.

    In the end, all clients and the server have every word once.
    """
    data_dir = tmp_path / "data"
    server = ServerProcess(data_dir, free_port())
    await server.start()
    people = {name: await Api(server.url).sign_up(f"user-{name}") for name in "abc"}
    session_id = await people["a"].new_session()
    for name, api in people.items():
        await peers.do(
            "connect", name, url=api.socket_url, room=session_id, token=api.token, saved=True,
            version=1 if name == "c" else 3, maxBackoffTime=200,
        )  # fmt: skip
        await peers.until_state(name, synced=True)
        await peers.do("type", name, everyMs=25, mark=name)

    for kill in range(KILLS):
        before = {name: (await peers.do("typed", name))["typedSaved"] for name in people}
        for name in people:  # wait until each has words saved in this round
            await saves_more(peers, name, before[name])
        await asyncio.sleep(random.uniform(0, 0.3))  # the random moment
        await server.kill()
        saved = {name: (await peers.do("typed", name))["typedSaved"] for name in people}
        stored_words = set(
            WORD.findall(text_in_file(data_dir, tmp_path / f"copy{kill}", session_id))
        )
        for name, count in saved.items():
            missing = [
                word for number in range(count) if (word := f"<{name}{number}>") not in stored_words
            ]
            assert not missing, (
                f"kill {kill}: acknowledged as saved, but not in the file: {missing}"
            )
        await server.start()

    typed = {name: await peers.do("stop", name) for name in people}
    expected = Counter(
        f"<{name}{number}>" for name, count in typed.items() for number in range(count)
    )

    async def words() -> list[Counter]:
        live = await people["a"].live(session_id)
        texts = [await peers.text(name) for name in people] + [live["code"]]
        return [Counter(WORD.findall(text)) for text in texts]

    await until(words, lambda texts: all(text == expected for text in texts))
    measured = [await peers.do("typed", name) for name in people]
    delays = sorted(delay for measurement in measured for delay in measurement["delays"])
    with capsys.disabled():
        print(
            f"\n{KILLS} kills, {sum(typed.values())} words; said to be saved after ms: "
            f"p50 {statistics.median(delays):.0f}, p99 {delays[int(len(delays) * 0.99)]:.0f}"
        )
    assert await server.terminate() == 0
    assert server.problems() == []
