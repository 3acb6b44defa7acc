"""Tests a class of real browsers behind one IP address, under the default limits."""

import asyncio

import pytest
from playwright.async_api import Browser, Page, Response, expect

from tests.api import Api
from tests.browser.conftest import new_context
from tests.conftest import AS_SHIPPED, StartServer
from tests.handlers.clients import new_invite

BROWSERS = 24
TOGETHER = 6
"""The number of pages that load at the same time. On a small machine, more pages would only slow
each other down."""


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_24_browsers_with_empty_caches_get_in_by_invite(
    browser: Browser, start_server: StartServer
) -> None:
    """Each browser opens the invite's page, enters a name, and types into the same text.

    All browsers stay open together.
    """
    server = await start_server(**AS_SHIPPED)
    teacher = await Api(server.url).sign_up("teacher")
    session_id = await teacher.new_session(access="invite")
    invite = await new_invite(teacher, session_id)
    turns = asyncio.Semaphore(TOGETHER)
    refused: list[tuple[int, str]] = []

    def hear(answer: Response) -> None:
        if answer.status >= 400:
            refused.append((answer.status, answer.url))

    async def come(number: int) -> Page:
        async with turns:
            context = await new_context(browser, viewport={"width": 800, "height": 600})
            page = await context.new_page()
            page.on("response", hear)
            await page.goto(invite["url"])
            await page.get_by_label("Your name").fill(f"Student {number}")
            await page.get_by_role("button", name="Join as a guest", exact=True).click()
            await page.locator(".cm-content").click()
            await page.keyboard.insert_text(f"student {number} was here. ")
            await expect(page.get_by_test_id("saved")).to_have_text("Saved")
            return page

    pages = await asyncio.gather(*(come(number) for number in range(BROWSERS)))

    assert refused == []
    text = (await teacher.live(session_id))["code"]
    assert [number for number in range(BROWSERS) if f"student {number} was here." not in text] == []
    assert server.parts.services.connections.open == BROWSERS
    for page in pages:
        await page.context.close()
