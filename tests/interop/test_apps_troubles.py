"""Tests of apps in trouble: lost rows of a browser, crashes, tabs that share edits, slow lines."""

import asyncio
import signal
from functools import partial
from pathlib import Path

import pytest

from collab_server.crashes import MARK_NAME
from crdt.crashmark import CrashMark
from tests.interop.apps_world import VERSIONS, World, world
from tests.interop.slow_line import SlowLine
from tests.waiting import until

TEXT = {"codemirror": "text"}
ROWS = {"rows": "array"}
SHOWN = "return doc.getText('codemirror').toString()"
TITLES = "return doc.getArray('rows').toJSON().map(row => row.title)"


def _insert(word: str, at: str = "text.length") -> str:
    return f"const text = doc.getText('codemirror'); text.insert({at}, '{word}')"


async def _typed_offline(room: World, database: str) -> None:
    """Keep three words in a browser's store, each in a row of its own after the empty document."""
    await room.apps.do("open", "before")
    await room.apps.do("store", "before", database=database)
    for word in ("first ", "second ", "third "):
        await room.run("before", _insert(word))
    await until(lambda: room.apps.do("rows", "", database=database), lambda count: count == 4)
    await room.leave("before")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("lost", "shown"),
    [(1, "first "), (0, ""), (2, "first second ")],
    ids=["middle", "first", "last"],
)
async def test_browser_that_lost_a_row_works_on(
    tmp_path: Path, lost: int, shown: str, version: int
) -> None:
    """New words and the words that the browser still has reach everybody.

    Words that depend on the lost row do not.
    """
    async with world(tmp_path / "data") as room:
        ada, bob = await room.user("ada"), await room.user("bob")
        session_id = await ada.new_session()
        await _typed_offline(room, "documents")
        # Row 0 is the empty document.
        await room.apps.do("lose", "", database="documents", rows=[lost + 1])
        await room.apps.do("open", "ada")
        await room.apps.do("store", "ada", database="documents")
        await room.until_run("ada", SHOWN, shown)
        await room.connect("ada", ada, session_id, version=version)
        await room.connect("bob", bob, session_id)
        await room.run("ada", _insert("today ", "0"))
        await room.until_run("bob", SHOWN, f"today {shown}")
        await room.run("bob", _insert("by Bob "))
        await room.until_run("ada", SHOWN, f"today {shown}by Bob ")
        await room.apps.do("cut", "ada")
        await room.run("ada", _insert("again ", "0"))

        await room.until_run("bob", SHOWN, f"again today {shown}by Bob ")
        assert (await ada.live(session_id))["code"] == f"again today {shown}by Bob "
        assert await room.refusals("ada", "bob") == []
        assert not (await room.apps.do("state", "bob"))["pending"]


async def test_hole_is_filled_by_another_device_with_the_lost_row(tmp_path: Path) -> None:
    """Another device of the author still has the lost row, and its document fills the hole."""
    async with world(tmp_path / "data") as room:
        ada = await room.user("ada")
        session_id = await ada.new_session()
        await _typed_offline(room, "documents")
        await room.apps.do("open", "whole")
        await room.apps.do("store", "whole", database="documents")
        await room.until_run("whole", SHOWN, "first second third ")
        whole = await room.apps.do("stateUpdate", "whole")
        await room.leave("whole")
        await room.apps.do("lose", "", database="documents", rows=[2])
        await room.apps.do("open", "holed")
        await room.apps.do("store", "holed", database="documents")
        await room.connect("holed", ada, session_id)
        await room.apps.do("open", "other", updates=[whole])
        await room.connect("other", ada, session_id)

        await room.until_run("holed", SHOWN, "first second third ")
        assert (await ada.live(session_id))["code"] == "first second third "
        assert await room.refusals("holed", "other") == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("first", ["ada", "bob"])
async def test_concurrent_edits_of_a_row_after_a_crash_merge(
    tmp_path: Path, version: int, first: str
) -> None:
    """The server dies after it has relayed a row, but before it has committed it.

    Ada deletes the row, and Bob marks it as done. Then the two reconnect, in either order.
    """
    async with world(tmp_path / "data", COLLAB_FLUSH_MS=1000) as room:
        ada, bob = await room.user("ada"), await room.user("bob")
        session_id = await ada.new_session()
        await room.connect("ada", ada, session_id, version=version)
        await room.connect("bob", bob, session_id, version=version)
        await room.run("ada", _row("first"))
        await room.until_run("bob", TITLES, ["first"])
        await until(
            lambda: ada.get(f"/code/{session_id}/timeline"),
            lambda answer: answer.body["sequence"] > 0,
        )
        await room.run("ada", _row("second"))
        await room.until_run("bob", TITLES, ["first", "second"])
        await room.kill()
        for name in ("ada", "bob"):
            await room.apps.do("offline", name)
        await room.run("ada", "doc.getArray('rows').delete(1)")
        await room.run("bob", f"doc.getArray('rows').get(1).set('done', true); {_row('third')}")
        await room.start()
        for name in (first, "bob" if first == "ada" else "ada"):
            await room.apps.do("online", name)
            await room.synced(name)
        await room.run("bob", _row("fourth"))

        await room.until_run("ada", TITLES, ["first", "third", "fourth"])
        assert await room.until_equal(ROWS, "ada", "bob") is None
        assert await room.refusals("ada", "bob") == []


def _row(title: str) -> str:
    return f"doc.getArray('rows').push([new Y.Map([['title', '{title}']])])"


@pytest.mark.slow
async def test_crashes_under_work_of_three_versions_lose_nothing(tmp_path: Path) -> None:
    """The server is killed five times while three people fill a sheet. All rows survive."""
    async with world(tmp_path / "data") as room:
        people = {f"person {version}": await room.user("person") for version in VERSIONS}
        owner = people["person 1"]
        session_id = await owner.new_session()
        for version, (name, api) in zip(VERSIONS, people.items(), strict=True):
            await room.connect(name, api, session_id, version=version)
        for kill in range(5):
            for name in people:
                for row in range(5):
                    await room.run(name, _row(f"{name} {kill} {row}"))
                    await room.run(
                        name,
                        "const rows = doc.getArray('rows'); rows.get(0).set('edited', rows.length)",
                    )
            await room.kill()
            for name in people:
                await room.run(name, _row(f"{name} {kill} while it was away"))
            await room.start()
        await room.connect("newcomer", owner, session_id)

        assert await room.until_equal(ROWS, *people, "newcomer") is None
        titles = await room.run("newcomer", TITLES)
        assert len(titles) == len(set(titles)) == 5 * 3 * 6
        assert await room.refusals(*people, "newcomer") == []


async def _kill_at_work(room: World, data: Path, name: str, session_id: str) -> None:
    """Kill the server while it works for this session, which a client keeps editing."""
    edits = asyncio.create_task(_edit_without_end(room, name))
    try:
        while True:
            room.server.signal(signal.SIGSTOP)
            mark = CrashMark(bytearray((data / MARK_NAME).read_bytes()))
            if session_id in {session for session, _ in mark.named()}:
                await room.kill()
                return
            room.server.signal(signal.SIGCONT)
            await asyncio.sleep(0)
    finally:
        edits.cancel()
        await asyncio.wait([edits])


async def _edit_without_end(room: World, name: str) -> None:
    while True:
        await room.run(name, _row("x"))


async def test_session_set_aside_after_three_kills_loses_nothing(tmp_path: Path) -> None:
    """The server is killed three times while it works for a session, which it then sets aside.

    Its editors keep their documents, and come back when an operator releases the session.
    """
    data = tmp_path / "data"
    async with world(data) as room:
        ada, bob = await room.user("ada"), await room.user("bob")
        session_id = await ada.new_session()
        await room.connect("ada", ada, session_id)
        await room.connect("bob", bob, session_id)
        for kill in range(3):
            assert room.released == 0
            await _kill_at_work(room, data, "ada", session_id)
            await room.run("bob", _row(f"kill {kill}"))
            await room.start()
            await room.synced("ada", "bob")

        assert room.released == 1
        await room.run("ada", _row("last"))
        await room.connect("newcomer", ada, session_id)
        assert await room.until_equal(ROWS, "ada", "bob", "newcomer") is None
        titles = set(await room.run("newcomer", TITLES))
        assert titles == {"x", "kill 0", "kill 1", "kill 2", "last"}
        assert await room.refusals("ada", "bob", "newcomer") == []


async def test_two_tabs_that_talk_to_each_other_stay_connected(tmp_path: Path) -> None:
    """Two tabs get each other's edits by BroadcastChannel before the server's slow answer.

    Neither connection is closed.
    """
    async with world(tmp_path / "data") as room:
        ada = await room.user("ada")
        session_id = await ada.new_session()
        async with SlowLine(room.server.url, delay_s=(0.015, 0.055)) as line:
            for name in ("tab 1", "tab 2"):
                await room.connect(
                    name,
                    ada,
                    session_id,
                    url=line.url.replace("http", "ws") + "/sync",
                    tabs=session_id,
                )
            for _ in range(150):
                for name in ("tab 1", "tab 2"):
                    await room.run(name, _insert("x", "0"))
                    await asyncio.sleep(0.01)
            await until(lambda: ada.live(session_id), lambda live: live["code"] == "x" * 300)

        assert await room.until_equal(TEXT, "tab 1", "tab 2") is None
        assert await room.refusals("tab 1", "tab 2") == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_everybody_is_seen_soon_after_a_restart(tmp_path: Path, version: int) -> None:
    """After a restart, users see each other's presence without moving a cursor."""
    async with world(tmp_path / "data") as room:
        ada, bob = await room.user("ada"), await room.user("bob")
        session_id = await ada.new_session()
        for name, api in (("ada", ada), ("bob", bob)):
            await room.connect(name, api, session_id, version=version)
            await room.apps.do("presence", name, field="cursor", value=1)
        for name in ("ada", "bob"):
            await until(partial(room.apps.do, "others", name), lambda count: count == 1)
        await room.restart()
        await room.synced("ada", "bob")

        for name in ("ada", "bob"):
            await until(
                partial(room.apps.do, "others", name), lambda count: count == 1, timeout_s=5
            )


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_large_document_arrives_over_a_slow_line(tmp_path: Path) -> None:
    """3 MB at 75 KiB/s take 40 s, but y-websocket reconnects after 30 s without a message.

    So the server must send messages in between.
    """
    async with world(tmp_path / "data") as room:
        ada = await room.user("ada")
        session_id = await ada.new_session()
        await room.connect("ada", ada, session_id)
        for picture in range(15):
            await room.run(
                "ada", f"doc.getMap('pictures').set('p{picture}', new Uint8Array(200 << 10))"
            )
            await asyncio.sleep(0.3)
        async with SlowLine(room.server.url, bytes_per_s=75 << 10) as line:
            await room.begin("slow", ada, session_id, url=line.url.replace("http", "ws") + "/sync")
            state = await room.apps.until_state("slow", timeout_s=120, synced=True)

            assert state["attempts"] == 1
            assert await room.until_equal({"pictures": "map"}, "ada", "slow") is None


async def test_resync_interval_of_large_document_is_no_flood(tmp_path: Path) -> None:
    """A provider may ask for missing updates every second, even if the document has 900 KiB."""
    async with world(tmp_path / "data") as room:
        ada = await room.user("ada")
        session_id = await ada.new_session()
        await room.connect("ada", ada, session_id, resyncInterval=1000)
        await room.run("ada", "doc.getText('codemirror').insert(0, 'x'.repeat(900 << 10))")
        await asyncio.sleep(6)

        assert await room.refusals("ada") == []
        assert (await room.apps.do("state", "ada"))["attempts"] == 1
