"""Tests requests whose work takes long."""

import asyncio
import gzip
import json
import random
from typing import Any

import pytest

from collab_server.server import Server
from handlers.http.base import BaseHandler
from handlers.http.json_pieces import WRITTEN
from handlers.http.views import sessions
from tests.api import Api
from tests.handlers.clients import exchange
from tests.narrowing import required
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


@pytest.mark.parametrize("accepted", ["identity", "gzip"])
async def test_large_answer_is_sent_in_several_writes(
    ada: Api, monkeypatch: pytest.MonkeyPatch, accepted: str
) -> None:
    """No write copies more than `WRITTEN` bytes. The length of all of them is in the head."""
    text = random.Random(5).randbytes(400_000).hex() + "é😀"
    session_id = await ada.new_session(code=text)
    written: list[int] = []
    write = BaseHandler.write

    def noted(self: BaseHandler, chunk: str | bytes | dict[Any, Any]) -> None:
        written.append(len(chunk))
        write(self, chunk)

    monkeypatch.setattr(BaseHandler, "write", noted)
    head = {"Host": "x", "Authorization": f"Bearer {ada.token}", "Accept-Encoding": accepted}
    lines = [f"GET /code/{session_id}/diff?from=0 HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in head.items()]
    answer = required(await exchange(ada.url, "\r\n".join([*lines, "", ""]).encode()))

    assert answer.headers["content-length"] == str(len(answer.body))
    assert max(written) <= WRITTEN < sum(written) == len(answer.body)
    is_packed = answer.headers.get("content-encoding") == "gzip"
    assert is_packed == (accepted == "gzip")
    shown = json.loads(gzip.decompress(answer.body) if is_packed else answer.body)
    assert text in json.dumps(shown, ensure_ascii=False)


async def test_small_answer_is_one_write(ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    session_id = await ada.new_session(code="x\n" * 1_000)
    flushed: list[bool] = []
    flush = BaseHandler.flush

    def noted(self: BaseHandler, include_footers: bool = False) -> Any:
        flushed.append(include_footers)
        return flush(self, include_footers)

    monkeypatch.setattr(BaseHandler, "flush", noted)

    assert (await ada.get(f"/code/{session_id}/replay")).status == 200
    assert flushed == [True]


async def test_list_of_sessions_is_made_in_several_turns(
    ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 sessions with 20 members each held the event loop for 20 ms."""
    for _ in range(25):
        await ada.new_session()
    turns: list[int] = []
    loop, view = asyncio.get_running_loop(), sessions.session

    def note_turn() -> None:
        turns.append(0)
        if sum(turns) < 25:
            loop.call_soon(note_turn)

    def seen(*arguments: Any) -> sessions.Session:
        if not turns:
            note_turn()
        turns[-1] += 1
        return view(*arguments)

    monkeypatch.setattr(sessions, "session", seen)
    items = (await ada.get("/session?limit=200")).body["items"]

    assert len(items) == sum(turns) == 25
    assert max(turns) <= 10
