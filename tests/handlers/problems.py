"""The form of every error, and the methods of routes, for tests of errors and of requests."""

from handlers.http.api_docs import openapi
from tests.api import Answer
from tests.handlers.clients import UNKNOWN_ID

METHODS = {
    "/user/login": {"POST"},
    "/user/me": {"GET", "PATCH", "DELETE"},
    "/user/password": {"POST"},
    "/user/logins": {"GET", "DELETE"},
    f"/user/logins/{UNKNOWN_ID}": {"DELETE"},
    "/user/avatar": {"POST", "DELETE"},
    f"/user/{UNKNOWN_ID}/avatar": {"GET"},
    "/user/guest": {"POST"},
    f"/session/{UNKNOWN_ID}/invites": {"GET", "POST"},
    f"/session/{UNKNOWN_ID}/invites/{UNKNOWN_ID}": {"DELETE"},
    f"/session/{UNKNOWN_ID}/ticket": {"POST"},
    f"/invite/{UNKNOWN_ID}": {"GET"},
    f"/chat/{UNKNOWN_ID}/read": {"POST"},
    "/session": {"GET", "POST"},
    f"/session/{UNKNOWN_ID}": {"GET", "PATCH", "DELETE"},
    "/healthz": {"GET"},
    "/": {"GET"},
}
"""{path: methods that its route allows}"""


def is_problem(answer: Answer, status: int, code: str) -> None:
    """Assert that an answer is an error in the form of RFC 9457 with our extensions."""
    assert answer.status == status
    assert answer.headers["Content-Type"].partition(";")[0] == "application/problem+json"
    body = answer.body
    assert (body["status"], body["code"]) == (status, code)
    assert set(body) - {"errors"} == {
        "type",
        "title",
        "status",
        "detail",
        "code",
        "message",
        "requestId",
    }
    assert all(
        isinstance(body[key], str) and body[key] for key in ("type", "title", "detail", "message")
    )
    assert body["message"] == body["detail"]
    assert body["requestId"] == answer.headers["X-Request-Id"] != ""
    assert (
        code
        in openapi.document("1")["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    )
    for messages in body.get("errors", {}).values():
        assert messages
        assert all(isinstance(message, str) for message in messages)
