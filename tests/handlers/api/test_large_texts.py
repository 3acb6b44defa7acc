"""Tests that large texts are saved, restored and compared correctly.
Only worker processes compare them, never the process that serves.
"""

import asyncio

import pytest

from collab_server.server import Server
from crdt.errors import WorkersBusy, WorkTooLarge
from tests.api import Api
from tests.handlers.clients import joined, texts_frame, typing_frame
from tests.handlers.large_texts import TEXTS, jobs_of
from tests.handlers.problems import is_problem
from tests.waiting import until


@pytest.mark.parametrize("name", TEXTS)
async def test_save_and_restore_of_large_texts_are_compared_by_workers(
    server: Server, ada: Api, name: str
) -> None:
    """Saves and restores of each kind of text that is expensive to compare are done by workers."""
    old, new = TEXTS[name]
    session_id = await ada.new_session(code=old)
    first = await ada.post(f"/code/{session_id}/save", {"label": "old"})
    jobs = jobs_of(server)

    saved = await ada.post(f"/code/{session_id}/save", {"code": new})
    restored = await ada.post(f"/code/{session_id}/restore", {"version": first.body["version"]})

    assert (saved.status, restored.status) == (201, 201)
    assert saved.body["code"] == new
    assert restored.body["code"] == old
    assert (await ada.live(session_id))["code"] == old
    assert jobs == ["edit_copy", "edit_copy"]


async def test_restore_of_several_large_files_is_one_edit(server: Server, ada: Api) -> None:
    """A restore of several files is one edit. Files that the version does not have become empty."""
    old, new = TEXTS["changed lines"]
    jobs = jobs_of(server)
    session_id = await ada.new_session(code=old)
    wire = await joined(ada, session_id)
    await wire.send(texts_frame({"second.py": old}))
    await until(lambda: ada.live(session_id), lambda live: live["files"].get("second.py") == old)
    first = await ada.post(f"/code/{session_id}/save")
    await ada.post(f"/code/{session_id}/save", {"code": new})
    await wire.send(texts_frame({"third.py": "third\n" * 20_000}))
    await until(lambda: ada.live(session_id), lambda live: live["files"].get("third.py"))

    restored = await ada.post(f"/code/{session_id}/restore", {"version": first.body["version"]})

    assert restored.status == 201
    assert restored.body["files"] == {"codemirror": old, "second.py": old, "third.py": ""}
    assert jobs.count("edit_copy") == 2


async def test_save_of_large_text_keeps_text_typed_meanwhile(
    server: Server, ada: Api, bob: Api
) -> None:
    """Text that is typed while a worker compares for a save is kept, and so is the saved text."""
    old, new = TEXTS["changed lines"]
    session_id = await ada.new_session(code=old)
    await bob.post(f"/session/{session_id}/join")
    wire = await joined(bob, session_id)

    jobs = jobs_of(server)
    save = asyncio.create_task(ada.post(f"/code/{session_id}/save", {"code": new}))
    await until(lambda: "edit_copy" in jobs)
    await wire.send(typing_frame("typed meanwhile"))
    await until(lambda: ada.live(session_id), lambda live: "typed meanwhile" in live["code"])

    assert (await save).status == 201
    live = (await ada.live(session_id))["code"]
    assert live.replace("typed meanwhile", "") == new
    assert "typed meanwhile" in live


async def test_save_that_workers_cannot_compare_is_refused_and_changes_nothing(
    server: Server, ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save is refused with 413 if it takes too long, and with 503 if too much work waits.

    The document does not change.
    """
    old, new = TEXTS["changed lines"]
    session_id = await ada.new_session(code=old)
    assert (await ada.live(session_id))["code"] == old  # loads the document
    for error, status, code in (
        (WorkTooLarge("x"), 413, "too_large"),
        (WorkersBusy("x"), 503, "unavailable"),
    ):

        async def run(*_: object, refused: Exception = error, **__: object) -> None:
            raise refused

        monkeypatch.setattr(server.parts.services.workers, "run", run)
        is_problem(await ada.post(f"/code/{session_id}/save", {"code": new}), status, code)
    assert (await ada.live(session_id))["code"] == old


@pytest.mark.parametrize("name", ["changed lines", "shuffled lines", "another text"])
async def test_diff_of_large_texts_is_made_by_a_worker(server: Server, ada: Api, name: str) -> None:
    """A worker compares large texts and encodes the answer, because each takes seconds."""
    old, new = (text[:200_000] for text in TEXTS[name])
    session_id = await ada.new_session(code=old)
    await ada.post(f"/code/{session_id}/save")
    await ada.post(f"/code/{session_id}/save", {"code": new})
    jobs = jobs_of(server)

    answer = await ada.get(f"/code/{session_id}/diff?from=1&to=2")

    assert answer.status == 200
    assert jobs == ["encoded_differences"]
    lines = [line for hunk in answer.body["files"][0]["hunks"] for line in hunk["lines"]]
    assert sum(line["kind"] != "+" for line in lines) <= old.count("\n") + 1
    assert answer.body["files"][0]["unified"].startswith("--- a/main.js\n+++ b/main.js\n")
