"""Tests restoring of versions, and the final version that ending a session makes."""

import pytest

from storage.errors import StoreUnavailable
from tests.api import Api
from tests.handlers.clients import code_of, joined, save, typing_frame
from tests.node_peers import Peers
from tests.waiting import until


async def described(api: Api, session_id: str) -> list[tuple[str, str, str]]:
    """Return (kind, label, code) of all versions, oldest first."""
    versions = (await api.get(f"/code/{session_id}/versions")).body["versions"]
    return [(version["kind"], version["label"], version["code"]) for version in reversed(versions)]


# -- restoring ------------------------------------------------------------------------------------


async def test_restore_replaces_document_and_saves_unsaved_text(ada: Api, bob: Api) -> None:
    """A restore first saves unsaved text as a version, and then brings back the old text.

    The author of the restored version is the user who restored it.
    """
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    await save(ada, session_id, "one\n")
    await save(ada, session_id, "two\n")
    wire = await joined(ada, session_id)
    await wire.send(typing_frame("not saved "))
    await until(lambda: ada.live(session_id), lambda live: "not saved" in live["code"])

    answer = await bob.post(f"/code/{session_id}/restore", {"version": 1})

    assert answer.status == 201
    assert (answer.body["version"], answer.body["kind"], answer.body["code"]) == (
        4,
        "restore",
        "one\n",
    )
    assert answer.body["author"]["username"] == "bob"
    assert [contributor["username"] for contributor in answer.body["contributors"]] == ["bob"]
    assert (await ada.live(session_id))["code"] == "one\n"
    stored = await described(ada, session_id)
    assert [(kind, label) for kind, label, _ in stored] == [
        ("manual", ""), ("manual", ""), ("auto", "Before version 1 was restored"),
        ("restore", "Version 1 restored"),
    ]  # fmt: skip
    assert "not saved" in stored[2][2]


async def test_restore_of_current_text_makes_no_version(ada: Api) -> None:
    session_id = await ada.new_session()
    first = await save(ada, session_id, "one\n")

    answer = await ada.post(f"/code/{session_id}/restore", {"version": 1})

    assert (answer.status, answer.body) == (200, {**first, "notRestored": []})


async def test_restore_replaces_all_roots_or_named_one(ada: Api) -> None:
    """A restore replaces all roots, or one named root.

    A root that the version lacks becomes empty.
    """
    session_id = await ada.new_session()
    wire = await joined(ada, session_id)
    await wire.send(typing_frame("main"))
    await wire.send(typing_frame("style", "css"))
    await until(lambda: ada.live(session_id), lambda live: len(live["files"]) == 2)
    await ada.post(f"/code/{session_id}/save")
    await save(ada, session_id, "MAIN")
    await wire.send(typing_frame("late", "html"))
    await wire.send(typing_frame("more ", "css"))
    await until(lambda: ada.live(session_id), lambda live: "more" in live["files"]["css"])

    body = (await ada.post(f"/code/{session_id}/restore", {"version": 1, "root": "css"})).body
    everything = (await ada.post(f"/code/{session_id}/restore", {"version": 1})).body

    assert body["files"] == {"codemirror": "MAIN", "css": "style", "html": "late"}
    assert everything["files"] == {"codemirror": "main", "css": "style", "html": ""}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"version": 9}, 404, "not_found"),
        ({"version": 1, "root": "nowhere"}, 404, "not_found"),
        ({}, 422, "invalid"),
        ({"version": 0}, 422, "invalid"),
        ({"version": "1"}, 422, "invalid"),
        ({"version": True}, 422, "invalid"),
        ({"version": 1, "x": 1}, 422, "invalid"),
    ],
)
async def test_restore_with_bad_version_or_root_is_refused(
    ada: Api, body: dict, status: int, code: str
) -> None:
    session_id = await ada.new_session()
    await save(ada, session_id, "one")

    assert code_of(await ada.post(f"/code/{session_id}/restore", body)) == (status, code)
    assert len(await described(ada, session_id)) == 1


async def test_restore_at_version_limit_is_refused_and_changes_nothing(start_server) -> None:
    """If its version cannot be stored, a restore is refused, and the document does not change."""
    server = await start_server(versions=3)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    for code in ("one", "two", "three"):
        await save(ada, session_id, code)

    assert code_of(await ada.post(f"/code/{session_id}/restore", {"version": 1})) == (
        409,
        "limit_reached",
    )
    assert (await ada.live(session_id))["code"] == "three"


async def test_restore_during_typing_keeps_new_text_and_cursors(
    peers: Peers, ada: Api, bob: Api
) -> None:
    """Editors receive a restore as an edit, so text that is typed meanwhile is kept.

    Cursors stay at their places.
    """
    session_id = await ada.new_session()
    await save(ada, session_id, "first line\nsecond line\nlast line\n")
    await save(ada, session_id, "first line\nsecond LINE changed\nlast line\n")
    for name in ("a", "b"):
        await peers.do("connect", name, url=ada.socket_url, room=session_id, token=bob.token)
        await peers.until_state(name, synced=True)

    await peers.do("type", "a", everyMs=5, mark="t")
    await until(lambda: peers.text("b"), lambda text: "<t20>" in text)
    assert (await ada.post(f"/code/{session_id}/restore", {"version": 1})).status == 201
    restored = await until(lambda: peers.text("b"), lambda text: "second line" in text)
    await until(lambda: peers.do("typed", "a"), lambda state: state["typed"] > 60)
    count = await peers.do("stop", "a")
    text = await until(lambda: peers.text("b"), lambda shown: f"<t{count - 1}>" in shown)

    await peers.until_text(text, "a")
    assert "changed" not in restored
    assert text.count("second line\n") == text.count("last line\n") == 1
    assert (await ada.live(session_id))["code"] == text


# -- the end --------------------------------------------------------------------------------------


async def test_session_end_stores_final_version_unless_saved(ada: Api) -> None:
    """Ending a session stores its text as a final version, unless a version has that text."""
    session_id = await ada.new_session(code="one")

    for status in ("ended", "open", "ended"):
        answer = await ada.patch(f"/session/{session_id}", {"status": status})
        assert answer.status == 200
        if status == "ended":
            assert (answer.body["final"], answer.body["finalProblem"]) == (1, None)
        answer = await ada.patch(f"/session/{session_id}", {"title": status})
        assert "final" not in answer.body
    assert await described(ada, session_id) == [("final", "", "one")]
    assert (await ada.get(f"/code/{session_id}/latest")).body["author"]["username"] == "ada"


async def test_session_end_at_version_limit_says_that_no_version_was_made(
    start_server, expect_log
) -> None:
    """If versions made by people have reached the limit, a session ends without a final version.

    The answer tells the owner the reason, and the text is kept.
    """
    expect_log("WARNING handlers.api.session: session .* has no final version yet")
    server = await start_server(versions=3, auto_versions=1)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()
    for number in range(3):
        assert (await ada.post(f"/code/{session_id}/save", {"code": f"{number}"})).status == 201
    wire = await joined(ada, session_id)
    await wire.send(typing_frame("the answer"))
    await until(lambda: ada.live(session_id), lambda live: "the answer" in live["code"])

    answer = await ada.patch(f"/session/{session_id}", {"status": "ended"})

    assert (answer.status, answer.body["status"], answer.body["final"]) == (200, "ended", None)
    assert "3 versions" in answer.body["finalProblem"]
    assert "the answer" in (await ada.live(session_id))["code"]
    wire.close()


async def test_session_end_of_empty_session_has_no_final_version(ada: Api) -> None:
    answer = await ada.patch(f"/session/{await ada.new_session()}", {"status": "ended"})

    assert (answer.body["final"], answer.body["finalProblem"]) == (None, None)


async def test_session_end_during_store_outage_stores_final_version_later(
    start_server, expect_log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During an outage of the store a session still ends. Its final version is stored later."""
    expect_log("WARNING handlers.api.session: session .* has no final version yet")
    server = await start_server(idle_s=0.2)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code="one")
    wire = await joined(ada, session_id)
    store = server.parts.services.store
    add_version, failures = store.add_version, iter(range(1))

    async def fail_once(*arguments: object) -> object:
        if next(failures, None) is not None:
            raise StoreUnavailable("away")
        return await add_version(*arguments)

    monkeypatch.setattr(store, "add_version", fail_once)
    answer = await ada.patch(f"/session/{session_id}", {"status": "ended"})

    assert (answer.status, answer.body["status"], answer.body["final"]) == (200, "ended", None)
    assert answer.body["finalProblem"].startswith("No final version was stored.")
    assert await until(lambda: described(ada, session_id), bool) == [("final", "", "one")]
    wire.close()
