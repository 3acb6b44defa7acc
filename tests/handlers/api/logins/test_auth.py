"""Tests of signing up, signing in and signing out, and of secrets in the log of all of these."""

import asyncio
import logging

import pytest

from tests.api import PASSWORD, Api
from tests.handlers.clients import (
    ID,
    RFC3339,
    Browser,
    account,
    code_of,
    set_cookies,
)

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
