"""Tests of people around the editor: accounts, guests, roles, chat, pictures."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import expect

from handlers.api.logins.auth import RefreshHandler
from tests.api import PASSWORD, Api
from tests.browser.conftest import NewPerson
from tests.handlers.clients import picture


async def test_account_forms_show_errors_and_sign_up_and_in(person: NewPerson) -> None:
    """Errors are shown next to their fields. A new user stays signed in after a reload.

    The user can also sign out and in again.
    """
    ada = await person()
    ada.expected.append("422|401")
    await ada.go("/signin")
    await ada.page.get_by_role("main").get_by_role("link", name="Create account").click()
    await ada.page.get_by_label("User name").fill("a")
    await ada.button("Create account").click()

    await expect(ada.page.get_by_text("User name must have at least 3 characters.")).to_be_visible()
    await expect(ada.page.get_by_label("User name")).to_be_focused()
    await expect(ada.page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")

    await ada.sign_up("ada")
    await ada.context.clear_cookies(name="accessToken")
    await ada.page.reload()
    await expect(ada.page.get_by_text("No sessions yet")).to_be_visible()
    await ada.button("Sign out").click()
    await ada.page.get_by_label("E-mail or user name").fill("ada")
    await ada.page.get_by_label("Password").fill("wrong wrong wrong")
    await ada.button("Sign in").click()
    await expect(ada.page.get_by_role("alert")).to_contain_text("wrong")
    await ada.page.get_by_label("Password").fill("correct horse battery")
    await ada.button("Sign in").click()
    await expect(ada.page.get_by_text("No sessions yet")).to_be_visible()


async def test_home_lists_sessions_and_joins_by_link_or_id(person: NewPerson) -> None:
    """The list shows a session's language, number of people and state.

    A user joins a session by its link or by its id.
    """
    ada, bob = await person(), await person()
    await ada.sign_up()
    session_id = await ada.create("Pairing", starter=True, access="link")
    await expect(ada.text).to_contain_text("function greet(name)")
    await bob.sign_up()
    await bob.page.get_by_label("Join by id or link").fill(f"{bob.url}/s/{session_id}")
    await bob.button("Join").click()
    await expect(bob.text).to_contain_text("function greet(name)")

    await bob.go("/")

    row = bob.page.get_by_role("listitem").filter(has_text="Pairing")
    await expect(row).to_contain_text("JavaScript")
    await expect(row).to_contain_text("2 people")
    await expect(row).to_contain_text("Resume")


async def test_invite_link_admits_guest_by_name(person: NewPerson) -> None:
    """A guest needs only a name."""
    ada, gil = await person(), await person()
    await ada.open_new("Interview")

    await gil.enter_as_guest(await ada.invite("editor"), "Gil")

    await expect(gil.page.get_by_role("heading", name="Interview")).to_be_visible()
    await expect(ada.page.get_by_test_id("announcer")).to_have_text("Gil joined")
    await ada.button("People").click()
    await expect(ada.page.get_by_label("Role of Gil")).to_have_value("editor")


async def test_role_change_and_removal_take_effect_immediately(person: NewPerson, api) -> None:
    """A viewer cannot type until the owner makes them an editor.

    The page of a removed member says so.
    """
    ada, gil = await person(), await person()
    session_id = await ada.open_new("Class")
    await ada.type("read me")
    await gil.enter_as_guest(await ada.invite("viewer"), "Gil")
    await expect(gil.text).to_have_text("read me")
    await gil.text.click()
    await gil.page.keyboard.type("no")
    await expect(gil.text).to_have_attribute("contenteditable", "false")
    await expect(gil.page.get_by_text("View only. You can read")).to_be_visible()

    await ada.button("People").click()
    await ada.page.get_by_label("Role of Gil").select_option("editor")
    await expect(gil.text).to_have_attribute("contenteditable", "true")
    await gil.page.keyboard.press("Escape")
    await gil.type("now: ")
    await expect(ada.text).to_contain_text("now: ")
    await expect(ada.text).not_to_contain_text("no" + "read")

    await ada.button("Remove Gil").click()
    await ada.button("Really remove").click()
    await expect(gil.page.get_by_role("alert")).to_contain_text("Back to your sessions")
    await expect(gil.text).to_have_attribute("contenteditable", "false")
    assert session_id


async def test_promoted_viewer_may_save_version(person: NewPerson) -> None:
    """Ctrl+S opens the dialog for a viewer who became an editor, without a reload."""
    ada, gil = await person(), await person()
    session_id = await ada.open_new("Promotion")
    await gil.enter_as_guest(await ada.invite("viewer"), "Gil")
    await expect(gil.text).to_have_attribute("contenteditable", "false")
    await gil.page.keyboard.press("Control+s")
    await expect(gil.page.get_by_role("dialog")).to_have_count(0)
    await ada.button("People").click()
    await ada.page.get_by_label("Role of Gil").select_option("editor")
    await expect(gil.text).to_have_attribute("contenteditable", "true")

    await gil.page.keyboard.press("Control+s")
    await gil.page.get_by_label("Label").fill("by the new editor")
    await gil.page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()

    await expect(gil.page.get_by_role("dialog")).to_have_count(0)
    version = await gil.page.evaluate(
        "id => fetch(`/code/${id}/versions/1`).then(answer => answer.json())", session_id
    )
    assert version["label"] == "by the new editor"


async def test_session_changes_and_end_are_shown_to_others_live(person: NewPerson) -> None:
    """Members see the owner's changes without a reload. An ended session is read-only."""
    ada, gil = await person(), await person()
    await ada.open_new("Before")
    await gil.enter_as_guest(await ada.invite("editor"), "Gil")

    await ada.page.get_by_label("Language", exact=True).select_option("python")
    await expect(gil.page.get_by_label("Language", exact=True)).to_have_value("python")
    await expect(gil.page.get_by_role("tab", name="main.py")).to_be_visible()
    await ada.choose("Settings")
    await ada.page.get_by_label("Title").fill("After")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    await expect(gil.page.get_by_role("heading", name="After")).to_be_visible()
    await ada.choose("End session…")
    await ada.button("End session").click()

    await expect(gil.page.get_by_text("This session has ended.")).to_be_visible()
    await expect(gil.text).to_have_attribute("contenteditable", "false")


async def test_chat_shows_messages_typing_unread_count_and_history(person: NewPerson, api) -> None:
    """The chat shows messages with code, and who is typing, without a reload.

    Messages that arrive while the chat is closed are counted. Older messages load on demand.
    """
    ada, gil = await person(), await person()
    session_id = await ada.open_new("Talk")
    await gil.enter_as_guest(await ada.invite("editor"), "Gil")
    box = ada.page.get_by_role("textbox", name="Message")
    await box.press_sequentially("try `x`")
    await expect(gil.page.get_by_text(f"{ada.name} is typing")).to_be_visible()
    await box.press("Shift+Enter")
    await box.press_sequentially("```js")
    await box.press("Shift+Enter")
    await box.press_sequentially("let x = 1```")
    await box.press("Enter")

    messages = gil.page.get_by_role("list", name="Messages")
    await expect(messages.locator("pre")).to_have_text("let x = 1")
    await expect(messages.locator("p code")).to_have_text("x")
    await expect(gil.page.get_by_test_id("announcer")).to_contain_text("try `x`")
    await expect(gil.page.get_by_text("is typing")).to_have_count(0)

    await gil.button("Close the panel").click()
    await box.fill("are you there?")
    await box.press("Enter")
    await expect(gil.page.get_by_test_id("unread")).to_contain_text("1")
    await gil.page.keyboard.press("Alt+c")
    await expect(messages).to_contain_text("are you there?")
    await expect(gil.page.get_by_test_id("unread")).to_have_count(0)

    for number in range(55):
        await ada.page.evaluate(
            "([id, n]) => fetch('/chat/send', {method: 'POST', headers: {'Content-Type': "
            "'application/json'},"
            " body: JSON.stringify({sessionId: id, message: `line ${n}`})})",
            [session_id, number],
        )
    await ada.page.reload()
    await expect(ada.page.get_by_text("line 54", exact=True)).to_be_visible()
    await expect(ada.page.get_by_text("try")).to_have_count(0)
    await ada.button("Older messages").click()
    await expect(ada.page.get_by_role("list", name="Messages")).to_contain_text("let x = 1")


async def test_avatar_is_cropped_and_shown_to_others(person: NewPerson, tmp_path: Path) -> None:
    """A user crops a picture with a preview, and others see it in the session's bar."""
    ada, gil = await person(), await person()
    await ada.sign_up()
    file = tmp_path / "me.png"
    file.write_bytes(picture("PNG", (300, 200)))
    await ada.page.get_by_role("link", name=re.compile("your profile")).click()
    await ada.page.get_by_label("Choose a picture").set_input_files(file)
    await expect(ada.page.get_by_role("img", name="Preview of your picture")).to_be_visible()
    await ada.page.get_by_label("Zoom").fill("2")
    await ada.button("Use this picture").click()
    await expect(ada.page.locator(".picture .avatar img")).to_be_visible()

    await ada.create("With pictures")
    await gil.enter_as_guest(await ada.invite("editor"), "Gil")

    shown = gil.page.locator(".people-here .avatar img")
    await expect(shown).to_be_visible()
    assert await shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 256


async def test_profile_changes_name_and_password_and_ends_other_logins(
    person: NewPerson, api: Api
) -> None:
    """A user changes their name and password on the profile page and ends other logins.

    Errors are shown next to their fields.
    """
    ada = await person()
    ada.expected.append("4(01|22)")
    await ada.sign_up()
    elsewhere = Api(api.url)
    login = await elsewhere.post("/user/login", {"username": ada.name, "password": PASSWORD})
    assert login.status == 200
    await ada.go("/profile")

    await ada.page.get_by_label("User name").fill("x")
    await ada.button("Change the name").click()
    await expect(ada.page.get_by_label("User name")).to_have_attribute("aria-invalid", "true")
    await ada.page.get_by_label("User name").fill(f"{ada.name}-renamed")
    await ada.button("Change the name").click()
    await expect(ada.page.get_by_test_id("announcer")).to_contain_text("name is changed")
    await expect(ada.button("Sign out there")).to_have_count(1)
    await ada.button("Sign out there").click()
    await expect(ada.button("Sign out there")).to_have_count(0)
    assert (await Api(api.url, login.body["accessToken"]).get("/user/me")).status == 401
    await ada.page.get_by_label("Current password").fill(PASSWORD)
    await ada.page.get_by_label("New password").fill("another good password")
    await ada.page.locator("section[aria-labelledby=password]").get_by_role("button").click()
    await expect(ada.page.get_by_test_id("announcer")).to_contain_text("Password changed.")
    await expect(ada.page.get_by_label("Current password")).to_have_value("")
    await expect(ada.page.get_by_label("New password")).to_have_value("")
    again = {"username": f"{ada.name}-renamed", "password": "another good password"}
    assert (await Api(api.url).post("/user/login", again)).status == 200


async def test_tabs_of_one_browser_renew_their_login_one_after_another(
    person: NewPerson, monkeypatch
) -> None:
    """When the access token of several tabs has expired, the tabs renew it one by one."""
    ada = await person()
    ada.expected.append("401")
    await ada.sign_up()
    tabs = [ada.page, *[await ada.context.new_page() for _ in range(3)]]
    for tab in tabs[1:]:
        await tab.goto(ada.url)
        # A reload would cancel a request that the tab still waits for, and free its lock
        # while the server still works on the request.
        await expect(tab.get_by_text("No sessions yet")).to_be_visible()
    running: list[int] = []
    most: list[int] = []
    answer = RefreshHandler.post

    async def slowly(handler: RefreshHandler) -> None:
        running.append(1)
        most.append(len(running))
        await asyncio.sleep(0.2)
        await answer(handler)
        running.pop()

    monkeypatch.setattr(RefreshHandler, "post", slowly)
    await ada.context.clear_cookies(name="accessToken")

    await asyncio.gather(*(tab.reload() for tab in tabs))

    for tab in tabs:
        await expect(tab.get_by_text("No sessions yet")).to_be_visible()
    assert max(most) == 1
    assert len(most) < len(tabs)


async def test_sign_up_from_an_invite_counts_by_that_invite(person: NewPerson) -> None:
    """The sign-up form sends the invite's token, and leads back to the invite."""
    ada, gil = await person(), await person()
    await ada.open_new("For invited people")
    address = await ada.invite("editor")
    await gil.page.goto(address)
    await gil.page.get_by_role("link", name="create one").click()
    await gil.page.get_by_label("User name").fill("invited")
    await gil.page.get_by_label("E-mail").fill("invited@example.org")
    await gil.page.get_by_label("Password").fill(PASSWORD)
    async with gil.page.expect_request("**/user/signup") as asked:
        await gil.button("Create account").click()

    sent = (await asked.value).post_data_json
    assert sent
    assert sent["invite"] == address.rpartition("/")[2]
    await gil.button("Join as invited").click()
    await expect(gil.text).to_be_visible()
