"""Tests the export of a session as a zip file."""

import asyncio
import gc
import io
import json
import zipfile
from typing import Any

import pytest

import handlers.export.export
import handlers.export.zip_archive
from collab_server.server import Server
from handlers.export.zip_archive import ZipArchive
from tests.api import Api
from tests.handlers.clients import joined, typing_frame
from tests.narrowing import required
from tests.waiting import until


async def archive(api: Api, session_id: str, query: str = "") -> zipfile.ZipFile:
    answer = await api.get(f"/code/{session_id}/export{query}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert 'filename="' in answer.headers["Content-Disposition"]
    archived = zipfile.ZipFile(io.BytesIO(answer.body))
    assert archived.testzip() is None
    return archived


def lines(archived: zipfile.ZipFile, name: str) -> list[dict]:
    return [json.loads(line) for line in archived.read(name).decode().splitlines()]


async def test_zip_archive_contains_versions_live_text_chat_and_members(ada: Api, bob: Api) -> None:
    session_id = await ada.new_session(title="Intervïew", code="one\n")
    await bob.post(f"/session/{session_id}/join")
    await ada.post(f"/code/{session_id}/save", {"label": "first"})
    await bob.post(f"/code/{session_id}/save", {"code": "two 😀\r\n"})
    for text in ("hi", "a\nb"):
        await bob.post("/chat/send", {"sessionId": session_id, "message": text})
    wire = await joined(ada, session_id)
    await wire.send(typing_frame("live "))
    await until(lambda: ada.live(session_id), lambda live: "live" in live["code"])

    for query in ("", "?format=zip"):
        archived = await archive(bob, session_id, query)

        texts = {name: archived.read(name).decode() for name in archived.namelist() if "/" in name}
        assert texts["versions/0001-manual/main.js"] == "one\n"
        assert texts["versions/0002-manual/main.js"] == "two 😀\r\n"
        assert texts["live/main.js"] == (await ada.live(session_id))["code"]
        assert "Intervïew" in archived.read("README.txt").decode()
        described = lines(archived, "versions.jsonl")
        assert [
            (version["version"], version["label"], version["author"]["username"])
            for version in described
        ] == [
            (1, "first", "ada"), (2, "", "bob"),
        ]  # fmt: skip
        assert "code" not in described[0]
        chat = lines(archived, "chat.jsonl")
        assert chat == (await ada.get(f"/chat/{session_id}")).body["messages"]
        members = json.loads(archived.read("members.json"))
        assert [(member["username"], member["role"]) for member in members] == [
            ("ada", "owner"),
            ("bob", "editor"),
        ]
        assert "example.org" not in archived.read("members.json").decode()


async def test_zip_archive_of_empty_session_has_standard_files(ada: Api) -> None:
    archived = await archive(ada, await ada.new_session())

    assert sorted(archived.namelist()) == [
        "README.txt", "chat.jsonl", "live/main.js", "members.json", "original-names.json",
        "runs.json", "runs.txt", "tests.json", "versions.jsonl",
    ]  # fmt: skip


async def test_zip_archive_keeps_all_paths_in_their_folder(ada: Api) -> None:
    session_id = await ada.new_session()
    wire = await joined(ada, session_id)
    for root in ("../x", ".."):
        await wire.send(typing_frame(f"text of {root}", root))
    await until(lambda: ada.live(session_id), lambda live: len(live["files"]) == 3)

    archived = await archive(ada, session_id)

    assert archived.read("live/x").decode() == "text of ../x"
    assert archived.read("live/(no name)").decode() == "text of .."
    wire.close()


async def test_zip_archive_of_long_history_is_read_in_pages(
    start_server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions and messages of a long history are read page by page, and none is missing."""
    monkeypatch.setattr(handlers.export.zip_archive, "_PAGE", 3)
    monkeypatch.setattr(handlers.export.zip_archive, "_MESSAGES", 4)
    monkeypatch.setattr(handlers.export.export, "_IN_MEMORY_BYTES", 100)
    monkeypatch.setattr(handlers.export.export, "_PIECE_BYTES", 1_000)
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    for number in range(10):
        await ada.post(f"/code/{session_id}/save", {"code": f"{number}" * 50})
        await ada.post("/chat/send", {"sessionId": session_id, "message": f"message {number}"})

    archived = await archive(ada, session_id)

    assert [line["version"] for line in lines(archived, "versions.jsonl")] == list(range(1, 11))
    assert [line["message"] for line in lines(archived, "chat.jsonl")] == [
        f"message {number}" for number in range(10)
    ]
    assert len([name for name in archived.namelist() if name.startswith("versions/")]) == 10


async def test_abandoned_zip_archive_does_not_write_to_its_closed_file(
    ada: Api, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a client hangs up, the archive is dropped and does not write to its closed file.

    pytest fails a test if an object raises an error while Python deletes it.
    """
    session_id = await ada.new_session(code="x")
    services = server.parts.services
    session = required(await services.store.session(session_id))
    asked = asyncio.Event()

    async def held(*_: Any, **__: Any) -> Any:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(services.store, "versions", held)
    with io.BytesIO() as file:
        writer = ZipArchive(services, session, ada.user["id"], file)
        writing = asyncio.create_task(writer.write())
        await asked.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
    del writer, writing
    gc.collect()
