"""Tests that all screens are accessible and load fast, and that no text becomes markup."""

import gzip
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.api import Api
from tests.browser.conftest import NewPerson, Someone

DIST = Path(__file__).parents[2] / "static" / "dist"
FIRST_LOAD_BYTES = 350_000
FIRST_PAINT_MS = 1_000

_HOOKS = [
    "<script>{}</script>", "<img src=x onerror={}>", "<svg onload={}>",
    "<svg><script>{}</script></svg>",
    "<body onload={}>", "<iframe srcdoc='<script>{}</script>'>", "<a href='javascript:{}'>x</a>",
    "<details open ontoggle={}>", "<video><source onerror={}></video>",
    "<math><mtext onmouseover={}>",
    "'><script>{}</script>", '"><img src=x onerror={}>', "</script><script>{}</script>",
    "</title><script>{}</script>",
    "</textarea><script>{}</script>", "--><script>{}</script>", "]]><script>{}</script>",
    "javascript:{}",
    "{{{{constructor.constructor('{}')()}}}}", "${{{}}}",
]  # fmt: skip
_MARKUP = ", ".join(
    f"{place} {element}"
    for place in ("main", ".side", ".bar", ".player", ".version-list")
    for element in ("script", "iframe", "svg[onload]", "details[open]", "video", "img[src='x']")
)
PAYLOADS = [
    hook.format(code) for code in ("alert(1)", "window.x=1", "top['x']=1") for hook in _HOOKS
]


async def themes(person: Someone) -> None:
    """Check accessibility in both themes at two widths, and that the page fits the screen."""
    for width in (1280, 360):
        await person.page.set_viewport_size({"width": width, "height": 800})
        for theme in ("light", "dark"):
            await person.page.emulate_media(color_scheme=theme)
            await expect(person.page.locator("html")).to_have_attribute("data-theme", theme)
            await person.check_access()
        assert await person.page.evaluate("document.documentElement.scrollWidth") <= width
    await person.page.set_viewport_size({"width": 1280, "height": 800})


async def test_screens_before_sign_in_are_accessible(person: NewPerson) -> None:
    """The pages before a sign-in, from the first page to a forgotten password, are accessible."""
    someone = await person()
    someone.expected.append("422|404")
    for path, button in (("/", "Start a session"), ("/signin", "Sign in")):
        await someone.go(path)
        await expect(someone.button(button)).to_be_visible()
        await themes(someone)
    await someone.go("/signup")
    await someone.button("Create account").click()
    await expect(someone.page.locator(".wrong").first).to_be_visible()
    await themes(someone)
    for path in ("/forgot", "/reset", "/reset#token"):
        await someone.go(path)
        await expect(someone.page.get_by_role("heading", level=1)).to_be_visible()
        await themes(someone)
    await someone.go("/join/nonsense")
    await expect(someone.page.get_by_role("alert")).to_be_visible()
    await themes(someone)


async def test_editor_with_its_panels_and_dialogs_is_accessible(person: NewPerson) -> None:
    """The editor is accessible with each panel and each dialog, and so is an invite's page."""
    ada, gil = await person(reduced_motion="reduce"), await person(reduced_motion="reduce")
    await ada.sign_up()
    await themes(ada)
    await ada.create("All screens", starter=True)
    address = await ada.invite("editor")
    await gil.page.goto(address)
    await expect(gil.button("Join as a guest")).to_be_visible()
    await themes(gil)
    await gil.enter_as_guest(address, "Gil")
    await gil.type("// here")
    await ada.page.get_by_role("textbox", name="Message").fill("look: `x`")
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_text("look:")).to_be_visible()
    await themes(ada)
    await ada.button("People").click()
    await expect(ada.page.get_by_label("Role of Gil")).to_be_visible()
    await themes(ada)
    await ada.button("More").click()
    await themes(ada)
    await ada.page.keyboard.press("Escape")
    for name in (
        "Settings",
        "Export",
        "End session…",
        "Keyboard shortcuts",
        "Share",
        "Save version",
    ):
        opener = ada.button("Share" if name == "Share" else "More")
        if name == "Share":
            await opener.click()
        else:
            await ada.choose(name)
        await expect(ada.page.get_by_role("dialog")).to_be_visible()
        await themes(ada)
        if name == "Save version":
            await (
                ada.page.get_by_role("dialog")
                .get_by_role("button", name="Save", exact=True)
                .click()
            )
        else:
            await ada.page.keyboard.press("Escape")
        await expect(ada.page.get_by_role("dialog")).to_have_count(0)
        await expect(opener).to_be_focused()


async def test_pages_around_the_editor_are_accessible(person: NewPerson) -> None:
    """The pages of versions, replay, home, profile and developers are accessible."""
    ada = await person(reduced_motion="reduce")
    await ada.sign_up()
    session_id = await ada.create("All screens", starter=True)
    await ada.type("// here")
    await ada.choose("Save version")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    await expect(ada.page.get_by_role("dialog")).to_have_count(0)
    for path, ready in (
        (f"/s/{session_id}/versions", ".pair .cm-editor"),
        (f"/s/{session_id}/replay", ".player"),
        ("/", ".session-row"),
        ("/profile", ".card"),
        ("/developers", ".snippet"),
    ):
        await ada.go(path)
        await ada.page.locator(ready).first.wait_for()
        await themes(ada)


@pytest.mark.parametrize("part", range(2))
async def test_user_text_is_never_markup(person: NewPerson, api: Api, part: int) -> None:
    """Sixty payloads in names, titles, messages, labels, code and file names do not run.

    The pages show them as plain text.
    """
    payloads = PAYLOADS[part::2]
    assert len(PAYLOADS) == 60
    ada = await person()
    await ada.sign_up()
    owner = Api(api.url, (await ada.context.cookies())[0]["value"])
    for cookie in await ada.context.cookies():
        if cookie["name"] == "accessToken":
            owner = Api(api.url, cookie["value"])
    session_id = await owner.new_session(title=payloads[0], code="\n".join(payloads))
    for number, payload in enumerate(payloads):
        assert (
            await owner.post("/chat/send", {"sessionId": session_id, "message": payload})
        ).status == 201
        assert (
            await owner.post(
                f"/code/{session_id}/save",
                {"code": "\n".join(payloads[number:]), "label": payload[:120]},
            )
        ).status == 201
        renamed = await owner.patch("/user/me", {"username": payload[:32]})
        titled = await owner.patch(f"/session/{session_id}", {"title": payload[:120]})
        assert renamed.status in (200, 422)
        assert titled.status == 200
    for path, ready in (
        ("/", ".session-row"), (f"/s/{session_id}", ".message"),
        (f"/s/{session_id}/versions", ".version"),
        (f"/s/{session_id}/replay", ".track"), ("/profile", ".card"),
        (f"/developers?session={payloads[1]}", ".snippet"),
    ):  # fmt: skip
        await ada.go(path)
        await ada.page.locator(ready).first.wait_for()
        assert await ada.page.evaluate("window.x === undefined")
        assert await ada.page.locator(_MARKUP).count() == 0
    await ada.go(f"/s/{session_id}")
    for payload in payloads[-3:]:
        await expect(ada.page.get_by_role("list", name="Messages")).to_contain_text(payload)
    await ada.button("Add a file").click()
    await ada.page.get_by_label("Name of the new file").fill(payloads[2])
    await ada.page.keyboard.press("Enter")
    last_part = payloads[2].rpartition("/")[2]
    await expect(ada.page.get_by_role("tab", name=last_part)).to_be_visible()
    await expect(ada.row(last_part)).to_be_visible()
    assert await ada.page.evaluate("window.x === undefined")


async def test_first_load_is_small_and_fast(person: NewPerson) -> None:
    """The editor loads at most 350 kB (compressed), and its first paint is within a second."""
    ada = await person()
    session_id = await ada.open_new("Light")
    sizes: dict[str, int] = {}

    async def note(answer) -> None:
        if "/assets/" in answer.url:
            sizes[answer.url] = len(
                gzip.compress((DIST / "assets" / answer.url.rpartition("/")[2]).read_bytes())
            )

    ada.page.on("response", note)
    await ada.go(f"/s/{session_id}")
    await ada.until_saved()
    paint = await ada.page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    )

    print(
        f"first load {sum(sizes.values())} bytes in {len(sizes)} files, first paint {paint:.0f} ms"
    )
    assert len(sizes) > 3
    assert sum(sizes.values()) <= FIRST_LOAD_BYTES
    assert paint < FIRST_PAINT_MS


async def test_developer_snippets_name_server_and_session(person: NewPerson) -> None:
    """The snippets on the developers' page contain this server's address and the session's id."""
    ada = await person()
    session_id = await ada.open_new("Snippets")
    await ada.go(f"/developers?session={session_id}")

    await expect(
        ada.page.get_by_text(f'"{ada.url.replace("http", "ws")}/sync", "{session_id}"')
    ).to_be_visible()
    for name in ("CodeMirror 6", "Monaco", "Plain Yjs"):
        await expect(ada.page.get_by_role("figure").filter(has_text=name)).to_be_visible()
    await expect(ada.page.get_by_role("link", name="API reference")).to_have_attribute(
        "href", re.compile("/docs")
    )
