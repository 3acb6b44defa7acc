"""Tests changes of e-mail addresses, and the mail to the old address."""

import pytest

from tests.api import PASSWORD, Answer, Api
from tests.handlers.clients import code_of, guest_of
from tests.postbox import open_postbox

COUNTESS = "countess@example.org"


async def change(api: Api, email: str = COUNTESS, password: str = PASSWORD) -> Answer:
    return await api.post("/user/email", {"email": email, "password": password})


async def sign_in(api: Api, email: str) -> int:
    body = {"email": email, "password": PASSWORD}
    return (await Api(api.url).post("/user/login", body)).status


async def test_changed_email_is_used_for_sign_in_and_profile(ada: Api) -> None:
    """The old address no longer signs in. Existing logins stay."""
    answer = await change(ada, "Countess@Example.org")

    assert (answer.status, answer.body["email"]) == (200, COUNTESS)
    assert (await ada.get("/user/me")).body == answer.body
    assert [await sign_in(ada, email) for email in (COUNTESS, "ada@example.org")] == [200, 401]


async def test_email_of_another_user_is_refused_as_in_use(ada: Api, bob: Api) -> None:
    """The error names the field in a whole sentence. Capitals in the address make no difference."""
    answer = await change(ada, "BOB@example.org")

    assert (code_of(answer), answer.body["errors"]) == (
        (409, "conflict"), {"email": ["This e-mail address is taken."]}
    )  # fmt: skip
    assert (await ada.get("/user/me")).body["email"] == "ada@example.org"
    assert (await bob.get("/user/me")).body["email"] == "bob@example.org"


@pytest.mark.parametrize(
    ("email", "password", "field", "words"),
    [
        (COUNTESS, "wrong password", "password", "is wrong"),
        (COUNTESS, "", "password", "is required"),
        ("countess", PASSWORD, "email", "Enter a valid e-mail address."),
        ("x" * 250 + "@example.org", PASSWORD, "email", "may have at most 254 characters"),
    ],
)
async def test_email_with_bad_fields_is_refused(
    ada: Api, email: str, password: str, field: str, words: str
) -> None:
    """The error names the field, and nothing changes."""
    answer = await change(ada, email, password)

    assert (code_of(answer), answer.body["errors"]) == ((422, "invalid"), {field: [words]})
    assert (await ada.get("/user/me")).body["email"] == "ada@example.org"


async def test_email_of_guest_is_refused(ada: Api) -> None:
    """A guest has neither an e-mail address nor a password."""
    guest = await guest_of(ada, await ada.new_session())

    assert code_of(await change(guest)) == (403, "forbidden")


async def test_email_changes_are_counted_for_user(start_server) -> None:
    """Without this limit, a user could soon find out which addresses have accounts."""
    server = await start_server(mails_per_h=2)
    ada, bob = [await Api(server.url).sign_up(name) for name in ("ada", "bob")]

    emails = ("bob@example.org", COUNTESS, "ada@example.org")
    statuses = [(await change(ada, email)).status for email in emails]

    assert statuses == [409, 200, 429]
    assert (await change(bob, "robert@example.org")).status == 200


async def test_change_of_email_sends_mail_to_old_address(start_server) -> None:
    """So a user notices if somebody else changed the address.

    An unchanged address sends no mail.
    """
    async with open_postbox() as postbox:
        ada = await Api((await start_server(**postbox.settings)).url).sign_up("ada")
        await change(ada, "ADA@example.org")
        await change(ada)
        await change(ada, "third@example.org")
        await postbox.mail(2)

    assert [mail["To"] for mail in postbox.mails] == ["ada@example.org", COUNTESS]
    assert COUNTESS in postbox.mails[0].get_content()
    assert "https://" not in postbox.mails[0].get_content()
