"""Tests of the editor: typing together, files, typing offline, and the meaning of "Saved"."""

import asyncio

from playwright.async_api import expect

from collab_server.server import Server
from crdt.room.closing import CloseReason
from tests.browser.conftest import NewPerson


async def test_editor_of_three_people_typing_together_shows_text_and_cursors(
    person: NewPerson, api
) -> None:
    """Three people type together and see the same text, and each other's cursors by name."""
    people = [await person() for _ in range(3)]
    ada, bob, gil = people
    session_id = await ada.open_new("Together")
    address = await ada.invite("editor")
    await bob.enter_as_guest(address, "Bob")
    await gil.enter_as_guest(address, "Gil")

    await asyncio.gather(*(person.type(f"[{person.name} was here]") for person in people))

    for someone in people:
        for other in people:
            await expect(someone.text).to_contain_text(f"[{other.name} was here]")
    text = await ada.text.text_content()
    for someone in (bob, gil):
        await expect(someone.text).to_have_text(text or "")
    await expect(ada.page.locator(".cm-remote-flag[data-name$=Bob]")).to_have_count(1)
    await expect(ada.page.locator(".cm-remote-flag[data-name$=Gil]")).to_have_count(1)
    await ada.until_saved()
    live = await ada.page.evaluate(
        f"fetch('/code/{session_id}/latest?live=true').then(a => a.json())"
    )
    assert all(f"[{person.name} was here]" in live["code"] for person in people)


async def test_file_added_by_one_user_is_listed_for_all(person: NewPerson) -> None:
    """A file that one user adds is listed for all, with a text of its own."""
    ada, gil = await person(), await person()
    await ada.open_new("Files")
    await ada.let_in(gil, "Gil")
    await ada.type("main text")
    await ada.button("Add a file").click()
    await ada.page.get_by_label("Name of the new file").fill("util.py")
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("tab", name="util.py")).to_have_attribute(
        "aria-selected", "true"
    )
    await ada.type("def helper(): pass")

    await gil.row("util.py").click()
    await expect(gil.text).to_have_text("def helper(): pass")
    await gil.page.keyboard.press("Alt+1")
    await expect(gil.text).to_have_text("main text")


async def test_follow_shows_view_of_followed_user_across_files(person: NewPerson) -> None:
    """The follower's view moves to the part of the text that the followed user sees."""
    ada, gil = await person(), await person()
    await ada.open_new("Follow")
    await ada.type("\n".join(f"line {number}" for number in range(300)))
    await ada.let_in(gil, "Gil")
    await expect(gil.page.get_by_text("line 0", exact=True)).to_be_visible()
    await gil.button("People").first.click()
    await gil.button(f"Follow {ada.name}").click()
    await ada.text.click()
    await ada.page.keyboard.press("Control+Home")
    await ada.page.keyboard.press("Control+End")

    await expect(gil.page.get_by_text("line 290", exact=True)).to_be_in_viewport()
    await expect(gil.page.get_by_text(f"Following {ada.name}.")).to_be_visible()


async def test_editor_offline_keeps_typing_and_merges_on_return(person: NewPerson) -> None:
    """A user can type without a connection, and both sides are merged later."""
    ada, gil = await person(), await person()
    for someone in (ada, gil):
        someone.expected.append("ERR_INTERNET_DISCONNECTED|WebSocket connection")
    await ada.open_new("Offline")
    await ada.let_in(gil, "Gil")
    await ada.type("[start]")
    await expect(gil.text).to_have_text("[start]")
    await ada.context.set_offline(True)
    await expect(ada.page.get_by_test_id("saved")).to_have_text("Offline")
    await ada.type("[ada alone]")
    await gil.page.keyboard.press("Escape")
    await gil.type("[gil meanwhile]")
    await gil.until_saved()
    await expect(ada.text).not_to_contain_text("gil")
    await ada.context.set_offline(False)

    for someone in (ada, gil):
        await expect(someone.text).to_contain_text("[ada alone]")
        await expect(someone.text).to_contain_text("[gil meanwhile]")
    await ada.until_saved()


async def test_saved_indicator_matches_state_of_store(
    person: NewPerson, server: Server, monkeypatch
) -> None:
    """The page says "Saving…" until the store has committed the edit, and "Saved" afterwards."""
    ada = await person()
    await ada.open_new("Saved")
    await ada.until_saved()
    store = server.parts.services.store
    goes_on, commit = asyncio.Event(), store.append_chunks

    async def waits(chunks):
        await goes_on.wait()
        return await commit(chunks)

    monkeypatch.setattr(store, "append_chunks", waits)
    await ada.type("is it on disk?")
    await expect(ada.page.get_by_test_id("saved")).to_have_text("Saving…")
    for _ in range(20):  # the badge must not change while nothing is committed
        assert await ada.page.get_by_test_id("saved").text_content() == "Saving…"
    goes_on.set()
    await ada.until_saved()


async def test_settings_and_keys_are_kept_in_browser(person: NewPerson) -> None:
    """Font, tabs, theme and Vim's keys are kept in the browser; `?` shows the shortcuts."""
    ada = await person()
    await ada.open_new("Keys")
    await ada.choose("Settings")
    await ada.page.get_by_role("combobox", name="Font size").select_option("20")
    await ada.page.get_by_role("combobox", name="Theme").select_option("dark")
    await ada.page.get_by_role("combobox", name="Keys").select_option("vim")
    await ada.page.keyboard.press("Escape")
    await ada.page.reload()
    await expect(ada.page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(ada.page.locator(".cm-editor")).to_have_css("font-size", "20px")
    await expect(ada.page.locator(".cm-vimMode")).to_have_count(1)
    await ada.text.click()
    await ada.page.keyboard.type("ihello")
    await expect(ada.text).to_have_text("hello")
    await ada.page.get_by_test_id("saved").click()
    await ada.page.keyboard.press("?")
    await expect(ada.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


async def test_editor_of_session_out_of_service_explains_and_merges_later(
    person: NewPerson, server: Server
) -> None:
    """The page says why the session is out of service and where typed text is kept.

    When the session is back, that text is merged and saved.
    """
    ada = await person()
    ada.expected.append("409")
    session_id = await ada.open_new("Set aside")
    await ada.type("before")
    await ada.until_saved()
    rooms = server.parts.services.rooms
    rooms.quarantine.note([(session_id, "")], rooms.clock(), is_sure=True)
    room = rooms.find(session_id)
    assert room
    room.members.close(list(room.members.connections), CloseReason.RESTART)

    banner = ada.page.get_by_role("alert").filter(has_text="out of service for 10 minutes")
    await expect(banner).to_contain_text("What you type stays in this browser")
    await expect(banner.get_by_role("link", name="Saved versions")).to_be_visible()
    await ada.check_access()
    await ada.type("after ")
    await expect(ada.page.get_by_test_id("saved")).to_have_text("Offline")

    assert rooms.quarantine.release(session_id)

    await ada.until_saved()
    await expect(banner).to_have_count(0)
    live = await ada.page.evaluate(
        f"fetch('/code/{session_id}/latest?live=true').then(a => a.json())"
    )
    assert live["code"].replace("after ", "") == "before"
