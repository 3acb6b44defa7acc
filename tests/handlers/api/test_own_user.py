"""Tests of `/user/me`: which user a request belongs to, and a new name."""

import pytest

from tests.api import PASSWORD, Api
from tests.handlers.clients import (
    Browser,
    account,
    code_of,
)


async def test_own_user_by_bearer_and_by_cookie_is_the_same(browser: Browser) -> None:
    """`GET /user/me` returns the same user for a bearer token and for a cookie."""
    user = (answer := await browser.enter("ada")).body["user"]

    by_cookie = await browser.get("/user/me")
    by_bearer = await Api(browser.url, answer.body["accessToken"]).get("/user/me")
    in_small_letters = await Api(browser.url).get(
        "/user/me", headers={"Authorization": f"bearer {answer.body['accessToken']}"}
    )

    assert by_cookie.status == by_bearer.status == in_small_letters.status == 200
    assert by_cookie.body == by_bearer.body == in_small_letters.body == user


async def test_bearer_token_takes_precedence_over_cookie(browser: Browser, bob: Api) -> None:
    """If a request has a bearer token, its cookie is ignored, even if the token is invalid."""
    await browser.enter("ada")

    both = await browser.get("/user/me", headers={"Authorization": f"Bearer {bob.token}"})
    wrong = await browser.get("/user/me", headers={"Authorization": "Bearer nonsense"})

    assert both.body["username"] == "bob"
    assert code_of(wrong) == (401, "not_signed_in")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YWRhOnB3"},
        {"Authorization": "Bearer é\xff"},
        {"Cookie": "accessToken="},
        {"Cookie": 'accessToken="\\303\\050"'},
        {"Cookie": "accessToken=é; ; =;"},
    ],
)
async def test_own_user_without_valid_credentials_is_401_with_challenge(
    api: Api, headers: dict[str, str]
) -> None:
    """Missing and malformed credentials are answered with 401 and a challenge."""
    answer = await api.get("/user/me", headers=headers)

    assert code_of(answer) == (401, "not_signed_in")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_rename_shows_new_name_and_frees_old_one(ada: Api) -> None:
    """Later answers show the new name, and another user can take the old one."""
    session_id = await ada.new_session()

    answer = await ada.patch("/user/me", {"username": " Countess "})

    assert (answer.status, answer.body) == (200, {**ada.user, "username": "Countess"})
    assert (await ada.get("/user/me")).body == answer.body
    assert (await ada.get(f"/session/{session_id}")).body["owner"]["username"] == "Countess"
    assert (
        await Api(ada.url).post("/user/login", {"username": "countess", "password": PASSWORD})
    ).status == 200
    assert (
        await Api(ada.url).post("/user/signup", {**account("ada"), "email": "new@example.org"})
    ).status == 201


async def test_rename_to_name_of_other_user_is_refused(ada: Api, bob: Api) -> None:
    """The name of another user is refused. One's own name in other capitals is accepted."""
    taken = await ada.patch("/user/me", {"username": "BOB"})
    own = await ada.patch("/user/me", {"username": "ADA"})

    assert code_of(taken) == (409, "conflict")
    assert list(taken.body["errors"]) == ["username"]
    assert (own.status, own.body["username"]) == (200, "ADA")


@pytest.mark.parametrize(
    "body", [{}, {"username": "ab"}, {"username": None}, {"email": "new@example.org"}]
)
async def test_rename_with_bad_name_or_email_is_refused(ada: Api, body: dict) -> None:
    """A rename needs a valid user name. An e-mail address cannot be changed by this request."""
    answer = await ada.patch("/user/me", body)

    assert code_of(answer) == (422, "invalid")
