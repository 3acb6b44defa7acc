"""Tests of versions, blame and replay in the browser, also in exported files."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import Response, Route, expect

from tests.api import Api
from tests.browser.conftest import NewPerson, Someone
from tests.node_peers import Peers, connect

NAMES_OF_OBJECT_PARTS = ("constructor", "__proto__", "toString")


async def add_file(person: Someone, name: str) -> None:
    """Add a file whose text contains the file's name."""
    await person.button("Add a file").click()
    await person.page.get_by_label("Name of the new file").fill(name)
    await person.page.keyboard.press("Enter")
    await expect(person.page.get_by_role("tab", name=name, exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    await person.type(f"text of {name}")
    await person.until_saved()


async def test_versions_are_saved_compared_and_restored(person: NewPerson) -> None:
    """Ctrl-S saves a version with a label. Versions are compared with the live text.

    A restored version reaches everybody.
    """
    ada, gil = await person(), await person()
    session_id = await ada.open_new("Versions")
    await ada.let_in(gil, "Gil")
    await ada.type("first line\n")
    await ada.until_saved()
    await ada.save("before the change")
    await ada.type("second line\n")
    await ada.until_saved()
    await ada.page.get_by_role("link", name="Versions").click()

    await expect(ada.page.get_by_role("button", name="Version 1")).to_contain_text(
        "before the change"
    )
    await expect(ada.page.get_by_role("button", name="Version 1")).to_contain_text(ada.name)
    await expect(ada.page.locator(".cm-changedLine", has_text="second line")).to_be_visible()
    await ada.button("Restore this version").click()
    await ada.button("Restore").click()
    await expect(ada.page.get_by_role("dialog")).to_have_count(0)
    await expect(gil.text).to_have_text("first line")
    await expect(ada.page.get_by_text("restored", exact=True)).to_be_visible()
    await ada.page.get_by_role("link", name="Back to the editor").click()
    await expect(ada.text).to_have_text("first line")
    assert session_id


async def test_one_file_is_restored_from_its_version(person: NewPerson) -> None:
    """The button of a file restores only that file. Then the page no longer shows a difference."""
    ada = await person()
    await ada.open_new("One file")
    await ada.type("first line\n")
    await ada.until_saved()
    await ada.save("good")
    await ada.type("second line\n")
    await ada.until_saved()
    await ada.page.get_by_role("link", name="Versions").click()
    await expect(ada.page.locator(".cm-changedLine", has_text="second line")).to_be_visible()

    await ada.page.get_by_role("button", name="Restore this file: main.").click()
    await expect(ada.page.get_by_role("dialog")).to_contain_text("Other files stay as they are")
    await ada.button("Restore").click()

    await expect(ada.page.get_by_role("dialog")).to_have_count(0)
    await expect(ada.page.locator(".cm-changedLine")).to_have_count(0)
    await ada.page.get_by_role("link", name="Back to the editor").click()
    await expect(ada.text).to_have_text("first line")


async def test_version_is_fetched_once_and_compressed(person: NewPerson) -> None:
    """A user goes from one version to the next and back, which causes no further request."""
    ada = await person()
    session_id = await ada.open_new("Steps")
    for number in (1, 2):
        await ada.type(f"text {number} that is long enough\n" * 50)
        await ada.until_saved()
        await ada.save(f"label {number}")
    fetched: list[tuple[str, str | None]] = []

    async def note(answer: Response) -> None:
        if "/versions/" in answer.url:
            number = answer.url.rpartition("/")[2]
            fetched.append((number, await answer.header_value("content-encoding")))

    ada.page.on("response", note)
    await ada.go(f"/s/{session_id}/versions")
    for number in (2, 1, 2, 1):
        await ada.page.get_by_role("button", name=f"Version {number}").click()
        row = ada.page.get_by_role("button", name=f"Version {number}")
        await expect(row).to_have_attribute("aria-current", "true")
        await expect(ada.page.get_by_test_id("compare")).to_contain_text("text 1")

    assert sorted(fetched) == [("1", "gzip"), ("2", "gzip")]


async def test_blame_shows_author_beside_each_line(person: NewPerson) -> None:
    """The button "Authors" shows each line's author, once for consecutive lines."""
    ada, gil = await person(), await person()
    await ada.open_new("Blame")
    await ada.let_in(gil, "Gil")
    await ada.type("one\ntwo\n")
    await ada.until_saved()
    await expect(gil.text).to_contain_text("two")
    await gil.page.locator(".cm-line").last.click()
    await gil.page.keyboard.insert_text("three")
    await gil.until_saved()
    await expect(ada.text).to_contain_text("three")

    await ada.button("Authors").click()

    await expect(ada.page.locator(".blame")).to_have_text(
        [re.compile(f"^{ada.name}"), "", re.compile("^Gil")]
    )
    await ada.button("Authors").click()
    await expect(ada.page.locator(".blame")).to_have_count(0)


async def test_blame_marks_lines_that_another_browser_brought(person: NewPerson) -> None:
    """A line that a browser only carried is marked with "via" and the name of its user.

    The mark and the name are visible at each width and in both themes, and are explained.
    """
    ada = await person()
    session_id = await ada.open_new("Blame", name="ada")
    await ada.type("typed\nbrought\n")
    await ada.until_saved()

    async def carried(route: Route) -> None:
        answer = await route.fetch()
        blame = await answer.json()
        blame["lines"][1]["carried"] = True
        await route.fulfill(json=blame)

    await ada.page.route(re.compile(f"/code/{session_id}/blame"), carried)
    await ada.button("Authors").click()

    await expect(ada.page.get_by_test_id("announcer")).to_contain_text(
        "was sent by that person's browser"
    )
    marks = ada.page.locator(".blame")
    await expect(marks).to_have_text(
        [re.compile(f"^{ada.name}"), re.compile(f"^via {ada.name}"), re.compile(f"^{ada.name}")]
    )
    for width in (390, 768, 1280):
        await ada.page.set_viewport_size({"width": width, "height": 800})
        for theme in ("light", "dark"):
            await ada.page.evaluate(
                "theme => (document.documentElement.dataset.theme = theme)", theme
            )
            await ada.check_access()
        shown, name = (
            await marks.nth(1).bounding_box(),
            await marks.nth(1).locator("bdi").bounding_box(),
        )
        assert shown
        assert name
        assert name["x"] + name["width"] <= shown["x"] + shown["width"]


async def test_blame_answer_after_switching_off_is_ignored(person: NewPerson) -> None:
    """No names appear when the answer arrives after the second click on "Authors"."""
    ada = await person()
    session_id = await ada.open_new("Blame")
    await ada.type("one\ntwo\n")
    await ada.until_saved()
    answer_now = asyncio.Event()

    async def wait(route: Route) -> None:
        await answer_now.wait()
        await route.continue_()

    await ada.page.route(re.compile(f"/code/{session_id}/blame"), wait)
    await ada.button("Authors").click()
    await expect(ada.button("Authors")).to_have_attribute("aria-pressed", "true")
    await ada.button("Authors").click()
    await expect(ada.button("Authors")).to_have_attribute("aria-pressed", "false")
    async with ada.page.expect_response(re.compile(f"/code/{session_id}/blame")):
        answer_now.set()

    await ada.page.evaluate(
        "new Promise(done => setTimeout(() => requestAnimationFrame(done), 200))"
    )
    await expect(ada.page.locator(".cm-blame")).to_have_count(0)


async def test_blame_without_answer_is_reported_and_typing_continues(person: NewPerson) -> None:
    """The page reports that blame is not available, and the user can still type."""
    ada = await person()
    ada.expected.append("503")
    session_id = await ada.open_new("Blame")

    async def is_away(route: Route) -> None:
        await route.fulfill(
            status=503, content_type="application/problem+json", body='{"code": "unavailable"}'
        )

    await ada.page.route(re.compile(f"/code/{session_id}/blame"), is_away)
    await ada.button("Authors").click()

    await expect(ada.page.get_by_test_id("announcer")).not_to_be_empty()
    await ada.type("typing goes on")
    await ada.until_saved()


async def test_blame_of_empty_file_reports_no_authors(person: NewPerson) -> None:
    """The page says that nothing is written in the file yet."""
    ada = await person()
    ada.expected.append("404")
    await ada.open_new("Blame")
    await ada.button("Add a file").click()
    await ada.page.get_by_label("Name of the new file").fill("util.py")
    await ada.page.keyboard.press("Enter")
    await ada.button("Authors").click()

    await expect(ada.page.get_by_test_id("announcer")).to_have_text(
        "Nothing is written in this file yet."
    )


async def test_redaction_removes_text_and_is_marked_in_replay(person: NewPerson) -> None:
    """The redacted text is gone from the editor and shown as blocks in the replay.

    The replay also lists the redaction.
    """
    ada = await person()
    session_id = await ada.open_new("Secret")
    await ada.type("key = hunter2\n")
    await ada.until_saved()
    body = {"from": 1, "to": 1, "text": "hunter2"}
    status = await ada.page.evaluate(
        "([id, body]) => fetch(`/code/${id}/redact`, {method: 'POST', body: JSON.stringify(body),"
        " headers: {'Content-Type': 'application/json'}}).then(answer => answer.status)",
        [session_id, body],
    )
    assert status == 200
    await expect(ada.page.locator(".cm-line").first).to_have_text("key = ")

    await ada.go(f"/s/{session_id}/replay")
    await ada.page.get_by_role("slider", name="Moment").fill("1")

    shown = ada.page.get_by_test_id("replay-text").locator(".cm-content")
    await expect(shown).to_contain_text("key = ███████")
    await expect(ada.page.get_by_label("Jump to")).to_contain_text("taken out")


REPORT = """id => fetch(`/session/${id}/runs`, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({
    root: 'codemirror', language: 'python', name: 'main.py', stderr: '',
    stdout: '<b>1</b> \\x1b[31mred\\x1b[0m', exit: 0, outcome: 'done', ms: 1, sequence: 2,
    tests: [{ name: '<i>sum</i>', passed: false, expected: '3', actual: '-1' }]
  }) }).then(answer => answer.status)"""
"""A script that reports a run of the code after its second edit."""


async def test_exported_session_plays_offline(person: NewPerson, tmp_path: Path) -> None:
    """The exported file plays without the server, in a browser that is offline.

    It shows the output of the last run before each moment.
    """
    ada = await person()
    session_id = await ada.open_new("Taken <b>away</b>")
    for text in ("one ", "two ", "</script><img src=x onerror=alert(1)>"):
        await ada.type(text)
        await ada.until_saved()
    await ada.save("all")
    await ada.page.goto(f"{ada.url}/profile")
    assert await ada.page.evaluate(REPORT, session_id) == 201
    exported = await ada.page.evaluate(
        "id => fetch(`/code/${id}/export?format=replay`).then(answer => answer.text())", session_id
    )
    (tmp_path / "session.html").write_text(exported)
    page = ada.page
    await ada.context.set_offline(True)
    ada.expected.append("ERR_INTERNET_DISCONNECTED|WebSocket")

    await page.goto((tmp_path / "session.html").as_uri())

    await expect(page.get_by_role("heading")).to_have_text("Taken <b>away</b>")
    moment, code = page.get_by_label("Moment"), page.locator("#code")
    await expect(code).to_have_text("one two </script><img src=x onerror=alert(1)>")
    await moment.fill("0")
    await expect(code).to_have_text("")
    await moment.fill("2")
    await expect(code).to_have_text("one two ")
    output = page.get_by_label("Output")
    await expect(output).to_contain_text("<b>1</b> red")
    await expect(output.locator("[data-colour='1']")).to_have_text("red")
    await expect(output).to_contain_text("Run 1 (done, exit code 0, 1 ms)")
    await expect(output.get_by_role("listitem")).to_have_text("✗ failed: <i>sum</i>expected3got-1")
    await expect(output).to_contain_text(f"as the browser of \u2068{ada.name}\u2069 reported it")
    await moment.fill("1")
    await expect(code).to_have_text("one ")
    await expect(output).to_be_hidden()
    await page.get_by_label("Run").select_option("1 (done)")
    await expect(code).to_have_text("one two ")
    await page.get_by_label("Speed").select_option("16")
    await page.get_by_role("heading").click()
    await page.keyboard.press("Space")
    await expect(code).to_have_text("one two </script><img src=x onerror=alert(1)>")
    await expect(page.get_by_role("button", name="Play")).to_be_visible()
    await expect(page.get_by_role("status")).to_contain_text("3 of 3 · ")
    await expect(page.get_by_role("status")).to_contain_text(ada.name)
    await moment.fill("0")
    await page.get_by_label("Go to").select_option("all")
    await expect(code).to_have_text("one two </script><img src=x onerror=alert(1)>")
    await ada.check_access()


async def test_exported_session_plays_roots_with_names_of_object_properties(
    person: NewPerson, api: Api, peers: Peers, tmp_path: Path
) -> None:
    """Roots may have names of properties that each JavaScript object has, such as `__proto__`.

    The exported replay shows them like other files.
    """
    ada = await person()
    session_id = await ada.open_new("Names", access="link")
    bob = await api.sign_up("bob")
    await bob.post(f"/session/{session_id}/join")
    for name in NAMES_OF_OBJECT_PARTS:
        await connect(peers, bob, session_id, name, root=name)
        await peers.do("insert", name, text=f"text of {name}")
        await expect(ada.row(name)).to_be_visible()
    exported = await ada.page.evaluate(
        "id => fetch(`/code/${id}/export?format=replay`).then(answer => answer.text())", session_id
    )
    (tmp_path / "session.html").write_text(exported)

    await ada.page.goto((tmp_path / "session.html").as_uri())

    for moment in ("0", "3", "1", "3"):
        await ada.page.get_by_label("Moment").fill(moment)
        for number, name in enumerate(NAMES_OF_OBJECT_PARTS):
            await ada.page.get_by_label("File").select_option(name)
            shown = f"text of {name}" if number < int(moment) else ""
            await expect(ada.page.locator("#code")).to_have_text(shown)


async def test_replay_and_versions_show_files_with_names_of_object_properties(
    person: NewPerson,
) -> None:
    """Both pages show such files, also when the compared version does not have them."""
    ada = await person()
    session_id = await ada.open_new("Names")
    await ada.type("before")
    await ada.until_saved()
    await ada.save("without them")
    for name in NAMES_OF_OBJECT_PARTS:
        await add_file(ada, name)

    await ada.go(f"/s/{session_id}/versions")
    for name in NAMES_OF_OBJECT_PARTS:
        await expect(ada.page.get_by_label(name, exact=True)).to_contain_text(f"text of {name}")
    await ada.go(f"/s/{session_id}/replay")
    shown = ada.page.get_by_test_id("replay-text").locator(".cm-content")
    for name in NAMES_OF_OBJECT_PARTS:
        await ada.page.get_by_label("File").select_option(name)
        await expect(shown).to_have_text(f"text of {name}")


async def test_chat_text_does_not_change_the_direction_of_other_text(person: NewPerson) -> None:
    """A message and its sender's name each have an element with its own text direction."""
    ada = await person()
    await ada.open_new("Directions")
    await ada.page.get_by_label("Message", exact=True).fill("שלום \u2067abc\nhello")
    await ada.page.keyboard.press("Enter")

    message = ada.page.locator(".message p[dir=auto]")
    await expect(message).to_have_text("שלום \u2067abc\u2069\nhello")
    assert (
        await message.evaluate(
            "it => getComputedStyle(it).direction + getComputedStyle(it).unicodeBidi"
        )
        == "rtlisolate"
    )
    await expect(ada.page.locator(".message-head bdi")).to_have_text(ada.name)


async def test_replay_slider_and_keys_show_text_of_known_moments(person: NewPerson) -> None:
    """The slider and the keys show the text of that moment. Playing ends at the last edit."""
    ada = await person()
    session_id = await ada.open_new("Replay")
    for text in ("one ", "two ", "three "):
        await ada.type(text)
        await ada.until_saved()
        if text == "two ":
            await ada.save("two words")
    await ada.go(f"/s/{session_id}/replay")
    shown = ada.page.get_by_test_id("replay-text").locator(".cm-content")
    await expect(shown).to_have_text("one two three ")
    await expect(ada.page.get_by_role("list", name="Who typed when")).to_contain_text(
        "3 edits, +14 −0"
    )

    await ada.page.get_by_role("slider", name="Moment").fill("1")
    await expect(shown).to_have_text("one ")
    await ada.page.get_by_role("heading", name=re.compile("Replay of")).click()
    await ada.page.keyboard.press("ArrowRight")
    await expect(shown).to_have_text("one two ")
    await ada.page.keyboard.press("Home")
    await expect(shown).to_have_text("")
    await ada.button("Next event").click()
    await expect(shown).to_have_text("one two ")
    await ada.page.keyboard.press("Home")
    await ada.page.get_by_label("Speed").select_option("16")
    await ada.page.get_by_role("heading", name=re.compile("Replay of")).click()
    await ada.page.keyboard.press("Space")
    await expect(shown).to_have_text("one two three ")
    await expect(ada.button("Play")).to_be_visible()
