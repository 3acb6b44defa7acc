"""Tests that large texts of Socket.IO clients are merged correctly.

Only worker processes compare them, never the process that serves.
"""

import asyncio

import pytest

from collab_server.server import Server
from tests.api import Api
from tests.handlers.clients import joined, typing_frame
from tests.handlers.large_texts import TEXTS, jobs_of
from tests.raw_events import RawEvents
from tests.waiting import until


async def text_client(api: Api, session_id: str) -> RawEvents:
    """Return a client that has received the text and confirmed it."""
    raw = await RawEvents.joined(api, session_id)
    await raw.until_event("receive-code")
    # The server sends a ping after the text, and the client answers it before it sends this event.
    # So when the event is acknowledged, the text is confirmed.
    assert (await raw.ask("typing", session_id))["ok"]
    return raw


@pytest.mark.parametrize("name", TEXTS)
async def test_change_to_a_large_text_is_compared_by_a_worker(
    server: Server, ada: Api, bob: Api, name: str
) -> None:
    """Each kind of text that is expensive to compare reaches all clients unchanged."""
    old, new = TEXTS[name]
    session_id = await ada.new_session(code=old)
    await bob.post(f"/session/{session_id}/join")
    first, second = await text_client(ada, session_id), await text_client(bob, session_id)

    jobs = jobs_of(server)
    answer = await first.ask("code-change", {"sessionId": session_id, "code": new})

    assert answer == {"ok": True}
    assert (await ada.live(session_id))["code"] == new
    assert await second.until_event("receive-code") == new
    assert jobs == ["edit_moved"]


async def test_change_keeps_text_typed_while_a_worker_compares(
    server: Server, ada: Api, bob: Api
) -> None:
    old, new = TEXTS["changed lines"]
    session_id = await ada.new_session(code=old)
    await bob.post(f"/session/{session_id}/join")
    client, wire = await text_client(ada, session_id), await joined(bob, session_id)

    jobs = jobs_of(server)
    change = asyncio.create_task(client.ask("code-change", {"sessionId": session_id, "code": new}))
    await until(lambda: "edit_moved" in jobs)
    await wire.send(typing_frame("typed meanwhile"))
    await until(lambda: ada.live(session_id), lambda live: "typed meanwhile" in live["code"])

    assert await change == {"ok": True}
    live = (await ada.live(session_id))["code"]
    assert live.replace("typed meanwhile", "") == new


async def test_large_save_reaches_text_clients_and_their_edits_stay_in_place(
    server: Server, ada: Api, bob: Api
) -> None:
    """A client may not have received a save yet when it sends a text.

    Its text is then an edit of the text before the save, so the saved changes stay.
    """
    old, new = TEXTS["changed lines"]
    session_id = await ada.new_session(code=old)
    await bob.post(f"/session/{session_id}/join")
    client = await text_client(bob, session_id)

    jobs = jobs_of(server)
    await ada.post(f"/code/{session_id}/save", {"code": new})
    assert (await client.ask("code-change", {"sessionId": session_id, "code": f"typed\n{old}"}))[
        "ok"
    ]

    assert (await ada.live(session_id))["code"] == f"typed\n{new}"
    assert {"edit_copy", "edits_between", "edit_moved"} <= set(jobs)
