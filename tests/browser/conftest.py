"""Fixtures for tests with people in real browsers.

A console message that the test does not expect fails the test.
"""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvloop
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    async_playwright,
    expect,
)

from tests.api import Api
from tests.system_packages import needed_program
from tests.waiting import PATIENCE_S

AXE = Path(__file__).parents[2] / "static" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
_WITH_WINDOWS = ("test_files_uploads.py", "test_share.py")
"""Files that test uploads and the clipboard. The engine of a browser leaves these to the program
around it, so these files use the whole browser."""
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_NO_WORKER = "Service Worker registration blocked by Playwright"

_BLANK = '<!doctype html><link rel="icon" href="data:,">'
_HTML = {"Content-Type": "text/html"}
_POST = """async (requests) => {
  let found
  for (const [path, body] of requests) {
    const headers = { "Content-Type": "application/json" }
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) })
    found = await answer.json()
    if (!answer.ok) throw new Error(found.message)
  }
  return found
}"""
_REMEMBER = """() => {
  localStorage.setItem("signedIn", "yes")
  localStorage.setItem("refreshedAt", String(Date.now()))
}"""
"""Remembers, as the app does, that somebody has signed in."""

_names = itertools.count(1)

expect.set_options(timeout=1_000 * PATIENCE_S)


@dataclass
class Someone:
    """A person with a browser of their own.

    problems  unexpected messages of the console and errors of the page
    """

    page: Page
    context: BrowserContext
    url: str
    name: str = ""
    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(self.url + path)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def choose(self, item: str) -> None:
        """Choose an item of the session's menu."""
        await self.button("More").click()
        await self.page.get_by_role("menuitem", name=item, exact=True).click()

    @property
    def text(self) -> Locator:
        return self.page.locator(".cm-content")

    async def sign_up(self, name: str = "") -> None:
        self.name = name or f"person{next(_names)}"
        await self.go("/signup")
        await self.page.get_by_label("User name").fill(self.name)
        await self.page.get_by_label("E-mail").fill(f"mail{next(_names)}@example.org")
        await self.page.get_by_label("Password").fill("correct horse battery")
        await self.button("Create account").click()
        await expect(self.page.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()

    async def create(self, title: str, *, starter: bool = False, access: str = "invite") -> str:
        """Make a session; return its id."""
        await self.go("/")
        await self.button("New session").click()
        await self.page.get_by_label("Title").fill(title)
        await self.page.get_by_label("Who may join").select_option(access)
        await self.page.get_by_label("Start with a small example").set_checked(starter)
        await self.button("Create session").click()
        await expect(self.text).to_be_visible()
        return self.page.url.rpartition("/")[2]

    async def open_new(self, title: str, *, name: str = "", access: str = "invite") -> str:
        """Sign up, make a session and open it; return its id.

        The browser sends what it sends for the forms of `sign_up` and `create`. Tests that are not
        about these forms are faster without them.
        """
        self.name = name or f"person{next(_names)}"
        email = f"mail{next(_names)}@example.org"
        account = {"username": self.name, "email": email, "password": "correct horse battery"}
        session = {"title": title, "language": "javascript", "access": access, "code": ""}
        made = await self._sign_in(("/user/signup", account), ("/session", session))
        session_id: str = made["id"]
        await self._open(session_id)
        return session_id

    async def let_in(self, guest: "Someone", name: str, role: str = "editor") -> None:
        """Let a guest into the session that this person has open, without the dialogs for it."""
        session_id = re.findall(r"/s/(\w+)", self.page.url)[0]
        path = f"/session/{session_id}/invites"
        invite = await self.page.evaluate(_POST, [(path, {"role": role})])
        guest.name = name
        await guest._sign_in(("/user/guest", {"name": name, "invite": invite["invite"]}))
        await guest._open(session_id)

    async def _sign_in(self, *requests: tuple[str, dict[str, str]]) -> Any:
        """Send requests that sign in from an empty page, and return the last answer."""
        blank = f"{self.url}/blank"
        await self.page.route(blank, lambda route: route.fulfill(body=_BLANK, headers=_HTML))
        await self.page.goto(blank)
        await self.page.unroute(blank)
        answer = await self.page.evaluate(_POST, requests)
        await self.page.evaluate(_REMEMBER)
        return answer

    async def _open(self, session_id: str) -> None:
        await self.go(f"/s/{session_id}")
        await expect(self.text).to_be_visible()

    async def invite(self, role: str) -> str:
        """Return the address that the dialog with links shows; the first link is for editors."""
        await self.button("Share").click()
        link = self.page.get_by_label(f"Link for {role}s")
        if role != "editor":
            await self.page.get_by_role("dialog").get_by_label("Role").select_option(role)
            await self.button("Create link").click()
        await expect(link).to_have_value(re.compile("/join/"))
        address = await link.input_value()
        await self.button("Close").click()
        return address

    async def enter_as_guest(self, address: str, name: str) -> None:
        self.name = name
        await self.page.goto(address)
        await self.page.get_by_label("Your name").fill(name)
        await self.button("Join as a guest").click()
        await expect(self.text).to_be_visible()

    def row(self, name: str) -> Locator:
        """Return the row of a file or folder in the list of files."""
        return self.page.get_by_role("treeitem", name=name, exact=True)

    async def type(self, text: str) -> None:
        await self.text.click()
        await self.page.keyboard.insert_text(text)

    async def until_saved(self) -> None:
        await expect(self.page.get_by_test_id("saved")).to_have_text("Saved")

    async def save(self, label: str) -> None:
        """Save a version."""
        await self.page.keyboard.press("Control+s")
        await self.page.get_by_label("Label").fill(label)
        await self.page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
        await expect(self.page.get_by_role("dialog")).to_have_count(0)

    def hear(self, said: ConsoleMessage) -> None:
        """Note each error and each warning on the console, except one of Playwright itself."""
        if said.type in ("error", "warning") and said.text != _NO_WORKER:
            self.problems.append(said.text)

    async def check_access(self) -> None:
        """Check that axe finds no accessibility problem on the current page."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text() + ";0")
        result = await self.page.evaluate("tags => axe.run({runOnly: tags})", _TAGS)
        wrong = [
            (violation["id"], node["target"], node["failureSummary"])
            for violation in result["violations"]
            for node in violation["nodes"]
        ]
        assert wrong == [], f"{self.page.url}: {wrong}"


NewPerson = Callable[..., Awaitable[Someone]]


@pytest.fixture(scope="module")
def _runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner


@pytest.fixture
def _function_scoped_runner(_runner: asyncio.Runner) -> asyncio.Runner:
    """Run all tests of a file on one event loop, which is that of their browser.

    This replaces the fixture of pytest-asyncio, which makes an event loop for each test.
    """
    return _runner


@pytest.fixture(scope="module")
def _chromium(request: pytest.FixtureRequest, _runner: asyncio.Runner) -> Iterator[Browser]:
    """Start one browser for all tests of a file. A start costs as much as a test with two pages.

    Most files use the browser without windows: a page costs half the processor time there.
    """
    is_whole = request.path.name in _WITH_WINDOWS
    path = needed_program("chromium" if is_whole else "chromium-headless-shell")
    playwright = _runner.run(async_playwright().start())
    started = _runner.run(playwright.chromium.launch(executable_path=path, args=FLAGS))
    yield started
    _runner.run(started.close())
    _runner.run(playwright.stop())


@pytest.fixture
async def browser(_chromium: Browser) -> AsyncIterator[Browser]:
    """A browser that shows nothing of earlier tests. Its contexts share nothing."""
    yield _chromium
    for context in _chromium.contexts:
        await context.close()


async def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Make a separate browser context.

    Its actions may take as long as they do on a busy machine. It has no service worker unless the
    test asks for one, because a test cannot intercept the requests that a worker answers.
    """
    context = await browser.new_context(**{"service_workers": "block", **options})
    context.set_default_timeout(1_000 * PATIENCE_S)
    return context


@pytest.fixture
async def person(browser: Browser, api: Api) -> AsyncIterator[NewPerson]:
    """Make people, each with a browser context that shares nothing with the others."""
    people: list[Someone] = []

    async def new(**options: Any) -> Someone:
        context = await new_context(
            browser, **{"viewport": {"width": 1280, "height": 800}, **options}
        )
        person = Someone(await context.new_page(), context, api.url)
        person.page.on("console", person.hear)
        person.page.on("pageerror", lambda error: person.problems.append(str(error)))
        people.append(person)
        return person

    yield new
    for person in people:
        await person.context.close()
    unexpected = [
        text
        for person in people
        for text in person.problems
        if not any(re.search(known, text) for known in person.expected)
    ]
    assert unexpected == []
