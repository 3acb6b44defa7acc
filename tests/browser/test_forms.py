"""Tests of every form of the web app after the server has refused the request.

The focus must go to the place where the person reads the reason.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Route, expect

from tests.browser.conftest import NewPerson, Someone

SOURCE = Path(__file__).parents[2] / "static" / "src"
SAID = "There is no storage left for this."

Open = Callable[[Someone, str], Awaitable[None]]
"""A function that opens a form for a person. It gets the id of the person's session."""


def at(path: str) -> Open:
    async def open_page(someone: Someone, session_id: str) -> None:
        await someone.go(path.replace(":id", session_id))

    return open_page


def behind(path: str, button: str) -> Open:
    async def open_dialog(someone: Someone, session_id: str) -> None:
        await at(path)(someone, session_id)
        await someone.button(button).click()
        await expect(someone.page.get_by_role("dialog")).to_be_visible()

    return open_dialog


def in_menu(item: str) -> Open:
    async def open_dialog(someone: Someone, session_id: str) -> None:
        await someone.go(f"/s/{session_id}")
        await someone.choose(item)

    return open_dialog


FORMS: list[tuple[Open, str, str]] = [
    # (how the form is opened, its button, the name of a field that the server may refuse)
    (at("/"), "Join", "target"),
    (behind("/", "New session"), "Create session", "title"),
    (in_menu("Save version"), "Save", "label"),
    (behind("/s/:id", "Share"), "Create link", "maxUses"),
    (in_menu("Settings"), "Save", "access"),
    (at("/profile"), "Change the name", "username"),
    (at("/profile"), "Change the e-mail address", "email"),
    (at("/profile"), "Change the password", "newPassword"),
    (behind("/profile", "Delete account…"), "Delete my account", "password"),
]
"""Forms of signed-in users; `test_form_of_stranger_...` covers the other forms."""


def refusing(status: int, **problem: Any) -> Callable[[Route], Awaitable[None]]:
    async def refuse(route: Route) -> None:
        if route.request.method == "GET":
            await route.fallback()
        else:
            await route.fulfill(status=status, json={"code": "x", "message": SAID, **problem})

    return refuse


@asynccontextmanager
async def refused(someone: Someone, status: int, **problem: Any) -> AsyncIterator[None]:
    """Refuse every request of the page that is not a GET, until the block ends."""
    refuse = refusing(status, **problem)
    await someone.page.route("**/*", refuse)
    yield
    await someone.page.unroute("**/*", refuse)


def form_of(someone: Someone, button: str) -> Locator:
    within = someone.page.locator("form")
    return within.filter(has=someone.page.get_by_role("button", name=button, exact=True))


async def check_form(someone: Someone, button: str, field: str) -> None:
    """Submit a form by keyboard, and check the focus after three refusals.

    The server refuses the whole form, then an unknown field, then the named field.
    """
    form = form_of(someone, button)
    submit = form.get_by_role("button", name=button, exact=True)
    alert = form.get_by_role("alert")
    async with refused(someone, 409):
        for _ in range(2):  # a second refusal gives the same message
            await submit.press("Enter")
            await expect(alert).to_have_text(SAID)
            await expect(alert).to_be_focused()
            await expect(submit).to_have_accessible_description(SAID)
    await someone.check_access()
    async with refused(someone, 422, errors={"unknown": ["is odd"]}):
        await submit.press("Enter")
        await expect(alert).to_be_focused()
    if not field:
        return
    async with refused(someone, 422, errors={field: ["is odd"]}):
        await submit.press("Enter")
        wrong = form.locator(f"[name={field}]")
        await expect(wrong).to_be_focused()
        await expect(wrong).to_have_attribute("aria-invalid", "true")
        await expect(wrong).to_have_accessible_description(re.compile("is odd"))
        await expect(alert).to_have_count(0)
    await someone.check_access()


async def test_form_of_user_gives_the_focus_to_the_refused_field(person: NewPerson) -> None:
    ada = await person(reduced_motion="reduce")
    ada.expected.append("409|422")
    session_id = await ada.open_new("Forms")
    for open_form, button, field in FORMS:
        await open_form(ada, session_id)
        if field == "target":
            await ada.page.locator("[name=target]").fill(session_id)
        await check_form(ada, button, field)


async def test_form_of_stranger_gives_the_focus_to_the_refused_field(
    person: NewPerson,
) -> None:
    """These forms are: sign in, sign up, a forgotten password, and join by an invite."""
    ada, gil = await person(), await person(reduced_motion="reduce")
    gil.expected.append("409|422|401")
    await ada.open_new("Strangers")
    invite = await ada.invite("editor")

    await gil.go("/signin")
    await check_form(gil, "Sign in", "password")
    await gil.go("/signup")
    await check_form(gil, "Create account", "email")
    await gil.go("/forgot")
    await check_form(gil, "Send me a link", "email")
    await gil.go("/reset#token")
    await check_form(gil, "Change the password", "newPassword")
    await gil.page.goto(invite)
    await check_form(gil, "Join as a guest", "name")
    await gil.sign_up("gil")
    await gil.page.goto(invite)
    await check_form(gil, "Join as gil", "")


async def test_chat_keeps_the_focus_where_the_person_types(person: NewPerson) -> None:
    """A refused message is put back into the field, and the focus stays."""
    ada = await person(reduced_motion="reduce")
    ada.expected.append("409")
    await ada.open_new("Chat")
    box = ada.page.get_by_role("textbox", name="Message")
    async with refused(ada, 409):
        for press in ("Enter", "Tab Enter"):
            await box.fill("hello")
            for key in press.split():
                await ada.page.keyboard.press(key)
            await expect(ada.page.get_by_role("alert")).to_have_text(SAID)
            await expect(box).to_have_value("hello")
            last = box if press == "Enter" else ada.button("Send")
            await expect(last).to_be_focused()


def forms_in_source() -> Iterator[str]:
    for path in SOURCE.rglob("*.tsx"):
        for tag in re.findall(r"<(Form|form)\b", path.read_text()):
            yield f"{path.relative_to(SOURCE).as_posix()} {tag}"


def test_every_form_is_checked() -> None:
    """Each form uses `Form`, except a few, which have tests of their own.

    A test above tests the form of the chat. `test_bar.py` and `test_home.py` test the title of a
    session, `test_run_input.py` a line of a program's input, and `test_program_tests.py` a test of
    a program. `test_account.py` tests the form that hands a session over.
    """
    names = list(forms_in_source())
    plain = sorted(form for form in names if form.endswith(" form"))

    assert plain == [
        "session/panels/chat.tsx form",
        "session/run/line.tsx form",
        "session/run/tests/form.tsx form",
        "ui/form.tsx form",
        "ui/title_field.tsx form",
    ]
    assert len(names) - len(plain) == len(FORMS) + 7
