"""Tests signing up, signing in, refreshing and signing out, with bearer tokens and cookies."""

import asyncio
import logging
import shutil
from pathlib import Path

import pytest

from tests.api import PASSWORD, Answer, Api
from tests.handlers.clients import (
    ID,
    RFC3339,
    Browser,
    account,
    code_of,
    is_expired,
    new_invite,
    set_cookies,
)
from tests.narrowing import required

DAY_S = 86_400
FORBIDDEN_FIELDS = [
    "role",
    "ownerId",
    "_id",
    "id",
    "isAdmin",
    "guest",
    "avatar",
    "createdAt",
    "__proto__",
    "$where",
]

# -- signing up -----------------------------------------------------------------------------------


async def test_sign_up_answers_with_user_and_tokens(api: Api) -> None:
    """A new account is signed in immediately, and the answer does not contain its password."""
    answer = await api.post("/user/signup", account("ada", fullname="Ada Lovelace"))

    assert answer.status == 201
    assert set(answer.body) == {"user", "accessToken", "refreshToken", "expiresIn"}
    assert answer.body["expiresIn"] == 900
    user = answer.body["user"]
    assert {"id", "username", "email", "avatar", "guest", "createdAt"} <= set(user)
    assert (user["username"], user["email"], user["avatar"], user["guest"]) == (
        "ada",
        "ada@example.org",
        None,
        False,
    )
    assert ID.fullmatch(user["id"])
    assert RFC3339.fullmatch(user["createdAt"])
    assert not [key for key in user if "pass" in key.lower() or "hash" in key.lower()]
    assert PASSWORD not in str(answer.body)


@pytest.mark.parametrize(
    "name", ["abc", "a" * 32, "Ada Lovelace", "Žofie", "日本語", "d'Arc-1.0_x", "😀😀😀"]
)
async def test_sign_up_accepts_user_names_of_all_scripts(api: Api, name: str) -> None:
    """Names of 3 to 32 characters in any script are accepted and returned as written."""
    answer = await api.post("/user/signup", {**account("x"), "username": name})

    assert (answer.status, answer.body["user"]["username"]) == (201, name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "  ab  ",
        "a" * 33,
        "ada@home",
        "a\nda",
        "a\tda",
        "ad\x00a",
        "ada\u202e",
        "\u2066ada",
        "ad\x7fa",
    ],
)
async def test_sign_up_with_bad_user_name_is_refused(api: Api, name: str) -> None:
    """A name that is too short or too long is refused, and the answer names `username`.

    A name with @, control characters or direction characters is also refused.
    """
    answer = await api.post("/user/signup", {**account("x"), "username": name})

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["username"]


async def test_name_with_joiner_is_kept_and_equals_name_without_it(api: Api) -> None:
    """A name with a joiner (U+200C) is kept as written.

    The name without the joiner counts as the same name, at sign-up and at sign-in.
    """
    name = "علی\u200cرضا"
    assert (await api.post("/user/signup", {**account("one"), "username": name})).body["user"][
        "username"
    ] == name

    answer = await api.post("/user/signup", {**account("two"), "username": "علیرضا"})
    login = await api.post("/user/login", {"username": "علیرضا", "password": PASSWORD})

    assert code_of(answer) == (409, "conflict")
    assert list(answer.body["errors"]) == ["username"]
    assert (login.status, login.body["user"]["username"]) == (200, name)


async def test_sign_up_composes_and_trims_user_name(api: Api) -> None:
    """A name is trimmed and composed (NFC), so its other spellings count as the same name."""
    answer = await api.post("/user/signup", {**account("x"), "username": "  Zoe\u0308 "})
    again = await api.post("/user/signup", {**account("y"), "username": "zoë"})

    assert answer.body["user"]["username"] == "Zoë"
    assert code_of(again) == (409, "conflict")


@pytest.mark.parametrize(
    "email",
    ["", "ada", "ada@", "@example.org", "ada@example", "a@b@example.org", "a da@example.org",
     "ada@exa mple.org",
     "ada@example.org\nbcc: eve@example.org", "x" * 250 + "@a.bc", "ada@example.org\x00", "ada@.",
     "ada@..."],
)  # fmt: skip
async def test_sign_up_with_bad_email_is_refused(api: Api, email: str) -> None:
    """Text that cannot be an e-mail address is refused, and the answer names `email`."""
    answer = await api.post("/user/signup", {**account("ada"), "email": email})

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["email"]


async def test_sign_up_with_email_in_use_names_the_field(ada: Api) -> None:
    """An e-mail address in other capitals counts as in use, and the answer names `email`."""
    answer = await Api(ada.url).post(
        "/user/signup", {**account("other"), "email": "ADA@Example.ORG"}
    )

    assert code_of(answer) == (409, "conflict")
    assert list(answer.body["errors"]) == ["email"]
    assert "e-mail" in answer.body["message"]


@pytest.mark.parametrize(
    ("first", "second"), [("ada", "ADA"), ("Straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος")]
)
async def test_sign_up_with_user_name_in_use_names_the_field(
    api: Api, first: str, second: str
) -> None:
    """User names that differ only in capitals are the same name."""
    assert (await api.post("/user/signup", {**account("one"), "username": first})).status == 201

    answer = await api.post("/user/signup", {**account("two"), "username": second})

    assert code_of(answer) == (409, "conflict")
    assert list(answer.body["errors"]) == ["username"]


async def test_simultaneous_sign_ups_with_one_email_make_one_account(crowd: None, api: Api) -> None:
    """Twenty simultaneous sign-ups with one e-mail address make exactly one account."""
    bodies = [{**account(f"user{n}"), "email": "same@example.org"} for n in range(20)]

    answers = await asyncio.gather(*(api.post("/user/signup", body) for body in bodies))

    assert sorted(answer.status for answer in answers) == [201] + [409] * 19


@pytest.mark.parametrize("field", FORBIDDEN_FIELDS)
async def test_user_requests_with_unknown_field_are_refused(ada: Api, field: str) -> None:
    """A request with an unknown field is refused, and the answer names that field."""
    bodies = {
        "/user/signup": account("eve"),
        "/user/login": {"username": "ada", "password": PASSWORD},
        "/user/refresh": {"refreshToken": ada.refresh_token},
        "/user/logout": {},
    }

    for path, body in bodies.items():
        answer = await ada.post(path, {**body, field: "owner"})
        assert code_of(answer) == (422, "invalid"), path
        assert list(answer.body["errors"]) == [field]
    answer = await ada.patch("/user/me", {"username": "ada2", field: "owner"})

    assert code_of(answer) == (422, "invalid")
    assert (await ada.get("/user/me")).body == ada.user


async def test_sign_up_with_several_bad_fields_names_each(api: Api) -> None:
    """The answer names every bad field, so a form can show all faults after one request."""
    answer = await api.post("/user/signup", {"username": "x", "email": 5})

    assert code_of(answer) == (422, "invalid")
    assert set(answer.body["errors"]) == {"username", "email", "password"}
    assert all(
        isinstance(what, str) for faults in answer.body["errors"].values() for what in faults
    )


# -- signing in -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "who",
    [
        {"username": "ada"},
        {"username": "ADA"},
        {"email": "ada@example.org"},
        {"email": " Ada@EXAMPLE.org "},
    ],
)
async def test_login_accepts_user_name_or_email_in_any_case(ada: Api, who: dict[str, str]) -> None:
    """A user can sign in by user name or by e-mail address, in any capitals."""
    answer = await Api(ada.url).post("/user/login", {**who, "password": PASSWORD})

    assert answer.status == 200
    assert set(answer.body) == {"user", "accessToken", "refreshToken", "expiresIn"}
    assert answer.body["user"] == ada.user
    assert (await Api(ada.url, answer.body["accessToken"]).get("/user/me")).body == ada.user


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"password": PASSWORD}, {"email", "username"}),
        ({"username": "ada"}, {"password"}),
        (
            {"username": "ada", "email": "ada@example.org", "password": PASSWORD},
            {"email", "username"},
        ),
        ({"username": "ada", "email": None, "password": PASSWORD}, {"email", "username"}),
        ({"username": "", "password": PASSWORD}, {"username"}),
        ({"username": {"$ne": None}, "password": {"$ne": None}}, {"username", "password"}),
        ({"username": ["ada"], "password": PASSWORD}, {"username"}),
    ],
)
async def test_login_without_one_name_and_password_names_the_fields(
    ada: Api, body: dict, fields: set[str]
) -> None:
    """A login needs a password and either a user name or an e-mail address, both as text.

    Otherwise the answer names the fields.
    """
    answer = await Api(ada.url).post("/user/login", body)

    assert code_of(answer) == (422, "invalid")
    assert set(answer.body["errors"]) <= fields
    assert answer.body["errors"]


async def test_login_with_wrong_password_or_unknown_user_fails_alike(ada: Api) -> None:
    """A failed login does not reveal whether the user name has an account."""
    wrong = await Api(ada.url).post(
        "/user/login", {"username": "ada", "password": "not the password"}
    )
    unknown = await Api(ada.url).post(
        "/user/login", {"username": "nobody", "password": "not the password"}
    )

    assert code_of(wrong) == (401, "bad_credentials")
    assert wrong.body | {"requestId": ""} == unknown.body | {"requestId": ""}
    assert not set_cookies(wrong)


async def test_login_of_unknown_user_compares_hash_of_same_cost(
    ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For an unknown user, the password is still compared with a hash of the same cost."""
    import bcrypt

    compared: list[bytes] = []
    check = bcrypt.checkpw

    def noting(given: bytes, hashed: bytes) -> bool:
        compared.append(hashed)
        return check(given, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", noting)

    for name in ("ada", "nobody"):
        await Api(ada.url).post("/user/login", {"username": name, "password": "not the password"})

    assert len(compared) == 2
    assert compared[0][:7] == compared[1][:7], "another algorithm or cost"


async def test_login_compares_whole_composed_password(api: Api) -> None:
    """A login compares the whole password, also after byte 72 and after a NUL.

    An accent may be one composed character or two characters.
    """
    long, nul, accent = "éè" * 50, "before nul\0after nul", "cafe\u0301 au lait"
    for name, password in [("long", long), ("nul", nul), ("accent", accent)]:
        assert (
            await api.post("/user/signup", {**account(name), "password": password})
        ).status == 201

    attempts = [
        ("long", long, 200),
        ("long", long[:-1] + "e", 401),
        ("nul", nul, 200),
        ("nul", "before nul\0", 401),
        ("nul", "before nul", 401),
        ("accent", "café au lait", 200),
        ("accent", "cafe au lait", 401),
        ("accent", " café au lait", 401),
    ]

    for name, password, status in attempts:
        answer = await api.post("/user/login", {"username": name, "password": password})
        assert answer.status == status, (name, password)


# -- who am I -------------------------------------------------------------------------------------


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


# -- cookies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/user/signup", "/user/login", "/user/refresh"])
async def test_cookies_have_attributes_path_and_lifetime(browser: Browser, path: str) -> None:
    """Cookies are HttpOnly and SameSite=Lax, and each has its path and lifetime."""
    answer = await browser.enter("ada")
    if path != "/user/signup":
        answer = await browser.post(
            path, {"username": "ada", "password": PASSWORD} if "login" in path else {}
        )

    cookies = set_cookies(answer)

    assert set(cookies) - {"device"} == {"accessToken", "refreshToken"}
    assert ("device" in cookies) == (path != "/user/refresh")
    for cookie in cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert not cookie["secure"]
        assert not cookie["domain"]
    access, refresh = cookies["accessToken"], cookies["refreshToken"]
    assert (access["path"], access["max-age"], access.value) == (
        "/",
        "900",
        answer.body["accessToken"],
    )
    assert (refresh["path"], refresh["max-age"]) == ("/user", str(30 * DAY_S))
    assert refresh.value == answer.body["refreshToken"]
    if "device" in cookies:
        assert (cookies["device"]["path"], cookies["device"]["max-age"]) == (
            "/user",
            str(365 * DAY_S),
        )


@pytest.mark.parametrize(
    ("hops", "proto", "is_secure"),
    [(0, None, False), (0, "https", False), (1, "https", True), (1, "http", False),
     (1, None, False),
     (1, "https, http", False), (1, "http, https", True)],
)  # fmt: skip
async def test_cookies_are_secure_when_trusted_proxy_says_tls(
    start_server, hops: int, proto: str | None, is_secure
) -> None:
    """Cookies get `Secure` if a trusted proxy reports TLS.

    The report of any other client is ignored.
    """
    server = await start_server(trust_proxy=hops)
    headers = {"X-Forwarded-Proto": proto} if proto else {}

    answer = await Api(server.url).post("/user/signup", account("ada"), headers=headers)

    assert answer.status == 201
    assert [bool(cookie["secure"]) for cookie in set_cookies(answer).values()] == [is_secure] * 3


async def test_logout_clears_the_cookies(browser: Browser) -> None:
    """Signing out clears both cookies of the login.

    The cookie `device` stays: it signs nobody in.
    """
    await browser.enter("ada")

    answer = await browser.post("/user/logout")

    cookies = set_cookies(answer)
    assert {name: (one.value, one["path"]) for name, one in cookies.items()} == {
        "accessToken": ("", "/"),
        "refreshToken": ("", "/user"),
    }
    assert [is_expired(one) for one in cookies.values()] == [True, True], (
        "no Max-Age=0 and no past Expires"
    )
    assert browser.jar.keys() == {"device"}
    assert (await browser.get("/user/me")).status == 401


# -- staying signed in ----------------------------------------------------------------------------


async def test_refresh_answers_with_new_tokens_for_same_user(ada: Api) -> None:
    """A refresh token is exchanged for new tokens of the same user."""
    answer = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert answer.status == 200
    assert set(answer.body) == {"user", "accessToken", "refreshToken", "expiresIn"}
    assert answer.body["user"] == ada.user
    assert answer.body["refreshToken"] != ada.refresh_token
    assert (await Api(ada.url, answer.body["accessToken"]).get("/user/me")).status == 200
    assert (await ada.get("/user/me")).status == 200, (
        "the earlier access token of the same login still works"
    )
    again = await Api(ada.url).post("/user/refresh", {"refreshToken": answer.body["refreshToken"]})
    assert again.status == 200


async def test_refresh_by_cookie_alone_renews_access_cookie(browser: Browser) -> None:
    """A page without an access cookie gets a new one with its refresh cookie alone."""
    await browser.enter("ada")
    before = browser.jar.pop("accessToken")
    refresh = browser.jar["refreshToken"].value

    answer = await browser.post("/user/refresh")

    assert answer.status == 200
    assert browser.jar["refreshToken"].value == answer.body["refreshToken"] != refresh
    assert browser.jar["accessToken"].value != before.value
    assert (await browser.get("/user/me")).status == 200


async def test_refresh_cookie_on_other_routes_is_ignored(browser: Browser) -> None:
    """Only /user/refresh accepts the refresh cookie."""
    await browser.enter("ada")
    cookie = {"Cookie": f"refreshToken={browser.jar['refreshToken'].value}"}

    answer = await Api(browser.url).get("/user/me", headers=cookie)

    assert code_of(answer) == (401, "not_signed_in")


async def test_refresh_retried_within_20_s_has_same_successor(clock, ada: Api) -> None:
    """A client that got no answer may repeat its refresh within 20 s, and gets the same token."""
    first = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    clock.advance(20)

    retry = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert retry.status == 200
    assert retry.body["refreshToken"] == first.body["refreshToken"]
    assert (await Api(ada.url, retry.body["accessToken"]).get("/user/me")).status == 200
    assert (
        await Api(ada.url).post("/user/refresh", {"refreshToken": retry.body["refreshToken"]})
    ).status == 200


async def test_refresh_token_reused_after_20_s_ends_its_login(clock, ada: Api) -> None:
    """Reuse of a refresh token after 20 s ends its login, with all access tokens and sockets.

    Other logins of the user continue.
    """
    other = await Api(ada.url).post("/user/login", {"username": "ada", "password": PASSWORD})
    first = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    session_id = await ada.new_session()
    wire = await ada.connect(session_id)
    await wire.receive()
    clock.advance(20.001)

    reuse = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert code_of(reuse) == (401, "not_signed_in")
    for token in (ada.token, first.body["accessToken"]):
        assert code_of(await Api(ada.url, token).get("/user/me")) == (401, "not_signed_in")
    successor = await Api(ada.url).post(
        "/user/refresh", {"refreshToken": first.body["refreshToken"]}
    )
    assert code_of(successor) == (401, "not_signed_in")
    assert (await wire.until_closed())[0] == 4401
    assert (await Api(ada.url, other.body["accessToken"]).get("/user/me")).status == 200
    assert (
        await Api(ada.url).post("/user/refresh", {"refreshToken": other.body["refreshToken"]})
    ).status == 200


async def test_late_refresh_with_replaced_token_gets_newest_token(clock, browser: Browser) -> None:
    """A late refresh sends a token that other tabs have already replaced.

    It gets the newest token.
    """
    chain = [(await browser.enter("ada")).body["refreshToken"]]
    for _ in range(4):
        chain.append((await browser.post("/user/refresh")).body["refreshToken"])
        clock.advance(4)

    late = [
        await Api(browser.url).post("/user/refresh", {"refreshToken": token})
        for token in chain[:-1]
    ]

    assert [answer.status for answer in late] == [200] * 4
    assert {answer.body["refreshToken"] for answer in late} == {chain[-1]}
    assert (await Api(browser.url, late[0].body["accessToken"]).get("/user/me")).status == 200
    assert (await browser.get("/user/me")).status == 200
    assert (await browser.post("/user/refresh")).status == 200


async def test_replaced_refresh_token_used_20_s_ago_ends_its_login(clock, ada: Api) -> None:
    """The 20 s of a token begin with its own first use, even after a newer exchange."""
    second = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    clock.advance(19)
    third = await Api(ada.url).post("/user/refresh", {"refreshToken": second.body["refreshToken"]})
    clock.advance(1.001)

    reuse = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert code_of(reuse) == (401, "not_signed_in")
    assert (await Api(ada.url, third.body["accessToken"]).get("/user/me")).status == 401


async def test_late_refresh_after_restart_keeps_its_login(start_server) -> None:
    """A late refresh after a restart does not end the login: the store keeps recent exchanges."""
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    second = await Api(server.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    third = await Api(server.url).post(
        "/user/refresh", {"refreshToken": second.body["refreshToken"]}
    )
    await server.stop()
    server = await start_server()

    late = await Api(server.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert (late.status, late.body["refreshToken"]) == (200, third.body["refreshToken"])
    assert (await Api(server.url, third.body["accessToken"]).get("/user/me")).status == 200


async def test_guest_and_user_stay_signed_in_after_restored_backup(
    start_server, tmp_path: Path, expect_log
) -> None:
    """The backup has the data folder with the secret and the epoch.

    Tokens that are newer than the backup still work.
    """
    expect_log("WARNING handlers.security.refreshing: the database is older than a login of user")
    data, backup = tmp_path / "data", tmp_path / "backup"
    server = await start_server()
    ada = await Api(server.url).sign_up("ada")
    invite = await new_invite(ada, await ada.new_session())
    answer = await Api(server.url).post("/user/guest", {"name": "Zoe", "invite": invite["invite"]})
    zoe = answer.body["user"]
    tokens = [ada.refresh_token, answer.body["refreshToken"]]
    await server.stop()
    shutil.copytree(data, backup)

    async def refresh() -> list[Answer]:
        """Refresh both logins on a server that then stops."""
        server = await start_server()
        answers = [
            await Api(server.url).post("/user/refresh", {"refreshToken": token}) for token in tokens
        ]
        tokens[:] = [one.body["refreshToken"] for one in answers]
        await server.stop()
        return answers

    for _ in range(3):
        await refresh()
    shutil.rmtree(data)
    shutil.copytree(backup, data)
    answers = await refresh()

    assert [one.status for one in answers] == [200, 200]
    assert [one.body["user"]["id"] for one in answers] == [required(ada.user)["id"], zoe["id"]]
    assert [one.status for one in await refresh()] == [200, 200]


async def test_refresh_retried_after_change_of_secret_is_401_and_keeps_its_login(
    start_server,
) -> None:
    """After a change of the secret, a repeated refresh is refused, but its login continues.

    The server cannot compute the successor of the token with another secret.
    """
    server = await start_server(jwt_secret="a" * 40)
    ada = await Api(server.url).sign_up("ada")
    second = await Api(server.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    await server.stop()
    server = await start_server(jwt_secret="b" * 40)

    retry = await Api(server.url).post("/user/refresh", {"refreshToken": ada.refresh_token})

    assert code_of(retry) == (401, "not_signed_in")
    assert (
        await Api(server.url).post("/user/refresh", {"refreshToken": second.body["refreshToken"]})
    ).status == 200


async def test_simultaneous_refreshes_have_one_successor(crowd: None, ada: Api) -> None:
    """Fifty tabs that refresh together all get the same new token and stay signed in."""
    anyone = Api(ada.url)

    answers = await asyncio.gather(
        *(anyone.post("/user/refresh", {"refreshToken": ada.refresh_token}) for _ in range(50))
    )

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["refreshToken"] for answer in answers}) == 1
    assert (
        await anyone.post("/user/refresh", {"refreshToken": answers[0].body["refreshToken"]})
    ).status == 200


async def test_login_unused_for_14_days_ends(clock, ada: Api, bob: Api) -> None:
    """A login that was unused for 14 days cannot be refreshed. One second earlier it can."""
    clock.advance(14 * DAY_S - 1)
    in_time = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    clock.advance(1)
    late = await Api(bob.url).post("/user/refresh", {"refreshToken": bob.refresh_token})

    assert in_time.status == 200
    assert code_of(late) == (401, "not_signed_in")


async def test_login_in_use_ends_after_30_days(clock, ada: Api) -> None:
    """A login ends 30 days after it began, even if it is refreshed often."""
    token = ada.refresh_token
    for _ in range(2):
        clock.advance(13 * DAY_S)
        token = (await Api(ada.url).post("/user/refresh", {"refreshToken": token})).body[
            "refreshToken"
        ]

    clock.advance(4 * DAY_S)
    answer = await Api(ada.url).post("/user/refresh", {"refreshToken": token})

    assert code_of(answer) == (401, "not_signed_in")


async def test_access_token_after_15_minutes_is_refused_as_expired(clock, ada: Api) -> None:
    """An expired access token has its own error code, so that clients know to refresh."""
    clock.advance(898)
    in_time = await ada.get("/user/me")
    clock.advance(2)
    late = await ada.get("/user/me")

    assert in_time.status == 200
    assert code_of(late) == (401, "token_expired")
    assert (
        await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    ).status == 200


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "a.",
        ".b",
        "a.b",
        "a.b.c",
        "x" * 200,
        "\0.\0",
        "é.ü",
        "{login}.",
        "{access}",
        "💥.💥",
    ],
)
async def test_refresh_with_garbage_is_401_and_ends_no_login(ada: Api, token: str) -> None:
    """A malformed refresh token is answered with 401 and ends no login."""
    token = token.format(
        login=ada.refresh_token.partition(".")[0], access=required(ada.token)[:200]
    )

    by_body = await Api(ada.url).post("/user/refresh", {"refreshToken": token})
    plain = token.encode("ascii", "replace").decode().replace("\0", "")
    by_cookie = await Api(ada.url).post(
        "/user/refresh", headers={"Cookie": f"refreshToken={plain}", "Origin": ada.url}
    )

    assert code_of(by_body) == (401, "not_signed_in")
    assert code_of(by_cookie) == (401, "not_signed_in")
    assert (await ada.get("/user/me")).status == 200


async def test_refresh_without_token_is_401(browser: Browser) -> None:
    """A refresh without any token is answered with 401, not with 422."""
    answer = await browser.post("/user/refresh")

    assert code_of(answer) == (401, "not_signed_in")


# -- signing out ----------------------------------------------------------------------------------


async def test_logout_ends_this_login_only(ada: Api) -> None:
    """Signing out voids the access and refresh tokens of this login and closes its sockets.

    A login on another device continues.
    """
    other = await Api(ada.url).post("/user/login", {"username": "ada", "password": PASSWORD})
    session_id = await ada.new_session()
    wire = await ada.connect(session_id)
    await wire.receive()

    answer = await ada.post("/user/logout")

    assert answer.status == 200
    assert isinstance(answer.body["message"], str)
    assert code_of(await ada.get("/user/me")) == (401, "not_signed_in")
    assert code_of(await ada.post("/user/logout")) == (401, "not_signed_in")
    refresh = await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    assert code_of(refresh) == (401, "not_signed_in")
    assert (await wire.until_closed())[0] == 4401
    assert (await Api(ada.url, other.body["accessToken"]).get("/user/me")).status == 200


async def test_login_survives_restart(start_server) -> None:
    """The generated secret and the logins are kept, so users stay signed in after a restart."""
    first = await start_server()
    ada = await Api(first.url).sign_up("ada")
    await first.stop()

    second = await start_server()

    assert (await Api(second.url, ada.token).get("/user/me")).body == ada.user
    assert (
        await Api(second.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    ).status == 200


# -- logs -----------------------------------------------------------------------------------------


async def test_log_on_any_path_contains_no_secrets(
    caplog: pytest.LogCaptureFixture, start_server, expect_log
) -> None:
    """No log record, down to DEBUG, contains passwords, tokens, code or messages on any path."""
    caplog.set_level(logging.DEBUG)
    password, message, code = "canary-password-93", "canary-message-93", "canary-code-93"
    server = await start_server()
    browser = Browser(server.url)
    body = {**account("canary"), "password": password}
    answers = [
        await browser.post("/user/signup", body),
        await browser.post("/user/login", {"username": "canary", "password": password}),
        await browser.post("/user/refresh"),
    ]
    anyone, ada = Api(server.url), Api(server.url, answers[0].body["accessToken"])
    await anyone.post("/user/signup", body)
    await anyone.post("/user/login", {"username": "canary", "password": password + "!"})
    await anyone.post("/user/login", raw=b'{"password": "' + password.encode())
    await anyone.post("/user/refresh", {"refreshToken": answers[0].body["refreshToken"] + "!"})
    session_id = await browser.new_session(code=code)
    await browser.post("/chat/send", {"sessionId": session_id, "message": message})
    await browser.post(f"/code/{session_id}/save", {"code": code + "!"})
    token = answers[2].body["accessToken"]
    await anyone.get(f"/user/me?token={token}&password={password}")
    await anyone.get(f"/nowhere?token={token}")
    for query in (f"?token={token}", "?token=canary-token-93", ""):
        ada.token = token
        wire = await Api(server.url, query.partition("=")[2] or token).connect(session_id)
        await wire.receive()
        wire.close()
    expect_log("failed|500")
    server.parts.services.store.signed_in = None  # each later call of it fails
    assert (await browser.get("/user/me")).status == 500

    logged = "\n".join(
        f"{record.getMessage()} {record.__dict__!r} {caplog.handler.format(record)}"
        for record in caplog.records
    )

    assert len(caplog.records) > 10
    secrets = [password, message, code, "canary-token-93"]
    for answer in answers:
        secrets += [answer.body["accessToken"], answer.body["refreshToken"]]
        secrets += [
            answer.body["refreshToken"].partition(".")[2],
            answer.body["accessToken"].rpartition(".")[2],
        ]
    assert [secret for secret in secrets if secret in logged] == []
