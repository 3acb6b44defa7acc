"""The timeline, and the document after each update, compared with real Yjs."""

import itertools
import random
from typing import Any

import pytest

import crdt.history.playback.replay
import crdt.history.playback.timeline
import crdt.history.reader
import crdt.log.segments
from handlers.http.views import timeline
from tests.api import Api
from tests.handlers.clients import RFC3339, UNKNOWN_ID, code_of, joined, typing_frame
from tests.interop.played_log import log_of, played
from tests.interop.text_clients import WEBSOCKET, TextPeer
from tests.node_peers import Peers
from tests.waiting import until


async def scribble(peers: Peers, people: list[Api], session_id: str, rounds: int = 12) -> str:
    """Let several editors type and delete together, and return the text that they agree on."""
    names = [f"editor{number}" for number in range(len(people))]
    for name, api in zip(names, people, strict=True):
        await peers.do("connect", name, url=api.socket_url, room=session_id, token=api.token)
        await peers.until_state(name, synced=True)
    for _ in range(rounds):
        await peers.do(
            "scramble", random.choice(names), edits=random.randint(1, 9), alphabet="ab\n é😀"
        )
    for name in names:
        await peers.do("insert", name, text=f"<{name}>")
    text = await until(
        lambda: peers.text(names[0]), lambda text: all(f"<{name}>" in text for name in names)
    )
    await peers.until_text(text, *names)
    await until(lambda: people[0].live(session_id), lambda live: live["code"] == text)
    return text


@pytest.mark.parametrize("seed", range(3))
async def test_text_at_every_moment_matches_yjs(
    server, peers: Peers, ada: Api, bob: Api, seed: int
) -> None:
    """The text after each update is the text that real Yjs has after those updates."""
    random.seed(seed)
    session_id = await ada.new_session(code="start\n")
    text = await scribble(peers, [ada, bob, ada], session_id)
    sequence = (await ada.live(session_id))["sequence"]

    states = [
        (await ada.get(f"/code/{session_id}/at/{number}")).body for number in range(sequence + 1)
    ]

    log = await log_of(server, session_id)
    expected = await peers.do("fold", "reference", updates=[entry.update.hex() for entry in log])
    assert [state["code"] for state in states] == ["", *expected]
    assert [state["sequence"] for state in states] == list(range(sequence + 1))
    assert states[-1]["files"] == {"codemirror": text}


async def test_moments_before_and_after_checkpoint_are_unchanged(
    start_server, peers: Peers
) -> None:
    """The text of each moment stays the same after the store has made a checkpoint."""
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code="start\n")
    await scribble(peers, [ada, ada], session_id)
    sequence = (await ada.live(session_id))["sequence"]
    before = [
        (await ada.get(f"/code/{session_id}/at/{number}")).body for number in range(sequence + 1)
    ]
    for name in ("editor0", "editor1"):
        await peers.do("destroy", name)
    await server.stop()  # writes a checkpoint

    server = await start_server(port=server.port)
    wire = await joined(ada, session_id)
    await wire.send(typing_frame("more "))
    await until(lambda: ada.live(session_id), lambda live: live["sequence"] == sequence + 1)
    again = [
        (await ada.get(f"/code/{session_id}/at/{number}")).body for number in range(sequence + 1)
    ]
    after = (await ada.get(f"/code/{session_id}/at/{sequence + 1}")).body

    assert (await server.parts.services.store.checkpoint(session_id)).sequence == sequence
    assert again == before
    assert "more " in after["code"]
    wire.close()


@pytest.mark.parametrize("seed", range(2))
async def test_packed_log_keeps_moments_replay_timeline_and_blame(
    server, peers: Peers, ada: Api, bob: Api, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packing the log changes no answer about moments, replay, timeline or blame."""
    monkeypatch.setattr(crdt.log.segments, "ENTRIES", 16)
    random.seed(seed)
    session_id = await ada.new_session(code="start\n")
    await scribble(peers, [ada, bob, ada], session_id)
    sequence = (await ada.live(session_id))["sequence"]
    paths = [f"/code/{session_id}/at/{number}" for number in range(sequence + 1)]
    paths += [
        f"/code/{session_id}/{what}"
        for what in ("replay", "timeline", "blame", "replay?from=20&to=30")
    ]
    before = [(await ada.get(path)).body for path in paths]
    services = server.parts.services

    async with services.rooms.use(session_id) as room:
        await services.rooms.compactor.checkpoint(room)
        await services.rooms.compactor.pack(room, is_closing=True)
    services.history_reader.forget(session_id)

    spans = await services.store.chunk_spans(session_id)
    assert len(spans) <= sequence // 16 + 1
    assert spans[-1][1] == sequence
    assert [(await ada.get(path)).body for path in paths] == before


async def test_moment_that_does_not_exist_is_not_found(ada: Api) -> None:
    session_id = await ada.new_session(code="x")

    for number in ("2", "999999999999999999999999"):
        assert code_of(await ada.get(f"/code/{session_id}/at/{number}")) == (404, "not_found")
    assert code_of(await ada.get(f"/code/{session_id}/at/x")) == (404, "not_found")
    assert code_of(await ada.get(f"/code/{UNKNOWN_ID}/at/0")) == (404, "not_found")


async def test_moment_of_document_with_several_roots_has_all_files(ada: Api) -> None:
    """`files` has all roots of that moment, and `code` the session's code."""
    session_id = await ada.new_session()
    wire = await joined(ada, session_id)
    await wire.send(typing_frame("only", "monaco"))
    await wire.send(typing_frame("main"))
    await until(lambda: ada.live(session_id), lambda live: live["sequence"] == 2)

    states = [(await ada.get(f"/code/{session_id}/at/{number}")).body for number in (1, 2)]

    assert [state["code"] for state in states] == ["only", "main"]
    assert states[1]["files"] == {"codemirror": "main", "monaco": "only"}
    wire.close()


@pytest.mark.parametrize("seed", range(3))
async def test_replay_steps_give_text_of_yjs(
    server, peers: Peers, ada: Api, bob: Api, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A player that makes the replay's edits gets the texts of real Yjs.

    This holds for the replay in one answer and in parts.
    """
    random.seed(seed)
    session_id = await ada.new_session(code="start\n")
    await scribble(peers, [ada, bob, ada], session_id)
    path = f"/code/{session_id}/replay"

    whole = (await ada.get(path)).body
    log = await log_of(server, session_id)
    expected = await peers.do("fold", "reference", updates=[entry.update.hex() for entry in log])
    monkeypatch.setattr(crdt.history.playback.replay, "MAX_STEPS", 7)
    parts: list[dict[str, Any]] = []
    following: str | None = "0"
    while following is not None:
        parts.append((await ada.get(f"{path}?from={following}")).body)
        following = parts[-1]["next"]
    middle = (await ada.get(f"{path}?from=5&to=9")).body

    assert played(whole["files"], whole) == expected
    assert [text for part in parts for text in played(part["files"], part)] == expected
    assert len(parts) == -(-len(log) // 7)
    assert played(middle["files"], middle) == expected[5:9]
    assert (middle["from"], middle["to"], middle["next"]) == (5, 9, None)
    assert [whole["authors"][author]["id"] for _, author, _ in whole["steps"]] == [
        entry.author for entry in log
    ]
    assert [ms for ms, _, _ in whole["steps"]] == [
        0,
        *(b.at - a.at for a, b in itertools.pairwise(log)),
    ]


async def test_replay_of_invalid_range_is_refused(ada: Api) -> None:
    session_id = await ada.new_session(code="x")
    empty = await ada.new_session()

    for query, status in (("from=2", 404), ("from=x", 422), ("from=1&to=1", 422), ("to=0", 422)):
        assert (await ada.get(f"/code/{session_id}/replay?{query}")).status == status
    assert (await ada.get(f"/code/{session_id}/replay?from=1")).body["steps"] == []
    body = (await ada.get(f"/code/{empty}/replay")).body
    assert (body["at"], body["files"], body["steps"], body["next"]) == (
        None,
        {"codemirror": ""},
        [],
        None,
    )


async def test_replay_over_size_limit_comes_in_parts(
    ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crdt.history.playback.replay, "MAX_INSERTED", 100)
    session_id = await ada.new_session()
    for number in range(4):
        await ada.post(f"/code/{session_id}/save", {"code": f"{number}" * 80})

    page = (await ada.get(f"/code/{session_id}/replay")).body

    assert (page["to"], page["next"]) == (2, "2")


async def test_timeline_has_typing_versions_and_messages(peers: Peers, ada: Api, bob: Api) -> None:
    """The timeline shows who typed when and how much, with versions and messages."""
    session_id = await ada.new_session()
    for name, api in (("a", ada), ("b", bob)):
        await peers.do("connect", name, url=api.socket_url, room=session_id, token=api.token)
        await peers.until_state(name, synced=True)
    await peers.do("insert", "a", text="hello ")
    await peers.until_text("hello ", "b")
    await peers.do("insert", "b", text="x" * 150)
    await peers.until_text("hello " + "x" * 150, "a")
    await peers.do("remove", "b", at=0, length=6)
    await until(lambda: ada.live(session_id), lambda live: live["code"] == "x" * 150)
    assert (await ada.post(f"/code/{session_id}/save", {"label": "first"})).status == 201
    message = (await bob.post("/chat/send", {"sessionId": session_id, "message": "hi"})).body

    body = (await ada.get(f"/code/{session_id}/timeline")).body

    assert [
        (entry["author"], entry["first"], entry["sequence"], entry["inserted"], entry["deleted"])
        for entry in body["entries"]
    ] == [
        (ada.user["id"], 1, 1, 6, 0),
        (bob.user["id"], 2, 3, 150, 6),
    ]
    assert [entry.get("paste") for entry in body["entries"]] == [None, 150]
    assert [
        (author["username"], author["inserted"], author["deleted"]) for author in body["authors"]
    ] == [
        ("ada", 6, 0),
        ("bob", 150, 6),
    ]
    assert [(mark["kind"], mark.get("label"), mark.get("id")) for mark in body["marks"]] == [
        ("manual", "first", None),
        ("chat", None, message["id"]),
    ]
    assert (body["sequence"], body["next"]) == (3, None)
    assert body["duration"] >= 0
    assert all(
        RFC3339.fullmatch(time) for time in (body["first"], body["last"], body["marks"][0]["at"])
    )
    assert body["marks"][0]["sequence"] == 3


async def test_timeline_from_last_position_has_later_edits(ada: Api) -> None:
    """A timeline that is requested again also has the edits made after the first request."""
    session_id = await ada.new_session()
    empty = (await ada.get(f"/code/{session_id}/timeline")).body
    for number in range(3):
        await ada.post(f"/code/{session_id}/save", {"code": "x" * (number + 1)})
        body = (await ada.get(f"/code/{session_id}/timeline")).body
        assert (body["sequence"], body["authors"][0]["inserted"]) == (number + 1, number + 1)

    assert (empty["first"], empty["last"], empty["duration"], empty["entries"]) == (
        None,
        None,
        0,
        [],
    )


async def test_timeline_over_size_limit_comes_in_parts(
    ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MAX_STRETCHES", 2)
    monkeypatch.setattr(crdt.history.playback.timeline, "GAP_MS", -1)
    session_id = await ada.new_session()
    for number in range(5):
        await ada.post(f"/code/{session_id}/save", {"code": "x" * (number + 1)})
    path = f"/code/{session_id}/timeline"

    pages: list[list[int]] = []
    after: str | None = ""
    while after is not None:
        body = (await ada.get(path + (f"?after={after}" if after else ""))).body
        pages.append([entry["sequence"] for entry in body["entries"]])
        after = body["next"]

    assert pages == [[1, 2], [3, 4], [5]]
    assert code_of(await ada.get(f"{path}?after=x")) == (422, "invalid")


async def test_past_caches_keep_nothing_of_deleted_session(ada: Api, server) -> None:
    session_id, other = await ada.new_session(code="x"), await ada.new_session(code="y")
    for visited in (session_id, other):
        for what in ("timeline", "replay"):
            assert (await ada.get(f"/code/{visited}/{what}")).status == 200

    assert (await ada.delete(f"/session/{session_id}")).status == 204

    cache = server.parts.services.history_reader.cache
    assert session_id not in cache
    assert other in cache
    assert code_of(await ada.get(f"/code/{session_id}/replay")) == (404, "not_found")


async def reference(server, peers: Peers, session_id: str) -> tuple[str, list[str]]:
    """Return (text, the author of each of its units), from real Yjs that takes update by update."""
    log = await log_of(server, session_id)
    answer = await peers.do("origins", "reference", updates=[entry.update.hex() for entry in log])
    return answer["text"], [log[number].author for number in answer["found"]]


async def check_blame(server, peers: Peers, api: Api, session_id: str) -> dict:
    text, authors = await reference(server, peers, session_id)
    body = (await api.get(f"/code/{session_id}/blame")).body
    assert [run["author"] for run in body["runs"] for _ in range(run["length"])] == authors
    assert "\n".join(line["text"] for line in body["lines"]) == text
    assert [line["line"] for line in body["lines"]] == list(range(1, text.count("\n") + 2))
    starts = list(itertools.accumulate((run["length"] for run in body["runs"]), initial=0))
    assert [run["start"] for run in body["runs"]] == starts[:-1]
    assert all(RFC3339.fullmatch(entry["at"]) for entry in (*body["runs"], *body["lines"]))
    assert {author["id"] for author in body["authors"]} == set(authors)
    return body


@pytest.mark.parametrize("seed", range(3))
async def test_blame_names_author_of_every_source(
    start_server, peers: Peers, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blame names the right author for editors, a text client, posts and restores.

    This also holds after a restart.
    """
    monkeypatch.setattr(crdt.log.segments, "ENTRIES", 16)
    random.seed(seed)
    server = await start_server()
    ada, bob, eve = [await Api(server.url).sign_up(name) for name in ("ada", "bob", "eve")]
    session_id = await ada.new_session(code="start\n")
    await scribble(peers, [ada, bob, ada], session_id)
    texts = await TextPeer.joined(peers, eve, session_id, "texts", WEBSOCKET)
    await texts.type("typed by eve\n", at=0)
    await until(
        lambda: ada.live(session_id), lambda live: live["code"].startswith("typed by eve\n")
    )
    first = (await ada.post(f"/code/{session_id}/save", {})).body
    assert (await check_blame(server, peers, ada, session_id))["lines"][0]["author"] == eve.user[
        "id"
    ]
    await scribble(peers, [bob, ada], session_id)
    edited = (await ada.live(session_id))["code"].replace("typed by", "posted over")
    assert (await bob.post(f"/code/{session_id}/save", {"code": edited})).status == 201
    await check_blame(server, peers, ada, session_id)
    assert (
        await bob.post(f"/code/{session_id}/restore", {"version": first["version"]})
    ).status == 201
    body = await check_blame(server, peers, ada, session_id)

    await texts.ask("leave-session", session_id)
    for number in range(3):
        await peers.do("destroy", f"editor{number}")
    await server.stop()
    server = await start_server(port=server.port)
    assert await check_blame(server, peers, ada, session_id) == body


async def test_blame_with_root_is_of_that_root(ada: Api) -> None:
    """`root` names the root. Without it, blame is about the session's code."""
    session_id = await ada.new_session()
    wire = await joined(ada, session_id)
    await wire.send(typing_frame("only", "monaco"))
    await until(lambda: ada.live(session_id), lambda live: live["sequence"] == 1)

    bodies = [
        (await ada.get(f"/code/{session_id}/blame{query}")).body
        for query in ("", "?root=monaco", "?root=codemirror")
    ]

    assert [body["root"] for body in bodies] == ["monaco", "monaco", "codemirror"]
    assert [[line["text"] for line in body["lines"]] for body in bodies] == [
        ["only"],
        ["only"],
        [""],
    ]
    nothing = {"line": 1, "text": "", "author": None, "at": None, "carried": False}
    assert (bodies[2]["lines"], bodies[2]["runs"]) == ([nothing], [])
    assert code_of(await ada.get(f"/code/{session_id}/blame?root=none")) == (404, "not_found")
    wire.close()
