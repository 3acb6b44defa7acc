"""Tests of edits that another user's browser brings, or that arrive in a changed session.

The cases are other tabs, other accounts, guests who return, restored backups and templates.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from tests import mongod
from tests.api import Api
from tests.interop.apps_world import VERSIONS, World, world
from tests.interop.backups import make_backup, restore_backup
from tests.interop.slow_line import SlowLine
from tests.waiting import until

TEXT = {"codemirror": "text"}
SHOWN = "return doc.getText('codemirror').toString()"


def _insert(word: str, at: str = "text.length") -> str:
    return f"const text = doc.getText('codemirror'); text.insert({at}, '{word}')"


async def _live_words(api: Api, session_id: str) -> list[str]:
    return sorted((await api.live(session_id))["code"].split())


async def _until_words(api: Api, session_id: str, *words: str) -> None:
    await until(lambda: _live_words(api, session_id), lambda live: live == sorted(words))


async def test_two_accounts_in_tabs_of_one_browser_both_keep_their_text(tmp_path: Path) -> None:
    """Ada's token has expired, so Bob's tab sends the text that it gets from Ada's tab.

    With a new token, Ada's tab sends its text itself.
    """
    async with world(tmp_path / "data") as room:
        ada, bob = await room.user("ada"), await room.user("bob")
        session_id = await ada.new_session()
        await room.connect("bob", bob, session_id, tabs=session_id)
        await room.begin("ada", Api(room.server.url, "expired"), session_id, tabs=session_id)
        await room.run("ada", _insert("ada1 "))
        await room.until_run("bob", SHOWN, "ada1 ")
        await room.run("bob", _insert("bob1 "))
        await _until_words(ada, session_id, "ada1", "bob1")
        await room.apps.do("token", "ada", token=ada.token)
        await room.apps.do("offline", "ada")
        await room.apps.do("online", "ada")
        await room.synced("ada")
        await room.run("ada", _insert("ada2 "))
        await room.leave("bob")
        await room.run("ada", _insert("ada3 "))

        await _until_words(ada, session_id, "ada1", "bob1", "ada2", "ada3")
        assert [close for close in await room.refusals("ada") if close[0] != 4401] == []


async def test_guest_without_cookies_brings_earlier_text(tmp_path: Path) -> None:
    """A guest without cookies joins as another guest by the same invite.

    The browser sends the document that it kept from the time of the first guest.
    """
    async with world(tmp_path / "data") as room:
        ada = await room.user("ada")
        session_id = await ada.new_session()
        invite = (await ada.post(f"/session/{session_id}/invites", {"role": "editor"})).body[
            "invite"
        ]
        guests = []
        for _ in range(2):
            answer = await Api(room.server.url).post(
                "/user/guest", {"name": "Zoe", "invite": invite}
            )
            guests.append(Api(room.server.url, answer.body["accessToken"]))
        await room.connect("before", guests[0], session_id)
        await room.run("before", _insert("online "))
        await _until_words(ada, session_id, "online")
        await room.apps.do("offline", "before")
        await room.run("before", _insert("train "))
        state = await room.apps.do("stateUpdate", "before")
        await room.leave("before")
        await room.apps.do("open", "after", updates=[state])
        await room.connect("after", guests[1], session_id)
        await room.run("after", _insert("again "))

        await _until_words(ada, session_id, "online", "train", "again")
        assert await room.refusals("after") == []


async def test_edits_left_on_a_shared_computer_are_brought_by_the_next_user(
    tmp_path: Path,
) -> None:
    """Ada types without a network and leaves. Bob then opens the session in that browser.

    Ada later joins from another browser, which sends nothing twice.
    """
    async with world(tmp_path / "data") as room:
        ada, bob = await room.user("ada"), await room.user("bob")
        session_id = await ada.new_session()
        await room.connect("ada there", ada, session_id)
        await room.run("ada there", _insert("online "))
        await _until_words(ada, session_id, "online")
        await room.apps.do("offline", "ada there")
        await room.run("ada there", _insert("offline "))
        state = await room.apps.do("stateUpdate", "ada there")
        await room.leave("ada there")
        await room.apps.do("open", "bob", updates=[state])
        await room.connect("bob", bob, session_id)
        await room.run("bob", _insert("bob "))
        await _until_words(ada, session_id, "online", "offline", "bob")
        await room.connect("ada", ada, session_id)
        await room.run("ada", _insert("again "))

        await _until_words(ada, session_id, "online", "offline", "bob", "again")
        assert await room.refusals("bob", "ada") == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_edits_that_a_second_provider_brings_sooner_keep_their_author(
    tmp_path: Path, version: int
) -> None:
    """An edit of Ada reaches Bob directly, 40 to 80 ms before it reaches the server.

    Blame still names Ada.
    """
    async with (
        world(tmp_path / "data") as room,
        SlowLine(room.server.url, delay_s=(0.04, 0.08)) as line,
    ):
        ada, bob = await room.user("ada"), await room.user("bob")
        session_id = await ada.new_session()
        slow = line.url.replace("http", "ws") + "/sync"
        await room.connect("ada", ada, session_id, tabs=session_id, version=version, url=slow)
        await room.connect("bob", bob, session_id, tabs=session_id, version=version)
        for number in range(10):
            await room.run("ada", _insert(f"ada{number} "))
            await room.run("bob", _insert(f"bob{number} "))

        words = [f"{name}{number}" for name in ("ada", "bob") for number in range(10)]
        await _until_words(ada, session_id, *words)
        assert await room.until_equal(TEXT, "ada", "bob") is None
        assert await room.refusals("ada", "bob") == []
        blame = (await ada.get(f"/code/{session_id}/blame")).body
        text = (await ada.live(session_id))["code"]
        written = [
            (run["author"], text[run["start"] : run["start"] + run["length"]])
            for run in blame["runs"]
        ]
        assert [
            entry for entry in written if "ada" in entry[1] and entry[0] != ada.user["id"]
        ] == []
        assert [
            entry for entry in written if "bob" in entry[1] and entry[0] != bob.user["id"]
        ] == []


async def test_template_with_a_fixed_client_id_is_extended_by_anybody(tmp_path: Path) -> None:
    """Two releases of an app begin each document with one template, which has a fixed client id.

    The later release has a longer template. Texts of both releases merge.
    """
    async with world(tmp_path / "data") as room:
        ada, bob = await room.user("ada"), await room.user("bob")
        session_id = await ada.new_session()
        for name, api, words in (("ada", ada, ["short "]), ("bob", bob, ["short ", "longer "])):
            await room.apps.do("open", "template", clientID=1)
            for word in words:
                await room.run("template", _insert(word))
            await room.apps.do(
                "open", name, updates=[await room.apps.do("stateUpdate", "template")]
            )
            await room.connect(name, api, session_id)
            await room.run(name, _insert(f"{name} "))

        await _until_words(ada, session_id, "short", "longer", "ada", "bob")
        assert await room.until_equal(TEXT, "ada", "bob") is None
        assert await room.refusals("ada", "bob") == []


Act = Callable[[], Awaitable[None]]


async def _bring_what_backup_lacks(
    room: World, first: str, make_backup: Act, restore_backup: Act
) -> None:
    """Restore a backup that lacks words of Ada's and Bob's editors. They bring all words back.

    first  who comes back first; "bob only" if Ada never comes back
    """
    room.expected_log.append("restored")
    ada, bob = await room.user("ada"), await room.user("bob")
    session_id = await ada.new_session()
    for name, api in (("ada", ada), ("bob", bob)):
        await room.connect(name, api, session_id)
        await room.run(name, _insert(f"{name}1 "))
    await _until_words(ada, session_id, "ada1", "bob1")
    await make_backup()
    for name in ("ada", "bob"):
        await room.synced(name)
        await room.run(name, _insert(f"{name}2 "))
    await _until_words(ada, session_id, "ada1", "bob1", "ada2", "bob2")
    assert await room.until_equal(TEXT, "ada", "bob") is None
    for name in ("ada", "bob"):
        await room.apps.do("offline", name)
    await restore_backup()
    order = ["bob"] if first == "bob only" else [first, "bob" if first == "ada" else "ada"]
    for name in order:
        await room.apps.do("online", name)
        await room.synced(name)
        await room.run(name, _insert(f"{name}3 "))

    await _until_words(
        ada, session_id, "ada1", "bob1", "ada2", "bob2", *(f"{name}3" for name in order)
    )
    assert await room.refusals("ada", "bob") == []


@pytest.mark.parametrize("first", ["ada", "bob", "bob only"])
@pytest.mark.parametrize("has_restart", [False, True], ids=["", "restarted"])
@pytest.mark.parametrize("way", ["cold", "backup"])
async def test_editors_bring_words_that_a_restored_backup_lacks(
    tmp_path: Path, way: str, has_restart: bool, first: str
) -> None:
    """The text returns in any order of the two, and even if an author never comes back."""
    data = tmp_path / "data"
    async with world(data) as room:
        await _bring_what_backup_lacks(
            room,
            first,
            partial(make_backup, room.server, data, way),
            partial(restore_backup, room.server, data, has_restart=has_restart),
        )


async def test_editors_bring_words_that_a_restored_mongodb_lacks(
    tmp_path: Path, mongo_uri: str
) -> None:
    """Editors bring words back on MongoDB, too.

    The backup is a dump of the running server, and DATA_DIR is not restored.
    """
    dumps: list[mongod.Dump] = []
    async with mongod.database(mongo_uri) as name:
        uri = f"{mongo_uri}{name}"
        async with world(tmp_path / "data", MONGO_URI=uri) as room:

            async def dump() -> None:
                dumps.append(await mongod.dumped(uri))

            async def restore() -> None:
                assert await room.server.terminate() == 0
                await mongod.put_back(uri, dumps[0])
                await room.server.start()

            await _bring_what_backup_lacks(room, "bob only", dump, restore)
