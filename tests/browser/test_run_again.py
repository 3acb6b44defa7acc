"""Tests of kept runs in the browser: their code is run again, and the replay shows their output."""

import re

from playwright.async_api import expect

from tests.browser.conftest import NewPerson, Someone
from tests.browser.programs import output, programmer, run


async def runs_of(ada: Someone) -> list[dict]:
    """Return the kept runs of the open session, oldest first."""
    session_id = ada.page.url.rpartition("/")[2].partition("?")[0]
    answer = await ada.page.evaluate(
        "id => fetch(`/session/${id}/runs`).then(answer => answer.json())", session_id
    )
    return answer["runs"][::-1]


async def test_code_of_kept_run_is_run_again(person: NewPerson) -> None:
    """A button of the history runs the code of a kept run again.

    The output says so, and the editor keeps its text.
    """
    ada = await programmer(person, "javascript")
    await run(ada, "console.log('first', prompt())")
    await expect(output(ada)).to_have_text("first null")
    await run(ada, "console.log('second')")
    await expect(output(ada)).to_have_text("second")
    await ada.page.get_by_role("tab", name="History").click()
    rows = ada.page.locator(".run-list li")
    await expect(rows).to_have_count(2)
    await rows.last.get_by_role("button", name="Run this code").click()

    await expect(output(ada)).to_have_text("first null")
    await expect(ada.page.get_by_text(f"when {ada.name} ran it (run 1)")).to_be_visible()
    await expect(ada.text).to_have_text("console.log('second')")
    await ada.page.get_by_role("tab", name="History").click()
    await expect(rows).to_have_count(3)
    first, second, again = await runs_of(ada)
    assert first["sequence"] == again["sequence"] < second["sequence"]


async def test_replay_shows_output_of_its_moment(person: NewPerson) -> None:
    """The replay shows a run from the moment at which it began, in colours, with markup as text."""
    ada = await programmer(person, "javascript")
    await run(ada, "console.log('\\x1b[31mred\\x1b[0m <b>')")
    await expect(ada.page.get_by_text(re.compile("Done in"))).to_be_visible()
    await run(ada, "throw new Error('second')")
    await expect(ada.page.get_by_text(re.compile("Failed in"))).to_be_visible()
    await ada.page.get_by_role("tab", name="History").click()
    await expect(ada.page.locator(".run-list li")).to_have_count(2)
    first, second = await runs_of(ada)
    await ada.go(f"{ada.page.url.removeprefix(ada.url).split('?')[0]}/replay")
    shown = ada.page.get_by_role("region", name="Output at this moment")
    moment = ada.page.get_by_role("slider", name="Moment")

    await expect(shown).to_contain_text("Error: second")
    await expect(shown).to_contain_text(re.compile(f"{ada.name} ran main.js.*exit code 1"))
    await moment.fill(str(second["sequence"] - 1))
    await expect(shown).to_contain_text("red <b>")
    await expect(shown.locator("[data-colour='1']")).to_have_text("red")
    await ada.check_access()
    await moment.fill(str(first["sequence"] - 1))
    await expect(shown).to_have_count(0)


async def redact(ada: Someone, text: str) -> None:
    """Remove a text from the session; the first update of its log has it, or a run printed it."""
    session_id = ada.page.url.rpartition("/")[2].partition("?")[0]
    status = await ada.page.evaluate(
        """([id, text]) => fetch(`/code/${id}/redact`, {
          method: 'POST', headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ from: 1, to: 1, text }) }).then(it => it.status)""",
        [session_id, text],
    )
    assert status == 200


async def test_removed_text_leaves_the_output_of_open_pages(person: NewPerson) -> None:
    """Others see what a program printed. After a redaction, their pages show blocks instead.

    A page that was offline meanwhile shows them when its connection is back. The page that ran the
    program says that its output is gone.
    """
    ada, gil = await programmer(person, "javascript"), await person()
    await gil.enter_as_guest(await ada.invite("editor"), "Gil")
    await gil.button("Output").click()
    await run(ada, "console.log('sec' + 'ret')")
    await expect(output(gil)).to_have_text("secret")
    gil.expected.append("ERR_")
    await gil.context.set_offline(True)

    await redact(ada, "secret")

    await expect(ada.page.get_by_text("the output is not shown here any more")).to_be_visible()
    await expect(output(ada)).to_have_count(0)
    await gil.context.set_offline(False)
    await expect(output(gil)).to_have_text("██████")

    await run(ada, "console.log('pass' + 'word')")
    await expect(output(gil)).to_have_text("password")
    await redact(ada, "password")
    await expect(output(gil)).to_have_text("████████")
