"""Tests guessing of passwords at sign-in, and at requests that ask for the password again."""

import asyncio
import itertools

import pytest

from tests.api import PASSWORD, Answer, Api
from tests.handlers.clients import code_of, is_open, joined

NEW = "another good password"
WRONG = "not the password"


def must_wait(answer: Answer, at_most_s: int) -> None:
    assert code_of(answer) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= at_most_s


@pytest.mark.parametrize("path", ["/user/password", "/user/me"])
async def test_wrong_passwords_of_signed_in_user_lock_change_and_sign_in(
    clock, ada: Api, path: str
) -> None:
    """After five wrong passwords, password change and account removal must wait.

    This holds even with the right password.

    A change of the wall clock does not shorten the wait.
    """
    session_id = await ada.new_session()
    wire = await joined(ada, session_id)

    async def attempt(password: str) -> Answer:
        if path == "/user/me":
            return await ada.delete(path, body={"password": password})
        return await ada.post(path, {"currentPassword": password, "newPassword": NEW})

    failed = [await attempt(WRONG) for _ in range(5)]

    assert [answer.status for answer in failed] == [422] * 5
    must_wait(await attempt(PASSWORD), 15)
    must_wait(
        await ada.post("/user/password", {"currentPassword": PASSWORD, "newPassword": NEW}), 15
    )
    must_wait(await ada.delete("/user/me", body={"password": PASSWORD}), 15)
    clock.advance(600)
    must_wait(await attempt(PASSWORD), 15)
    assert (await ada.get("/user/me")).status == 200
    assert await is_open(wire)


async def test_sign_in_that_waits_leaves_password_change_open(ada: Api) -> None:
    """While sign-ins from an address wait, a signed-in user may still change the password there.

    The change does not shorten the wait.
    """
    wrong = [
        await Api(ada.url).post("/user/login", {"username": "ada", "password": WRONG})
        for _ in range(5)
    ]
    assert [answer.status for answer in wrong] == [401] * 5

    changed = await ada.post("/user/password", {"currentPassword": PASSWORD, "newPassword": NEW})

    assert changed.status == 200
    must_wait(await Api(ada.url).post("/user/login", {"username": "ada", "password": NEW}), 1_800)


async def test_wrong_passwords_of_address_do_not_lock_password_change_there(start_server) -> None:
    """Guesses of strangers at an address do not keep signed-in users from a password change.

    The sockets of signed-in users stay open.
    """
    server = await start_server(address_failures_per_h=4)
    ada = await Api(server.url).sign_up("ada")
    wire = await joined(ada, await ada.new_session())
    for number in range(4):
        await Api(server.url).post(
            "/user/login", {"username": f"nobody{number}", "password": WRONG}
        )
    must_wait(
        await Api(server.url).post("/user/login", {"username": "nobody", "password": PASSWORD}), 900
    )

    changed = await ada.post("/user/password", {"currentPassword": PASSWORD, "newPassword": NEW})

    assert changed.status == 200
    assert await is_open(wire)


async def test_right_passwords_are_not_counted_as_guesses(ada: Api) -> None:
    """Many password changes with the right password are no guesses, even after four wrong ones."""
    passwords = [PASSWORD, *(f"{NEW} {number}" for number in range(8))]
    for _ in range(4):
        await ada.post("/user/password", {"currentPassword": WRONG, "newPassword": NEW})

    for old, new in itertools.pairwise(passwords):
        answer = await ada.post("/user/password", {"currentPassword": old, "newPassword": new})
        assert answer.status == 200


async def test_simultaneous_wrong_passwords_are_counted(crowd: None, ada: Api) -> None:
    """Only five of thirty simultaneous wrong passwords are checked."""
    body = {"currentPassword": WRONG, "newPassword": NEW}

    answers = await asyncio.gather(*(ada.post("/user/password", body) for _ in range(30)))

    assert sorted(answer.status for answer in answers) == [422] * 5 + [429] * 25
