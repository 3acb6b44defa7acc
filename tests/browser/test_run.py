"""Programs run in the browser: each language, limits, errors, and what others see."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson, Someone

PROGRAMS = {
    "javascript": ("console.log(6 * 7, [1, 'a'], {b: null})", "42 [1, \"a\"] { b: null }"),
    "typescript": ("const x: number = 6 * 7\nconsole.log(x as number)", "42"),
    "python": ("import sys\nprint(sum(range(10)), sys.platform)", "45 emscripten"),
    "sql": (
        "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (2, NULL);\nSELECT * FROM t;",
        "a | b\n--+-----\n1 | x\n2 | NULL\n(2 rows)",
    ),
    "lua": ("print(1.0, nil, #'abc')\nio.write('x\\n')", "1.0\tnil\t3\nx"),
}


async def programmer(person: NewPerson, language: str) -> Someone:
    """Return the owner of a new session in a language."""
    ada = await person()
    await ada.sign_up()
    await ada.create("Running")
    await ada.page.get_by_role("banner").get_by_label("Language").select_option(language)
    return ada


async def run(one: Someone, code: str) -> None:
    """Replace the text by a program, and run it."""
    await one.text.click()
    await one.page.keyboard.press("Control+a")
    await one.page.keyboard.insert_text(code)
    await one.page.keyboard.press("Control+Enter")


@pytest.mark.parametrize("language", PROGRAMS)
async def test_program_prints(person: NewPerson, language: str) -> None:
    """A program in each language runs in the browser, also a second time."""
    code, output = PROGRAMS[language]
    ada = await programmer(person, language)
    for _ in range(2):
        await run(ada, code)
        await expect(ada.page.get_by_text(re.compile("Done in "))).to_be_visible()
        await expect(ada.page.get_by_test_id("output")).to_have_text(output)
