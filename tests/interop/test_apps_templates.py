"""Tests of apps that begin each document with a template, under a client id that nobody announces.

Two releases of an app may have different templates. Their editors would have equal state vectors,
and so differ forever. So the server refuses the second editor. That editor keeps its text, and the
document keeps the first template.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.api import Api
from tests.interop.apps_world import VERSIONS, World, world
from tests.waiting import until

TEXT = {"codemirror": "text"}
SHOWN = "return doc.getText('codemirror').toString()"
FIRST = "a title "
OTHERS = {"longer": "a headline ", "shorter": "head ", "as long": "a table "}
CONFLICT = 4409


def _insert(word: str, at: str = "text.length") -> str:
    return f"const text = doc.getText('codemirror'); text.insert({at}, '{word}')"


async def _open(room: World, name: str, template: str) -> None:
    """Open a document that begins with a template."""
    await room.apps.do("open", "template", clientID=1)
    await room.run("template", _insert(template))
    await room.apps.do("open", name, updates=[await room.apps.do("stateUpdate", "template")])


async def _until_refused(room: World, name: str) -> None:
    await until(
        lambda: room.refusals(name), lambda refused: [code for code, _ in refused] == [CONFLICT]
    )


async def _stay(room: World, name: str) -> None:
    """Do nothing between the two editors."""


async def _go(room: World, name: str) -> None:
    await room.apps.do("offline", name)


async def _restart(room: World, name: str) -> None:
    await room.restart()
    await room.synced(name)


Step = Callable[[World, str], Awaitable[None]]


@pytest.mark.parametrize("between", [_stay, _go, _restart], ids=["", "alone", "restarted"])
@pytest.mark.parametrize("version", VERSIONS)
async def test_editor_with_another_template_is_refused(
    tmp_path: Path, version: int, between: Step
) -> None:
    """Ada's editor brings the first template. Then Bob's editor brings another one."""
    async with world(tmp_path / "data") as room:
        ada, bob = await room.user("ada"), await room.user("bob")
        for length, template in OTHERS.items():
            session_id = await ada.new_session()
            first, second = f"ada {length}", f"bob {length}"
            await _open(room, first, FIRST)
            await room.connect(first, ada, session_id, version=version)
            await room.run(first, _insert("ada "))
            await _until_text(ada, session_id, f"{FIRST}ada ")
            await between(room, first)
            await _open(room, second, template)

            await room.begin(second, bob, session_id, version=version)
            await _until_refused(room, second)

            assert (await room.apps.do("state", second))["comesBack"] == (version != 3)
            await room.apps.do("offline", second)
            assert template in await room.run(second, SHOWN)
            await _until_text(ada, session_id, f"{FIRST}ada ")
            await room.apps.do("online", first)
            await room.connect("newcomer", bob, session_id, version=version)
            await room.run(first, _insert("more "))
            await _until_text(ada, session_id, f"{FIRST}ada more ")
            assert await room.until_equal(TEXT, first, "newcomer") is None
            assert await room.refusals(first, "newcomer") == []
            await room.leave(first, second, "newcomer")


@pytest.mark.parametrize("version", VERSIONS)
async def test_one_of_two_editors_that_begin_together_is_refused(
    tmp_path: Path, version: int
) -> None:
    async with world(tmp_path / "data") as room:
        users = {name: await room.user(name) for name in ("ada", "bob")}
        for template in OTHERS.values():
            session_id = await users["ada"].new_session()
            await _open(room, "ada", FIRST)
            await _open(room, "bob", template)
            for name, api in users.items():
                await room.begin(name, api, session_id, version=version)

            refused, taken = await until(lambda: _refused(room))
            await room.apps.do("offline", refused)
            await _until_text(users["ada"], session_id, FIRST if taken == "ada" else template)
            assert await room.refusals(taken) == []
            await room.leave("ada", "bob")


async def _refused(room: World) -> tuple[str, str] | None:
    """Return the names of the refused editor and of the other editor."""
    for names in (("ada", "bob"), ("bob", "ada")):
        if await room.refusals(names[0]):
            return names
    return None


async def _until_text(api: Api, session_id: str, text: str) -> None:
    await until(lambda: api.live(session_id), lambda live: live["code"] == text)


async def test_editors_with_one_template_stay_connected(tmp_path: Path) -> None:
    """Editors of three versions have the same template, or one of a later release."""
    async with world(tmp_path / "data") as room:
        users = [await room.user(f"user{version}") for version in VERSIONS]
        session_id = await users[0].new_session()
        names = [f"editor {version}" for version in VERSIONS]
        templates = (FIRST, FIRST, f"{FIRST}and more ")
        for version, name, api, template in zip(VERSIONS, names, users, templates, strict=True):
            await _open(room, name, template)
            await room.connect(name, api, session_id, version=version)
            await room.run(name, _insert(f"{version} ", "0"))
        await room.restart()
        await room.synced(*names)

        await _until_text(users[0], session_id, f"3 2 1 {FIRST}and more ")
        assert await room.until_equal(TEXT, *names) is None
        assert await room.refusals(*names) == []
