"""Tests requests whose work takes long."""

import asyncio

import pytest

from collab_server.server import Server
from tests.api import Api
from tests.waiting import until


async def test_work_for_a_client_that_hangs_up_is_stopped(
    ada: Api, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work for a client that closed the connection is stopped without a log entry.

    The next request is answered.
    """
    session_id = await ada.new_session(code="x")
    events: list[str] = []

    async def page(*_: object) -> None:
        events.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            events.append("stopped")

    with monkeypatch.context() as context:
        context.setattr(server.parts.services.history_reader, "page", page)
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = (
            f"GET /code/{session_id}/replay HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            f"{ada.token}\r\n\r\n"
        )
        writer.write(head.encode())
        await until(lambda: events == ["began"])
        writer.close()
        await until(lambda: events == ["began", "stopped"])

    assert (await ada.get(f"/code/{session_id}/replay")).status == 200


async def test_answer_in_pieces_is_whole(ada: Api) -> None:
    """The replay of 400,000 characters, many beyond ASCII, is sent in pieces and is complete."""
    text = "aé😀\n" * 100_000
    session_id = await ada.new_session(code=text)

    replay = (await ada.get(f"/code/{session_id}/replay")).body

    assert [edit[3] for _, _, edits in replay["steps"] for edit in edits] == [text]
    assert replay["authors"][0]["username"] == "ada"
