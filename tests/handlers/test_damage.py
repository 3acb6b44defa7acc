"""Tests answers about damaged rows: they name the row, and everything else can be read."""

import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from storage.records import Chunk
from tests.api import PASSWORD, Answer, Api
from tests.handlers.clients import report
from tests.storage.rows import version


@pytest.fixture
async def session_id(server, ada: Api) -> str:
    """A session with three versions and three messages.

    The second version and message are damaged.
    """
    session_id = await ada.new_session(code="one\n")
    for text in ("one\n", "two\n", "three\n"):
        assert (
            await ada.post(f"/code/{session_id}/save", {"code": text, "label": f"label {text}"})
        ).status == 201
        assert (
            await ada.post("/chat/send", {"sessionId": session_id, "message": text})
        ).status == 201
    store = server.parts.services.store
    await store._engine.write(
        lambda db: db.execute("UPDATE versions SET content = content || x'00' WHERE number = 2")
    )
    await store._engine.write(
        lambda db: db.execute("UPDATE messages SET text = 'tampered' WHERE sequence = 2")
    )
    return session_id


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


def told(answer: Answer) -> tuple[int, str]:
    assert "Version 2" in answer.body["message"]
    return answer.status, answer.body["code"]


async def test_damaged_version_is_409_by_its_number_everywhere(ada: Api, session_id: str) -> None:
    """A damaged version is answered with 409 and its number, without Retry-After.

    Other versions and the live document can still be read.
    """
    answers = [
        await ada.get(f"/code/{session_id}/versions/2"),
        await ada.get(f"/code/{session_id}/diff?from=1&to=2"),
        await ada.get(f"/code/{session_id}/diff?from=2"),
        await ada.post(f"/code/{session_id}/restore", {"version": 2}),
    ]

    assert {told(answer) for answer in answers} == {(409, "damaged")}
    assert not any("Retry-After" in answer.headers for answer in answers)
    assert (await ada.get(f"/code/{session_id}/versions/1")).body["code"] == "one\n"
    assert (await ada.live(session_id))["code"] == "three\n"


async def test_damaged_newest_version_is_no_latest(server, ada: Api) -> None:
    session_id = await ada.new_session(code="one\n")
    for text in ("one\n", "two\n"):
        await ada.post(f"/code/{session_id}/save", {"code": text})
    await server.parts.services.store._engine.write(
        lambda db: db.execute("UPDATE versions SET label = 'x' WHERE number = 2")
    )

    assert told(await ada.get(f"/code/{session_id}/latest")) == (409, "damaged")
    assert (await ada.live(session_id))["code"] == "two\n"
    again = await ada.post(f"/code/{session_id}/save", {})
    assert (again.status, again.body["version"]) == (201, 3)


async def test_damaged_rows_keep_their_place_in_lists(ada: Api, session_id: str) -> None:
    for query in ("", "?fields=meta"):
        versions = (await ada.get(f"/code/{session_id}/versions{query}")).body["versions"]
        assert [version["version"] for version in versions] == [3, 2, 1]
    full = (await ada.get(f"/code/{session_id}/versions")).body["versions"]
    assert [version.get("damaged", False) for version in full] == [False, True, False]
    assert ["code" in version for version in full] == [True, False, True]
    messages = (await ada.get(f"/chat/{session_id}")).body["messages"]
    assert [(message["message"], message.get("damaged", False)) for message in messages] == [
        ("one\n", False), ("", True), ("three\n", False),
    ]  # fmt: skip
    timeline = await ada.get(f"/code/{session_id}/timeline")
    assert "tampered" not in json.dumps(timeline.body)


async def test_export_says_what_is_missing(ada: Api, session_id: str, tmp_path: Path) -> None:
    """An export names missing texts: the archive by a file, and the bundle by a commit.

    The player shows all other data.
    """
    archived = zipfile.ZipFile(io.BytesIO((await ada.get(f"/code/{session_id}/export")).body))
    texts = {
        name: archived.read(name).decode()
        for name in archived.namelist()
        if name.startswith("versions/")
    }
    assert texts == {
        "versions/0001-manual/main.js": "one\n",
        "versions/0002-damaged/DAMAGED.txt": "Version 2 is damaged in the store: its texts are "
        "missing here.\n",
        "versions/0003-manual/main.js": "three\n",
    }
    chat = [json.loads(line) for line in archived.read("chat.jsonl").decode().splitlines()]
    assert [message.get("damaged", False) for message in chat] == [False, True, False]

    bundle = tmp_path / "session.bundle"
    bundle.write_bytes((await ada.get(f"/code/{session_id}/export?format=git")).body)
    git("clone", "--quiet", str(bundle), str(tmp_path / "clone"))
    log = git("-C", str(tmp_path / "clone"), "log", "--reverse", "--format=%s")
    assert log.splitlines()[1] == "Version 2 is damaged in the store: its texts are missing here"
    assert (tmp_path / "clone" / "main.js").read_text() == "three\n"

    replay = await ada.get(f"/code/{session_id}/export?format=replay")
    assert replay.status == 200
    assert b"tampered" not in replay.body


@pytest.mark.parametrize("kind", ["zip", "git"])
async def test_export_of_session_with_damaged_log_has_its_versions(
    server, ada: Api, expect_log, kind: str
) -> None:
    """If the log is damaged, the export still has the saved versions, and says what is missing.

    The live document is refused with 409 `quarantined`.
    """
    expect_log("damaged in the store")
    session_id = await ada.new_session()
    store = server.parts.services.store
    await store.add_version(
        version("saved\n", session_id, author_id=ada.user["id"], contributors=()), 10, 10
    )
    await store.append_chunks([Chunk(session_id, 1, 1, b"rubbish", 1)])
    assert (await ada.get(f"/code/{session_id}/latest?live=true")).body["code"] == "quarantined"

    answer = await ada.get(f"/code/{session_id}/export?format={kind}")

    assert answer.status == 200
    if kind == "zip":
        archived = zipfile.ZipFile(io.BytesIO(answer.body))
        assert archived.read("versions/0001-manual/code") == b"saved\n"
        assert b"cannot be read" in archived.read("live/DAMAGED.txt")


_COLUMNS = {
    "sessions": (
        "title",
        "language",
        "access",
        "join_role",
        "status",
        "runs",
        "main_root",
        "created_at",
        "updated_at",
    ),
    "members": ("role", "joined_at", "read_sequence"),
    "users": ("username", "full_name", "avatar", "created_at", "is_guest", "is_deleted"),
    "refresh_tokens": ("device", "created_at", "used_at", "rotated_at", "ends_at", "generation"),
    "invites": ("role", "created_by", "created_at", "max_uses", "uses"),
    "invite_uses": ("used_at",),
    "messages": ("sender_id", "sender_name", "text", "created_at"),
    "versions": (
        "sequence",
        "main_root",
        "label",
        "kind",
        "author_id",
        "author_name",
        "contributors",
        "created_at",
    ),
    "runs": ("user_id", "user_name", "sequence", "outcome", "created_at", "content"),
}
"""{table: columns that lists and exports show}"""
_LISTS = (
    "/session", "/session/{}", "/session/{}/invites", "/user/logins", "/user/usage", "/chat/{}",
    "/code/{}/versions", "/session/{}/runs",
    "/code/{}/versions?fields=meta", "/code/{}/timeline", "/code/{}/replay", "/code/{}/blame",
    "/code/{}/latest?live=true", "/code/{}/files", "/code/{}/export", "/code/{}/export?format=git",
    "/code/{}/export?format=replay",
)  # fmt: skip


@pytest.mark.parametrize("bad", ["'nonsense'", "CAST(x'fffe' AS TEXT)", "1 << 62"])
@pytest.mark.parametrize("table", _COLUMNS)
async def test_unreadable_row_fails_no_list_and_no_export(
    server, ada: Api, bob: Api, table: str, bad: str
) -> None:
    """A row whose values are all damaged never makes a list or an export fail.

    The row may belong to the user's own session, to another session or to another member.
    """
    sessions = [await ada.new_session(code="one\n") for _ in range(3)]
    session_id = sessions[1]
    invite = await ada.post(f"/session/{session_id}/invites", {"role": "editor"})
    assert (
        await bob.post(f"/session/{session_id}/join", {"invite": invite.body["invite"]})
    ).status == 200
    assert (await bob.post(f"/code/{session_id}/save", {"code": "two\n"})).status == 201
    assert (
        await bob.post("/chat/send", {"sessionId": session_id, "message": "hello"})
    ).status == 201
    assert (await bob.post(f"/session/{session_id}/runs", report())).status == 201
    assert (await bob.post("/user/login", {"username": "ada", "password": PASSWORD})).status == 200
    newest = (
        f"SELECT id FROM refresh_tokens WHERE user_id = '{ada.user['id']}' ORDER BY "
        "created_at DESC LIMIT 1"
    )
    where = {
        "sessions": f"id = '{session_id}'",
        "members": f"user_id = '{bob.user['id']}'",
        "users": f"id = '{bob.user['id']}'",
        "refresh_tokens": f"id = ({newest})",
    }.get(table, "1")
    changes = ", ".join(f"{column} = {bad}" for column in _COLUMNS[table])
    await server.parts.services.store._engine.write(
        lambda db: db.execute(f"UPDATE {table} SET {changes} WHERE {where}")
    )

    answers = {path: await ada.get(path.format(session_id)) for path in _LISTS}

    assert {path: answer.status for path, answer in answers.items()} == dict.fromkeys(_LISTS, 200)
    assert {item["id"] for item in answers["/session"].body["items"]} == set(sessions)
    assert len(answers["/user/logins"].body["items"]) == 2
