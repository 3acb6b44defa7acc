"""Tests a forgotten password and a changed e-mail address in the browser, by keyboard."""

import re

import pytest
from playwright.async_api import expect

from tests.api import PASSWORD, Api
from tests.browser.conftest import NewPerson, Someone
from tests.postbox import Postbox

NEW = "several random words"


@pytest.fixture
async def api(postbox: Postbox, start_server) -> Api:
    """A client of a server that sends mails, with an account of Ada's; `person` uses it too."""
    server = await start_server(**postbox.settings)
    api = Api(server.url)
    await api.sign_up("ada")
    return api


async def ask_for_link(someone: Someone, email: str = "ada@example.org") -> None:
    await someone.go("/signin")
    await someone.page.get_by_role("link", name="Forgot password?").click()
    await expect(someone.page.get_by_label("E-mail")).to_be_focused()
    await someone.page.keyboard.type(email)
    await someone.page.keyboard.press("Enter")


async def test_forgotten_password_is_replaced_by_keyboard(
    person: NewPerson, postbox: Postbox
) -> None:
    """The focus is always on the next field or message.

    The user can sign in with the new password.
    """
    ada = await person()
    await ask_for_link(ada)
    said = ada.page.get_by_text(re.compile("If there is an account with ada@example.org"))
    await expect(said).to_be_focused()
    await ada.check_access()

    await ada.go(f"/reset#{await postbox.token()}")
    await expect(ada.page.get_by_label("New password")).to_be_focused()
    await ada.check_access()
    await ada.page.keyboard.type(NEW)
    await ada.page.keyboard.press("Enter")

    await expect(ada.page.get_by_text("Your password is changed.").first).to_be_visible()
    await expect(ada.page).to_have_url(f"{ada.url}/signin")
    await expect(ada.page.get_by_label("E-mail or user name")).to_be_focused()
    await ada.page.keyboard.type("ada")
    await ada.page.keyboard.press("Tab")
    await ada.page.keyboard.type(NEW)
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()


async def test_used_or_cut_link_leads_to_new_one(
    person: NewPerson, postbox: Postbox, api: Api
) -> None:
    """The page says what is wrong with the link, and what to do."""
    ada = await person()
    ada.expected.append("404")
    await api.post("/user/password/forgot", {"email": "ada@example.org"})
    token = await postbox.token()
    used = {"token": token, "newPassword": NEW}
    assert (await api.post("/user/password/reset", used)).status == 200

    await ada.go(f"/reset#{token}")
    await ada.page.get_by_label("New password").fill("other random words")
    await ada.button("Change the password").click()
    alert = ada.page.get_by_role("alert")
    await expect(alert).to_have_text("This link was used already, or has expired.")
    await expect(alert).to_be_focused()
    await ada.check_access()
    await ada.page.get_by_role("link", name="Ask for a new link").click()
    await expect(ada.page.get_by_label("E-mail")).to_be_focused()

    await ada.go("/reset")
    await expect(alert).to_have_text(re.compile("This link is not complete"))
    await ada.check_access()


async def test_weak_password_is_refused_at_its_field(
    person: NewPerson, postbox: Postbox, api: Api
) -> None:
    """The link stays valid, and the field has the focus."""
    ada = await person()
    ada.expected.append("422")
    await api.post("/user/password/forgot", {"email": "ada@example.org"})
    await ada.go(f"/reset#{await postbox.token()}")
    field = ada.page.get_by_label("New password")
    for text, words in (
        ("", "New password must have at least 10 characters."),
        ("ada@example.org", "New password may not be your name or e-mail address."),
    ):
        await field.fill(text)
        await ada.button("Change the password").click()
        await expect(ada.page.get_by_text(words)).to_be_visible()
        await expect(field).to_be_focused()
    await ada.check_access()

    await field.fill(NEW)
    await ada.page.keyboard.press("Enter")
    await expect(ada.page).to_have_url(f"{ada.url}/signin")


async def test_reset_in_browser_that_is_signed_in_asks_to_sign_in_again(
    person: NewPerson, postbox: Postbox, api: Api
) -> None:
    """The login of this browser ends, too. After the sign-in, the earlier page is shown."""
    ada = await person()
    await ada.sign_up("countess")
    email = await ada.page.evaluate("fetch('/user/me').then(a => a.json()).then(u => u.email)")
    await api.post("/user/password/forgot", {"email": email})
    await ada.go(f"/reset#{await postbox.token()}")
    await ada.page.get_by_label("New password").fill(NEW)
    await ada.page.keyboard.press("Enter")

    await expect(ada.button("Sign in")).to_be_visible()
    await ada.page.get_by_label("E-mail or user name").fill("countess")
    await ada.page.get_by_label("Password").fill(NEW)
    await ada.button("Sign in").click()
    await expect(ada.page.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()


async def test_sign_in_after_forgotten_password_leads_to_requested_page(
    person: NewPerson, postbox: Postbox
) -> None:
    """After the sign-in, the session is shown whose link was opened first."""
    ada = await person()
    await ada.go("/developers?session=x")
    await ada.go("/signin?next=%2Fprofile")
    await ada.page.get_by_role("link", name="Forgot password?").click()
    await ada.page.get_by_role("link", name="Back to sign in").click()
    await ada.page.get_by_label("E-mail or user name").fill("ada")
    await ada.page.get_by_label("Password").fill(PASSWORD)
    await ada.button("Sign in").click()

    await expect(ada.page.get_by_role("heading", name="Delete account")).to_be_visible()


async def test_email_is_changed_with_password(
    person: NewPerson, postbox: Postbox, api: Api
) -> None:
    """Errors about a used address or a wrong password are shown at their fields."""
    ada = await person()
    ada.expected.append("409|422")
    await ada.sign_up("countess")
    await ada.go("/profile")
    form = ada.page.locator("form").filter(has=ada.button("Change the e-mail address"))
    email, password = form.get_by_label("E-mail address"), form.get_by_label("Your password")
    for typed, secret, words in (
        ("new@example.org", "not the password", "Your password is wrong."),
        ("ADA@example.org", "correct horse battery", "This e-mail address is taken."),
    ):
        await email.fill(typed)
        await password.fill(secret)
        await password.press("Enter")
        await expect(form.get_by_text(words)).to_be_visible()
    await expect(email).to_be_focused()
    await ada.check_access()

    await email.fill("new@example.org")
    await password.fill("correct horse battery")
    await password.press("Enter")

    await expect(ada.page.locator("p.meta")).to_have_text("new@example.org")
    await expect(email).to_have_value("new@example.org")
    await expect(password).to_have_value("")
    assert "new@example.org" in (await postbox.mail()).get_content()
