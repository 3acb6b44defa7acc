"""Checks tests of programs in the browser: people write, run and share them, and hide some."""

import pytest
from playwright.async_api import Locator, expect

from tests.api import Api
from tests.browser.conftest import NewPerson, Someone
from tests.browser.programs import programmer, write

CODE = {
    "python": "def add(a, b):\n    return a + b\n\nif __name__ == '__main__':\n"
    "    print(add(*map(int, input().split())))\n",
    "javascript": "const add = (a, b) => a + b\n"
    "const line = prompt()\nif (line) console.log(add(...line.split(' ').map(Number)))\n",
}
WRONG = {"python": ("a + b", "a - b"), "javascript": ("a + b", "a - b")}
ASSERTIONS = {
    "python": "def test_small():\n    assert add(1, 2) == 3\n\n"
    "def test_negative():\n    assert add(-1, -2) == -3\n",
    "javascript": "test('small', () => assert.equal(add(1, 2), 3))\n"
    "test('negative', () => assert.equal(add(-1, -2), -3))\n",
}


LONG_MS = 180_000
"""A time limit in milliseconds for several tests. Python is loaded for the first test and for the
copy of its memory, which takes long on a busy machine."""


async def open_tests(person: Someone) -> None:
    await person.button("Output").click()
    await person.page.get_by_role("tab", name="Tests").click()


async def add_test(person: Someone, name: str, *, is_hidden: bool = False, **fields: str) -> None:
    """Fill in the form of a new test; `fields` are its labels in lower case."""
    await person.button("Add test").click()
    form = person.page.get_by_role("form", name="New test")
    await form.get_by_role("textbox", name="Name").fill(name)
    if "assertions" in fields:
        await form.get_by_label("Kind").select_option("file")
    for label, text in fields.items():
        title = label.replace("_", " ").capitalize()
        await form.get_by_role("textbox", name=title).fill(text)
    if is_hidden:
        await form.get_by_label("Hidden").check()
    await form.get_by_role("button", name="Save test").click()
    await expect(person.page.get_by_role("table", name="Tests")).to_contain_text(name)


def results(person: Someone) -> Locator:
    return person.page.get_by_role("region", name="Results of tests")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", CODE)
async def test_problem_is_solved_with_tests(person: NewPerson, language: str) -> None:
    """Tests fail with a difference, the code is repaired, and all tests pass."""
    ada = await programmer(person, language)
    await write(ada, CODE[language].replace(*WRONG[language]))
    await open_tests(ada)
    await add_test(ada, "three", input="1 2\n", expected_output="3\n")
    await add_test(ada, "unit", assertions=ASSERTIONS[language])

    await ada.button("Run tests").click()
    await expect(results(ada)).to_contain_text("0 of 3 passed", timeout=LONG_MS)
    await results(ada).get_by_text("Why three failed").click()
    await expect(results(ada).get_by_test_id("difference").first).to_contain_text("-1")

    await write(ada, CODE[language])
    await ada.page.keyboard.press("Control+Shift+Enter")
    await expect(results(ada)).to_contain_text("3 of 3 passed", timeout=LONG_MS)


async def test_candidate_sees_results_of_open_tests_only(person: NewPerson, api: Api) -> None:
    """The candidate sees neither hidden tests nor their results. The owner can hide them too."""
    ada, gil = await programmer(person, "javascript"), await person()
    await ada.let_in(gil, "Gil")
    await write(ada, CODE["javascript"])
    await open_tests(ada)
    await add_test(ada, "shown", input="1 2\n", expected_output="3\n")
    await add_test(ada, "secret", is_hidden=True, input="5 5\n", expected_output="11\n")
    await open_tests(gil)
    await expect(gil.page.get_by_role("table", name="Tests")).to_contain_text("shown")

    await ada.button("Run tests").click()

    await expect(results(ada)).to_contain_text("1 of 2 passed")
    await expect(results(gil)).to_contain_text("1 of 1 passed")
    await expect(results(gil)).to_contain_text(f"As the browser of {ada.name} reports it.")
    assert "secret" not in await gil.page.content()
    await ada.page.get_by_label("Show hidden tests").uncheck()
    await expect(ada.page.get_by_text("secret")).to_have_count(0)


async def test_tests_are_changed_by_keyboard(person: NewPerson) -> None:
    """A test is edited, moved and deleted without a pointer."""
    ada = await programmer(person, "javascript")
    await open_tests(ada)
    await expect(ada.page.get_by_text("A test says what the program must print")).to_be_visible()
    for name in ("one", "two"):
        await add_test(ada, name, expected_output="1")
    rows = ada.page.get_by_role("table", name="Tests").locator("tbody tr")

    await ada.button("Move two up").press("Enter")
    await expect(rows.first).to_contain_text("two")
    await ada.button("Edit two").press("Enter")
    await expect(ada.page.get_by_label("Name", exact=True)).to_be_focused()
    await ada.page.keyboard.type(" times")
    await ada.page.keyboard.press("Enter")
    await expect(rows.first).to_contain_text("two times")
    await ada.button("Delete two times").press("Enter")
    await ada.page.keyboard.press("Enter")
    await expect(rows).to_have_count(1)
    await ada.check_access()


async def test_endless_test_ends_and_the_next_one_runs(person: NewPerson) -> None:
    """Each case has its own time limit."""
    ada = await programmer(person, "javascript")
    await write(ada, "if (prompt() === 'on') while (true) {}\nconsole.log('off')")
    await open_tests(ada)
    await add_test(ada, "endless", input="on\n", expected_output="off")
    await add_test(ada, "short", input="off\n", expected_output="off")

    await ada.button("Run tests").click()

    await expect(results(ada)).to_contain_text("1 of 2 passed", timeout=40_000)
    await expect(results(ada)).to_contain_text("took too long")


@pytest.mark.parametrize("width", [390, 1280])
async def test_table_of_tests_fits_the_screen(person: NewPerson, width: int) -> None:
    """No button is cut off, neither in the form nor in the table. A failed test has a legend."""
    ada = await person(viewport={"width": width, "height": 800})
    await ada.open_new("Running")
    await write(ada, "console.log(prompt().length)")
    await open_tests(ada)
    await ada.button("Add test").click()
    form = ada.page.get_by_role("form", name="New test")
    if width > 1000:
        await expect(form.get_by_role("button", name="Save test")).to_be_in_viewport(ratio=1)
    await form.get_by_role("button", name="Cancel").click()
    await add_test(ada, "three", is_hidden=True, input="1 2\n", expected_output="4\n")
    await add_test(ada, "four", input="1 23\n", expected_output="4\n")
    await ada.button("Run tests").click()
    await expect(results(ada)).to_contain_text("1 of 2 passed")
    await results(ada).get_by_text("Why three failed").click()

    await expect(results(ada).get_by_text("Red lines were expected.")).to_be_visible()
    for name in ("Delete three", "Delete four"):
        await ada.button(name).scroll_into_view_if_needed()
        await expect(ada.button(name)).to_be_in_viewport(ratio=1)
    fits = "body => body.scrollWidth <= body.clientWidth"
    assert await ada.page.locator(".run-body").evaluate(fits)
