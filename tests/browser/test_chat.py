"""Tests of the chat: links, code, and how people notice a message while the chat is not visible."""

import re

from playwright.async_api import expect

from tests.browser.conftest import NewPerson, Someone


async def in_chat(person: NewPerson) -> tuple[Someone, Someone]:
    ada, gil = await person(), await person()
    await ada.open_new("Chat")
    await ada.let_in(gil, "Gil")
    return ada, gil


async def say(person: Someone, text: str) -> None:
    await person.page.get_by_role("textbox", name="Message").fill(text)
    await person.page.keyboard.press("Enter")


async def test_addresses_in_messages_are_links_to_another_tab(person: NewPerson) -> None:
    ada, gil = await in_chat(person)
    await say(
        ada, "see https://example.org/a?b=1#c. Not javascript:alert(1), `https://code.example`"
    )

    link = gil.page.locator(".message a")
    await expect(link).to_have_count(1)
    await expect(link).to_have_attribute("href", "https://example.org/a?b=1#c")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(link).to_have_attribute("rel", re.compile("noopener noreferrer"))
    await gil.check_access()


async def test_long_line_of_code_is_seen_as_a_whole(person: NewPerson) -> None:
    ada, gil = await in_chat(person)
    line = "const answer = items.filter(one => one.isOpen).length // forty-two of them"
    await say(ada, f"```\n{line}\n```")

    code = gil.page.locator(".message pre")
    await expect(code).to_have_text(line)
    assert await code.evaluate("pre => pre.scrollWidth <= pre.clientWidth")


async def test_message_is_announced_and_counted_while_the_chat_is_closed(person: NewPerson) -> None:
    ada, gil = await in_chat(person)
    await gil.button("Close the panel").click()
    await say(ada, "are you there?")

    await expect(gil.page).to_have_title("(1) Chat · Collab")
    await expect(gil.page.locator(".toast")).to_have_text(f"{ada.name}: are you there?")
    await gil.page.keyboard.press("Alt+c")
    await expect(gil.page).to_have_title("Chat · Collab")


async def test_message_of_a_hidden_tab_is_unread_until_it_is_shown(person: NewPerson) -> None:
    ada, gil = await in_chat(person)
    hide = """is => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => is })
        document.dispatchEvent(new Event("visibilitychange"))
    }"""
    await gil.page.evaluate(hide, True)
    await say(ada, "look here")
    await expect(gil.page).to_have_title("(1) Chat · Collab")

    await gil.page.evaluate(hide, False)

    await expect(gil.page).to_have_title("Chat · Collab")


async def test_refusal_of_a_message_disappears_when_the_connection_is_back(
    person: NewPerson,
) -> None:
    ada, _gil = await in_chat(person)
    ada.expected.append("ERR_INTERNET_DISCONNECTED|WebSocket connection")
    await ada.context.set_offline(True)
    await expect(ada.page.get_by_test_id("saved")).to_have_text("Offline")
    await say(ada, "nobody hears me")
    problem = ada.page.get_by_label("Chat").get_by_role("alert")
    await expect(problem).to_contain_text("cannot be reached")

    await ada.context.set_offline(False)

    await ada.until_saved()
    await expect(problem).to_have_count(0)
    await expect(ada.page.get_by_role("textbox", name="Message")).to_have_value("nobody hears me")
