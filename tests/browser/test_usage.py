"""Tests of a user's storage on the profile page, and of the deletion of a session by its owner."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from tests.api import Api
from tests.browser.conftest import NewPerson, Someone
from tests.waiting import until

GIB = 1 << 30
STATES: dict[str, tuple[int, int, list[str], str]] = {
    # (used bytes, sessions, the texts of both lines, the beginning of the warning)
    "nothing": (0, 0, ["0 bytes of 2 GiB", "0 of 2,000 sessions"], ""),
    "some": (GIB * 6 // 5 + 1, 34, ["1.2 GiB of 2 GiB", "34 of 2,000 sessions"], ""),
    "below": (GIB * 179 // 100, 1_799, ["1.7 GiB of 2 GiB", "1,799 of 2,000 sessions"], ""),
    "nearly full": (
        GIB * 19 // 10 + 1,
        34,
        ["1.9 GiB of 2 GiB", "34 of 2,000 sessions"],
        "Your storage is nearly full.",
    ),
    "full": (2 * GIB, 34, ["2 GiB of 2 GiB", "34 of 2,000 sessions"], "Your storage is full."),
    "many": (
        GIB,
        1_800,
        ["1 GiB of 2 GiB", "1,800 of 2,000 sessions"],
        "You have nearly as many sessions",
    ),
    "too many": (
        GIB,
        2_000,
        ["1 GiB of 2 GiB", "2,000 of 2,000 sessions"],
        "You have as many sessions",
    ),
}


def storage(someone: Someone) -> Locator:
    return someone.page.locator("section[aria-labelledby=storage]")


async def top_of_next(someone: Someone) -> float:
    """Return where on the page the section below the storage begins, in CSS pixels."""
    below = someone.page.locator("section[aria-labelledby=logins]")
    return await below.evaluate("section => section.getBoundingClientRect().top + scrollY")


async def api_of(someone: Someone, api: Api) -> Api:
    """Return an API client that uses this person's access token."""
    [token] = [
        cookie["value"]
        for cookie in await someone.context.cookies()
        if cookie["name"] == "accessToken"
    ]
    return Api(api.url, token)


def answered(usage: dict[str, Any]) -> Any:
    async def answer(route: Route) -> None:
        await route.fulfill(json=usage)

    return answer


async def fits(someone: Someone, shown: Locator) -> None:
    """Check at three widths that nothing is cut off, and axe in both themes."""
    for width in (390, 768, 1280):
        await someone.page.set_viewport_size({"width": width, "height": 800})
        box = await shown.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert await someone.page.evaluate("document.documentElement.scrollWidth") <= width
        for theme in ("light", "dark"):
            await someone.page.emulate_media(color_scheme=theme)
            await expect(someone.page.locator("html")).to_have_attribute("data-theme", theme)
            await someone.check_access()
    await someone.page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.parametrize("state", STATES)
async def test_profile_shows_usage_and_warns_from_nine_tenths_on(
    person: NewPerson, state: str
) -> None:
    """The profile shows both figures with their limits.

    From nine tenths on, a warning says what is refused and how to make room.
    """
    used, sessions, lines, warning = STATES[state]
    ada = await person(reduced_motion="reduce")
    await ada.sign_up()
    usage = {
        "bytes": used,
        "maxBytes": 2 * GIB,
        "sessions": sessions,
        "maxSessions": 2_000,
        "isNearlyFull": False,
    }
    await ada.page.route("**/user/usage", answered(usage))

    await ada.go("/profile")

    await expect(storage(ada).locator(".gauges > div")).to_have_text(lines)
    warned = storage(ada).get_by_role("status")
    await expect(warned).to_have_count(1 if warning else 0)
    if warning:
        await expect(warned).to_contain_text(warning)
        await expect(warned).to_contain_text("delete sessions that you do not need")
    if warning:
        await fits(ada, storage(ada))
        await warned.get_by_role("link", name="sessions").click()
        await expect(ada.page.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()


async def test_usage_keeps_its_height_while_it_loads_or_fails(person: NewPerson) -> None:
    """The section has the same height while it loads, shows an error, or shows the figures."""
    ada = await person()
    ada.expected.append("503")
    await ada.sign_up()
    waiting: asyncio.Queue[Route] = asyncio.Queue()
    await ada.page.route("**/user/usage", waiting.put)
    await ada.go("/profile")
    await expect(ada.button("Sign out there")).to_have_count(0)
    await expect(storage(ada).get_by_role("status")).to_contain_text("Loading…")
    tops = [await top_of_next(ada)]

    first = await waiting.get()
    await first.fulfill(
        status=503, json={"code": "unavailable", "message": "The store cannot be used now."}
    )
    await expect(storage(ada).get_by_role("alert")).to_have_text(
        "The store cannot be used now. Try again"
    )
    tops.append(await top_of_next(ada))
    await fits(ada, storage(ada))
    await ada.button("Try again").click()
    await expect(storage(ada).get_by_role("status")).to_contain_text("Loading…")
    tops.append(await top_of_next(ada))
    await (await waiting.get()).continue_()
    await expect(storage(ada)).to_contain_text("0 bytes of 2 GiB")
    tops.append(await top_of_next(ada))

    assert len(set(tops)) == 1, tops


async def test_owner_deletes_session_from_the_list(person: NewPerson, api: Api) -> None:
    """The dialog names the session. After the deletion it is gone from the list and the usage.

    The focus moves to the next session.
    """
    ada, gil = await person(), await person()
    await ada.sign_up()
    signed_in = await api_of(ada, api)
    kept_id = await signed_in.new_session(title="To keep")
    session_id = await ada.create("To delete", starter=True)
    await ada.let_in(gil, "Gil")
    await ada.until_saved()
    await ada.go("/")

    await ada.button("Delete To delete").focus()
    await ada.page.keyboard.press("Enter")
    dialog = ada.page.get_by_role("dialog", name="Delete “To delete”?")
    await expect(dialog).to_have_accessible_description(
        re.compile("text, its versions and its chat .* for good")
    )
    await expect(dialog).to_contain_text("for the other member")
    await expect(dialog.get_by_role("link", name="download everything")).to_have_attribute(
        "href", f"/code/{session_id}/export"
    )
    await fits(ada, dialog)
    await ada.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(ada.button("Delete To delete")).to_be_focused()
    assert (await signed_in.get(f"/session/{session_id}")).status == 200

    await ada.page.keyboard.press("Enter")
    await dialog.get_by_role("button", name="Delete for good").click()

    await expect(ada.page.locator(".session-title")).to_have_text(["To keep"])
    await expect(ada.page.locator(".session-title")).to_be_focused()
    await expect(ada.page.get_by_test_id("announcer")).to_have_text("“To delete” is deleted")
    await expect(gil.page.get_by_role("alert")).to_contain_text("The session was deleted.")
    await expect(gil.text).to_have_attribute("contenteditable", "false")
    assert (await signed_in.get(f"/session/{session_id}")).status == 404
    assert (await signed_in.get(f"/session/{kept_id}")).status == 200
    await ada.go("/profile")
    await expect(storage(ada)).to_contain_text("1 of 2,000 sessions")


async def test_owner_deletes_session_from_its_settings(person: NewPerson) -> None:
    """The deletion leads back to the list, and this browser keeps nothing of the session."""
    ada = await person()
    session_id = await ada.open_new("Inside")
    await ada.type("a secret")
    await ada.until_saved()
    await ada.choose("Settings")
    await ada.button("Delete the session…").click()
    await (
        ada.page.get_by_role("dialog", name="Delete “Inside”?")
        .get_by_role("button", name="Cancel")
        .click()
    )
    await expect(ada.page.get_by_role("dialog")).to_have_count(0)
    await expect(ada.button("More")).to_be_focused()

    await ada.choose("Settings")
    await ada.button("Delete the session…").click()
    await ada.button("Delete for good").click()

    await expect(ada.page.get_by_text("No sessions yet")).to_be_visible()
    await until(
        lambda: ada.page.evaluate(
            "indexedDB.databases().then(all => all.map(one => one.name).join())"
        ),
        lambda names: session_id not in names,
    )
    await ada.go("/profile")
    await expect(storage(ada)).to_contain_text("0 of 2,000 sessions")


async def test_deletion_that_fails_says_why_and_can_be_tried_again(
    person: NewPerson, api: Api
) -> None:
    """The dialog shows the error. A session that is already deleted leaves the list."""
    ada = await person()
    ada.expected.append("404|ERR_FAILED")
    await ada.sign_up()
    signed_in = await api_of(ada, api)
    session_id = await signed_in.new_session(title="Twice")
    await ada.go("/")
    await ada.button("Delete Twice").click()
    dialog = ada.page.get_by_role("dialog")

    await ada.page.route(f"**/session/{session_id}", lambda route: route.abort())
    await dialog.get_by_role("button", name="Delete for good").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    await expect(dialog.get_by_role("button", name="Delete for good")).to_be_focused()
    await fits(ada, dialog)
    await ada.page.unroute_all()
    await signed_in.request("DELETE", f"/session/{session_id}")
    await dialog.get_by_role("button", name="Delete for good").click()
    await expect(dialog.get_by_role("alert")).not_to_contain_text("The server cannot be reached.")
    await dialog.get_by_role("button", name="Cancel").click()

    await expect(ada.page.get_by_text("No sessions yet")).to_be_visible()


async def test_only_the_owner_is_offered_to_delete(person: NewPerson, api: Api) -> None:
    """Other members find no button to delete, neither in the list nor in the settings."""
    ada, bob = await person(), await person()
    session_id = await ada.open_new("Hers", access="link")
    await bob.sign_up()
    await (await api_of(bob, api)).post(f"/session/{session_id}/join")

    await bob.go("/")
    await expect(bob.page.locator(".session-row")).to_contain_text("Hers")
    await expect(bob.page.get_by_role("button", name=re.compile("^Delete"))).to_have_count(0)
    await bob.go(f"/s/{session_id}")
    await bob.choose("Settings")
    await expect(bob.page.get_by_role("dialog")).to_be_visible()
    await expect(bob.page.get_by_role("button", name=re.compile("^Delete"))).to_have_count(0)
