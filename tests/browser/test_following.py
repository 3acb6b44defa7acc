"""Tests of following another person: into new files, and until the follower acts."""

from playwright.async_api import Locator, expect

from tests.browser.conftest import NewPerson, Someone


async def following(person: NewPerson) -> tuple[Someone, Someone]:
    """Return the owner of a long text, and a guest who follows them."""
    ada, gil = await person(), await person()
    await ada.open_new("Follow")
    await ada.type("\n".join(f"line {number}" for number in range(300)))
    await ada.let_in(gil, "Gil")
    await expect(gil.page.get_by_text("line 0", exact=True)).to_be_visible()
    await follow(ada, gil)
    return ada, gil


async def follow(ada: Someone, gil: Someone) -> None:
    if await gil.page.locator(".side").get_by_role("heading", name="People").count() == 0:
        await gil.button("People").first.click()
    await gil.button(f"Follow {ada.name}").click()
    await expect(banner(ada, gil)).to_be_visible()


def banner(ada: Someone, gil: Someone) -> Locator:
    return gil.page.get_by_text(f"Following {ada.name}.")


async def test_follower_sees_the_followed_person_in_a_new_file_and_back(person: NewPerson) -> None:
    ada, gil = await following(person)

    await ada.button("Add a file").click()
    await ada.page.keyboard.type("notes.md")
    await ada.page.keyboard.press("Enter")
    await expect(ada.text).to_be_focused()
    await ada.page.keyboard.insert_text("text of notes.md")

    await expect(gil.page.get_by_role("tab", name="notes.md")).to_have_attribute(
        "aria-selected", "true"
    )
    await expect(gil.text).to_have_text("text of notes.md")
    await ada.page.get_by_role("tab").first.click()
    await expect(gil.page.get_by_role("tab").first).to_have_attribute("aria-selected", "true")
    await expect(banner(ada, gil)).to_be_visible()


async def _types(gil: Someone) -> None:
    await gil.text.focus()
    await gil.page.keyboard.type("x")


async def _moves(gil: Someone) -> None:
    await gil.text.focus()
    await gil.page.keyboard.press("PageDown")


async def _scrolls(gil: Someone) -> None:
    await gil.text.hover()
    await gil.page.mouse.wheel(0, 400)


async def _presses_escape(gil: Someone) -> None:
    await gil.page.get_by_role("heading", name="Follow", exact=True).click()
    await gil.page.keyboard.press("Escape")


async def _chooses_a_file(gil: Someone) -> None:
    await gil.page.keyboard.press("Alt+1")


async def _closes_the_file(gil: Someone) -> None:
    await gil.page.get_by_role("tab").first.locator(".tab-close").click()


STEPS = (_types, _moves, _scrolls, _presses_escape, _chooses_a_file, _closes_the_file)


async def test_own_step_ends_following(person: NewPerson) -> None:
    """Each of the steps ends it. In between, the follower follows again."""
    ada, gil = await following(person)

    for step in STEPS:
        await step(gil)

        await expect(banner(ada, gil), step.__name__).to_have_count(0)
        await expect(gil.page.locator(".side")).to_be_visible()
        if step != STEPS[-1]:
            await follow(ada, gil)


async def test_copying_and_looking_at_people_does_not_end_following(person: NewPerson) -> None:
    ada, gil = await following(person)
    await gil.text.focus()
    await gil.page.keyboard.press("Control+c")
    await gil.page.keyboard.press("Alt+c")
    await expect(gil.page.get_by_label("Message", exact=True)).to_be_focused()
    await gil.page.keyboard.type("I see it")
    await gil.page.keyboard.press("Enter")

    await expect(banner(ada, gil)).to_be_visible()


async def test_own_second_tab_is_not_another_person(person: NewPerson) -> None:
    """The user's second tab cannot be followed and is not announced.

    Its cursor is labelled "You, in another tab".
    """
    ada = await person()
    session_id = await ada.open_new("Two tabs")
    await ada.type("first tab")
    tab = await ada.context.new_page()
    await tab.goto(f"{ada.url}/s/{session_id}")
    await expect(tab.locator(".cm-content")).to_have_text("first tab")
    await tab.locator(".cm-content").click()

    flag = ada.page.locator(".cm-remote-flag")
    await expect(flag).to_have_attribute("data-name", "You, in another tab")
    await expect(ada.page.locator(".people-here")).to_contain_text("Only you")
    await ada.button("People").click()
    member = ada.page.locator(".member")
    await expect(member).to_contain_text("also in another tab")
    await expect(member.get_by_role("button")).to_have_count(0)
    await expect(ada.page.get_by_test_id("announcer")).not_to_contain_text("joined")


async def test_names_at_cursors_hide_no_text(person: NewPerson) -> None:
    """A cursor's name is shown after the end of its line.

    This holds even when the cursor is in the middle of that line.
    """
    ada, gil = await person(reduced_motion="reduce"), await person()
    await ada.open_new("Flags")
    await ada.let_in(gil, "Gil")
    await ada.type("above it all, a long line of text\nhere, another long line of text\nbelow")
    await expect(gil.text).to_contain_text("below")
    for key in ("Control+Home", "ArrowDown", "ArrowRight", "ArrowRight"):
        await gil.text.press(key)

    flag = ada.page.locator(".cm-remote-flag")
    await expect(flag).to_have_attribute("data-name", "Gil")
    await expect(ada.page.locator(".cm-line", has=flag)).to_contain_text("here, another")
    ends = await ada.page.evaluate(
        """() => {
            const flag = document.querySelector(".cm-remote-flag")
            const line = flag.closest(".cm-line")
            const range = document.createRange()
            const texts = document.createTreeWalker(line, NodeFilter.SHOW_TEXT)
            let right = 0
            while (texts.nextNode()) {
                range.selectNodeContents(texts.currentNode)
                right = Math.max(right, range.getBoundingClientRect().right)
            }
            const [own, flagged] = [line.getBoundingClientRect(), flag.getBoundingClientRect()]
            return [line.textContent, right, flagged.left, flagged.top - own.top,
                    own.bottom - flagged.bottom]
        }"""
    )
    text, right, left, above, below = ends
    assert text == "here, another long line of text"
    assert left > right
    assert above >= -1
    assert below >= -1
