"""Tests of programs that a service runs, because the browser cannot run them."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.api import Api
from tests.browser.conftest import NewPerson
from tests.browser.programs import choose_language, output, programmer, run, write
from tests.conftest import StartServer
from tests.runner_service import runner_service


@pytest.fixture
async def api(start_server: StartServer) -> AsyncIterator[Api]:
    """A server that knows a service for other languages."""
    async with runner_service() as address:
        yield Api((await start_server(runner_url=address)).url)


async def test_service_runs_languages_that_browsers_do_not(person: NewPerson) -> None:
    """The service sends the output, and everybody sees it. Other languages get an explanation.

    The code of an earlier run is run again there, too.
    """
    ada, gil = await programmer(person, "shell"), await person()
    await ada.let_in(gil, "Gil", "viewer")
    await gil.button("Output").click()
    await run(ada, "echo $((6 * 7)); exit 3")
    await expect(output(ada)).to_have_text("42")
    await expect(ada.page.get_by_text(re.compile("Failed in .*, exit code 3"))).to_be_visible()
    await expect(ada.page.get_by_text("As the service that this server uses")).to_be_visible()
    await expect(output(gil)).to_have_text("42")
    await expect(
        ada.page.get_by_text(re.compile(r"exit code 3\. \d+ MB of memory\."))
    ).to_be_visible()

    await write(ada, "echo 43")
    await ada.page.get_by_role("tab", name="History").click()
    await ada.button("Run this code").click()
    await expect(ada.page.get_by_text(f"when {ada.name} ran it (run 1)")).to_be_visible()
    await expect(ada.page.get_by_text(re.compile("Failed in .*, exit code 3"))).to_be_visible()
    await expect(output(ada)).to_have_text("42")
    await expect(ada.text).to_have_text("echo 43")

    ada.expected.append("ERR_ABORTED")
    await run(ada, "sleep 60")
    await expect(gil.page.get_by_text(f"{ada.name} runs main.sh…")).to_be_visible()
    await ada.button("Stop").click()
    await expect(ada.page.get_by_text("Stopped after")).to_be_visible()

    await choose_language(ada, "java")
    await run(ada, "class Main {}")
    await expect(
        ada.page.get_by_text(re.compile("service .* does not run Java either"))
    ).to_be_visible()
