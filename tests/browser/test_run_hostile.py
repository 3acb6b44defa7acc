"""Tests that a hostile program cannot reach any data of the user who runs it."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.hostile import ATTEMPTS, IN_A_PAGE, PYTHON, refused, table, victim
from tests.browser.programs import choose_language, output, run


async def test_hostile_program_reaches_nothing(person: NewPerson) -> None:
    """A program in JavaScript makes each attempt, and each is refused."""
    ada = await victim(person, "javascript")
    broadcast = "new BroadcastChannel('leak').postMessage('leaked')\n"
    await run(ada, broadcast + table(ATTEMPTS, ada.url, "process.stdout.write"))

    await expect(output(ada)).to_have_text(refused(ATTEMPTS))
    await expect(ada.page.get_by_text(re.compile("Done in"))).to_be_visible()
    assert await ada.page.evaluate("heard") == []
    assert await ada.page.evaluate("async () => (await fetch('/user/me')).status") == 200


async def test_hostile_python_program_reaches_nothing(person: NewPerson) -> None:
    """Python can reach the browser by its module `js`, but not more than JavaScript can."""
    ada = await victim(person, "python")
    await run(ada, f"HOST = {ada.url!r}\n{PYTHON}")

    await expect(ada.page.get_by_text(re.compile("(Done|Failed) in"))).to_be_visible()
    await expect(output(ada)).to_have_text(re.compile(r"^(\w[\w, ]*: refused\s*){8}$"))


async def test_hostile_page_reaches_nothing(person: NewPerson) -> None:
    """A page in the preview makes each attempt, and each is refused."""
    ada = await victim(person, "html")
    code = table(IN_A_PAGE, ada.url, "said.append")
    await run(ada, f"<body><pre id=said></pre><script type=module>{code}</script></body>")

    shown = ada.page.frame_locator("iframe[title='Preview of main.html']")
    await expect(shown.locator("#said")).to_have_text(refused(IN_A_PAGE))
    await expect(ada.button("Run")).to_be_visible()


@pytest.mark.parametrize("data", ["'collab-run-frame'", "{ is: 'ended', outcome: 'done' }"])
async def test_forged_message_is_ignored(person: NewPerson, data: str) -> None:
    """A page in the preview sends the messages of the isolated frame. The app does not answer."""
    ada = await victim(person, "javascript")
    await run(ada, "console.log('mine')")
    await expect(output(ada)).to_have_text("mine")
    await choose_language(ada, "html")
    answers = "onmessage = () => document.body.append('answered')"
    end = "setTimeout(() => document.body.append('end'), 500)"
    await run(ada, f"<body><script>{answers}; parent.postMessage({data}, '*'); {end}</script>")

    shown = ada.page.frame_locator("iframe[title='Preview of main.html']")
    await expect(shown.locator("body")).to_have_text(re.compile(r"^\s*end\s*$"))
