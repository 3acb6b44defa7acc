"""Tests of the account page and of membership.

People sign out everywhere, leave sessions, and delete their accounts.

A session's link also shows its owner to people who are not signed in.
"""

from playwright.async_api import expect

from tests.api import PASSWORD, Api
from tests.browser.conftest import NewPerson, Someone


async def test_sign_out_everywhere_else_ends_the_other_logins(person: NewPerson, api: Api) -> None:
    ada = await person()
    await ada.sign_up()
    logins = [
        await Api(api.url).post("/user/login", {"username": ada.name, "password": PASSWORD})
        for _ in range(2)
    ]
    await ada.go("/profile")
    await expect(ada.page.get_by_text("(this device)")).to_have_count(1)
    await expect(ada.button("Sign out there")).to_have_count(2)

    await ada.button("Sign out everywhere else").click()

    await expect(ada.button("Sign out there")).to_have_count(0)
    await expect(ada.button("Sign out everywhere else")).to_have_count(0)
    for login in logins:
        assert (await Api(api.url, login.body["accessToken"]).get("/user/me")).status == 401
    await ada.page.reload()
    await expect(ada.page.get_by_role("heading", name=ada.name)).to_be_visible()


async def test_account_is_deleted_with_its_password_and_hands_sessions_over(
    person: NewPerson,
) -> None:
    """A wrong password deletes nothing. After the deletion an editor owns the session."""
    ada, bob = await person(), await person()
    ada.expected.append("422|401")
    bob.expected.append("404")  # bob is not a member until bob has joined
    session_id = await ada.open_new("To be inherited", access="link")
    await bob.sign_up()
    await bob.go(f"/s/{session_id}")
    await expect(bob.text).to_be_visible()
    await ada.go("/profile")
    await ada.button("Delete account…").click()
    dialog = ada.page.get_by_role("dialog")
    await ada.button("Delete my account").click()
    await expect(dialog.get_by_text("Enter your password.")).to_be_visible()
    await dialog.get_by_label("Password").fill("not this one at all")
    await ada.button("Delete my account").click()
    await expect(dialog.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    await ada.check_access()

    await dialog.get_by_label("Password").fill(PASSWORD)
    await ada.button("Delete my account").click()

    await expect(ada.button("Sign in")).to_be_visible()
    await ada.page.get_by_label("E-mail or user name").fill(ada.name)
    await ada.page.get_by_label("Password").fill(PASSWORD)
    await ada.button("Sign in").click()
    await expect(ada.page.get_by_role("alert")).to_be_visible()
    await expect(bob.page.get_by_label("Language", exact=True)).to_be_enabled()


async def test_member_leaves_session_after_a_second_click(person: NewPerson) -> None:
    ada, bob = await person(), await person()
    bob.expected.append("404")  # bob is not a member until bob has joined
    session_id = await ada.open_new("To be left", access="link")
    await bob.sign_up()
    await bob.go(f"/s/{session_id}")
    await expect(bob.text).to_be_visible()
    await bob.choose("Settings")
    await bob.button("Leave the session").dblclick()
    await expect(bob.button("Really leave")).to_be_visible()
    await bob.page.keyboard.press("Shift+Tab")
    await expect(bob.button("Leave the session")).to_be_visible()

    await bob.button("Leave the session").click()
    await bob.button("Really leave").click()

    await expect(bob.page.get_by_text("No sessions yet")).to_be_visible()
    await ada.choose("Settings")
    await expect(ada.button("Delete the session…")).to_be_visible()
    await expect(ada.button("Leave the session")).to_have_count(0)


async def test_session_ends_after_a_question_and_opens_again(person: NewPerson) -> None:
    ada = await person()
    await ada.open_new("To be ended")
    await ada.choose("End session…")
    await ada.check_access()
    await ada.button("Cancel").click()
    await expect(ada.page.get_by_role("dialog")).to_have_count(0)
    await expect(ada.page.get_by_text("This session has ended.")).to_have_count(0)

    await ada.choose("End session…")
    await ada.button("End session").click()

    await expect(ada.page.get_by_text("This session has ended.")).to_be_visible()
    await expect(ada.button("More")).to_be_focused()
    await ada.choose("Open the session again…")
    await ada.button("Open the session again").click()
    await expect(ada.page.get_by_text("This session has ended.")).to_have_count(0)


async def check_asked(someone: Someone, *texts: str) -> None:
    """Check the texts about the session next to a page's form, and axe in both themes."""
    for text in texts:
        await expect(someone.page.get_by_label("The session")).to_contain_text(text)
    for theme in ("light", "dark"):
        await someone.page.emulate_media(color_scheme=theme)
        await someone.check_access()


async def test_link_of_session_shows_its_owner_to_strangers(person: NewPerson) -> None:
    """A session that anyone with the link may join shows its owner and title to strangers.

    A session by invite only tells them to ask for an invite link, and shows nothing else.
    """
    ada, gil = await person(), await person()
    gil.expected.append("404")
    opened = await ada.open_new("Pairing", access="link")
    closed = await ada.create("Secret plans", access="invite")

    await gil.go(f"/s/{opened}")
    await check_asked(gil, f"A session of {ada.name}", "Pairing", "JavaScript", "edit with")
    await gil.page.get_by_role("main").get_by_role("link", name="Create account").click()
    await check_asked(gil, "Pairing")
    await gil.go(f"/s/{closed}")
    await check_asked(gil, "ask the person who sent the link for an invite link")
    await expect(gil.page.get_by_text("Secret plans")).to_have_count(0)
    await gil.go("/signin")
    await expect(gil.page.get_by_label("The session")).to_have_count(0)
    await expect(gil.page.get_by_role("heading", name="Write code together.")).to_be_visible()


async def test_owner_hands_session_over_after_a_question(person: NewPerson) -> None:
    """Closing the question changes nothing. The question shows a refusal, which gets the focus."""
    ada, bob = await person(), await person()
    ada.expected.append("409")
    bob.expected.append("404")  # bob is not a member until bob has joined
    session_id = await ada.open_new("To be handed over", access="link")
    await bob.sign_up()
    await bob.go(f"/s/{session_id}")
    await expect(bob.text).to_be_visible()
    await ada.button("People").click()
    role = ada.page.get_by_label(f"Role of {bob.name}")

    await role.focus()
    await role.select_option("owner")
    await expect(ada.page.get_by_role("dialog")).to_contain_text(f"Make {bob.name} the owner?")
    await ada.check_access()
    await ada.page.keyboard.press("Escape")
    await expect(role).to_be_focused()
    await expect(role).to_have_value("editor")

    await role.select_option("owner")
    full = {"status": 409, "json": {"code": "limit_reached", "message": "No storage is left."}}
    await ada.page.route("**/members/*", lambda route: route.fulfill(**full))
    await ada.button("Hand over").click()
    await expect(ada.page.get_by_role("alert")).to_be_focused()
    await ada.page.unroute("**/members/*")
    await ada.button("Hand over").click()

    await expect(ada.page.get_by_role("dialog")).to_have_count(0)
    await expect(role).to_have_count(0)
    await bob.button("People").click()
    await expect(bob.page.get_by_label(f"Role of {ada.name}")).to_be_visible()
