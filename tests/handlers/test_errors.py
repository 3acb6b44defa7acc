"""Tests errors: their common form, unknown routes and methods, and hostile JSON."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers import errors
from handlers.http.api_docs.error_codes import ERRORS
from handlers.http.api_docs.operations import OPERATIONS
from handlers.http.schemas import NEW_TEST, RUN
from storage.errors import StoreUnavailable
from tests.api import PASSWORD, Api
from tests.handlers.clients import UNKNOWN_ID, account, code_of, program_test, report
from tests.handlers.problems import METHODS, is_problem
from tests.narrowing import required

OTHER = "https://editor.example.org"


# -- the form of every error ----------------------------------------------------------------------


async def test_every_error_has_the_same_form(ada: Api, bob: Api) -> None:
    """All errors have the same form."""
    session_id = await ada.new_session(joinRole="viewer")
    await bob.post(f"/session/{session_id}/join")
    anyone = Api(ada.url)
    login = {"username": "ada", "password": "not the password"}

    is_problem(await ada.post("/session", raw=b"{"), 400, "bad_json")
    is_problem(await anyone.get("/session"), 401, "not_signed_in")
    is_problem(await anyone.post("/user/login", login), 401, "bad_credentials")
    is_problem(await bob.patch(f"/session/{session_id}", {}), 403, "forbidden")
    is_problem(
        await anyone.post("/user/login", login, headers={"Origin": OTHER}), 403, "bad_origin"
    )
    is_problem(await ada.get(f"/session/{UNKNOWN_ID}"), 404, "not_found")
    is_problem(await ada.get("/nowhere"), 404, "not_found")
    is_problem(await ada.post("/user/signup", account("ada")), 409, "conflict")
    is_problem(await ada.post("/session", {"title": "x" * 70_000, "code": 5}), 422, "invalid")
    is_problem(await ada.patch("/user/me", {"username": "x" * 70_000}), 413, "too_large")
    is_problem(
        await ada.post("/session", {}, headers={"Content-Type": "text/plain"}),
        415,
        "unsupported_media_type",
    )
    is_problem(await ada.post("/session", {"title": 5}), 422, "invalid")


@pytest.mark.parametrize("path", METHODS)
async def test_method_not_allowed_on_route_is_405(ada: Api, path: str) -> None:
    """A method that a route does not have is answered with 405."""
    for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - METHODS[path]):
        answer = await ada.request(method, path, None if method == "GET" else {})
        assert code_of(answer) == (405, "method_not_allowed")
        if path != "/healthz":  # the form of its answers is tested elsewhere
            is_problem(answer, 405, "method_not_allowed")


@pytest.mark.parametrize("method", ["BREW", "PROPFIND", "TRACE", "get"])
async def test_unknown_method_is_405(ada: Api, method: str) -> None:
    """An unusual or unknown method is answered with 405 in the common form."""
    answer = await ada.request(method, "/session", {})

    is_problem(answer, 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path", ["/session/%ff", "/chat/%c3%28", "/session?limit=%ff", "/code/%ed%a0%80/latest"]
)
async def test_address_that_is_not_utf8_is_client_error(ada: Api, path: str) -> None:
    """An address that is not UTF-8 is answered with 400 or 404 in the common form."""
    answer = await ada.get(path)

    assert answer.status in (400, 404)
    is_problem(answer, answer.status, answer.body["code"])


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/session/", "/SESSION", "/session//", "/user", "/user/signup/", "//session",
     "/code/x", "/chat",
     "/.env", "/static", "/static/", "/static/nothing.css", "/static/../setup.cfg",
     "/static/%2e%2e/setup.cfg",
     "/healthz/", "/sync", "/sync/"],
)  # fmt: skip
async def test_unknown_address_is_404(api: Api, path: str) -> None:
    """An address without a route is 404, with and without a login, for GET and POST."""
    ada = await api.sign_up("ada")

    for client in (api, ada):
        for method in ("GET", "POST"):
            answer = await client.request(method, path, {} if method == "POST" else None)
            if path.startswith("/static/") and method == "POST":
                assert answer.status in (404, 405)
                continue
            is_problem(answer, 404, "not_found")


async def test_internal_error_shows_request_id_but_no_details(
    server, ada: Api, monkeypatch, expect_log
) -> None:
    """An answer 500 has the request id under which the error was logged, and no details."""
    expect_log("request .* failed")
    expect_log("collab_server.access: GET /session 500")

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("the canary of this test")

    monkeypatch.setattr(server.parts.services.store, "sessions_of", broken)

    answer = await ada.get("/session", headers={"X-Request-Id": "trace-me-93"})

    is_problem(answer, 500, "internal")
    assert answer.body["requestId"] == "trace-me-93"
    assert "canary" not in str(answer.body)
    assert "ZeroDivision" not in str(answer.body)


async def test_store_outage_is_503_with_retry_time(server, ada: Api, monkeypatch) -> None:
    """During an outage of the store, answers are 503 with Retry-After, and no details."""

    async def away(*_: object) -> None:
        raise StoreUnavailable("disk full at /secret/path")

    monkeypatch.setattr(server.parts.services.store, "sessions_of", away)

    answer = await ada.get("/session")

    is_problem(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "secret" not in str(answer.body)


async def test_store_outage_during_sign_in_is_503(server, api: Api, monkeypatch) -> None:
    """During an outage of the store, a sign-in is answered with 503 and not with 401."""
    ada = await api.sign_up("ada")

    async def away(*_: object) -> None:
        raise StoreUnavailable("locked")

    monkeypatch.setattr(server.parts.services.store, "signed_in", away)
    monkeypatch.setattr(server.parts.services.store, "user_by_name", away)

    is_problem(await ada.get("/user/me"), 503, "unavailable")
    is_problem(
        await api.post("/user/login", {"username": "ada", "password": PASSWORD}), 503, "unavailable"
    )


async def test_error_codes_are_all_documented() -> None:
    """The API's description has each code that the server can send, each one time."""
    from crdt.errors import (
        DocumentFull,
        RoomDamaged,
        RoomUnavailable,
        TextUnavailable,
        WorkersBusy,
        WorkTooLarge,
    )
    from storage.errors import Conflict, LimitReached, LogConflict, NotFound, TokenReused

    raised = [Conflict("email"), Conflict("username"), LogConflict("x"), LimitReached("x"),
              NotFound("x"),
              TokenReused("x"), StoreUnavailable("x"), DocumentFull("x"), RoomDamaged("x"),
              RoomUnavailable("x"), TextUnavailable("x"), WorkTooLarge("x"),
              WorkersBusy("x")]  # fmt: skip
    made = [errors.not_signed_in(), errors.token_expired(), errors.forbidden("x"),
            errors.bad_origin(),
            errors.not_found(), errors.invalid({"x": ["y"]}), errors.session_ended(),
            errors.rate_limited(1),
            errors.unavailable(), errors.too_large("x")]  # fmt: skip

    answers = [required(errors.to_api_error(error)) for error in raised] + made

    documented = [(status, code) for status, code, _ in ERRORS]
    assert len(documented) == len(set(documented))
    assert {(answer.status, answer.code) for answer in answers} <= set(documented)
    assert all(
        answer.message.endswith(".") and answer.message[0].isupper()
        for answer in raised_messages(answers)
    )
    assert errors.to_api_error(ZeroDivisionError("x")) is None


@pytest.mark.parametrize("setting", ["user_bytes", "user_sessions", "max_text_bytes", "roots"])
def test_messages_for_people_name_no_setting(setting: str) -> None:
    """A message for people does not name a setting. The setting is in the field `limit`."""
    from crdt.errors import DocumentFull, LimitExceeded
    from storage.errors import QuotaReached

    quotas = [
        QuotaReached.of_bytes(setting, 3 << 20, 2 << 20),
        QuotaReached.of_sessions(setting, 3, 2),
    ]
    limits = [
        DocumentFull("the text is over 9 bytes", setting),
        LimitExceeded("an update over 9 bytes", setting),
    ]
    for raised in [*quotas, *limits]:
        answer = required(errors.to_api_error(raised))

        assert answer.limit == setting
        assert setting not in answer.message.lower()
        assert "COLLAB" not in answer.message


def test_only_operators_read_the_names_of_variables() -> None:
    """Modules that answer clients do not know the names of environment variables."""
    root = Path(errors.__file__).parent.parent
    modules = [
        path for folder in ("handlers", "crdt", "storage") for path in (root / folder).rglob("*.py")
    ]
    named = re.compile(r"\.variable\b|COLLAB_")

    naming = {
        path.relative_to(root).as_posix() for path in modules if named.search(path.read_text())
    }

    assert len(modules) > 200
    # These files declare settings, or describe metrics to operators.
    assert naming <= {"handlers/monitoring/metrics.py", "handlers/settings.py", "crdt/settings.py"}


def raised_messages(answers: list[errors.ApiError]) -> Iterator[errors.ApiError]:
    """Return the errors whose message is a whole sentence of the server."""
    return (answer for answer in answers if len(answer.message) > 1 and answer.code != "invalid")


# -- hostile JSON ---------------------------------------------------------------------------------

BAD_JSON = {
    "nothing closed": b"{",
    "words": b"hello",
    "a comma too many": b'{"title": "x",}',
    "single quotes": b"{'title': 'x'}",
    "a comment": b'{"title": "x"} // no',
    "two values": b"{} {}",
    "NaN": b'{"title": NaN}',
    "Infinity": b'{"title": Infinity}',
    "-Infinity": b'{"title": -Infinity}',
    "a key twice": b'{"title": "a", "title": "b"}',
    "a key twice inside": b'{"title": {"a": 1, "a": 2}}',
    "half a surrogate pair": b'{"title": "\\ud800"}',
    "the other half": b'{"title": "\\udc00\\ud800"}',
    "half a pair as key": b'{"\\ud800": 1}',
    "a raw surrogate": b'{"title": "\xed\xa0\x80"}',
    "latin-1": '{"title": "é"}'.encode("latin-1"),
    "utf-16": '{"title": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a raw NUL": b'{"title": "\0"}',
    "a raw line end": b'{"title": "a\nb"}',
    "a list": b"[]",
    "null": b"null",
    "a string": b'"x"',
    "a number": b"5",
    "true": b"true",
    "deep lists": b"[" * 30_000,
    "deep closed lists": b"[" * 30_000 + b"]" * 30_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a huge number": b'{"title": ' + b"9" * 5_000 + b"}",
    "binary": bytes(range(256)),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
}


@pytest.mark.parametrize("name", BAD_JSON)
async def test_malformed_json_is_bad_json_and_changes_nothing(ada: Api, name: str) -> None:
    """A body that is not a strict JSON object is refused as `bad_json` on every kind of route.

    Nothing changes.
    """
    session_id = await ada.new_session(title="old", code="old")

    answers = [
        await ada.request("POST", "/session", raw=BAD_JSON[name]),
        await ada.request("PATCH", f"/session/{session_id}", raw=BAD_JSON[name]),
        await ada.request("POST", f"/code/{session_id}/save", raw=BAD_JSON[name]),
        await Api(ada.url).request("POST", "/user/login", raw=BAD_JSON[name]),
        await ada.request("POST", "/user/logout", raw=BAD_JSON[name]),
    ]

    for answer in answers:
        is_problem(answer, 400, "bad_json")
    assert len((await ada.get("/session")).body["items"]) == 1
    assert (await ada.get(f"/session/{session_id}")).body["title"] == "old"


@pytest.mark.parametrize("raw", [b"", b"  \n", b"{}", b"\t{ }\r\n"])
async def test_empty_body_is_accepted_where_no_field_is_required(ada: Api, raw: bytes) -> None:
    """If no field is required, the body may be empty."""
    answer = await ada.request("POST", "/session", raw=raw)

    assert answer.status == 201


def nested(depth: int) -> bytes:
    """Return nested lists of this depth."""
    return b"[" * depth + b"]" * depth


HOSTILE = {
    "operator": b'{"$ne": null}',
    "operator in list": b'[{"$gt": ""}]',
    "where": b'{"$where": "sleep(1000)"}',
    "null": b"null",
    "true": b"true",
    "zero": b"0",
    "minus one": b"-1",
    "fraction": b"1.5",
    "overflow": b"1e999",
    "big integer": b"9" * 400,
    "huge integer": b"9" * 5_000,
    "list": b"[]",
    "object": b"{}",
    "proto": b'{"__proto__": {"isAdmin": true}}',
    "NUL": b'"\\u0000"',
    "text with NUL": b'"ada\\u0000.example.org"',
    "lone surrogate": b'"\\ud800"',
    "lone low surrogate": b'"abc\\udfff"',
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "key twice": b'{"a": 1, "a": 2}',
    "deep 50": nested(50),
    "deep 90": nested(90),
    "deep 200": nested(200),
    "deep 330": nested(330),
    "deep 500": nested(500),
    "deep 900": nested(900),
    "deep 990": nested(990),
    "deep 5000": nested(5_000),
    "deep objects 200": b'{"a":' * 200 + b"1" + b"}" * 200,
    "deep objects 450": b'{"a":' * 450 + b"1" + b"}" * 450,
    "wide": b"[" + b"0," * 10_000 + b"0]",
    "empty": b'""',
    "blank": b'"   "',
    "long": b'"' + b"x" * 60_000 + b'"',
    "direction": b'"\\u202e\\u2066"',
    "controls": b'"\\u0001\\u001b[2J\\u007f"',
    "CRLF": b'"a\\r\\nSet-Cookie: x=y"',
    "SQL": b'"\' OR 1=1; --"',
    "template": b'"{{7*7}} %s {0} ${x}"',
    "path": b'"../../../../etc/passwd"',
    "combining": b'"e' + b"\\u0301" * 500 + b'"',
    "ligature": b'"\\ufdfa\\ufdfa\\ufdfa"',
    "noncharacter": b'"\\uffff\\ufffe"',
    "emoji": b'"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00"',
}

FIELDS = {
    ("POST", "/user/signup"): ["username", "email", "password", "fullname", "invite"],
    ("POST", "/user/login"): ["username", "email", "password"],
    ("POST", "/user/refresh"): ["refreshToken"],
    ("PATCH", "/user/me"): ["username"],
    ("DELETE", "/user/me"): ["password", "sessions"],
    ("POST", "/user/password"): ["currentPassword", "newPassword"],
    ("POST", "/user/password/forgot"): ["email"],
    ("POST", "/user/password/reset"): ["token", "newPassword"],
    ("POST", "/user/email"): ["email", "password"],
    ("POST", "/user/guest"): ["name", "invite"],
    ("POST", "/session"): ["title", "language", "access", "joinRole", "runs", "code"],
    ("PATCH", "/session/{id}"): ["title", "language", "access", "joinRole", "runs", "status"],
    ("POST", "/session/{id}/runs"): list(RUN),
    ("POST", "/session/{id}/runs/remote"): ["root", "language", "stdin", "sequence"],
    ("POST", "/session/{id}/tests"): list(NEW_TEST),
    ("PATCH", "/session/{id}/tests/{testId}"): list(NEW_TEST),
    ("POST", "/session/{id}/tests/order"): ["ids"],
    ("PATCH", "/session/{id}/members/{userId}"): ["role"],
    ("POST", "/chat/send"): ["sessionId", "message"],
    ("POST", "/code/{sessionId}/restore"): {"version": 1, "root": "x"},
    ("POST", "/code/{sessionId}/redact"): {"from": 1, "to": 2, "text": "secret"},
    ("POST", "/code/{sessionId}/save"): ["code", "label"],
    ("POST", "/user/logout"): [],
    ("POST", "/session/{id}/invites"): ["role", "expiresIn", "maxUses"],
    ("POST", "/session/{id}/ticket"): [],
    ("POST", "/session/{id}/compact"): [],
    ("POST", "/chat/{sessionId}/read"): ["sequence"],
    ("POST", "/session/{id}/join"): ["invite"],
    ("POST", "/session/{id}/leave"): [],
}


def test_hostile_corpus_covers_every_field() -> None:
    """The corpus has all fields of the API's description."""
    described = {
        (operation.method, operation.path): sorted(operation.body)
        for operation in OPERATIONS
        if operation.body is not None
    }

    assert {route: sorted(fields) for route, fields in FIELDS.items()} == described


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_value_on_any_field_is_accepted_or_refused(start_server, name: str) -> None:
    """A hostile value of any field, known or unknown, is accepted or refused with a reason.

    The server never answers with 5xx.
    """
    server = await start_server(account_failures=100, address_failures_per_h=1_000)
    ada, bob = [await Api(server.url).sign_up(who) for who in ("ada", "bob")]
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    carol, victor = await ada.sign_up("carol"), await ada.sign_up("victor")
    invite = await ada.post(f"/session/{session_id}/invites")
    added = await ada.post(f"/session/{session_id}/tests", program_test())
    test_id = added.body["test"]["id"]
    good = {
        "/user/signup": account("eve"),
        "/user/login": {"username": "ada", "password": PASSWORD},
        "/session/{id}/members/{userId}": {"role": "viewer"},
        "/session/{id}/runs": report(),
        "/session/{id}/tests": program_test(),
        "/chat/send": {"sessionId": session_id, "message": "x"},
        "/user/password": {"currentPassword": PASSWORD, "newPassword": "another good one"},
        "/user/password/reset": {"token": "x", "newPassword": "another good one"},
        "/user/email": {"email": "ada@example.org", "password": PASSWORD},
        "/user/guest": {"name": "Gus", "invite": invite.body["invite"]},
    }

    for (method, path), fields in FIELDS.items():
        address = path.format(
            id=session_id, sessionId=session_id, userId=bob.user["id"], testId=test_id
        )
        for field in [*fields, "unknown"]:
            rest = {key: value for key, value in good.get(path, {}).items() if key != field}
            if (path, field) == ("/user/login", "email"):
                del rest["username"]
            start = json.dumps(rest).encode()[:-1] + (b", " if rest else b"")
            raw = start + b'"' + field.encode() + b'": ' + HOSTILE[name] + b"}"
            asking = (
                carol
                if path.endswith(("/me", "/logout"))
                else victor
                if path == "/user/password"
                else ada
            )
            answer = await asking.request(method, address, raw=raw)
            assert answer.status < 500, (method, path, field)
            if answer.status >= 300:
                assert answer.status in (400, 401, 404, 409, 413, 422), (method, path, field)
                is_problem(answer, answer.status, answer.body["code"])
            if field == "unknown":
                assert answer.status in (400, 422), (method, path)
    assert (await ada.get("/session")).status == 200


async def test_hostile_field_name_is_refused_and_returned_unchanged(ada: Api) -> None:
    """A hostile field name is refused, and returned unchanged in `errors`. Long names are cut."""
    for key in [
        "\0",
        "$where",
        "a.b",
        "__proto__",
        "constructor",
        "x" * 60_000,
        "😀",
        "\u202e",
        "{0}",
        "%s",
        "",
        " ",
    ]:
        answer = await ada.post("/session", {key: 1})
        is_problem(answer, 422, "invalid")
        assert list(answer.body["errors"]) == [key[:64]]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (2, "2 seconds"), (89, "89 seconds"), (90, "2 minutes"), (120, "2 minutes"),
     (121, "3 minutes"),
     (1_796, "30 minutes"), (5_399, "90 minutes"), (5_400, "2 hours"), (86_400, "24 hours")],
)  # fmt: skip
def test_wait_in_a_message_is_in_words_and_never_too_short(seconds: int, words: str) -> None:
    """A message names a wait in rounded words, because nobody thinks in 1796 seconds."""
    assert errors.in_words(seconds) == words
