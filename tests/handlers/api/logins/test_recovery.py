"""Tests links by e-mail for forgotten passwords."""

import re
from typing import Any

import pytest

from collab_server.server import Server
from tests.api import PASSWORD, Answer, Api
from tests.clock import Clock
from tests.handlers.clients import Browser, code_of, joined, log_in
from tests.postbox import Postbox
from tests.waiting import until

NEW = "several random words"
GONE = "This link was used already, or has expired. Ask for a new one."


@pytest.fixture
async def mailing(postbox: Postbox, start_server) -> Server:
    """A server that sends its mails to `postbox`."""
    return await start_server(**postbox.settings)


async def forget(url: str, email: str = "ada@example.org", **options: Any) -> Answer:
    return await Api(url).post("/user/password/forgot", {"email": email}, **options)


async def reset(url: str, token: str, password: str = NEW) -> Answer:
    return await Api(url).post("/user/password/reset", {"token": token, "newPassword": password})


async def test_link_lets_user_choose_new_password(mailing: Server, postbox: Postbox) -> None:
    """The link sets a new password. The capitals of the typed address make no difference."""
    await Api(mailing.url).sign_up("ada")

    asked = await forget(mailing.url, "Ada@Example.ORG")
    mail = await postbox.mail()
    answer = await reset(mailing.url, await postbox.token())

    assert (asked.status, list(asked.body)) == (202, ["message"])
    assert (mail["To"], mail["Subject"]) == (
        "ada@example.org", "A new password for code.example.org"
    )  # fmt: skip
    assert mail.get_content().startswith("Hello ada,\n")
    assert (answer.status, answer.body["ended"]) == (200, 1)
    await log_in(mailing.url, "ada", NEW)
    old = {"username": "ada", "password": PASSWORD}
    assert code_of(await Api(mailing.url).post("/user/login", old)) == (401, "bad_credentials")


async def test_answer_is_the_same_without_account(mailing: Server, postbox: Postbox) -> None:
    """The answer does not reveal accounts. User names and guests get the same answer."""
    await Api(mailing.url).sign_up("ada")

    answers = [
        await forget(mailing.url, email) for email in ("nobody@example.org", "ada@example.org")
    ]

    await postbox.mail()
    assert answers[0].body == answers[1].body
    assert [answer.status for answer in answers] == [202, 202]
    assert set(answers[0].headers) == set(answers[1].headers)
    assert [mail["To"] for mail in postbox.mails] == ["ada@example.org"]


async def test_answer_does_not_wait_for_store_or_mail_server(
    mailing: Server, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of the answer reveals nothing, because the account is looked up after it."""
    await Api(mailing.url).sign_up("ada")
    store = mailing.parts.services.store
    looked_up: list[str] = []
    find = store.user_by_name

    async def noted(name: str) -> Any:
        looked_up.append(name)
        return await find(name)

    monkeypatch.setattr(store, "user_by_name", noted)
    posted: list[Any] = []

    def post(write: Any) -> bool:
        posted.append(write)
        return True

    monkeypatch.setattr(mailing.parts.services.outbox, "post", post)

    assert (await forget(mailing.url)).status == 202
    assert looked_up == []

    assert (await posted[0]()).to == "ada@example.org"
    assert looked_up == ["ada@example.org"]


async def test_reset_ends_all_logins_and_closes_their_sockets(
    mailing: Server, postbox: Postbox
) -> None:
    """Logins of another person who knew the old password end, too."""
    ada = await Api(mailing.url).sign_up("ada")
    phone = await log_in(mailing.url, "ada")
    wire = await joined(phone, await ada.new_session())
    await forget(mailing.url)

    answer = await reset(mailing.url, await postbox.token())

    assert answer.body["ended"] == 2
    while await wire.receive() is not None:
        pass
    assert wire.close_code == 4401
    for client in (ada, phone):
        assert code_of(await client.get("/user/me")) == (401, "not_signed_in")


async def test_link_works_once_and_ends_earlier_links(mailing: Server, postbox: Postbox) -> None:
    """After one link was used, older links in the mailbox are useless."""
    await Api(mailing.url).sign_up("ada")
    for _ in range(2):
        await forget(mailing.url)
    first, second = await postbox.token(1), await postbox.token(2)
    assert first != second

    assert (await reset(mailing.url, second)).status == 200

    for token in (first, second):
        answer = await reset(mailing.url, token, "even more random words")
        assert (*code_of(answer), answer.body["message"]) == (404, "not_found", GONE)
    await log_in(mailing.url, "ada", NEW)


async def test_link_expires_after_an_hour(clock: Clock, postbox: Postbox, start_server) -> None:
    """One second before its expiry, the link still works."""
    server = await start_server(**postbox.settings)
    await Api(server.url).sign_up("ada")
    await forget(server.url)
    token = await postbox.token()

    clock.advance(3_599)
    assert code_of(await reset(server.url, token, "too short")) == (422, "invalid")
    clock.advance(1)

    assert (await reset(server.url, token)).body["message"] == GONE
    await log_in(server.url, "ada")


@pytest.mark.parametrize("password", ["short", "password1234", "ada@example.org", "x" * 129])
async def test_reset_with_bad_password_names_field_and_keeps_link(
    mailing: Server, postbox: Postbox, password: str
) -> None:
    """The user can try again with the same link."""
    await Api(mailing.url).sign_up("ada")
    await forget(mailing.url)
    token = await postbox.token()

    answer = await reset(mailing.url, token, password)

    assert (code_of(answer), list(answer.body["errors"])) == ((422, "invalid"), ["newPassword"])
    assert (await reset(mailing.url, token)).status == 200


async def test_changed_password_or_address_ends_links(mailing: Server, postbox: Postbox) -> None:
    """Links that were requested before no longer work."""
    ada = await Api(mailing.url).sign_up("ada")
    for change in (
        ("/user/password", {"currentPassword": PASSWORD, "newPassword": NEW}),
        ("/user/email", {"email": "countess@example.org", "password": NEW}),
    ):
        await forget(mailing.url)
        token = await postbox.token(len(postbox.mails) + 1)
        assert (await ada.post(*change)).status == 200

        assert (await reset(mailing.url, token)).body["message"] == GONE


async def test_reset_forgives_wrong_passwords_of_that_device(
    postbox: Postbox, start_server
) -> None:
    """Users who typed wrong passwords before the reset need not wait after it."""
    server = await start_server(account_failures=1, **postbox.settings)
    browser = Browser(server.url)
    await browser.enter("ada")
    await browser.post("/user/logout")
    wrong = {"username": "ada", "password": "not the password"}
    await browser.post("/user/login", wrong)
    assert code_of(await browser.post("/user/login", wrong)) == (429, "rate_limited")
    await browser.post("/user/password/forgot", {"email": "ada@example.org"})

    answer = await browser.post(
        "/user/password/reset", {"token": await postbox.token(), "newPassword": NEW}
    )

    assert answer.status == 200
    assert (await browser.post("/user/login", {"username": "ada", "password": NEW})).status == 200


async def test_links_are_limited_alike_with_and_without_account(
    postbox: Postbox, start_server
) -> None:
    """The limit keeps a stranger from filling a mailbox.

    It does not reveal if there is an account.
    """
    server = await start_server(mails_per_h=2, **postbox.settings)
    await Api(server.url).sign_up("ada")

    answers = [
        [(await forget(server.url, email)).status for _ in range(3)]
        for email in ("ada@example.org", "nobody@example.org")
    ]

    assert answers == [[202, 202, 429]] * 2


async def test_wrong_tokens_count_as_failures(postbox: Postbox, start_server) -> None:
    """Wrong tokens count by address, like wrong refresh tokens."""
    server = await start_server(anonymous_per_5min=2, refusal_hold_s=0, **postbox.settings)

    answers = [code_of(await reset(server.url, f"{number:043}")) for number in range(3)]

    assert answers == [(404, "not_found")] * 2 + [(429, "rate_limited")]


async def test_server_without_mail_says_that_it_resets_no_passwords(api: Api) -> None:
    """The app shows no link to a page that would not help."""
    assert (await api.get("/features")).body == {"passwordReset": False, "remoteRuns": False}
    answer = await forget(api.url)
    assert code_of(answer) == (404, "not_found")
    assert "sends no mail" in answer.body["message"]


async def test_server_with_mail_says_that_it_resets_passwords(mailing: Server) -> None:
    """Anybody may read this, without a sign-in."""
    assert (await Api(mailing.url).get("/features")).body == {
        "passwordReset": True,
        "remoteRuns": False,
    }


async def test_link_leads_to_public_url_for_any_host_header(
    mailing: Server, postbox: Postbox
) -> None:
    """Nobody can make the server send a link to another host."""
    await Api(mailing.url).sign_up("ada")

    await forget(mailing.url, headers={"Host": "evil.example"})

    text = (await postbox.mail()).get_content()
    assert re.findall(r"https?://[^/\s]+", text) == ["https://code.example.org"]


async def test_too_many_waiting_mails_are_refused(
    mailing: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is 503, so that people try again."""
    monkeypatch.setattr(mailing.parts.services.outbox, "post", lambda _: False)

    assert code_of(await forget(mailing.url)) == (503, "unavailable")


async def test_link_of_deleted_account_is_invalid(mailing: Server, postbox: Postbox) -> None:
    """A deleted account also gets no new link."""
    ada = await Api(mailing.url).sign_up("ada")
    await forget(mailing.url)
    token = await postbox.token()
    assert (await ada.delete("/user/me", body={"password": PASSWORD})).status == 204

    assert (await reset(mailing.url, token)).body["message"] == GONE
    await forget(mailing.url)
    bob = await Api(mailing.url).sign_up("bob")
    await forget(mailing.url, "bob@example.org")
    await until(lambda: len(postbox.mails) == 2)
    assert postbox.mails[1]["To"] == bob.user["email"]
