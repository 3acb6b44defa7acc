"""Answers with an error, a confirmation, or the state of the server."""

from typing import Literal, NotRequired, TypedDict

from handlers.errors import ApiError


class Problem(TypedDict):
    """An error in the format of RFC 9457, with extensions.

    `errors` has the faults of each wrong field. `limit` is the name of the setting whose limit was
    exceeded.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    message: str
    requestId: str
    errors: NotRequired[dict[str, list[str]]]
    latest: NotRequired[str]
    limit: NotRequired[str]


class Confirmation(TypedDict):
    """A sentence that confirms the change."""

    message: str


class Features(TypedDict):
    """What this server offers.

    `passwordReset` says whether it mails links for forgotten passwords. `remoteRuns` says whether a
    service runs programs for it.
    """

    passwordReset: bool
    remoteRuns: bool


class Liveness(TypedDict):
    """The process is alive."""

    status: Literal["ok"]
    version: str


class Readiness(TypedDict):
    """`status` is "ready", or says why the server should get no traffic now."""

    status: str


def problem(error: ApiError, title: str, request_id: str) -> Problem:
    """Return the answer for an error; `title` is the status in words."""
    body: Problem = {
        "type": f"/docs#{error.code}",
        "title": title,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "message": error.message,
        "requestId": request_id,
    }
    if error.errors:
        body["errors"] = error.errors
    if error.latest:
        body["latest"] = error.latest
    if error.limit:
        body["limit"] = error.limit
    return body
