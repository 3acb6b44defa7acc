"""The events of the original backend, with the stock Socket.IO client on both transports."""

import asyncio
import re
import time

import pytest

from tests.api import Api
from tests.handlers.clients import RFC3339, guest_of, new_invite
from tests.interop.text_clients import BOTH, POLLING, WEBSOCKET, TextPeer
from tests.node_peers import Peers, connect
from tests.waiting import until

each_transport = pytest.mark.parametrize(
    "transports", [POLLING, WEBSOCKET, BOTH], ids=["polling", "websocket", "both"]
)


@each_transport
async def test_text_clients_and_yjs_client_see_edits_of_each_other(
    peers: Peers, ada: Api, bob: Api, transports: list[str]
) -> None:
    """Text clients and a Yjs client see each other's edits."""
    session_id = await ada.new_session(code="one\n")
    first = await TextPeer.joined(peers, ada, session_id, "first", transports)
    second = await TextPeer.joined(peers, bob, session_id, "second", transports)
    await connect(peers, ada, session_id, "yjs")
    assert (await first.state())["code"] == "one\n"

    await first.type("two\n")
    await second.until(code="one\ntwo\n")
    await peers.until_text("one\ntwo\n", "yjs")
    await peers.do("insert", "yjs", text="three\n")
    for peer in (first, second):
        await peer.until(code="one\ntwo\nthree\n")
    await second.type("zero\n", at=0)
    await first.until(code="zero\none\ntwo\nthree\n")
    await peers.until_text("zero\none\ntwo\nthree\n", "yjs")

    assert (await first.state())["log"] == [
        ["user-joined", {"userId": bob.user["id"], "username": "bob"}]
    ]
    assert (await second.state())["log"] == []


@each_transport
async def test_join_by_link_gives_role_of_session(
    peers: Peers, ada: Api, bob: Api, transports: list[str]
) -> None:
    """A user with the link becomes a member and gets the session's role for joining."""
    session_id = await ada.new_session(code="x", joinRole="viewer")
    peer = await TextPeer.connect(peers, bob, "bob", transports)

    assert await peer.join(session_id) == {"ok": True, "role": "viewer"}
    await peer.until(code="x", received=1)
    assert (await bob.get(f"/session/{session_id}")).status == 200


@pytest.mark.parametrize("typed", ["upper", "object"])
async def test_join_accepts_other_spellings_of_session_id(
    peers: Peers, ada: Api, typed: str
) -> None:
    session_id = await ada.new_session(code="x")
    peer = await TextPeer.connect(peers, ada, "ada", WEBSOCKET)

    answer = await peer.ask(
        "join-session", session_id.upper() if typed == "upper" else {"sessionId": session_id}
    )

    assert answer == {"ok": True, "role": "owner"}


async def test_receive_code_is_not_sent_to_author_of_text(peers: Peers, ada: Api, bob: Api) -> None:
    """`receive-code` goes to every text client except the author of the text."""
    session_id = await ada.new_session()
    first = await TextPeer.joined(peers, ada, session_id, "first")
    second = await TextPeer.joined(peers, bob, session_id, "second")

    for _ in range(5):
        await first.type("abc")
    await second.until(code="abc" * 5)

    assert (await first.state())["received"] == 1
    assert 2 <= (await second.state())["received"] <= 6


async def test_receive_code_is_sent_at_most_twenty_times_a_second(
    peers: Peers, ada: Api, bob: Api
) -> None:
    """`receive-code` is sent at most 20 times a second, and the last text is always sent."""
    session_id = await ada.new_session()
    reader = await TextPeer.joined(peers, bob, session_id, "reader")
    await connect(peers, ada, session_id, "yjs")
    loop = asyncio.get_running_loop()
    began = loop.time()

    await peers.do("type", "yjs", everyMs=2, mark="y")
    await reader.until(code=lambda code: "<y200>" in code)
    count = await peers.do("stop", "yjs")
    text = await peers.text("yjs")
    await reader.until(code=text)

    assert count > 200
    assert (await reader.state())["received"] <= 2 + 20 * (loop.time() - began) + 1


async def test_slow_text_client_overwrites_nothing(peers: Peers, ada: Api, bob: Api) -> None:
    """Text clients and Yjs clients type together, and no word is lost.

    The text of a text client is always a little old.
    """
    session_id = await ada.new_session(code="<start>")
    texts = [
        await TextPeer.joined(peers, ada, session_id, "t0", WEBSOCKET, end="\r\n"),
        await TextPeer.joined(peers, bob, session_id, "t1", POLLING),
        await TextPeer.joined(peers, ada, session_id, "t2", BOTH),
    ]
    for name in ("y0", "y1"):
        await connect(peers, bob, session_id, name)

    for name in ("y0", "y1"):
        await peers.do("type", name, everyMs=15, mark=name)
    await asyncio.gather(
        *(client.do("Scramble", words=60, mark=client.name, everyMs=25) for client in texts)
    )
    counts = {name: await peers.do("stop", name) for name in ("y0", "y1")} | {
        client.name: 60 for client in texts
    }
    text = await until(
        lambda: peers.text("y0"),
        lambda text: all(f"<{m}{n}>" in text for m, c in counts.items() for n in range(c)),
    )

    await peers.until_text(text, "y1")
    for client in texts:
        await client.until(
            code=lambda code: code.replace("\r\n", "\n") == text.replace("\r\n", "\n")
        )
    words = re.findall("<[^<>]*>", text)
    assert len(words) == len(set(words)) == 1 + sum(counts.values())
    assert (await ada.live(session_id))["code"] == text


@pytest.mark.parametrize("held_up_s", [0, 0.03, 0.1, 0.4])
@each_transport
async def test_text_client_with_yjs_client_in_empty_session_doubles_nothing(
    peers: Peers, ada: Api, transports: list[str], held_up_s: float
) -> None:
    """A text client continues from its own text while the server's news is late."""
    session_id = await ada.new_session()
    text = await TextPeer.connect(peers, ada, "text", transports)
    await connect(peers, ada, session_id, "yjs")
    await text.join(session_id)

    await text.emit("code-change", {"sessionId": session_id, "code": "hello\nworld\n"})
    time.sleep(held_up_s)  # noqa: ASYNC251  # hold up the server, which shares this event loop
    await peers.until_text("hello\nworld\n", "yjs")
    await peers.do("insert", "yjs", text="// top\n", at=0)
    time.sleep(held_up_s)  # noqa: ASYNC251
    await text.emit("code-change", {"sessionId": session_id, "code": "hello\nworld!\n"})

    await peers.until_text("// top\nhello\nworld!\n", "yjs")
    await text.until(code="// top\nhello\nworld!\n")
    assert (await ada.live(session_id))["code"] == "// top\nhello\nworld!\n"


async def test_text_client_after_broken_connection_has_edits_merged(
    peers: Peers, ada: Api, bob: Api
) -> None:
    """Text written by a client without a connection is merged with edits made meanwhile."""
    session_id = await ada.new_session(code="one two")
    lost = await TextPeer.joined(
        peers, ada, session_id, "lost", reconnectionDelay=700, reconnectionDelayMax=700
    )
    other = await TextPeer.joined(peers, bob, session_id, "other")

    await lost.do("Cut")
    await lost.until(connected=False)
    await lost.type(" three")
    await other.type("zero ", at=0)
    await lost.until(connects=2)

    await other.until(code="zero one two three")
    await lost.until(code="zero one two three")


async def test_text_clients_of_one_user_after_broken_connections_are_merged(
    peers: Peers, ada: Api, bob: Api
) -> None:
    """Two tabs of one user reconnect, and the edits that each made alone are merged."""
    session_id = await ada.new_session(code="one two")
    options = {"reconnectionDelay": 700, "reconnectionDelayMax": 700}
    lost = [
        await TextPeer.joined(peers, ada, session_id, name, WEBSOCKET, **options)
        for name in ("tab0", "tab1")
    ]
    other = await TextPeer.joined(peers, bob, session_id, "other")

    for client in lost:
        await client.do("Cut")
        await client.until(connected=False)
    await lost[0].type("zero ", at=0)
    await lost[1].type(" three")
    for client in lost:
        await client.until(connects=2)

    for client in (other, *lost):
        await client.until(code="zero one two three")


async def test_join_repeated_sends_text_again(peers: Peers, ada: Api) -> None:
    """A second join on the same connection sends the text again.

    A new connection must join again, and then also gets the text.
    """
    session_id = await ada.new_session(code="x")
    peer = await TextPeer.joined(peers, ada, session_id, "ada")
    assert await peer.join(session_id) == {"ok": True, "role": "owner"}
    await peer.until(received=2)
    await peer.do("Close")
    await peer.do("Reopen")
    await peer.until(connects=2)

    refused = await peer.ask("code-change", {"sessionId": session_id, "code": "y"})
    assert refused["error"]["code"] == "not_joined"
    assert await peer.join(session_id) == {"ok": True, "role": "owner"}
    await peer.until(received=lambda count: count >= 3)


async def test_leave_is_announced_and_ends_both_directions(
    peers: Peers, ada: Api, bob: Api
) -> None:
    """Others are told when a member leaves.

    The server then sends that member nothing more and takes nothing from them.
    """
    session_id = await ada.new_session(code="x")
    peer = await TextPeer.joined(peers, ada, session_id, "ada")
    other = await TextPeer.joined(peers, bob, session_id, "bob")

    assert await peer.ask("leave-session", session_id) == {"ok": True}
    assert await other.until_events("user-left") == [{"userId": ada.user["id"], "username": "ada"}]
    refused = await peer.ask("code-change", {"sessionId": session_id, "code": "xy"})
    await other.type("z")
    await until(lambda: ada.live(session_id), lambda live: live["code"] == "xz")

    assert refused["error"]["code"] == "not_joined"
    assert (await peer.state())["received"] == 1


async def test_join_of_other_session_leaves_the_first(peers: Peers, ada: Api) -> None:
    """A text client is in one session only: joining another session leaves the first."""
    first, second = await ada.new_session(code="first"), await ada.new_session(code="second")
    peer = await TextPeer.joined(peers, ada, first, "ada")

    assert (await peer.join(second))["ok"]
    await peer.until(code="second")

    answer = await peer.ask("code-change", {"sessionId": first, "code": "x"})
    assert answer["error"]["code"] == "not_joined"
    assert (await ada.live(first))["code"] == "first"


async def test_presence_of_text_clients_reaches_yjs_editors_until_they_leave(
    peers: Peers, ada: Api, bob: Api
) -> None:
    """Yjs editors see text clients in the presence with their true names until they leave."""
    session_id = await ada.new_session()
    await connect(peers, bob, session_id, "yjs")
    peer = await TextPeer.joined(peers, ada, session_id, "ada")

    def names(states: dict) -> list[str]:
        return [state["user"]["name"] for state in states.values() if "user" in state]

    await until(lambda: peers.do("states", "yjs"), lambda states: names(states) == ["ada"])
    await peer.do("Close")
    await until(lambda: peers.do("states", "yjs"), lambda states: names(states) == [])


async def test_typing_is_announced_and_ends_after_five_seconds(
    peers: Peers, ada: Api, bob: Api
) -> None:
    """Others get "typing" under both event names, and Yjs editors see it in the presence.

    Typing ends with "stop-typing" or after five seconds.
    """
    session_id = await ada.new_session()
    peer = await TextPeer.joined(peers, ada, session_id, "ada")
    other = await TextPeer.joined(peers, bob, session_id, "bob")
    await connect(peers, bob, session_id, "yjs")
    told = {"sessionId": session_id, "userId": ada.user["id"]}

    async def typing_here() -> list[bool]:
        states = (await peers.do("states", "yjs")).values()
        return [state["typing"] for state in states if state.get("user", {}).get("name") == "ada"]

    await peer.emit("typing", {"sessionId": session_id, "userId": "somebody else"})
    assert await other.until_events("typing") == [told]
    assert await other.until_events("user-typing") == [told]
    await until(typing_here, lambda typing: typing == [True])
    await peer.emit("stop-typing", {"sessionId": session_id})
    assert await other.until_events("stop-typing") == [told]
    assert await other.until_events("user-stop-typing") == [told]
    await until(typing_here, lambda typing: typing == [False])

    await peer.emit("typing", {"sessionId": session_id})
    await other.until_events("typing", 2)
    await other.until_events("stop-typing", 2)
    await until(typing_here, lambda typing: typing == [False])
    assert await peer.events("typing") == []


async def test_typing_in_yjs_editor_is_announced_to_text_clients(
    peers: Peers, ada: Api, bob: Api
) -> None:
    """`typing: true` in a Yjs editor's presence reaches text clients.

    It ends after five seconds without a change, or when the editor disconnects.
    """
    session_id = await ada.new_session()
    peer = await TextPeer.joined(peers, ada, session_id, "ada")
    await connect(peers, bob, session_id, "yjs")
    told = {"sessionId": session_id, "userId": bob.user["id"]}

    await peers.do("presence", "yjs", state={"typing": True})
    assert await peer.until_events("typing") == [told]
    assert await peer.until_events("stop-typing") == [told]
    await peers.do("presence", "yjs", state={"typing": True, "cursor": 1})
    await peer.until_events("typing", 2)
    await peers.do("disconnect", "yjs")
    assert await peer.until_events("stop-typing", 2) == [told] * 2


@each_transport
async def test_chat_message_is_stored_and_sent_to_whole_session(
    peers: Peers, ada: Api, bob: Api, transports: list[str]
) -> None:
    """A message is stored and then sent to all with the sender's true name.

    Events and REST share one chat.
    """
    session_id = await ada.new_session()
    peer = await TextPeer.joined(peers, ada, session_id, "ada", transports)
    other = await TextPeer.joined(peers, bob, session_id, "bob", transports)

    answer = await peer.ask(
        "send-message", {"sessionId": session_id, "message": "hi", "sender": "the boss"}
    )
    assert (
        await bob.post("/chat/send", {"sessionId": session_id, "message": "by REST"})
    ).status == 201
    heard = [await client.until_events("receive-message", 2) for client in (peer, other)]

    stored = (await ada.get(f"/chat/{session_id}")).body["messages"]
    assert heard[0] == heard[1]
    assert [(message["sender"], message["message"]) for message in heard[0]] == [
        ("ada", "hi"),
        ("bob", "by REST"),
    ]
    assert [message["id"] for message in heard[0]] == [message["id"] for message in stored]
    assert answer == {"ok": True, "id": stored[0]["id"]}
    assert all(RFC3339.fullmatch(message["timestamp"]) for message in heard[0])


async def test_viewer_edit_is_refused_and_text_restored(peers: Peers, ada: Api, bob: Api) -> None:
    """A viewer's code is refused, and the viewer's text client gets the session's text again.

    Viewers may chat. A new role counts immediately.
    """
    session_id = await ada.new_session(code="x", joinRole="viewer")
    peer = await TextPeer.joined(peers, bob, session_id, "bob")

    answer = await peer.ask("code-change", {"sessionId": session_id, "code": "spoilt"})
    await peer.until(received=2, code="x")
    assert (answer["ok"], answer["error"]["code"]) == (False, "forbidden")
    assert [event["code"] for event in await peer.events("error-message")] == ["forbidden"]
    assert (await peer.ask("send-message", {"sessionId": session_id, "message": "hi"}))["ok"]

    assert (
        await ada.patch(f"/session/{session_id}/members/{bob.user['id']}", {"role": "editor"})
    ).status == 200
    assert (await peer.ask("code-change", {"sessionId": session_id, "code": "xy"})) == {"ok": True}
    assert (await ada.live(session_id))["code"] == "xy"


async def test_ended_session_refuses_edits_and_messages(peers: Peers, ada: Api) -> None:
    session_id = await ada.new_session(code="x")
    peer = await TextPeer.joined(peers, ada, session_id, "ada")
    assert (await ada.patch(f"/session/{session_id}", {"status": "ended"})).status == 200

    answers = [
        await peer.ask("code-change", {"sessionId": session_id, "code": "xy"}),
        await peer.ask("send-message", {"sessionId": session_id, "message": "hi"}),
    ]

    assert [answer["error"]["code"] for answer in answers] == ["session_ended"] * 2
    await peer.until(received=2, code="x")


async def test_removed_member_is_put_out_of_session_with_reason(
    peers: Peers, ada: Api, bob: Api
) -> None:
    """A removed member is put out immediately, with the reason, and stays connected."""
    session_id, other = await ada.new_session(code="x"), await bob.new_session()
    peer = await TextPeer.joined(peers, bob, session_id, "bob")

    assert (await ada.delete(f"/session/{session_id}/members/{bob.user['id']}")).status == 204

    assert [event["code"] for event in await peer.until_events("error-message")] == ["removed"]
    assert (await peer.ask("code-change", {"sessionId": session_id, "code": "xy"}))["error"][
        "code"
    ] == "not_joined"
    assert (await peer.join(session_id))["error"]["code"] == "removed"
    assert (await peer.join(other))["ok"]
    assert (await peer.state())["connects"] == 1


async def test_deleted_session_puts_members_out(peers: Peers, ada: Api) -> None:
    session_id = await ada.new_session(code="x")
    peer = await TextPeer.joined(peers, ada, session_id, "ada")

    assert (await ada.delete(f"/session/{session_id}")).status == 204

    assert [event["code"] for event in await peer.until_events("error-message")] == [
        "session_deleted"
    ]
    assert (await peer.join(session_id))["error"]["code"] == "not_found"


async def test_sign_out_disconnects_client_for_good(peers: Peers, ada: Api) -> None:
    """The client is disconnected and does not reconnect by itself."""
    session_id = await ada.new_session(code="x")
    peer = await TextPeer.joined(peers, ada, session_id, "ada")

    assert (await ada.post("/user/logout")).status in (200, 204)

    await peer.until(connected=False)
    assert [event["code"] for event in await peer.events("error-message")] == ["logged_out"]
    assert await peer.events("disconnect") == ["io server disconnect"]


async def test_guest_may_enter_invited_session_only(peers: Peers, ada: Api) -> None:
    """A guest may join the session of their invite, and no other."""
    session_id, other = await ada.new_session(code="x"), await ada.new_session()
    peer = await TextPeer.joined(peers, await guest_of(ada, session_id), session_id, "gus")

    assert (await peer.join(other))["error"]["code"] == "forbidden"


async def test_join_of_invite_only_session_requires_invite(
    peers: Peers, ada: Api, bob: Api
) -> None:
    session_id = await ada.new_session(access="invite")
    peer = await TextPeer.connect(peers, bob, "bob", WEBSOCKET)

    assert (await peer.join(session_id))["error"]["code"] == "not_found"
    invite = (await new_invite(ada, session_id))["invite"]
    assert (await bob.post(f"/session/{session_id}/join", {"invite": invite})).status == 200
    assert (await peer.join(session_id))["ok"]


async def test_versions_have_authors_of_text_client_edits(peers: Peers, ada: Api, bob: Api) -> None:
    """A version's contributors include users who typed in a text client."""
    session_id = await ada.new_session(code="x")
    peer = await TextPeer.joined(peers, bob, session_id, "bob")
    await peer.type("y")
    await until(lambda: ada.live(session_id), lambda live: live["code"] == "xy")

    saved = (await ada.post(f"/code/{session_id}/save")).body

    assert bob.user["id"] in [contributor["id"] for contributor in saved["contributors"]]


async def test_text_client_after_server_restart_reconnects_and_loses_nothing(
    peers: Peers, start_server
) -> None:
    """After a restart, a text client reconnects by itself, and its earlier edits are there."""
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session(code="x")
    peer = await TextPeer.joined(peers, ada, session_id, "ada")
    await peer.type("y")
    await until(lambda: ada.live(session_id), lambda live: live["code"] == "xy")
    await server.stop()
    await peer.until(connected=False)

    await start_server(port=server.port)
    await peer.until(connects=2)
    assert (await peer.join(session_id))["ok"]
    await peer.until(code="xy", received=2)
