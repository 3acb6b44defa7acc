"""Tests of stock y-websocket providers, the newest and the oldest one, with the real server."""

import asyncio

import pytest

from tests.api import Api
from tests.node_peers import Peers, connect
from tests.waiting import until

VERSIONS = [3, 1]


@pytest.mark.parametrize("version", VERSIONS)
async def test_two_providers_converge(ada: Api, bob: Api, peers: Peers, version: int) -> None:
    """Two providers see each other's edits."""
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "a", version=version)
    await connect(peers, bob, session_id, "b", version=version)

    await peers.do("insert", "a", text="hello ")
    await peers.until_text("hello ", "b")
    await peers.do("insert", "b", text="world")

    await peers.until_text("hello world", "a", "b")
    assert (await ada.live(session_id))["code"] == "hello world"


async def test_five_providers_typing_together_converge(ada: Api, peers: Peers) -> None:
    """Five writers of two provider versions scramble together and end with the same text."""
    session_id = await ada.new_session()
    names = ["a", "b", "c", "d", "e"]
    for number, name in enumerate(names):
        await connect(peers, ada, session_id, name, version=VERSIONS[number % 2])

    for _ in range(10):
        await asyncio.gather(
            *(peers.do("scramble", name, edits=20, alphabet="abcdé ñ\n") for name in names)
        )

    await _all_agree(peers, ada, session_id, names)


async def test_emoji_and_line_ends_stay_unchanged_in_sync(ada: Api, peers: Peers) -> None:
    """Characters beyond U+FFFF and CRLF pass unchanged, also if halves of them are deleted."""
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "a")
    await connect(peers, ada, session_id, "b", version=1)
    text = "if 😀:\r\n\tpass # naïve 👩‍👩‍👧\r\n"
    await peers.do("insert", "a", text=text)
    await peers.until_text(text, "b")
    assert (await ada.live(session_id))["code"] == text

    for _ in range(5):
        await asyncio.gather(
            *(peers.do("scramble", name, edits=30, alphabet="😀👍a\r") for name in "ab")
        )
        await _all_agree(peers, ada, session_id, ["a", "b"])


async def _all_agree(peers: Peers, api: Api, session_id: str, names: list[str]) -> None:
    async def texts() -> list[str]:
        return [await peers.text(name) for name in names] + [(await api.live(session_id))["code"]]

    await until(texts, lambda shown: len(set(shown)) == 1)


@pytest.mark.parametrize("version", VERSIONS)
async def test_late_joiner_receives_whole_document(ada: Api, peers: Peers, version: int) -> None:
    """A client that joins after the others have left gets the whole document."""
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "a")
    await peers.do("insert", "a", text="early")
    await until(lambda: ada.live(session_id), lambda live: live["code"] == "early")
    await peers.do("destroy", "a")

    await connect(peers, ada, session_id, "late", version=version)

    await peers.until_text("early", "late")


async def test_offline_edits_are_merged_on_reconnect(ada: Api, peers: Peers) -> None:
    """Text that two people typed while they were apart is there afterwards, for both."""
    session_id = await ada.new_session(code="base ")
    await connect(peers, ada, session_id, "a")
    await connect(peers, ada, session_id, "b", version=1)
    await peers.until_text("base ", "a", "b")
    await peers.do("disconnect", "a")
    await peers.do("insert", "a", text="[offline]")
    await peers.do("insert", "b", at=0, text="[online] ")

    await peers.do("reconnect", "a")

    await peers.until_text("[online] base [offline]", "a", "b")
    assert (await ada.live(session_id))["code"] == "[online] base [offline]"


async def test_viewer_is_seen_but_cannot_edit(ada: Api, bob: Api, peers: Peers) -> None:
    """A viewer's edits are refused, and their presence is shown under their true name."""
    session_id = await ada.new_session(joinRole="viewer", code="mine")
    await connect(peers, ada, session_id, "ada")
    await connect(peers, bob, session_id, "bob")

    await peers.do("insert", "bob", text=" not yours")
    await peers.do(
        "presence", "bob", state={"user": {"name": "Ada Lovelace", "mood": "sly"}, "cursor": None}
    )

    states = await until(
        lambda: peers.do("states", "ada"), lambda states: any("user" in s for s in states.values())
    )
    (shown,) = [state["user"] for state in states.values() if "user" in state]
    assert (shown["name"], shown["id"], shown["mood"]) == ("bob", bob.user["id"], "sly")
    state = await peers.until_state("bob", denied=lambda reasons: len(reasons) > 0)
    assert state["denied"] == ["forbidden: viewers cannot edit"]
    assert await peers.text("ada") == "mine"
    assert (await ada.live(session_id))["code"] == "mine"


async def test_promoted_viewer_types_without_reconnecting(ada: Api, bob: Api, peers: Peers) -> None:
    """A new role takes effect immediately on the open socket, up or down."""
    session_id = await ada.new_session(joinRole="viewer")
    await connect(peers, ada, session_id, "ada")
    await connect(peers, bob, session_id, "bob")

    assert (
        await ada.patch(f"/session/{session_id}/members/{bob.user['id']}", {"role": "editor"})
    ).status == 200
    await peers.do("insert", "bob", text="now I can")
    await peers.until_text("now I can", "ada")
    assert (
        await ada.patch(f"/session/{session_id}/members/{bob.user['id']}", {"role": "viewer"})
    ).status == 200
    await peers.do("insert", "bob", text="; not any more")

    await peers.until_state("bob", denied=lambda reasons: len(reasons) > 0, attempts=1)
    assert (await ada.live(session_id))["code"] == "now I can"


async def test_ended_session_is_read_only_until_reopened(ada: Api, peers: Peers) -> None:
    """After the end of a session, edits on open sockets are refused.

    When it is opened again, text typed meanwhile is taken.
    """
    session_id = await ada.new_session(code="done")
    await connect(peers, ada, session_id, "a", saved=True)
    await peers.until_text("done", "a")

    await ada.patch(f"/session/{session_id}", {"status": "ended"})
    await peers.do("insert", "a", text="!")
    await peers.until_state("a", denied=["session_ended: nobody can edit"])
    assert (await ada.live(session_id))["code"] == "done"
    await ada.patch(f"/session/{session_id}", {"status": "open"})

    await until(lambda: ada.live(session_id), lambda live: live["code"] == "done!")
    await peers.until_state("a", attempts=1, saved=lambda count: count > 0)


async def test_root_of_other_editor_is_adopted_as_code(ada: Api, peers: Peers) -> None:
    """A session whose text was typed in Monaco has that text as `code`."""
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "m", root="monaco")

    await peers.do("insert", "m", text="let x = 1")

    live = await until(lambda: ada.live(session_id), lambda live: live["code"] == "let x = 1")
    assert live["files"] == {"codemirror": "", "monaco": "let x = 1"}
    saved = await ada.post(f"/code/{session_id}/save", {"code": "let x = 2"})
    assert saved.body["code"] == "let x = 2"
    await peers.until_text("let x = 2", "m")


async def test_posted_code_reaches_open_editors_as_small_edits(ada: Api, peers: Peers) -> None:
    """A posted text becomes small edits, so text that others type at the same time survives."""
    session_id = await ada.new_session(code="alpha\nbeta\ngamma\n")
    await connect(peers, ada, session_id, "a")
    await peers.until_text("alpha\nbeta\ngamma\n", "a")
    await peers.do("disconnect", "a")
    await peers.do("insert", "a", at=8, text="XX")

    answer = await ada.post(f"/code/{session_id}/save", {"code": "ALPHA\nbeta\ngamma\ndelta 😀\n"})
    await peers.do("reconnect", "a")

    assert answer.status == 201
    await peers.until_text("ALPHA\nbeXXta\ngamma\ndelta 😀\n", "a")


async def test_saved_is_reported_after_commit(ada: Api, peers: Peers) -> None:
    """With `?saved=1`, the server reports how many updates of this connection are committed."""
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "a", saved=True)
    for number in range(20):
        await peers.do("insert", "a", text=f"{number} ")

    state = await peers.until_state("a", saved=lambda count: count >= 20)

    assert state["saved"] == state["sent"]


@pytest.mark.parametrize(
    ("what", "code"),
    [("token", 4401), ("unknown", 4404), ("removed", 4403), ("deleted", 4410), ("logout", 4401)],
)
@pytest.mark.parametrize("version", VERSIONS)
async def test_refused_providers_learn_close_code_and_retry_slowly(
    start_server, peers: Peers, version: int, what: str, code: int
) -> None:
    """A refused client gets a close code that tells it not to reconnect.

    An old client reconnects anyway, but the server slows it down.
    """
    server = await start_server(refusal_hold_s=1.0)
    ada = await Api(server.url).sign_up()
    bob = await ada.sign_up()
    session_id = await ada.new_session()
    token, room = bob.token, session_id
    if what == "token":
        token = "nonsense"
    if what == "unknown":
        room = "0000000000000000"
    await peers.do("connect", "b", url=ada.socket_url, room=room, token=token, version=version)
    if what in ("removed", "deleted", "logout"):
        await peers.until_state("b", synced=True)
    if what == "removed":
        assert (await ada.delete(f"/session/{session_id}/members/{bob.user['id']}")).status == 204
    if what == "deleted":
        assert (await ada.delete(f"/session/{session_id}")).status == 204
    if what == "logout":
        assert (await bob.post("/user/logout")).status == 200

    state = await peers.until_state("b", closes=lambda closes: len(closes) > 0)
    assert state["closes"][0][0] == code
    if version == 3:
        assert (await peers.until_state("b", gone=lambda gone: gone is not None))["attempts"] == 1
        return
    state = await peers.until_state("b", closes=lambda closes: len(closes) >= 4)
    elapsed_ms = state["closes"][3][2] - state["closes"][0][2]
    assert elapsed_ms > 2_000, "an old client came back more than once a second"
    assert {entry[0] for entry in state["closes"]} <= {code, 4404}


async def test_presence_is_removed_on_close_and_restored_on_reconnect(
    ada: Api, bob: Api, peers: Peers
) -> None:
    """A closed client leaves the presence immediately, and a reconnected one is shown again."""
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "ada")
    await connect(peers, bob, session_id, "bob")
    await peers.do("presence", "bob", state={"cursor": {"anchor": 1}})
    key = str((await peers.do("state", "bob"))["clientID"])
    await until(lambda: peers.do("states", "ada"), lambda states: key in states)

    await peers.do("disconnect", "bob")
    await until(lambda: peers.do("states", "ada"), lambda states: key not in states)
    await peers.do("reconnect", "bob")

    await until(lambda: peers.do("states", "ada"), lambda states: key in states)


async def test_rename_is_shown_in_presence(ada: Api, bob: Api, peers: Peers) -> None:
    """A new user name is shown to the connected members."""
    session_id = await ada.new_session()
    await connect(peers, ada, session_id, "ada")
    await connect(peers, bob, session_id, "bob")
    await peers.do("presence", "bob", state={"cursor": None})
    key = str((await peers.do("state", "bob"))["clientID"])
    await until(lambda: peers.do("states", "ada"), lambda states: key in states)

    await bob.patch("/user/me", {"username": "robert"})

    await until(
        lambda: peers.do("states", "ada"),
        lambda states: states.get(key, {}).get("user", {}).get("name") == "robert",
    )
    await peers.do("field", "bob", field="cursor", value={"anchor": 7})
    await until(
        lambda: peers.do("states", "ada"),
        lambda states: (
            states[key].get("cursor") == {"anchor": 7} and states[key]["user"]["name"] == "robert"
        ),
    )
