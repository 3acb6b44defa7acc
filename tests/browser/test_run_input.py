"""Tests of programs that ask for input while they run."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson, Someone
from tests.browser.programs import output, programmer, run

TWO_LINES = {
    "python": "name = input('Name? ')\nprint(name.upper())\nprint(input() * 2)",
    "javascript": "console.log((await readLine('Name? ')).toUpperCase())\n"
    "readLine().then((line) => console.log(line.repeat(2)))",
}
AT_THE_END = {
    "python": "import sys\nprint(sys.stdin.read().split())\ninput()",
    "javascript": "const all = []\nfor (let line; (line = await readLine()) !== null; ) "
    "all.push(line)\nconsole.log(all)\nthrow new Error('EOFError')",
}


async def type_line(person: Someone, text: str) -> None:
    """Type a line into the field, which has the focus when a program waits."""
    field = person.page.get_by_label("Next line of the input")
    await expect(field).to_be_focused()
    await field.fill(text)
    await field.press("Enter")


@pytest.mark.parametrize("language", TWO_LINES)
async def test_program_waits_for_lines_of_user(person: NewPerson, language: str) -> None:
    """A program gets what the user types. The run's row has these lines as its input."""
    ada = await programmer(person, language)
    await run(ada, TWO_LINES[language])
    await expect(output(ada)).to_have_text("Name? ")
    await ada.check_access()
    await type_line(ada, "Ada")
    await expect(output(ada)).to_have_text("Name? Ada\nADA\n", use_inner_text=True)
    await type_line(ada, "ab")

    await expect(ada.page.get_by_text(re.compile("Done in"))).to_be_visible()
    await expect(output(ada)).to_have_text("Name? Ada\nADA\nab\nabab")
    await expect(ada.page.get_by_label("Next line of the input")).to_have_count(0)
    await ada.page.get_by_role("tab", name="History").click()
    await expect(ada.page.locator(".run-list li")).to_have_count(1)
    session = ada.page.url.rsplit("/", 1)[-1]
    read = "async (id) => (await (await fetch(`/session/${id}/runs`)).json()).runs[0].stdin"
    assert await ada.page.evaluate(read, session) == "Ada\nab\n"


@pytest.mark.parametrize("language", AT_THE_END)
async def test_user_ends_input(person: NewPerson, language: str) -> None:
    """A program learns of the end of the input, and then the user is not asked again."""
    ada = await programmer(person, language)
    await run(ada, AT_THE_END[language])
    await type_line(ada, "one")
    await type_line(ada, "two")
    await ada.button("End of input").click()

    await expect(ada.page.get_by_text(re.compile("exit code 1"))).to_be_visible()
    await expect(output(ada)).to_contain_text(re.compile(r"""\[['"]one['"], ['"]two['"]\]"""))
    await expect(output(ada)).to_contain_text("EOFError")


async def test_stop_ends_program_that_waits(person: NewPerson) -> None:
    ada = await programmer(person, "python")
    await run(ada, "input()")
    await expect(ada.page.get_by_label("Next line of the input")).to_be_visible()
    await ada.button("Stop").click()

    await expect(ada.page.get_by_text("Stopped after")).to_be_visible()
    await expect(ada.page.get_by_label("Next line of the input")).to_have_count(0)


async def test_failure_after_prompt_without_input_says_where_to_write_lines(
    person: NewPerson,
) -> None:
    """People who know `prompt` from web pages expect to be asked.

    A program that copes with null is told nothing.
    """
    ada = await programmer(person, "javascript")
    await run(ada, "console.log(prompt())")
    await expect(output(ada)).to_have_text("null")
    await run(ada, "prompt().length")
    await expect(output(ada)).to_contain_text("TypeError")
    await expect(output(ada)).to_contain_text('Write lines into "Input"')
