"""Edits that Yjs apps make in one transaction, with three versions of y-websocket.

Each edit must reach all clients, and close no connection.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.interop.apps_world import VERSIONS, World, few_together, report, world

TYPED = "doc.getText('later').insert(0, 'typed after it')"


async def _made(
    room: World, group: str, what: str, roots: dict[str, str], version: int
) -> list[str]:
    """Make one edit, and return the problems of its author, a watcher and a newcomer."""
    ada, bob = await room.user("ada"), await room.user("bob")
    session_id = await ada.new_session()
    author, watcher, newcomer = room.name("author"), room.name("watcher"), room.name("newcomer")
    await room.connect(author, ada, session_id, version=version)
    await room.connect(watcher, bob, session_id)
    await room.apps.do("before", author, group=group, what=what)
    problem = await room.until_equal(roots, author, watcher)
    await room.apps.do("edit", author, group=group, what=what)
    await room.run(author, TYPED)
    everything = {**roots, "later": "text"}
    problem = problem or await room.until_equal(everything, author, watcher)
    await room.begin(newcomer, bob, session_id)
    problem = problem or await room.until_equal(everything, author, newcomer)
    live = await ada.get(f"/code/{session_id}/latest?live=true")
    problems = [problem] if problem else []
    problems += [f"closed {close}" for close in await room.refusals(author, watcher, newcomer)]
    problems += [] if live.status == 200 else [f"REST {live.status} {live.body}"]
    await room.leave(author, watcher, newcomer)
    return [f"{what}, y-websocket {version}: {problem:.300}" for problem in problems]


async def _all(tmp_path: Path, group: str, *, with_all_versions: bool = False) -> None:
    """Make all edits of a group with the newest y-websocket.

    with_all_versions  whether to make every second edit with an older y-websocket too
    """
    async with world(tmp_path / "data") as room:
        edits: list[dict[str, Any]] = await room.apps.do("edits", "", group=group)
        assert len(edits) > 4
        runs = [_made(room, group, version=VERSIONS[-1], **edit) for edit in edits]
        if with_all_versions:
            runs += [
                _made(room, group, version=VERSIONS[n % 2], **edit)
                for n, edit in enumerate(edits[::2])
            ]
        problems = [problem for group in await few_together(runs) for problem in group]
    assert not problems, report(problems)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_large_edit_reaches_everybody_without_a_close(tmp_path: Path) -> None:
    """Pastes, pictures, indentation, tables and sheets arrive, each as one live update."""
    await _all(tmp_path, "large", with_all_versions=True)


@pytest.mark.slow
async def test_edit_past_former_bounds_reaches_everybody(tmp_path: Path) -> None:
    """Documents with many roots, long keys, deep values or subdocuments reach everybody."""
    await _all(tmp_path, "bounds")


@pytest.mark.slow
async def test_half_an_emoji_in_any_value_reaches_everybody(tmp_path: Path) -> None:
    """JSON with lone surrogates or numbers of 20 digits, as Yjs writes it, reaches everybody."""
    await _all(tmp_path, "cut", with_all_versions=True)


@pytest.mark.slow
async def test_values_are_equal_for_members_and_newcomers(tmp_path: Path) -> None:
    """BigInt, -0, undefined and the order of keys are the same for all clients."""
    await _all(tmp_path, "values")


@pytest.mark.slow
async def test_first_content_of_any_kind_shows_as_text(tmp_path: Path) -> None:
    """A root shows as text even if it begins with a format, an embed or a deleted letter."""
    await _all(tmp_path, "first")


@pytest.mark.slow
@pytest.mark.parametrize("group", ["values", "cut"])
async def test_values_are_the_same_after_a_restart(tmp_path: Path, group: str) -> None:
    """After a restart, a new client reads the same values that the author wrote."""
    problems = []
    async with world(tmp_path / "data") as room:
        ada = await room.user("ada")
        made = {}
        for edit in await room.apps.do("edits", "", group=group):
            session_id, author = await ada.new_session(), room.name("author")
            await room.connect(author, ada, session_id)
            await room.apps.do("before", author, group=group, what=edit["what"])
            await room.apps.do("edit", author, group=group, what=edit["what"])
            made[author] = (session_id, edit)
        await room.restart()
        for author, (session_id, edit) in made.items():
            reader = room.name("reader")
            await room.connect(reader, ada, session_id)
            problem = await room.until_equal(edit["roots"], author, reader)
            problems += [f"{edit['what']}: {problem}"] if problem else []
            await room.leave(author, reader)

    assert not problems, report(problems)
