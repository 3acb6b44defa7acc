"""Tests of the start page of a signed-in user: its cards, and how to find and rename a session."""

from playwright.async_api import expect

from tests.api import Api
from tests.browser.conftest import NewPerson, Someone
from tests.narrowing import required


async def api_of(someone: Someone, api: Api) -> Api:
    """Return a client that is signed in as this person."""
    token = next(
        cookie["value"]
        for cookie in await someone.context.cookies()
        if cookie["name"] == "accessToken"
    )
    return Api(api.url, token)


async def test_sessions_are_found_filtered_and_sorted(person: NewPerson, api: Api) -> None:
    """The search looks in titles and languages; the page says how many sessions it shows."""
    ada, bob = await person(), await person()
    await bob.sign_up()
    theirs = await (await api_of(bob, api)).new_session(title="Of Bob", access="link")
    await ada.sign_up()
    client = await api_of(ada, api)
    for title, language in (("Week 2", "python"), ("Week 10", "java")):
        await client.new_session(title=title, language=language)
    await client.post(f"/session/{theirs}/join")
    await ada.go("/")
    titles = ada.page.locator(".session-title")
    await expect(titles).to_have_count(3)

    await ada.page.get_by_label("Order").select_option("Title")
    await expect(titles).to_have_text(["Of Bob", "Week 2", "Week 10"])
    await ada.page.get_by_label("Search sessions").fill("python week")
    await expect(titles).to_have_text(["Week 2"])
    await expect(ada.page.get_by_text("1 of 3 sessions")).to_be_visible()
    await ada.page.get_by_label("Search sessions").fill("")
    await ada.button("Joined").click()
    await expect(titles).to_have_text(["Of Bob"])
    await ada.button("Mine").click()
    await expect(titles).to_have_text(["Week 2", "Week 10"])
    await ada.check_access()


async def test_card_shows_last_lines_of_code_with_one_request(person: NewPerson, api: Api) -> None:
    """Long lines end at the edge of the card. A session without a version shows none."""
    ada = await person()
    await ada.sign_up()
    client = await api_of(ada, api)
    await client.new_session(title="Empty")
    written = await client.new_session(title="Code", code=f"# first\n{'x' * 200}\na\nb\nc\n")
    assert (await client.post(f"/code/{written}/save")).status == 201
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url.removeprefix(ada.url)))

    await ada.go("/")

    lines = ada.page.locator(".session-lines")
    await expect(lines).to_have_text([f"Last lines: {'x' * 80}\na\nb\nc"])
    boxes = [
        await locator.bounding_box()
        for locator in (lines, ada.page.locator(".session-row", has=lines))
    ]
    inner, outer = map(required, boxes)
    assert inner["x"] + inner["width"] < outer["x"] + outer["width"]
    assert not [path for path in asked if path.startswith("/code/")]
    await ada.check_access()


async def test_owner_renames_session_in_its_card(person: NewPerson, api: Api) -> None:
    """Enter saves the new title, and Escape keeps the old one. The focus stays on the card."""
    ada = await person()
    await ada.sign_up()
    await (await api_of(ada, api)).new_session(title="Before")
    await ada.go("/")
    title = ada.page.locator(".session-title")

    await ada.button("Rename Before").click()
    await ada.page.keyboard.insert_text("After")
    await ada.page.keyboard.press("Enter")
    await expect(title).to_have_text("After")
    await expect(title).to_be_focused()
    await ada.button("Rename After").click()
    await ada.page.keyboard.insert_text("Never")
    await ada.page.keyboard.press("Escape")

    await expect(title).to_have_text("After")
    await ada.page.reload()
    await expect(title).to_have_text("After")
