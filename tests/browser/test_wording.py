"""Tests of the wording on screens: whole sentences for people, without names of API fields."""

from playwright.async_api import expect

from handlers.http.api_docs.operations import OPERATIONS
from tests.api import PASSWORD
from tests.browser.conftest import NewPerson


async def test_forms_name_fields_that_were_left_empty(person: NewPerson) -> None:
    """Each form names an empty field in plain words, and never by its name in the API."""
    ada, gil = await person(), await person()
    for someone in (ada, gil):
        someone.expected.append("422|401|409")
    await ada.go("/signin")
    await ada.button("Sign in").click()
    await expect(ada.page.get_by_text("Enter your e-mail or user name.")).to_be_visible()
    await expect(ada.page.get_by_label("E-mail or user name")).to_be_focused()
    await expect(ada.page.get_by_text("Enter your password.")).to_be_visible()
    await ada.page.get_by_label("E-mail or user name").fill("x" * 300)
    await ada.page.get_by_label("Password").fill("some password")
    await ada.button("Sign in").click()
    await expect(ada.page.locator(".wrong")).to_have_text(
        ["E-mail or user name may have at most 254 characters."]
    )
    await ada.open_new("Words")
    await gil.page.goto(await ada.invite("editor"))
    await gil.button("Join as a guest").click()
    await expect(gil.page.locator(".wrong")).to_have_text(["Please enter your name."])


async def test_sign_up_says_what_is_wrong_in_sentences(person: NewPerson) -> None:
    ada, bob = await person(), await person()
    bob.expected.append("422|409")
    await ada.sign_up("ada")
    await bob.go("/signup")
    await bob.page.get_by_label("User name").fill("ADA")
    await bob.page.get_by_label("E-mail").fill("no address")
    await bob.page.get_by_label("Password").fill(PASSWORD)
    await bob.button("Create account").click()
    await expect(bob.page.locator(".wrong")).to_have_text(["Enter a valid e-mail address."])
    await bob.page.get_by_label("E-mail").fill("bob@example.org")
    await bob.button("Create account").click()
    await expect(bob.page.locator(".wrong")).to_have_text(["This user name is taken."])


async def test_role_change_is_announced_with_an_article(person: NewPerson) -> None:
    ada, gil = await person(), await person()
    await ada.open_new("Roles")
    await ada.let_in(gil, "Gil")
    await ada.button("People").last.click()
    await ada.page.get_by_label("Role of Gil").select_option("viewer")
    await expect(ada.page.get_by_test_id("announcer")).to_have_text("Gil is now a viewer")
    await expect(
        gil.page.get_by_text("View only. You can read, chat and follow others.")
    ).to_be_visible()


async def test_dialog_offers_every_form_of_export(person: NewPerson) -> None:
    """The dialog links to each format of export, and the API's description allows it."""
    ada = await person()
    session_id = await ada.open_new("Exports")
    await ada.choose("Export")
    schema = next(
        operation.query for operation in OPERATIONS if operation.path == "/code/{sessionId}/export"
    )
    assert schema
    for name, form in (("Zip file", "zip"), ("Replay", "replay"), ("Git bundle", "git")):
        assert form in schema["format"]["allowed"]
        link = ada.page.get_by_role("dialog").get_by_role("link", name=name)
        query = "" if form == "zip" else f"?format={form}"
        await expect(link).to_have_attribute("href", f"/code/{session_id}/export{query}")
