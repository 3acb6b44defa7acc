"""Tests of redaction, which removes a secret from a session that people have open."""

import contextlib
import io
import random
import re
import sqlite3
import zipfile
from pathlib import Path

import pytest

import crdt.history.redaction
import crdt.log.segments
from crdt.history.redaction import SearchBounds
from storage.errors import StoreUnavailable
from tests.api import PASSWORD, Api
from tests.handlers.clients import code_of, guest_of, joined, program_test, report, typing_frame
from tests.interop.played_log import log_of, played
from tests.node_peers import Peers
from tests.waiting import until

SECRET = "hunter2-😀-geheim"
BLOCKS = "█" * 17


async def typed_secret(peers: Peers, ada: Api, bob: Api) -> tuple[str, int]:
    """Make a session in which Ada pastes a secret and Bob types it again letter by letter.

    They also delete a part of the secret, save versions, and run a program that prints the secret.
    Return (session id, sequence).
    """
    session_id = await ada.new_session(code="first\nlast\n")
    for name, api in (("a", ada), ("b", bob)):
        await peers.do(
            "connect",
            name,
            url=api.socket_url,
            room=session_id,
            token=api.token,
            maxBackoffTime=100,
        )
        await peers.until_state(name, synced=True)
    await peers.do("insert", "a", at=6, text=f"key = {SECRET}\n")
    await until(lambda: peers.text("b"), lambda text: SECRET in text)
    assert (await ada.post(f"/code/{session_id}/save", {"label": "with it"})).status == 201
    for letter in reversed(SECRET.replace("😀", "x")):
        await peers.do("insert", "b", at=0, text=letter)
        if letter in "aem2":
            await until(lambda: ada.live(session_id), lambda live: live["code"].startswith(letter))  # noqa: B023  # awaited here
            # This request waits until all is stored, so the next letter is in another row.
            await ada.get(f"/code/{session_id}/timeline")
    await until(lambda: peers.text("a"), lambda text: text.startswith("hunter2"))
    await peers.do("insert", "b", at=7, text="after all ")
    await until(lambda: peers.text("a"), lambda text: "after all " in text)
    await peers.do("remove", "a", at=35, length=9)
    text = await peers.text("a")
    live = await until(lambda: ada.live(session_id), lambda live: live["code"] == text)
    await peers.until_text(text, "b")
    assert (await bob.post(f"/code/{session_id}/save")).status == 201
    wants = program_test(input=SECRET, isHidden=True)
    assert (await ada.post(f"/session/{session_id}/tests", wants)).status == 201
    printed = report(f"key is {SECRET}", stdin=SECRET)
    assert (await bob.post(f"/session/{session_id}/runs", printed)).status == 201
    return session_id, live["sequence"]


def as_units(text: str) -> str:
    """Replace each emoji by two letters, because a redaction replaces it by two blocks."""
    return text.replace("😀", "xx")


def raw(server) -> bytes:
    folder = Path(server.parts.config.data_dir)
    return b"".join(path.read_bytes() for path in sorted(folder.glob("collab.db*")))


async def everything(api: Api, session_id: str, sequence: int) -> list[str]:
    """Return all texts of a session that can be read."""
    texts = [
        (await api.get(f"/code/{session_id}/at/{number}")).body["code"]
        for number in range(sequence + 1)
    ]
    replay = (await api.get(f"/code/{session_id}/replay")).body
    texts += played(replay["files"], replay)
    texts += [
        version["code"]
        for version in (await api.get(f"/code/{session_id}/versions")).body["versions"]
    ]
    runs = (await api.get(f"/session/{session_id}/runs")).body["runs"]
    texts += [text for run in runs for text in (run["stdin"], run["stdout"])]
    tests = (await api.get(f"/session/{session_id}/tests")).body["tests"]
    texts += [text for test in tests for text in (test["input"], test["expected"])]
    archive = zipfile.ZipFile(io.BytesIO((await api.get(f"/code/{session_id}/export")).body))
    return [*texts, *(archive.read(name).decode() for name in archive.namelist())]


@pytest.mark.parametrize("is_packed", [False, True])
async def test_redaction_removes_secret_from_every_place(
    start_server, peers: Peers, is_packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redaction removes a secret from editors, history, versions, exports and the database file.

    All other text stays unchanged.
    """
    monkeypatch.setattr(crdt.log.segments, "ENTRIES", 8)
    server = await start_server()
    ada, bob = [await Api(server.url).sign_up(name) for name in ("ada", "bob")]
    session_id, sequence = await typed_secret(peers, ada, bob)
    if is_packed:
        async with server.parts.services.rooms.use(session_id) as room:
            await server.parts.services.rooms.compactor.checkpoint(room)
            await server.parts.services.rooms.compactor.pack(room, is_closing=True)
    before = await everything(ada, session_id, sequence)
    shown = await peers.text("a")
    assert SECRET[:7].encode() in raw(server)

    answer = await ada.post(
        f"/code/{session_id}/redact", {"from": 1, "to": sequence, "text": SECRET}
    )

    assert (answer.status, answer.body) == (
        200, {"from": 1, "to": sequence, "characters": 17, "updates": 1, "versions": 2,
             "runs": 1, "tests": 1},
    )  # fmt: skip
    left = next(part for part in (SECRET[size:] for size in range(17)) if part in shown)
    await peers.until_text(shown.replace(left, ""), "a", "b")
    after = await everything(ada, session_id, sequence)
    assert SECRET in "".join(before)
    assert SECRET not in "".join(after)
    for old, new in zip(before[: sequence + 1], after, strict=False):
        pattern = "".join("." if unit == "█" else re.escape(unit) for unit in as_units(new))
        assert re.fullmatch(pattern, as_units(old), re.DOTALL)
        assert new.count("█") <= 17
    assert BLOCKS in "".join(after)
    marks = (await ada.get(f"/code/{session_id}/timeline")).body["marks"]
    assert {mark["kind"]: mark.get("sequence") for mark in marks}["redacted"] >= 2
    body = {"from": 1, "to": sequence, "text": SECRET.replace("😀", "x")}
    second = await ada.post(f"/code/{session_id}/redact", body)
    assert second.status == 200
    assert b"hunter2" not in raw(server)
    assert b"geheim" not in raw(server)

    log = await log_of(server, session_id)
    now = (await ada.live(session_id))["sequence"]
    moments = [
        (await ada.get(f"/code/{session_id}/at/{number}")).body["code"]
        for number in range(1, now + 1)
    ]
    assert moments == await peers.do(
        "fold", "reference", updates=[entry.update.hex() for entry in log]
    )
    await peers.do("insert", "b", at=0, text="on we go ")
    await until(lambda: peers.text("a"), lambda text: text.startswith("on we go "))
    text = await peers.text("a")
    for name in ("a", "b"):
        await peers.do("destroy", name)
    await server.stop()
    server = await start_server(port=server.port)
    await peers.do("connect", "late", url=ada.socket_url, room=session_id, token=ada.token)
    await peers.until_text(text, "late")
    assert b"hunter2" not in raw(server)


@pytest.mark.parametrize("seed", range(3))
async def test_redaction_leaves_other_text_at_every_moment(
    server, peers: Peers, ada: Api, bob: Api, seed: int
) -> None:
    """After a redaction, each moment has its old text, with blocks for the redacted part."""
    random.seed(seed)
    session_id = await ada.new_session(code="start\n")
    for name, api in (("a", ada), ("b", bob)):
        await peers.do("connect", name, url=api.socket_url, room=session_id, token=api.token)
        await peers.until_state(name, synced=True)
    for number in range(12):
        await peers.do(
            "scramble", random.choice("ab"), edits=random.randint(1, 5), alphabet="ab\né😀"
        )
        if number % 3 == 0:
            await peers.do("insert", random.choice("ab"), at=random.randint(0, 5), text="SECRET")
    await peers.do("insert", "a", text="<a>")
    await peers.do("insert", "b", text="<b>")
    text = await until(lambda: peers.text("a"), lambda shown: "<a>" in shown and "<b>" in shown)
    await peers.until_text(text, "b")
    sequence = (await until(lambda: ada.live(session_id), lambda live: live["code"] == text))[
        "sequence"
    ]
    paths = [f"/code/{session_id}/at/{number}" for number in range(sequence + 1)]
    before = [(await ada.get(path)).body["code"] for path in paths]

    answer = await ada.post(
        f"/code/{session_id}/redact", {"from": 1, "to": sequence, "text": "SECRET"}
    )

    assert answer.status == 200
    after = [(await ada.get(path)).body["code"] for path in paths]
    for old, new in zip(before, after, strict=True):
        assert len(old.encode("utf-16-le")) == len(new.encode("utf-16-le"))
        assert re.fullmatch(
            "".join("." if unit == "█" else re.escape(unit) for unit in new), old, re.DOTALL
        )
        assert "SECRET" not in new
        assert set(re.findall("[A-Z]", new)) <= set("SECRT")
    assert not any(
        "█" in text
        for text, old in zip(after, before, strict=True)
        if not re.search("[SECRT]", old)
    )
    live = (await ada.live(session_id))["code"]
    await peers.until_text(live, "a", "b")
    assert "█" not in live


async def test_redaction_during_absence_of_editor_is_applied_on_return(
    peers: Peers, ada: Api, bob: Api, server
) -> None:
    """An editor that is away during a redaction keeps the redacted text until it reconnects.

    Then this text is deleted in the editor too, and the server does not get it again.
    """
    session_id, sequence = await typed_secret(peers, ada, bob)
    await peers.do("disconnect", "b")
    assert (
        await ada.post(f"/code/{session_id}/redact", {"from": 1, "to": sequence, "text": SECRET})
    ).status == 200
    assert "geheim\n" in await peers.text("b")
    await peers.do("insert", "b", at=0, text="typed offline ")

    await peers.do("reconnect", "b")

    text = await until(lambda: peers.text("a"), lambda shown: shown.startswith("typed offline "))
    await peers.until_text(text, "b")
    assert "geheim\n" not in text
    assert b"-geheim\n" not in raw(server)


async def test_redaction_repeated_after_a_store_failure_is_finished(
    peers: Peers, ada: Api, bob: Api, server, monkeypatch
) -> None:
    """After the store has failed in the middle of a redaction, the same request finishes it."""
    session_id, sequence = await typed_secret(peers, ada, bob)
    store = server.parts.services.store
    replace, calls = store.replace_chunks, []

    async def failing(chunk) -> None:
        calls.append(chunk)
        if len(calls) == 2:
            raise StoreUnavailable("away")
        await replace(chunk)

    monkeypatch.setattr(store, "replace_chunks", failing)
    body = {"from": 1, "to": sequence, "text": SECRET.replace("😀", "x")}
    assert (await ada.post(f"/code/{session_id}/redact", body)).status == 503
    assert (await ada.post(f"/code/{session_id}/redact", body)).status == 200
    assert (await ada.post(f"/code/{session_id}/redact", {**body, "text": SECRET})).status == 200

    texts = await everything(ada, session_id, sequence)
    assert not re.search("hunter2|geheim", "".join(texts))
    assert not re.search(b"hunter2|geheim", raw(server))


async def test_redaction_of_invalid_request_is_refused(
    ada: Api, bob: Api, server, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await ada.new_session(code="secret\n" * 3)
    assert (await bob.post(f"/session/{session_id}/join", {})).status == 200
    guest = await guest_of(ada, session_id)
    path, body = f"/code/{session_id}/redact", {"from": 1, "to": 1, "text": "secret"}

    for api, change, expected in (
        (bob, {}, (403, "forbidden")),
        (guest, {}, (403, "forbidden")),
        (ada, {"text": "nowhere"}, (404, "not_found")),
        (ada, {"text": "abc"}, (422, "invalid")),
        (ada, {"from": 2}, (422, "invalid")),
        (ada, {"from": 2, "to": 9}, (404, "not_found")),
        (ada, {"to": 20_001}, (422, "invalid")),
    ):
        assert code_of(await api.post(path, {**body, **change})) == expected
    with monkeypatch.context() as patched:
        patched.setattr(crdt.history.redaction, "BOUNDS", SearchBounds(visits=0))
        assert code_of(await ada.post(path, body)) == (409, "limit_reached")
    assert (await ada.live(session_id))["code"] == "secret\n" * 3
    assert (await ada.post(path, body)).body["characters"] == 18
    monkeypatch.setattr(crdt.history.redaction, "BOUNDS", SearchBounds(work=100))
    assert code_of(await ada.post(path, {**body, "text": "crets!"})) == (409, "limit_reached")
    assert (await ada.live(session_id))["code"] == "\n" * 3


async def test_redaction_of_ended_session_and_other_roots_succeeds(ada: Api, server) -> None:
    """In an ended session, the owner may redact text in each file of the document."""
    session_id = await ada.new_session(code="main\n")
    wire = await joined(ada, session_id)
    await wire.send(typing_frame("some secret here", "notes"))
    await until(lambda: ada.live(session_id), lambda live: live["sequence"] == 2)
    wire.close()
    assert (await ada.patch(f"/session/{session_id}", {"status": "ended"})).status == 200
    await until(
        lambda: ada.get(f"/code/{session_id}/versions"),
        lambda listed: listed.body["versions"] and listed.body["versions"][0]["kind"] == "final",
    )

    answer = await ada.post(f"/code/{session_id}/redact", {"from": 1, "to": 2, "text": "secret"})

    assert answer.status == 200
    assert (await ada.live(session_id))["files"] == {"codemirror": "main\n", "notes": "some  here"}
    versions = (await ada.get(f"/code/{session_id}/versions")).body["versions"]
    # There may also be a newer version already, of the document after the redaction.
    assert [version["files"]["notes"] for version in versions if version["sequence"] == 2] == [
        "some ██████ here"
    ]


async def test_redaction_on_mongodb_removes_secret(
    start_server, peers: Peers, mongo_uri: str
) -> None:
    """On MongoDB, a redaction removes the secret from all answers, too."""
    server = await start_server(mongo_uri=f"{mongo_uri}redact")
    ada, bob = [await Api(server.url).sign_up(name) for name in ("ada", "bob")]
    session_id, sequence = await typed_secret(peers, ada, bob)

    for text in (SECRET, SECRET.replace("😀", "x")):
        body = {"from": 1, "to": sequence, "text": text}
        assert (await ada.post(f"/code/{session_id}/redact", body)).status == 200

    assert not re.search("hunter2|geheim", "".join(await everything(ada, session_id, sequence)))


@pytest.mark.parametrize("what", ["session", "account"])
async def test_session_deletion_leaves_nothing_in_database_file(
    server, peers: Peers, ada: Api, bob: Api, what: str
) -> None:
    """The file has no texts, chat, titles, labels, names or addresses, even in free pages."""
    session_id = await ada.new_session(code="zebra-code " * 500, title="zebra-title")
    await peers.do("connect", "a", url=ada.socket_url, room=session_id, token=ada.token)
    await peers.until_state("a", synced=True)
    for number in range(30):
        await peers.do("insert", "a", text=f"zebra-typed-{number} ")
    await until(lambda: ada.live(session_id), lambda live: "zebra-typed-29" in live["code"])
    assert (await ada.post(f"/code/{session_id}/save", {"label": "zebra-label"})).status == 201
    assert (
        await ada.post("/chat/send", {"sessionId": session_id, "message": "zebra-chat"})
    ).status == 201
    await bob.new_session(code="giraffe")
    assert b"zebra-code" in raw(server)

    email = ada.user["email"].encode()

    if what == "session":
        assert (await ada.delete(f"/session/{session_id}")).status == 204
    else:
        assert email in raw(server)
        answer = await ada.delete("/user/me", body={"password": PASSWORD, "sessions": "delete"})
        assert answer.status == 204, answer.body
    await until(lambda: _zebras(server), lambda count: count == 0)
    await server.stop()
    with contextlib.closing(
        sqlite3.connect(Path(server.parts.config.data_dir) / "collab.db")
    ) as db:
        db.execute("VACUUM")
        assert db.execute(
            "SELECT count(*) FROM log WHERE session_id = ?", (session_id,)
        ).fetchone() == (0,)
    assert await _zebras(server) == 0
    assert b"giraffe" in raw(server)
    if what == "account":
        assert email not in raw(server)


async def _zebras(server) -> int:
    return raw(server).count(b"zebra")


async def test_redaction_keeps_version_saved_meanwhile(
    server, peers: Peers, ada: Api, bob: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that is saved during a redaction has the text typed meanwhile."""
    session_id = await ada.new_session(code="first\n")
    for name, api in (("a", ada), ("b", bob)):
        await peers.do("connect", name, url=api.socket_url, room=session_id, token=api.token)
        await peers.until_state(name, synced=True)
    await peers.do("insert", "a", at=6, text=f"{SECRET}\n")
    await peers.until_text(f"first\n{SECRET}\n", "b")
    assert (await ada.post(f"/code/{session_id}/save")).status == 201
    now = (await ada.live(session_id))["sequence"]
    compactor = server.parts.services.rooms.compactor
    checkpoint_now = compactor.checkpoint_now

    async def while_somebody_types(room) -> bool:
        is_stored = await checkpoint_now(room)
        await peers.do("insert", "b", at=0, text="meanwhile ")
        await until(lambda: ada.live(session_id), lambda live: live["code"].startswith("meanwhile"))
        assert (await bob.post(f"/code/{session_id}/save")).status == 201
        return is_stored

    monkeypatch.setattr(compactor, "checkpoint_now", while_somebody_types)
    answer = await ada.post(f"/code/{session_id}/redact", {"from": 1, "to": now, "text": SECRET})
    assert (answer.status, answer.body["versions"]) == (200, 1)
    versions = (await ada.get(f"/code/{session_id}/versions")).body["versions"]
    assert [version["code"] for version in versions] == [
        "meanwhile first\n\n",
        f"first\n{BLOCKS}\n",
    ]


async def test_redaction_with_failed_checkpoint_is_not_reported_done(
    server, ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the checkpoint fails, the answer is an error, and the request can be repeated."""
    session_id = await ada.new_session(code=f"first {SECRET}\n")

    async def refuses(_room) -> bool:
        return False

    monkeypatch.setattr(server.parts.services.rooms.compactor, "checkpoint_now", refuses)
    answer = await ada.post(f"/code/{session_id}/redact", {"from": 1, "to": 1, "text": SECRET})
    assert answer.status == 503
    monkeypatch.undo()
    answer = await ada.post(f"/code/{session_id}/redact", {"from": 1, "to": 1, "text": SECRET})
    assert (answer.status, answer.body["updates"]) == (200, 1)
