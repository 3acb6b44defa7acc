"""A session as a zip file."""

import io
import json
import subprocess
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

import crdt.history.replay
import handlers.export.export
import handlers.export.zip_archive
from handlers.export.zip_archive import file_name
from tests.api import Api
from tests.handlers.clients import code_of, guest_of, joined, typing_frame
from tests.waiting import until


async def archive(api: Api, session_id: str, query: str = "") -> zipfile.ZipFile:
    answer = await api.get(f"/code/{session_id}/export{query}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert f'filename="session-{session_id}.zip"' in answer.headers["Content-Disposition"]
    found = zipfile.ZipFile(io.BytesIO(answer.body))
    assert found.testzip() is None
    return found


def lines(found: zipfile.ZipFile, name: str) -> list[dict]:
    return [json.loads(line) for line in found.read(name).decode().splitlines()]


async def test_everything_is_in_it(ada: Api, bob: Api) -> None:
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
        found = await archive(bob, session_id, query)

        texts = {name: found.read(name).decode() for name in found.namelist() if "/" in name}
        assert texts["versions/0001-manual/codemirror"] == "one\n"
        assert texts["versions/0002-manual/codemirror"] == "two 😀\r\n"
        assert texts["live/codemirror"] == (await ada.live(session_id))["code"]
        assert "Intervïew" in found.read("README.txt").decode()
        described = lines(found, "versions.jsonl")
        assert [(one["version"], one["label"], one["author"]["username"]) for one in described] == [
            (1, "first", "ada"), (2, "", "bob"),
        ]  # fmt: skip
        assert "code" not in described[0]
        chat = lines(found, "chat.jsonl")
        assert chat == (await ada.get(f"/chat/{session_id}")).body["messages"]
        members = json.loads(found.read("members.json"))
        assert [(one["username"], one["role"]) for one in members] == [("ada", "owner"), ("bob", "editor")]
        assert "example.org" not in found.read("members.json").decode()


async def test_an_empty_session(ada: Api) -> None:
    found = await archive(ada, await ada.new_session())

    assert sorted(found.namelist()) == [
        "README.txt", "chat.jsonl", "live/codemirror", "members.json", "versions.jsonl",
    ]  # fmt: skip


def test_names_of_files() -> None:
    """A text may have any name: none leads out of its folder, and none hides another."""
    roots = [
        "../../etc/passwd",
        "..",
        ".",
        "a/b",
        "a\\b",
        "C:\\x",
        "é",
        " ",
        "x\0y",
        "",
        "%2E%2E",
        "%",
        "_",
        "a b",
        "%2E",
    ]

    names = [file_name(root) for root in roots]

    assert len(set(names)) == len(names)
    for name in names:
        assert name.strip(". ")
        assert not set(name) & set("/\\:\0")


async def test_texts_of_other_names(ada: Api) -> None:
    session_id = await ada.new_session()
    wire = await joined(ada, session_id)
    for root in ("../x", ".."):
        await wire.send(typing_frame(f"text of {root}", root))
    await until(lambda: ada.live(session_id), lambda live: len(live["files"]) == 3)

    found = await archive(ada, session_id)

    assert found.read("live/..%2Fx").decode() == "text of ../x"
    assert found.read("live/%2E%2E").decode() == "text of .."
    wire.close()


async def test_long_histories(start_server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read page by page."""
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

    found = await archive(ada, session_id)

    assert [one["version"] for one in lines(found, "versions.jsonl")] == list(range(1, 11))
    assert [one["message"] for one in lines(found, "chat.jsonl")] == [f"message {number}" for number in range(10)]
    assert len([name for name in found.namelist() if name.startswith("versions/")]) == 10


async def test_who_may_export(ada: Api) -> None:
    session_id, other = await ada.new_session(), await ada.new_session()

    assert code_of(await ada.get(f"/code/{session_id}/export?format=tar")) == (422, "invalid")
    assert code_of(await (await guest_of(ada, session_id)).get(f"/code/{other}/export")) == (404, "not_found")


# -- as a repository ------------------------------------------------------------------------------


def git(*arguments: str, folder: Path | None = None) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


async def cloned(api: Api, session_id: str, folder: Path) -> Path:
    """Clone the bundle with the real git."""
    answer = await api.get(f"/code/{session_id}/export?format=git")
    assert answer.status == 200
    assert f'filename="session-{session_id}.bundle"' in answer.headers["Content-Disposition"]
    (folder / "session.bundle").write_bytes(answer.body)
    git("clone", "--quiet", str(folder / "session.bundle"), str(folder / "clone"))
    git("fsck", "--strict", folder=folder / "clone")
    return folder / "clone"


async def test_a_commit_for_each_version(ada: Api, bob: Api, tmp_path: Path) -> None:
    """With author, time, label and texts; what is in no version yet comes last."""
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
    assert git("show", "HEAD~2:codemirror", folder=clone) == "one\n"
    assert (clone / "codemirror").read_bytes() == "two 😀\r\n".encode()
    assert (clone / file_name("notes/../x")).read_text() == "live "
    assert "example.org" not in git("log", folder=clone)
    wire.close()


async def test_a_repository_of_nothing(ada: Api, tmp_path: Path) -> None:
    """A session without versions is one commit."""
    session_id = await ada.new_session()

    clone = await cloned(ada, session_id, tmp_path)

    assert git("rev-list", "--count", "HEAD", folder=clone) == "1\n"
    assert (clone / "codemirror").read_bytes() == b""


# -- as a page that plays -------------------------------------------------------------------------


async def test_a_page_that_plays_has_everything(ada: Api, bob: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every update of every part, with authors and times, versions and chat; no text can end the element it is in."""
    monkeypatch.setattr(crdt.history.replay, "MAX_STEPS", 2)
    session_id = await ada.new_session(code="</script><b>", title="</script>")
    await bob.post(f"/session/{session_id}/join")
    for number, api in enumerate((ada, bob, ada, bob)):
        await api.post(f"/code/{session_id}/save", {"code": f"</script>{'x' * number}", "label": f"v{number}"})
    await bob.post("/chat/send", {"sessionId": session_id, "message": "<!-- hi"})

    answer = await ada.get(f"/code/{session_id}/export?format=replay")

    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert f'filename="session-{session_id}.html"' in answer.headers["Content-Disposition"]
    page = answer.body.decode() if isinstance(answer.body, bytes) else answer.body
    assert page.count("</script>") == 2
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    monkeypatch.undo()
    whole = (await ada.get(f"/code/{session_id}/replay")).body
    assert data["steps"] == whole["steps"]
    assert (data["roots"], data["files"]) == (whole["roots"], whole["files"])
    assert data["authors"] == [one["username"] for one in whole["authors"]]
    assert [one["label"] for one in data["versions"]] == ["v0", "v1", "v2", "v3"]
    assert [one[1:] for one in data["chat"]] == [["bob", "<!-- hi"]]
    assert data["title"] == "</script>"


async def test_an_empty_page(ada: Api) -> None:
    session_id = await ada.new_session()

    page = (await ada.get(f"/code/{session_id}/export?format=replay")).body.decode()

    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert (data["steps"], data["files"], data["chat"]) == ([], {"codemirror": ""}, [])
