"""Tests the bar above the editor: its title and its menu, also on a phone."""

import re

from playwright.async_api import Route, ViewportSize, expect

from tests.browser.conftest import NewPerson, Someone

PHONE = ViewportSize(width=390, height=800)


async def owner(person: NewPerson) -> Someone:
    ada = await person()
    await ada.open_new("First title")
    return ada


async def test_owner_renames_session_by_its_title(person: NewPerson) -> None:
    """Enter or leaving the field saves the title, Escape does not. Others can only see it."""
    ada, gil = await owner(person), await person()
    await ada.let_in(gil, "Gil")
    field = ada.page.get_by_label("Title of the session")
    for way in ("Enter", "leaving"):
        await ada.page.locator(".bar-title button").click()
        await expect(field).to_be_focused()
        await field.fill(f"By {way}")
        if way == "Enter":
            await ada.page.keyboard.press("Enter")
        else:
            await ada.text.click()
        await expect(gil.page.get_by_role("heading", name=f"By {way}")).to_be_visible()
        await expect(ada.page.get_by_role("heading", name=f"By {way}")).to_be_visible()

    await ada.page.locator(".bar-title button").click()
    await field.fill("Never")
    await ada.check_access()
    await ada.page.keyboard.press("Escape")
    await expect(ada.page.locator(".bar-title button")).to_be_focused()
    await expect(ada.page.get_by_role("heading", name="By leaving")).to_be_visible()
    await expect(gil.page.locator(".bar-title button")).to_have_count(0)


async def test_refusal_of_a_title_is_shown(person: NewPerson) -> None:
    ada = await owner(person)
    ada.expected.append("409")

    async def refuse(route: Route) -> None:
        if route.request.method == "PATCH":
            await route.fulfill(status=409, json={"code": "x", "message": "There is no room."})
        else:
            await route.fallback()

    await ada.page.route("**/session/*", refuse)
    await ada.page.locator(".bar-title button").click()
    await ada.page.get_by_label("Title of the session").fill("Other")
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_test_id("announcer")).to_have_text("There is no room.")
    await expect(ada.page.get_by_role("heading", name="First title")).to_be_visible()


async def test_menu_is_used_by_keyboard(person: NewPerson) -> None:
    """Arrow keys move in a circle; Escape, Tab and a click elsewhere close it."""
    ada = await owner(person)
    more, menu = ada.button("More"), ada.page.get_by_role("menu", name="More")
    press = ada.page.keyboard.press
    await more.focus()
    await press("Enter")
    first = menu.get_by_role("menuitem", name="Save version")
    last = menu.get_by_role("menuitem", name="Keyboard shortcuts")
    await expect(first).to_be_focused()
    await press("ArrowUp")
    await expect(last).to_be_focused()
    await press("ArrowDown")
    await expect(first).to_be_focused()
    await press("End")
    await expect(last).to_be_focused()
    await press("Escape")
    await expect(menu).to_have_count(0)
    await expect(more).to_be_focused()
    await expect(ada.page.locator(".side")).to_be_visible()

    await press("Enter")
    await press("Tab")
    await expect(menu).to_have_count(0)
    await more.click()
    await ada.text.click()
    await expect(menu).to_have_count(0)
    await ada.choose("Dark theme")
    await expect(ada.page.locator("html")).to_have_attribute("data-theme", "dark")
    await ada.choose("Light theme")
    await expect(ada.page.locator("html")).to_have_attribute("data-theme", "light")


async def test_menu_of_viewer_has_only_allowed_commands(person: NewPerson) -> None:
    ada, gil = await owner(person), await person()
    await ada.let_in(gil, "Gil", "viewer")
    await expect(gil.text).to_have_attribute("contenteditable", "false")
    await gil.button("More").click()
    await expect(gil.page.get_by_role("menuitem")).to_have_text(
        ["Settings", "Export", "Dark theme", "All commands…Ctrl+K", "Keyboard shortcuts?"]
    )


async def test_phone_has_one_row_above_and_the_panels_below(person: NewPerson) -> None:
    """On a phone the menu has the history. Messages cover neither the chat nor the bar below."""
    ada = await owner(person)
    await ada.page.set_viewport_size(PHONE)
    box = await ada.page.locator(".bar").bounding_box()
    assert box
    assert box["height"] <= 50
    foot = await ada.page.get_by_role("group", name="Panels").bounding_box()
    assert foot
    assert foot["y"] + foot["height"] == PHONE["height"]
    message = ada.page.get_by_role("textbox", name="Message")
    await expect(message).to_be_visible()
    await message.click()
    await message.fill("on a phone")
    await ada.button("Send").click()
    await expect(ada.page.locator(".message")).to_contain_text("on a phone")
    await ada.choose("Save version")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    toast = await ada.page.locator(".toast").bounding_box()
    side = await ada.page.locator(".side").bounding_box()
    assert toast
    assert side
    assert side["y"] + side["height"] <= foot["y"]
    assert toast["y"] + toast["height"] < side["y"]

    await ada.button("People").click()
    await expect(ada.page.locator(".side").get_by_role("heading", name="People")).to_be_visible()
    await ada.choose("Show authors")
    await expect(ada.page.locator(".cm-editor .blame, .cm-blame").first).to_be_attached()
    await ada.check_access()
    await ada.choose("Versions")
    await expect(ada.page.get_by_role("heading", name=re.compile("^Versions of"))).to_be_visible()


async def test_commands_are_found_by_their_words(person: NewPerson) -> None:
    """Ctrl+K opens the list, also from the text; arrow keys and Enter choose."""
    ada, gil = await owner(person), await person()
    await ada.let_in(gil, "Gil")
    await expect(ada.page.locator(".people-here .avatar")).to_have_count(1)
    press = ada.page.keyboard.press
    await ada.text.click()
    await press("Control+k")
    palette = ada.page.get_by_role("dialog", name="Commands")
    query = palette.get_by_role("combobox", name="Find a command")
    options = palette.get_by_role("option")
    await expect(query).to_be_focused()
    await expect(options.first).to_have_text("Share this session")
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await press("ArrowUp")
    await expect(options.last).to_have_attribute("aria-selected", "true")
    await ada.check_access()
    await query.fill("no such thing")
    await expect(palette.get_by_role("status")).to_have_text("No command has these words.")
    await press("Enter")
    await query.fill("gil FOLLOW")
    await press("Enter")
    await expect(palette).to_have_count(0)
    await expect(ada.text).to_be_focused()
    await expect(ada.page.get_by_text("Following Gil.")).to_be_visible()

    await press("Control+k")
    await query.fill("settings")
    await press("Enter")
    await expect(ada.page.get_by_role("dialog", name="Settings")).to_be_visible()
    await press("Control+k")
    await expect(palette).to_have_count(0)
    await press("Escape")
    await expect(ada.text).to_be_focused()
    await ada.choose("All commands…")
    await query.fill("chat")
    await options.first.click()
    await expect(ada.page.get_by_role("textbox", name="Message")).to_be_focused()


async def test_owner_of_a_new_session_is_shown_the_first_steps(person: NewPerson) -> None:
    """The steps are shown until somebody joins, or until the owner hides them."""
    ada, gil = await owner(person), await person()
    await ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await ada.check_access()
    await ada.page.get_by_label("Language of this session").select_option("python")
    await expect(ada.page.get_by_role("tab", name="main.py")).to_be_visible()
    await ada.button("Go to the text").click()
    await expect(ada.text).to_be_focused()
    await ada.button("Copy invite link").click()
    await expect(ada.page.get_by_test_id("announcer")).to_have_text("The link is copied")
    link = await ada.page.get_by_label("Invite link").input_value()
    assert await ada.page.evaluate("navigator.clipboard.readText()") == link
    steps = ada.page.get_by_role("heading", name="Ready in three steps")
    await gil.enter_as_guest(link, "Gil")
    await expect(steps).to_have_count(0)

    await ada.create("Second")
    await ada.button("Do not show this again").click()
    await expect(steps).to_have_count(0)
    await ada.create("Third")
    await expect(ada.page.get_by_text("No messages yet. Say hello.")).to_be_visible()
    await expect(steps).to_have_count(0)
