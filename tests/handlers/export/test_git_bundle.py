"""Tests the export of a session's versions as git commits."""

import asyncio
import io
import subprocess
import tempfile
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from collab_server.server import Server
from handlers.export.git_bundle import GitBundle
from handlers.export.git_repo import begin
from tests.api import Api
from tests.handlers.clients import joined, typing_frame
from tests.narrowing import required
from tests.waiting import until


def git(*arguments: str, folder: Path | None = None) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


async def cloned(api: Api, session_id: str, folder: Path) -> Path:
    """Clone the bundle with the real git."""
    answer = await api.get(f"/code/{session_id}/export?format=git")
    assert answer.status == 200
    assert 'filename="' in answer.headers["Content-Disposition"]
    (folder / "session.bundle").write_bytes(answer.body)
    git("clone", "--quiet", str(folder / "session.bundle"), str(folder / "clone"))
    git("fsck", "--strict", folder=folder / "clone")
    return folder / "clone"


async def test_git_bundle_has_commit_for_each_version_and_live_text(
    ada: Api, bob: Api, tmp_path: Path
) -> None:
    """Each version is a commit with its author, time, label and texts.

    A last commit has the text that no version has yet.
    """
    session_id = await ada.new_session(code="one\n")
    await bob.post(f"/session/{session_id}/join")
    first = (await ada.post(f"/code/{session_id}/save", {"label": "first – ä"})).body
    await bob.post(f"/code/{session_id}/save", {"code": "two 😀\r\n"})
    wire = await joined(ada, session_id)
    await wire.send(typing_frame("live ", "notes/../x"))
    await until(lambda: ada.live(session_id), lambda live: "notes/../x" in live["files"])

    clone = await cloned(ada, session_id, tmp_path)

    commits = git("log", "--reverse", "--format=%an|%ae|%at|%s", folder=clone).splitlines()
    assert [commit.split("|")[0] for commit in commits] == ["ada", "bob", "collab-server"]
    assert [commit.split("|")[3] for commit in commits] == [
        "first – ä", "Version 2", "The document at the time of the export",
    ]  # fmt: skip
    assert commits[0].split("|")[1] == f"{ada.user['id']}@session.invalid"
    stamp = datetime.fromisoformat(first["createdAt"]).timestamp()
    assert int(commits[0].split("|")[2]) == int(stamp)
    assert git("show", "HEAD~2:main.js", folder=clone) == "one\n"
    assert (clone / "main.js").read_bytes() == "two 😀\r\n".encode()
    assert (clone / "notes" / "x").read_text() == "live "
    assert "example.org" not in git("log", folder=clone)
    wire.close()


async def test_git_bundle_without_versions_has_one_commit(ada: Api, tmp_path: Path) -> None:
    """The bundle of a session without versions has one commit."""
    session_id = await ada.new_session()

    clone = await cloned(ada, session_id, tmp_path)

    assert git("rev-list", "--count", "HEAD", folder=clone) == "1\n"
    assert (clone / "main.js").read_bytes() == b""


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_git_bundle_folder_is_removed_in_a_thread(
    ada: Api,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    is_cancelled: bool,
) -> None:
    """The folder is removed after success and after a cancelled request, off the event loop."""
    session_id = await ada.new_session(code="x")
    services = server.parts.services
    session = required(await services.store.session(session_id))
    run, cleanup = services.workers.run, tempfile.TemporaryDirectory.cleanup
    asked, threads = list[str](), list[int]()

    async def held(function: Any, *arguments: Any, **options: Any) -> Any:
        if function is not begin:
            asked.append(arguments[0])
        if asked and is_cancelled:
            await asyncio.Event().wait()
        return await run(function, *arguments, **options)

    def noted(self: "tempfile.TemporaryDirectory[str]") -> None:
        threads.append(threading.get_ident())
        cleanup(self)

    made = tmp_path / "made"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    monkeypatch.setattr(tempfile.TemporaryDirectory, "cleanup", noted)
    monkeypatch.setattr(services.workers, "run", held)
    with io.BytesIO() as file:
        bundling = asyncio.create_task(GitBundle(services, session, ada.user["id"], file).write())
        await until(lambda: asked)
        if is_cancelled:
            bundling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await bundling
        else:
            await bundling
        is_written = bool(file.getvalue())

    assert is_written is not is_cancelled
    assert Path(asked[0]).parent == made
    assert not list(made.iterdir())
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()
