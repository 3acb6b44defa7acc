"""Tests the export of a session's versions as git commits."""

import subprocess
from datetime import datetime
from pathlib import Path

from handlers.export.file_names import file_name
from tests.api import Api
from tests.handlers.clients import joined, typing_frame
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
    assert [one.split("|")[0] for one in commits] == ["ada", "bob", "collab-server"]
    assert [one.split("|")[3] for one in commits] == [
        "first – ä", "Version 2", "The document at the time of the export",
    ]  # fmt: skip
    assert commits[0].split("|")[1] == f"{ada.user['id']}@session.invalid"
    stamp = datetime.fromisoformat(first["createdAt"]).timestamp()
    assert int(commits[0].split("|")[2]) == int(stamp)
    assert git("show", "HEAD~2:main.js", folder=clone) == "one\n"
    assert (clone / "main.js").read_bytes() == "two 😀\r\n".encode()
    assert (clone / file_name("notes/../x")).read_text() == "live "
    assert "example.org" not in git("log", folder=clone)
    wire.close()


async def test_git_bundle_without_versions_has_one_commit(ada: Api, tmp_path: Path) -> None:
    """The bundle of a session without versions has one commit."""
    session_id = await ada.new_session()

    clone = await cloned(ada, session_id, tmp_path)

    assert git("rev-list", "--count", "HEAD", folder=clone) == "1\n"
    assert (clone / "main.js").read_bytes() == b""
