"""Tests the common parts of all requests.
They are: request ids, methods, content types, CORS and headers.
"""

import re

import pytest

from tests.api import Api
from tests.handlers.clients import exchange
from tests.handlers.problems import is_problem

OTHER = "https://editor.example.org"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/healthz", 200), ("/readyz", 200), ("/", 200), ("/docs", 200), ("/openapi.json", 200),
     ("/static/style.css", 200),
     ("/static/nothing.css", 404), ("/nowhere", 404), ("/session", 401), ("/session/%ff", 400),
     ("/user/signup", 405)],
)  # fmt: skip
async def test_every_answer_has_request_id(api: Api, path: str, status: int) -> None:
    """Every answer has a request id, so it can be found in the log."""
    answer = await api.get(path)

    assert answer.status == status
    assert re.fullmatch(r"[A-Za-z0-9-]{8,64}", answer.headers.get("X-Request-Id", ""))


async def test_request_id_of_client_is_kept_and_others_differ(ada: Api) -> None:
    """The request id that a client sends is kept in successful answers and in errors."""
    made = [(await ada.get("/user/me")).headers["X-Request-Id"] for _ in range(3)]
    given = {"X-Request-Id": "3f2b8c1e-0000-4000-8000-aaaaaaaaaaaa"}

    assert len(set(made)) == 3
    assert (await ada.get("/user/me", headers=given)).headers["X-Request-Id"] == given[
        "X-Request-Id"
    ]
    assert (await ada.get("/nowhere", headers=given)).body["requestId"] == given["X-Request-Id"]
    assert (await ada.post("/user/me", headers=given)).body["requestId"] == given["X-Request-Id"]


@pytest.mark.parametrize(
    "given",
    ["", "short", "x" * 65, "with space in it", "<script>alert(1)</script>", "a;b=c,d%0d%0a"],
)
async def test_request_id_of_bad_form_is_replaced(ada: Api, given: str) -> None:
    """A request id that is unsafe in a log or header is replaced."""
    answer = await ada.get("/user/me", headers={"X-Request-Id": given})

    assert answer.status == 200
    assert answer.headers["X-Request-Id"] != given
    assert re.fullmatch(r"[A-Za-z0-9-]{8,64}", answer.headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("APPLICATION/JSON", 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/jsonp", 415),
        ("text/plain; application/json", 415),
        ("", 415),
        ("application/xml", 415),
    ],
)
async def test_body_of_other_content_type_is_refused(
    ada: Api, content_type: str, status: int
) -> None:
    """Only bodies declared as JSON are read, because forms of other sites cannot declare JSON."""
    answer = await ada.request(
        "POST", "/session", {"title": "x"}, headers={"Content-Type": content_type}
    )

    assert answer.status == status
    if status == 415:
        is_problem(answer, 415, "unsupported_media_type")


async def test_get_and_delete_with_body_work_as_without(ada: Api) -> None:
    """A body of GET or DELETE is ignored, and the connection stays usable."""
    session_id = await ada.new_session()

    assert (await ada.request("GET", "/user/me", raw=b"{")).status == 200
    assert (await ada.request("DELETE", f"/session/{session_id}", raw=b"{")).status == 204


async def test_connection_after_refused_body_stays_usable(ada: Api) -> None:
    """After a refused request with a body, the next request on the connection can be read."""
    body = b'{"title": "GET /healthz HTTP/1.1"}'
    head = (
        b"POST /session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
        b"%d\r\n\r\n" % len(body)
    )

    answer = await exchange(ada.url, head + body)

    assert answer is not None
    assert answer.status == 401
    again = await exchange(ada.url, (head + body) * 3 + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert again is not None
    assert again.status == 401


@pytest.mark.parametrize(
    "path",
    ["/user/login", "/user/me", "/session", "/session/x", "/chat/send", "/code/x/save", "/nowhere"],
)
async def test_preflight_is_answered_for_allowed_origins_only(start_server, path: str) -> None:
    """A preflight is answered for origins in CORS_ORIGIN, with credentials and never with `*`.

    Other origins get no such headers.
    """
    server = await start_server(cors_origin=f"{OTHER}, http://localhost:3000/")
    asked = {
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type",
    }

    for origin in (OTHER, "http://localhost:3000"):
        answer = await Api(server.url).request("OPTIONS", path, headers={"Origin": origin, **asked})
        assert answer.status in (200, 204)
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert {"GET", "POST", "PATCH", "DELETE"} <= set(
            re.split(r",\s*", answer.headers["Access-Control-Allow-Methods"])
        )
        allowed = set(re.split(r",\s*", answer.headers["Access-Control-Allow-Headers"].lower()))
        assert {"authorization", "content-type"} <= allowed
        assert "origin" in answer.headers["Vary"].lower()
    for origin in (
        "https://evil.example.org",
        "null",
        f"{OTHER}.evil.org",
        OTHER + ":8443",
        "http" + OTHER[5:],
        "*",
    ):
        answer = await Api(server.url).request("OPTIONS", path, headers={"Origin": origin, **asked})
        assert not [name for name in answer.headers if name.startswith("Access-Control-")], origin


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/openapi.json", 200), ("GET", "/user/me", 401), ("GET", "/nowhere", 404),
     ("PUT", "/user/login", 405),
     ("POST", "/user/login", 422)],
)  # fmt: skip
async def test_cors_lets_allowed_origin_read_answers_and_errors(
    start_server, method: str, path: str, status: int
) -> None:
    """A page of an allowed origin may also read errors, the request id and the time to wait.

    `Vary` keeps caches from mixing answers for different origins.
    """
    server = await start_server(cors_origin=OTHER)

    answer = await Api(server.url).request(
        method, path, None if method == "GET" else {}, headers={"Origin": OTHER}
    )
    stranger = await Api(server.url).request(
        "GET", path, headers={"Origin": "https://evil.example.org"}
    )

    assert answer.status == status
    assert answer.headers.get("Access-Control-Allow-Origin") == OTHER
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert {"x-request-id", "retry-after"} <= set(
        re.split(r",\s*", answer.headers["Access-Control-Expose-Headers"].lower())
    )
    assert "origin" in answer.headers["Vary"].lower()
    assert not [name for name in stranger.headers if name.startswith("Access-Control-")]


async def test_cors_without_setting_allows_no_origin(api: Api) -> None:
    """By default, no other origin may read answers."""
    for origin in (OTHER, "null", "*", ""):
        answer = await api.request("OPTIONS", "/session", headers={"Origin": origin})
        assert not [name for name in answer.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/session", "/nowhere", "/healthz", "/static/style.css"]
)
async def test_every_answer_has_security_headers(api: Api, path: str) -> None:
    """Headers forbid browsers to guess types or send referrers, and do not name the software."""
    answer = await api.get(path)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Tornado" not in answer.headers.get("Server", "")


async def test_answers_about_users_are_not_cacheable(ada: Api) -> None:
    """Neither a browser nor a proxy stores answers for a user, including errors."""
    for path in ("/user/me", "/session", "/nowhere"):
        assert (await ada.get(path)).headers["Cache-Control"] == "no-store"
