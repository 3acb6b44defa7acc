"""Tests of screens at widths that people really use: a phone, half a screen, a laptop."""

import asyncio

from playwright.async_api import expect

from tests.browser.conftest import NewPerson, Someone

WIDTHS = (390, 640, 960, 1100, 1280)
HEIGHT = 800


async def check_bar(someone: Someone, width: int) -> None:
    """Check that the bar is one row on the screen and that the page does not scroll sideways."""
    await someone.page.set_viewport_size({"width": width, "height": HEIGHT})
    assert await someone.page.evaluate("document.documentElement.scrollWidth") <= width
    outside = await someone.page.evaluate(
        """([width, height]) => [...document.querySelectorAll(".bar a, .bar button, .bar select")]
            .filter((one) => one.checkVisibility())
            .map((one) => [one.textContent, one.getBoundingClientRect()])
            .filter(([, box]) => box.left < 0 || box.right > width || box.bottom > height)
            .map(([text, { right }]) => [text, right])""",
        [width, HEIGHT],
    )
    assert outside == [], width
    bar = await someone.page.locator(".bar").bounding_box()
    assert bar
    assert bar["height"] <= 50, width


async def test_bar_of_session_fits_every_width(person: NewPerson) -> None:
    """The bar fits with several people in it, unread messages and a long title."""
    ada, *guests = [await person() for _ in range(5)]
    await ada.open_new("A rather long title of a session, " * 3)
    address = await ada.invite("editor")
    await asyncio.gather(
        *(guest.enter_as_guest(address, f"Guest {at}") for at, guest in enumerate(guests))
    )
    await expect(ada.page.locator(".people-here .avatar")).to_have_count(4)
    await ada.button("Close the panel").click()
    await guests[0].page.get_by_role("textbox", name="Message").fill("hello")
    await guests[0].page.keyboard.press("Enter")
    await expect(ada.page.get_by_test_id("unread")).to_be_visible()
    for width in WIDTHS:
        await check_bar(ada, width)
        await check_bar(guests[0], width)


async def test_search_does_not_cover_panels_on_a_phone(person: NewPerson) -> None:
    """The chat, the people and the files are in front of the search of the text."""
    ada = await person()
    await ada.open_new("Phone")
    await ada.page.set_viewport_size({"width": 390, "height": HEIGHT})
    await ada.text.focus()
    await ada.page.keyboard.press("Control+f")
    search = ada.page.locator(".cm-search")
    await expect(search).to_be_visible()
    box = await search.bounding_box()
    assert box
    place = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    for name, panel in (("Chat", ".side"), ("People", ".side"), ("Files", ".files")):
        button = ada.page.get_by_role("group", name="Panels").get_by_role("button", name=name)
        if await button.get_attribute("aria-expanded") == "false":
            await button.click()
        await expect(ada.page.locator(panel)).to_be_visible()
        front = await ada.page.evaluate(
            "([x, y, panel]) => !!document.elementFromPoint(x, y)?.closest(panel)", [*place, panel]
        )
        assert front, name


async def test_initials_of_people_are_not_cut_off(person: NewPerson) -> None:
    """Avatars that overlap do not cover each other's letters."""
    ada, *guests = [await person() for _ in range(3)]
    await ada.open_new("Initials", name="Ben Mustermann")
    address = await ada.invite("editor")
    await asyncio.gather(
        *(guest.enter_as_guest(address, f"Mia Wimmer {at}") for at, guest in enumerate(guests))
    )
    cut = """place => {
        const people = [...document.querySelectorAll(`${place} .avatar`)]
        return people.length < 2 || people.slice(1).some((one, at) => {
            const letters = document.createRange()
            letters.selectNodeContents(people[at])
            return letters.getBoundingClientRect().right > one.getBoundingClientRect().left - 2
        })
    }"""
    await expect(ada.page.locator(".people-here .avatar")).to_have_count(2)
    assert not await ada.page.evaluate(cut, ".people-here")
    await ada.go("/")
    await expect(ada.page.locator(".session-people .avatar")).to_have_count(3)
    assert not await ada.page.evaluate(cut, ".session-people")


async def test_versions_stand_side_by_side_where_both_have_room(person: NewPerson) -> None:
    """The layout also changes when the window is resized after the page has loaded.

    The room next to the list of versions decides, not the window's width.
    """
    ada = await person()
    session_id = await ada.open_new("Compare")
    for text in ("one\n", "two\n"):
        await ada.type(text)
        await ada.until_saved()
        await ada.save(text.strip())
    await ada.go(f"/s/{session_id}/versions")
    await expect(ada.page.locator(".pair .cm-editor")).to_have_count(2)

    for width, editors in ((960, 1), (1280, 2), (390, 1), (800, 2)):
        await ada.page.set_viewport_size({"width": width, "height": 800})

        await expect(ada.page.locator(".pair .cm-editor"), f"{width} px").to_have_count(editors)
        await expect(ada.page.locator(".pair").get_by_text("two").first).to_be_visible()


async def test_versions_are_compared_with_the_one_before(person: NewPerson) -> None:
    """By default, a version is compared with the one before it, and the first with the live text.

    A user may choose another version. If they then open that one, the page returns to the default.
    """
    ada = await person()
    session_id = await ada.open_new("Compare")
    for number in (1, 2, 3):
        await ada.type(f"line {number}\n")
        await ada.until_saved()
        await ada.save(f"label {number}")
    await ada.go(f"/s/{session_id}/versions")
    against = ada.page.get_by_role("combobox", name="Compare version")
    await expect(against).to_have_value("2")
    await expect(ada.page.locator(".cm-changedLine", has_text="line 3")).to_be_visible()

    await against.select_option("1")
    await ada.page.get_by_role("button", name="Version 1").click()

    await expect(against).to_have_value("live")
    await ada.page.get_by_role("button", name="Version 2").click()
    await expect(against).to_have_value("1")
    await against.select_option("none")
    await expect(ada.page.get_by_text("no difference")).to_have_count(0)


async def test_drawings_of_replay_have_the_scale_of_its_slider(person: NewPerson) -> None:
    """Each drawing has the slider's scale at every width.

    The replay also shows the legend of colours, the carets and the chat.
    """
    ada, gil = await person(), await person(reduced_motion="reduce")
    session_id = await ada.open_new("Lanes")
    await ada.let_in(gil, "Gil with a rather long name")
    for someone in (ada, gil):
        await someone.type(f"by {someone.name} ")
        await someone.until_saved()
    await ada.save("labelled")
    await gil.page.get_by_role("textbox", name="Message").fill("said at the end")
    await gil.page.keyboard.press("Enter")
    await expect(ada.page.locator(".message")).to_contain_text("said at the end")
    await gil.go(f"/s/{session_id}/replay")
    await expect(gil.page.locator(".track")).to_have_count(2)
    for width in WIDTHS:
        await gil.page.set_viewport_size({"width": width, "height": 800})
        places = await gil.page.evaluate(
            """[...document.querySelectorAll(".scrub input, .marks, .track > svg")]
                .map((one) => one.getBoundingClientRect())
                .map(({ left, right }) => [left, right])"""
        )
        _marks, (left, right), *_tracks = places
        drawings = [place for place in places if place != [left, right]]
        assert len(drawings) == len(places) - 1
        assert all(
            abs(start - left - 8) < 1 and abs(right - 8 - end) < 1 for start, end in drawings
        ), (width, places)
    await expect(gil.page.get_by_label("Colours of the marks")).to_contain_text("saved version")
    await expect(gil.page.locator(".marks title", has_text="labelled")).to_have_count(1)
    await expect(gil.page.get_by_label("Chat at this moment")).to_contain_text("said at the end")
    await gil.page.get_by_role("slider", name="Moment").fill("1")
    await expect(gil.page.get_by_label("Chat at this moment")).to_contain_text("Nothing was said")
    await expect(gil.page.locator(".cm-remote-flag")).to_have_attribute("data-name", ada.name)
    await gil.check_access()
