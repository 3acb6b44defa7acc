"""Tests of the app without the server: reloads, new tabs, updates, and data after signing out."""

import asyncio
import re
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from handlers.api import pages
from tests.browser.conftest import NewPerson, Someone
from tests.narrowing import required
from tests.processes import ServerProcess, free_port
from tests.waiting import until

_READY = "navigator.serviceWorker.ready.then(found => found.active.state)"
_KEPT = """
Promise.all([caches.keys(), navigator.serviceWorker.ready])
  .then(([names]) => Promise.all(names.map(name => caches.open(name))))
  .then(found => Promise.all(found.map(cache => cache.keys())))
  .then(keys => keys.flat().map(request => new URL(request.url).pathname))
"""
NEW_ENTRY = "new-00000000.js"
NO_CONNECTION = r"Failed to load resource|ERR_INTERNET_DISCONNECTED|WebSocket"


def entry_of(page: str) -> str:
    """Return the name of the script with which a page starts."""
    match = re.search(r'src="/static/dist/assets/([^"]+)"', page)
    return required(match)[1]


async def with_text(
    person: NewPerson, text: str = "typed online\n", url: str = ""
) -> tuple[Someone, str]:
    """Return somebody whose browser keeps the app, and a session with text."""
    ada = await person(service_workers="allow")
    ada.url = url or ada.url
    ada.expected.append(NO_CONNECTION)
    session_id = await ada.open_new("Offline")
    await ada.type(text)
    await ada.until_saved()
    await ada.page.evaluate(_READY)
    await until(lambda: ada.page.evaluate("navigator.serviceWorker.controller !== null"), bool)
    return ada, session_id


async def check_writable(page: Page, text: str, status: str | re.Pattern[str] = "Offline") -> None:
    """Check that the session is shown with this text and this status; then type into it."""
    await expect(page.locator(".cm-content")).to_contain_text(text)
    await expect(page.get_by_test_id("saved")).to_have_text(status)
    await page.locator(".cm-content").click()
    await page.keyboard.insert_text("typed offline ")


async def test_session_opens_offline_after_reload_and_in_new_tab(person: NewPerson) -> None:
    """The reloaded page and the new tab show the text that this browser keeps.

    Text that is typed offline is merged later.
    """
    ada, session_id = await with_text(person)
    await ada.context.set_offline(True)

    await ada.page.reload()
    await check_writable(ada.page, "typed online")
    tab = await ada.context.new_page()
    await tab.goto(f"{ada.url}/s/{session_id}")
    await expect(tab.locator(".cm-content")).to_contain_text("typed offline")
    await expect(tab.get_by_test_id("saved")).to_have_text("Offline")

    await ada.context.set_offline(False)
    await ada.until_saved()
    await expect(tab.get_by_test_id("saved")).to_have_text("Saved")
    await expect(tab.locator(".cm-content")).to_contain_text("typed offline")


@pytest.fixture
async def hanging(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A server that a test can stop (SIGSTOP). It then accepts connections, but answers nothing."""
    server = ServerProcess(tmp_path / "stopped", free_port())
    await server.start()
    yield server
    server.signal(signal.SIGCONT)
    await server.end()


async def test_app_opens_from_this_browser_while_the_server_does_not_answer(
    person: NewPerson, hanging: ServerProcess
) -> None:
    """The app and its service worker stop waiting by themselves, and show what the browser keeps.

    When the server runs again, the app sends the text that was typed meanwhile.
    """
    ada, session_id = await with_text(person, url=hanging.url)
    ada.expected.append(r"ERR_")
    hanging.signal(signal.SIGSTOP)

    await ada.go("/")
    await ada.page.get_by_role("link", name="Offline", exact=True).click()
    await expect(ada.page).to_have_url(f"{ada.url}/s/{session_id}")
    await check_writable(ada.page, "typed online", status=re.compile("Offline|Connecting"))
    await ada.page.reload()
    await expect(ada.text).to_contain_text("typed offline")

    hanging.signal(signal.SIGCONT)
    await ada.until_saved()
    await expect(ada.text).to_contain_text("typed offline")


@pytest.mark.parametrize("path", ["/", "/profile", "/s/{}/versions", "/s/{}/replay", "/join/none"])
async def test_screen_offers_to_try_again_when_the_server_does_not_answer(
    person: NewPerson, path: str
) -> None:
    """A request that hangs ends with a sentence and a button, which reads again."""
    ada = await person()
    ada.expected.append(r"Failed to load resource|ERR_")
    await ada.sign_up()
    session_id = await ada.create("Silent")
    await ada.type("text")
    await ada.until_saved()
    await ada.page.evaluate("localStorage.removeItem('sessions')")
    await ada.page.clock.install()
    is_held, is_over = asyncio.Event(), asyncio.Event()
    api = re.compile(r"/(session|code|invite|user/usage)\b")

    async def hold(route: Route) -> None:
        is_held.set()
        await is_over.wait()
        await route.abort()

    await ada.page.route(api, hold)
    await ada.go(path.format(session_id))
    await is_held.wait()

    await ada.page.clock.run_for(21_000)

    told = ada.page.get_by_role("alert").filter(has_text="The server does not answer.").first
    await expect(told).to_be_visible()
    is_over.set()
    await ada.page.unroute_all(behavior="wait")
    await told.get_by_role("button", name="Try again").click()
    await expect(told).to_have_count(0)


async def test_run_without_the_server_says_at_once_what_is_missing(person: NewPerson) -> None:
    """A browser that has never run a program does not keep the files that run programs."""
    ada, _ = await with_text(person, "console.log(1)")
    ada.expected.append(r"ERR_")
    await ada.context.set_offline(True)

    await ada.button("Run").first.click()

    told = "this browser does not keep what runs programs"
    await expect(ada.page.get_by_role("alert").filter(has_text=told)).to_be_visible()


async def test_browser_keeps_files_of_the_app_and_no_answer_of_the_api(person: NewPerson) -> None:
    ada, session_id = await with_text(person)
    await ada.go(f"/s/{session_id}/versions")

    addresses = set(await ada.page.evaluate(_KEPT))

    assets = {f"/static/dist/assets/{file.name}" for file in (pages._DIST / "assets").iterdir()}
    assert addresses == {"/", "/static/icon.svg", *assets}


async def test_start_page_lists_remembered_sessions_offline(person: NewPerson) -> None:
    """These sessions open from the page. With the connection, the whole list comes back."""
    ada, session_id = await with_text(person)
    await ada.context.set_offline(True)

    await ada.go("/")
    await expect(ada.page.get_by_text("There is no connection.")).to_be_visible()
    await ada.page.get_by_role("link", name="Offline", exact=True).click()
    await expect(ada.page).to_have_url(f"{ada.url}/s/{session_id}")
    await expect(ada.text).to_contain_text("typed online")

    await ada.go("/")
    await expect(ada.page.locator(".session-title")).to_have_text(["Offline"])
    await ada.context.set_offline(False)
    await expect(ada.page.get_by_text("There is no connection.")).to_have_count(0)
    await expect(ada.page.locator(".session-title")).to_have_text(["Offline"])


async def test_sign_out_leaves_no_session_that_opens_offline(person: NewPerson) -> None:
    """The next user of a shared computer finds the app, but neither names nor texts."""
    ada, session_id = await with_text(person)
    await ada.go("/profile")
    await ada.page.locator("#main").get_by_role("button", name="Sign out", exact=True).click()
    await expect(ada.page).to_have_url(f"{ada.url}/signin")
    await ada.context.set_offline(True)

    await ada.go(f"/s/{session_id}")

    await expect(ada.page.get_by_label("Password", exact=True)).to_be_visible()
    assert await ada.page.evaluate("localStorage.getItem('me')") is None
    assert await ada.page.evaluate("localStorage.getItem('sessions')") is None


async def test_open_tab_is_offered_a_new_version_and_keeps_its_parts(
    person: NewPerson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade, an old tab still finds the parts that it has not loaded yet."""
    ada, _ = await with_text(person)
    built = shutil.copytree(pages._DIST, tmp_path / "dist", ignore=shutil.ignore_patterns("run"))
    entry = entry_of((built / "index.html").read_text())
    for file in (built / "index.html", built / "sw.js"):
        file.write_text(file.read_text().replace(entry, NEW_ENTRY))
    worker = built / "sw.js"
    worker.write_text(worker.read_text().replace('revision:"', 'revision:"new'))
    (built / "assets" / NEW_ENTRY).write_text(f'import "./{entry}"')
    shutil.copy(pages.STATIC / "icon.svg", tmp_path)
    monkeypatch.setattr(pages, "STATIC", tmp_path)
    monkeypatch.setattr(pages, "_DIST", built)

    await ada.page.evaluate("navigator.serviceWorker.ready.then(found => found.update())")

    await expect(ada.page.get_by_text("A new version is ready").last).to_be_visible()
    (built / "assets" / entry).unlink()
    assert await ada.page.evaluate(f"fetch('/static/dist/assets/{entry}').then(found => found.ok)")
    await ada.button("Reload").click()
    await expect(ada.page.locator(f'script[src$="{NEW_ENTRY}"]')).to_have_count(1)
    await expect(ada.text).to_contain_text("typed online")
