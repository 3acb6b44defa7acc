"""Tests of the page without a connection.

It shows the reason and a remedy, and keeps the text. It never shows an empty editor that seems to
save. Each remedy of static/src/session/live/trouble.ts has one test here. trouble.test.ts tests
which close code has which remedy.
"""

import asyncio
import re
from collections.abc import Callable, Collection
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from collab_server.server import Server
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.wire import update_parser, y_protocol
from handlers.sync.handshake import SyncHandler
from tests.api import Api
from tests.browser.conftest import NewPerson, Someone
from tests.conftest import StartServer
from tests.waiting import until

TASK = "print('the task')"
NARROW = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
async def server(start_server: StartServer, request: pytest.FixtureRequest) -> Server:
    """Start a server with the settings that the test's parameter names."""
    return await start_server(**getattr(request, "param", {}))


def banner(someone: Someone) -> Locator:
    return someone.page.get_by_role("alert")


async def with_task(ada: Someone, title: str) -> str:
    """Sign up and make a session with some code; return its id."""
    session_id = await ada.open_new(title)
    await ada.type(TASK)
    await ada.until_saved()
    return session_id


async def live_code(ada: Someone, session_id: str) -> str:
    """Return the code that the server has now."""
    answer = await ada.page.evaluate(
        f"fetch('/code/{session_id}/latest?live=true').then(a => a.json())"
    )
    return answer["code"]


async def forget_document(someone: Someone, session_id: str) -> None:
    """Leave the session, and delete this browser's copy of its document."""
    await someone.go("/")
    await someone.page.evaluate(
        "id => indexedDB.databases().then(all => Promise.all(all.filter(one => "
        "one.name.includes(id)).map(one =>"
        " new Promise(done => { indexedDB.deleteDatabase(one.name).onsuccess = done }))))",
        session_id,
    )


async def check_both_themes(someone: Someone, shown: Locator) -> None:
    """Check that a notice is fully visible and accessible at three widths, in both themes."""
    before = someone.page.viewport_size
    for width in (390, 768, 1280):
        await someone.page.set_viewport_size({"width": width, "height": 800})
        await expect(shown).to_be_visible()
        box = await until(shown.bounding_box)  # the page may be laid out again for the width
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        for theme in ("light", "dark"):
            await someone.page.evaluate(
                "theme => (document.documentElement.dataset.theme = theme)", theme
            )
            await someone.check_access()
    if before:
        await someone.page.set_viewport_size(before)


@pytest.mark.parametrize("server", [{"connections_per_session": 2}], indirect=True)
async def test_page_that_is_refused_shows_reason_and_text_and_opens_later(
    person: NewPerson, server: Server
) -> None:
    """A refused page shows the text read-only, with the reason above it.

    It never says "Saving…". The text becomes editable when there is room again.
    """
    ada = await person()
    session_id = await with_task(ada, "Full")
    token = next(
        cookie["value"] for cookie in await ada.context.cookies() if cookie["name"] == "accessToken"
    )
    await forget_document(ada, session_id)
    await until(lambda: server.parts.services.connections.open == 0)
    others = [await Api(server.url, token).connect(session_id) for _ in range(2)]

    await ada.go(f"/s/{session_id}")

    await expect(ada.page.get_by_test_id("preview")).to_contain_text(TASK)
    await expect(banner(ada)).to_contain_text("Too many connections to this session.")
    await expect(banner(ada)).to_contain_text("can only be read")
    await expect(ada.text).to_have_attribute("contenteditable", "false")
    for _ in range(20):
        assert await ada.page.get_by_test_id("saved").text_content() in ("Offline", "Connecting…")
        await asyncio.sleep(0.05)
    await check_both_themes(ada, banner(ada))

    for other in others:
        other.close()

    await expect(ada.text).to_have_attribute("contenteditable", "true")
    await ada.type("# mine ")
    await ada.until_saved()
    await expect(banner(ada)).to_have_count(0)
    assert TASK in await live_code(ada, session_id)
    assert "# mine" in await live_code(ada, session_id)


async def test_page_behind_proxy_without_websockets_shows_the_reason(
    person: NewPerson, monkeypatch
) -> None:
    """Behind a proxy that drops `Upgrade`, the text can be read and the badge says "Offline".

    A banner gives the reason.
    """
    ada = await person()
    ada.expected.append("WebSocket connection|426")
    session_id = await with_task(ada, "Blocked")
    await forget_document(ada, session_id)
    prepare = SyncHandler.prepare

    async def without_upgrade(handler: SyncHandler) -> None:
        handler.request.headers["Upgrade"] = ""
        await prepare(handler)

    with monkeypatch.context() as patch:
        patch.setattr(SyncHandler, "prepare", without_upgrade)
        await ada.go(f"/s/{session_id}")

        await expect(ada.page.get_by_test_id("preview")).to_contain_text(TASK)
        await expect(banner(ada)).to_contain_text(
            "Offline: your network seems to block WebSockets."
        )
        await expect(ada.page.get_by_test_id("saved")).to_have_text("Offline")
        await check_both_themes(ada, banner(ada))

    await expect(ada.text).to_have_attribute("contenteditable", "true")
    await ada.until_saved()
    await expect(banner(ada)).to_have_count(0)


async def test_page_without_server_shows_the_reason_and_keeps_text(
    person: NewPerson, server: Server
) -> None:
    """Without a server, the user can edit the text that this browser kept, and download it."""
    ada = await person()
    ada.expected.append("WebSocket connection|ERR_CONNECTION_REFUSED|Failed to load")
    await with_task(ada, "Away")

    await server.stop()

    await expect(banner(ada)).to_contain_text("Offline: the server cannot be reached.")
    await expect(ada.page.get_by_test_id("saved")).to_have_text("Offline")
    await ada.type("typed alone ")
    async with ada.page.expect_download() as downloading:
        await ada.button("Download it").click()
    download = await downloading.value
    assert download.suggested_filename == "main.js"
    assert "typed alone" in (await download.path()).read_text()


@pytest.mark.parametrize("server", [{"max_text_bytes": 1_024}], indirect=True)
async def test_text_over_limit_stays_and_is_sent_once_it_is_smaller(person: NewPerson) -> None:
    """The page says which limit is reached, and its size.

    The typed text stays. The page sends it without help as soon as the text is small enough.
    """
    ada = await person(permissions=["clipboard-read", "clipboard-write"])
    session_id = await with_task(ada, "Large")
    await ada.page.keyboard.press("Control+End")
    await ada.page.keyboard.insert_text("x" * 1_100)

    await expect(banner(ada)).to_contain_text(
        "as much text as the server allows. The document's text is over 1024 bytes."
    )
    await expect(ada.page.get_by_test_id("saved")).to_have_text("Offline")
    await expect(ada.text).to_have_attribute("contenteditable", "true")
    await ada.button("Copy my text").click()
    await expect(ada.page.get_by_test_id("announcer")).to_have_text("Your text is copied")
    assert await ada.page.evaluate("navigator.clipboard.readText()") == TASK + "x" * 1_100

    await ada.text.click()
    await ada.page.keyboard.press("Control+z")

    await ada.until_saved()
    await expect(banner(ada)).to_have_count(0)
    assert "xxx" not in await live_code(ada, session_id)


async def test_removed_editor_may_copy_text_but_not_type(
    person: NewPerson, server: Server, api: Api
) -> None:
    """A removed member sees the reason for it in plain words."""
    ada, gil = await person(), await person(**NARROW)
    gil.expected.append("404")  # the chat of a session that gil is no longer a member of
    session_id = await with_task(ada, "Removed")
    await ada.let_in(gil, "Gil")
    await expect(gil.text).to_contain_text(TASK)
    await ada.button("People").click()
    await ada.button("Remove Gil").click()
    await ada.button("Really remove").click()

    await expect(banner(gil)).to_contain_text("The owner removed you from this session.")
    await expect(gil.page.get_by_test_id("saved")).to_have_text("Closed")
    await gil.page.get_by_role("button", name=re.compile("^Chat")).click()
    await expect(gil.page.get_by_text("You cannot write here now.")).to_be_visible()
    await expect(gil.page.get_by_label("Message", exact=True)).to_have_count(0)
    await gil.button("Close the panel").click()
    await expect(gil.page.get_by_role("link", name="Back to your sessions")).to_be_visible()
    await expect(gil.button("Copy my text")).to_be_visible()
    await expect(gil.text).to_have_attribute("contenteditable", "false")
    await check_both_themes(gil, banner(gil))
    assert session_id


async def test_signed_out_editor_comes_back_by_signing_in(person: NewPerson, api: Api) -> None:
    """The link to sign in leads back to the session."""
    ada = await person()
    ada.expected.append("401")
    session_id = await with_task(ada, "Signed out")
    await ada.page.evaluate("fetch('/user/logout', {method: 'POST'})")

    await expect(banner(ada)).to_contain_text("You have signed out.")
    await expect(ada.text).to_have_attribute("contenteditable", "false")
    link = ada.page.get_by_role("link", name="Sign in again")
    await expect(link).to_have_attribute("href", f"/signin?next=%2Fs%2F{session_id}")


def refuse_typing(monkeypatch, reason: CloseReason, *, cuts: int = 0) -> set[int]:
    """Make the server refuse a client id, from its first edit with the word "mine" on.

    Return the set of refused client ids, which is filled later.

    cuts  number of later edits with that word under new client ids. The server takes each of them,
          but closes the connection without a confirmation
    """
    refused: set[int] = set()
    receive, cut = Room.receive, [0]

    def refuse(room: Room, connection: Connection, frame: bytes, *rest: Any) -> None:
        message = y_protocol.decode(frame)
        clients: Collection[int] = ()
        if isinstance(message, y_protocol.SyncStep2 | y_protocol.SyncUpdate):
            clients = update_parser.read(message.update).spans.keys()
        is_mine = bool(clients) and b"mine" in frame
        if is_mine and not refused:
            refused.update(clients)
        if refused.intersection(clients):
            room.members.close([connection], reason)
            return
        receive(room, connection, frame, *rest)
        if is_mine and cut[0] < cuts:
            cut[0] += 1
            room.members.close([connection], CloseReason.RESTART)

    monkeypatch.setattr(Room, "receive", refuse)
    return refused


@pytest.mark.parametrize("reason", [CloseReason.MALFORMED, CloseReason.CONFLICT])
async def test_text_that_is_refused_for_good_is_sent_again_as_new_edits(
    person: NewPerson, monkeypatch, reason: CloseReason
) -> None:
    """The server refuses each edit of one client id. The text arrives once, under a new id.

    The page does this by itself, because nothing else could save the text.
    """
    ada, gil = await person(), await person()
    session_id = await with_task(ada, "Unreadable")
    await ada.let_in(gil, "Gil")
    refused = refuse_typing(monkeypatch, reason)
    await ada.text.click()
    await ada.page.keyboard.press("Control+End")
    await ada.page.keyboard.insert_text(" # mine")

    await expect(ada.page.locator(".toast")).to_have_text("Your text was sent again as new edits")
    await expect(ada.text).to_have_text(TASK + " # mine")
    await expect(gil.text).to_have_text(TASK + " # mine")
    await ada.until_saved()
    await ada.text.click()
    await ada.page.keyboard.press("Control+End")
    await ada.page.keyboard.insert_text(" and more")
    await ada.until_saved()
    await ada.page.reload()
    await expect(ada.text).to_have_text(TASK + " # mine and more")
    assert await live_code(ada, session_id) == TASK + " # mine and more"
    assert len(refused) == 1


@pytest.mark.parametrize("reason", [CloseReason.MALFORMED, CloseReason.CONFLICT])
async def test_text_sent_again_without_confirmation_appears_once(
    person: NewPerson, monkeypatch, reason: CloseReason
) -> None:
    """The connection breaks after the server has taken new edits but not confirmed them.

    The page sends the text again after a reload, and it appears only once.
    """
    ada = await person()
    session_id = await with_task(ada, "Unconfirmed")
    refuse_typing(monkeypatch, reason, cuts=1)
    await ada.text.click()
    await ada.page.keyboard.press("Control+End")
    await ada.page.keyboard.insert_text(" # mine")
    await expect(banner(ada)).to_contain_text("That did not work.")
    assert await live_code(ada, session_id) == TASK + " # mine"

    await ada.page.reload()

    await expect(ada.page.locator(".toast")).to_have_text("Your text was sent again as new edits")
    await expect(ada.text).to_have_text(TASK + " # mine")
    await ada.until_saved()
    assert await live_code(ada, session_id) == TASK + " # mine"
    assert (
        await ada.page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('sent:'))")
        == []
    )


async def test_short_restart_shows_no_banner(person: NewPerson, server: Server) -> None:
    """The page shows no banner for a short restart of the server."""
    ada = await person()
    session_id = await with_task(ada, "Restart")
    room = server.parts.services.rooms.find(session_id)
    assert room

    room.members.close(list(room.members.connections), CloseReason.RESTART)

    await expect(ada.page.get_by_test_id("saved")).to_have_text(re.compile("Offline|Connecting"))
    for _ in range(60):
        assert await banner(ada).count() == 0
        await asyncio.sleep(0.05)
    await ada.until_saved()


async def test_upgrade_with_open_tab_loads_page_again_and_goes_on(person: NewPerson) -> None:
    """After an upgrade, the page's parts have new names, and the page reloads once.

    If the reload does not help, the page says so.
    """
    ada = await person()
    ada.expected.append("404|dynamically imported module")
    session_id = await with_task(ada, "Upgrade")
    gone = re.compile(r"/static/dist/assets/page-[0-9a-f]+\.js")
    loads: list[str] = []
    ada.page.on("load", lambda page: loads.append(page.url))

    async def not_there(route: Route) -> None:
        await route.fulfill(status=404, body="")

    await ada.page.route(gone, not_there)
    await ada.page.get_by_role("link", name="Versions").click()

    await expect(banner(ada)).to_contain_text("The server may have been updated")
    assert len(loads) == 1
    await ada.check_access()

    await ada.page.unroute(gone)
    await ada.button("Load the page again").click()
    await expect(ada.page.get_by_role("heading", name="Upgrade")).to_be_visible()
    assert ada.page.url.endswith(f"/s/{session_id}/versions")


async def test_sign_up_from_links_leads_back_to_session(person: NewPerson) -> None:
    """The header's link "Create account" leads back to the session or to the invite."""
    ada, bob, gil = await person(), await person(), await person(**NARROW)
    bob.expected.append("404")  # bob is not a member until bob has joined
    session_id = await ada.open_new("Class", access="link")
    invite = await ada.invite("editor")

    async def sign_up(someone: Someone, name: str) -> None:
        await someone.page.get_by_label("User name").fill(name)
        await someone.page.get_by_label("E-mail").fill(f"{name}@example.org")
        await someone.page.get_by_label("Password").fill("correct horse battery")
        await someone.button("Create account").click()

    await bob.go(f"/s/{session_id}")
    await bob.page.get_by_role("banner").get_by_role("link", name="Create account").click()
    await sign_up(bob, "bob")
    await expect(bob.page.get_by_role("heading", name="Class")).to_be_visible()
    await gil.page.goto(invite)
    await gil.page.get_by_role("banner").get_by_role("link", name="Create account").click()
    await sign_up(gil, "gil")
    await gil.button("Join as gil").click()
    await expect(gil.page.get_by_role("heading", name="Class")).to_be_visible()


async def test_page_under_path_of_other_site_says_that_it_needs_host(person: NewPerson) -> None:
    """Under a path, neither styles nor scripts load, so the plain HTML must say why."""
    ada = await person()
    ada.expected.append("404")
    await ada.page.route(re.compile(r"/static/"), lambda route: route.fulfill(status=404, body=""))

    await ada.go("/")

    await expect(ada.page.get_by_text("the app needs a host of its own")).to_be_visible()


@pytest.mark.parametrize("server", [{"versions": 2}], indirect=True)
async def test_end_without_a_final_version_is_explained(
    person: NewPerson, server: Server, expect_log: Callable[[str], None]
) -> None:
    """The owner reads why no final version was stored, and that the text is still there."""
    expect_log("WARNING handlers.api.session: session .* has no final version yet")
    ada = await person()
    session_id = await with_task(ada, "Full of versions")
    save = (
        "([id, code]) => fetch(`/code/${id}/save`, {method: 'POST', body: "
        "JSON.stringify({code}), headers:"
    )
    save += " {'Content-Type': 'application/json'}}).then(answer => answer.status)"
    assert [await ada.page.evaluate(save, [session_id, code]) for code in ("one", "two")] == [
        201,
        201,
    ]
    await ada.type("not in a version")
    await ada.until_saved()

    await ada.choose("End session…")
    await ada.button("End session").click()

    await expect(ada.page.get_by_role("dialog").get_by_role("alert")).to_contain_text(
        "No final version was stored."
    )
    await expect(ada.page.get_by_role("dialog").get_by_role("alert")).to_contain_text(
        "The text is still here"
    )


async def test_notice_shows_slow_saving_while_typing_continues(
    person: NewPerson, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notice appears while the store is slow, and goes when everything is saved.

    The user can type all the time.
    """
    ada = await person()
    await ada.page.clock.install()
    await with_task(ada, "Slow")
    store, goes_on = server.parts.services.store, asyncio.Event()
    append_chunks = store.append_chunks

    async def wait(*arguments: Any) -> Any:
        await goes_on.wait()
        return await append_chunks(*arguments)

    monkeypatch.setattr(store, "append_chunks", wait)
    await ada.type(" and more")
    await expect(ada.page.get_by_test_id("saved")).to_have_text("Saving…")
    await ada.page.clock.fast_forward(30_000)

    notice = ada.page.get_by_text("The server is slow to save what you typed")
    await check_both_themes(ada, notice)
    await ada.type(" and on")
    goes_on.set()
    await ada.until_saved()
    await ada.page.clock.fast_forward(3_000)
    await expect(notice).to_have_count(0)
    await expect(ada.text).to_contain_text("and on")


async def test_notice_shows_that_server_cannot_read_the_text(
    person: NewPerson,
) -> None:
    """The page says that the server cannot read the text, and again when the user saves a version.

    Typing and saving of edits continue.
    """
    ada = await person()
    ada.expected.append("409")
    session_id = await with_task(ada, "Unreadable")

    async def is_unreadable(route: Route) -> None:
        await route.fulfill(
            status=409, json={"code": "text_unavailable", "message": "The text cannot be shown."}
        )

    await ada.page.route(re.compile(f"/code/{session_id}/"), is_unreadable)
    await ada.go(f"/s/{session_id}")

    await check_both_themes(
        ada, ada.page.get_by_text("The server cannot read the text of this session")
    )
    await ada.type(" typed on")
    await ada.until_saved()
    await ada.page.keyboard.press("Control+s")
    dialog = ada.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("so it cannot do this")


async def test_damaged_version_and_message_are_marked_and_others_shown(
    person: NewPerson, server: Server, expect_log: Callable[[str], None]
) -> None:
    """One damaged version or message does not make the list of versions or the chat fail."""
    expect_log("ERROR .* damaged")
    ada = await person()
    ada.expected.append("409")
    session_id = await with_task(ada, "Damaged")
    await ada.save("sound")
    await ada.type("more ")
    await ada.until_saved()
    await ada.save("damaged")
    for message in ("sound message", "damaged message"):
        await ada.page.get_by_label("Message", exact=True).fill(message)
        await ada.page.keyboard.press("Enter")
        await expect(
            ada.page.get_by_role("log").or_(ada.page.get_by_label("Messages"))
        ).to_contain_text(message)
    store: Any = server.parts.services.store
    engine = store._engine
    await engine.write(
        lambda db: db.execute("UPDATE versions SET label = 'other' WHERE number = 2")
    )
    await engine.write(
        lambda db: db.execute("UPDATE messages SET text = 'other' WHERE sequence = 2")
    )

    await ada.go(f"/s/{session_id}/versions")
    await expect(ada.page.get_by_role("button", name="Version 2")).to_contain_text(
        "damaged: cannot be read"
    )
    await expect(ada.page.get_by_role("alert")).to_contain_text("Version 2 is damaged")
    await expect(ada.button("Restore this version")).to_have_count(0)
    await ada.page.get_by_role("button", name="Version 1").click()
    await expect(ada.page.get_by_label("main.js", exact=True)).to_contain_text(TASK)
    await ada.go(f"/s/{session_id}")
    messages = ada.page.get_by_label("Messages")
    await expect(messages).to_contain_text("sound message")
    await expect(messages).to_contain_text(
        "A message here is damaged on the server and cannot be read."
    )
    await ada.check_access()


@pytest.mark.parametrize("server", [{"max_state_bytes": 65_536}], indirect=True)
async def test_owner_is_warned_at_half_of_the_limit_and_makes_the_document_smaller(
    person: NewPerson, server: Server
) -> None:
    """The warning goes after deleted text is removed. The owner can also hide it."""
    ada = await person()
    session_id = await with_task(ada, "Half full")
    rooms = server.parts.services.rooms
    room = rooms.find(session_id)
    assert room
    warning = ada.page.get_by_text("This session has more than half of what it may hold")
    await fill(ada)
    await rooms.compactor.checkpoint(room)
    await check_both_themes(ada, warning)

    await ada.page.keyboard.press("Control+a")
    await ada.page.keyboard.insert_text("all is new")
    await ada.until_saved()
    await ada.button("Remove deleted text").click()
    await expect(warning).to_have_count(0)
    await expect(ada.page.get_by_test_id("announcer")).to_contain_text(
        "Deleted text is removed from the document"
    )

    await fill(ada)
    await rooms.compactor.checkpoint(room)
    await ada.button("Hide").click()
    await expect(warning).to_have_count(0)


async def fill(someone: Someone) -> None:
    await someone.type(("x" * 99 + "\n") * 500)
    await someone.until_saved()
