"""Tests the dialog Share: links that people send to others, and the people who joined by them."""

import re

from playwright.async_api import Locator, Route, ViewportSize, expect

from tests.browser.conftest import NewPerson, Someone

_COPIED = "navigator.clipboard.readText()"
PHONE = ViewportSize(width=390, height=800)


async def owner(person: NewPerson, title: str, *, access: str = "invite") -> tuple[Someone, str]:
    """Return a session's owner, whose page may use the clipboard, and the session's id."""
    ada = await person()
    await ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await ada.sign_up()
    return ada, await ada.create(title, access=access)


async def open_share(someone: Someone) -> Locator:
    await someone.button("Share").click()
    return someone.page.get_by_role("dialog", name="Share this session")


async def test_dialog_shows_link_and_one_key_copies_it(person: NewPerson) -> None:
    """The copy button has the focus, the QR code is shown, and another tab has the same link."""
    ada, session_id = await owner(person, "Given")
    dialog = await open_share(ada)
    link = dialog.get_by_label("Link for editors")
    await expect(link).to_have_value(re.compile("^http.*/join/"))
    await expect(ada.button("Copy link")).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_test_id("announcer")).to_have_text("The link is copied")
    url = await link.input_value()
    assert await ada.page.evaluate(_COPIED) == url
    await expect(dialog.get_by_role("img", name="QR code of the link")).to_be_visible()
    await expect(dialog).to_contain_text("Anyone with this link can edit, also without an account.")
    await ada.check_access()

    ada.page = await ada.context.new_page()
    await ada.go(f"/s/{session_id}")
    dialog = await open_share(ada)
    await expect(dialog.get_by_label("Link for editors")).to_have_value(url)
    await expect(dialog.get_by_role("listitem")).to_have_count(1)


async def test_another_link_has_its_own_role_and_number_of_people(person: NewPerson) -> None:
    """A new link is copied immediately. From the list it can be copied again or revoked."""
    ada, _session_id = await owner(person, "Links")
    dialog = await open_share(ada)
    await expect(dialog.get_by_role("listitem")).to_have_count(1)
    await dialog.get_by_label("Role").select_option("viewer")
    await dialog.get_by_label("How many people").select_option("5")
    await ada.button("Create link").click()
    await expect(ada.page.get_by_test_id("announcer")).to_have_text("The link is copied")
    url = await dialog.get_by_label("Link for viewers").input_value()
    assert await ada.page.evaluate(_COPIED) == url
    await expect(dialog).to_contain_text("The first 5 people with this link can view and chat")
    row = dialog.get_by_role("listitem").filter(has_text="Viewers")
    await expect(row).to_contain_text(re.compile(r"^Viewers · 0 of 5 joined · expires \d+ [A-Z]"))

    await ada.page.reload()
    await ada.page.evaluate("navigator.clipboard.writeText('other')")
    await open_share(ada)
    await expect(dialog.get_by_label("Link for editors")).to_have_value(re.compile("/join/"))
    await row.get_by_role("button", name="Copy").click()
    await expect(dialog.get_by_label("Link for viewers")).to_have_value(url)
    assert await ada.page.evaluate(_COPIED) == url
    await row.get_by_role("button", name="Revoke").click()
    await expect(row).to_have_count(0)
    await expect(dialog.get_by_label("Link for viewers")).to_have_count(0)


async def test_active_links_name_people_who_joined_by_them(person: NewPerson) -> None:
    """Another browser of the owner shows these names, too, but cannot copy the link again."""
    ada, session_id = await owner(person, "Who")
    gil = await person()
    await gil.enter_as_guest(await ada.invite("viewer"), "Gil")
    dialog = await open_share(ada)
    row = dialog.get_by_role("listitem").filter(has_text="Viewers")
    await expect(row).to_contain_text("1 joined")
    await expect(row).to_contain_text("Gil (guest)")

    await ada.page.evaluate(
        "Object.keys(localStorage).filter(key => key.startsWith('link:'))"
        ".forEach(key => localStorage.removeItem(key))"
    )
    await ada.go(f"/s/{session_id}")
    await open_share(ada)
    await expect(row).to_contain_text("Only the browser that created it can copy it again.")
    await expect(row.get_by_role("button", name="Copy")).to_have_count(0)


async def test_member_sees_address_and_the_people_it_admits(person: NewPerson) -> None:
    """Other people who open the address are told to ask for an invite link."""
    ada, session_id = await owner(person, "Members")
    gil, eve = await person(), await person()
    eve.expected.append("404")
    await gil.enter_as_guest(await ada.invite("editor"), "Gil")
    dialog = await open_share(gil)
    await expect(dialog.get_by_label("Address of this session")).to_have_value(
        f"{gil.url}/s/{session_id}"
    )
    await expect(dialog).to_contain_text("It opens the session for its members only.")
    await expect(dialog).to_contain_text(f"Only the owner, {ada.name}, can create links")
    await gil.check_access()

    await eve.sign_up()
    await eve.go(f"/s/{session_id}")
    await expect(eve.page.get_by_role("alert")).to_contain_text("ask them for an invite link")


async def test_address_of_an_open_session_lets_in_people_with_an_account(person: NewPerson) -> None:
    """The owner copies the address. A person without an account joins after signing up."""
    ada, session_id = await owner(person, "Open", access="link")
    dialog = await open_share(ada)
    await expect(dialog).to_contain_text("Anyone with an account who opens it joins as an editor.")
    await ada.button("Copy address").click()
    await expect(ada.page.get_by_test_id("announcer")).to_have_text("The address is copied")
    address = await ada.page.evaluate(_COPIED)
    assert address == f"{ada.url}/s/{session_id}"

    bob = await person()
    bob.expected.append("404")  # bob becomes a member only by joining
    await bob.page.goto(address)
    await expect(bob.page.get_by_role("heading", name="Open")).to_be_visible()
    await bob.page.get_by_role("main").get_by_role("link", name="Create account").click()
    await bob.page.get_by_label("User name").fill("bob")
    await bob.page.get_by_label("E-mail").fill("bob@example.org")
    await bob.page.get_by_label("Password").fill("correct horse battery")
    await bob.button("Create account").click()
    await expect(bob.text).to_be_visible()


async def test_dialog_fits_a_phone(person: NewPerson) -> None:
    ada, _session_id = await owner(person, "Phone")
    await ada.page.set_viewport_size(PHONE)
    dialog = await open_share(ada)
    await expect(dialog.get_by_label("Link for editors")).to_have_value(re.compile("/join/"))
    width = "document.querySelector('dialog').scrollWidth <= innerWidth"
    assert await ada.page.evaluate(width)
    await ada.check_access()


async def test_refused_link_says_why(person: NewPerson) -> None:
    """The dialog still shows the address of the page and the list of links."""
    ada, _session_id = await owner(person, "Refused")
    ada.expected.append("409")

    async def refuse(route: Route) -> None:
        if route.request.method == "GET":
            await route.fallback()
        else:
            await route.fulfill(status=409, json={"code": "x", "message": "There is no room."})

    await ada.page.route("**/invites*", refuse)
    dialog = await open_share(ada)
    await expect(dialog.get_by_role("alert")).to_have_text("There is no room.")
    await expect(ada.button("Copy link")).to_have_count(0)
    await expect(ada.button("Copy address")).to_be_visible()
