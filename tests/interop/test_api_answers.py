"""Tests that each answer of the API fits its description.

They call every operation on a real server. `tests.conformance` checks each answer of `Api`, here
and in all other tests. This module checks that no operation and no success status is left out, and
that the check finds wrong answers.
"""

import pytest

from handlers.http.api_docs.operations import OPERATIONS
from tests import conformance
from tests.api import PASSWORD, Api
from tests.handlers.clients import (
    account,
    guest_by,
    joined,
    log_in,
    picture,
    program_test,
    report,
    typing_frame,
    upload,
)
from tests.postbox import Postbox, open_postbox

NOT_HERE = {
    ("sync", 101): "a WebSocket: its handshakes are tests/handlers/sync/test_handshake.py's",
    (
        "runRemotely",
        201,
    ): "needs a service that runs programs: tests/handlers/running/test_remote.py",
    (
        "listRemoteLanguages",
        200,
    ): "needs a service that runs programs: tests/handlers/running/test_remote.py",
    ("getReadiness", 503): "needs a store that is away: tests/handlers/monitoring/test_health.py",
}


class Recorder:
    """Records the operations and success statuses that were seen."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: set[tuple[str, int]] = set()
        self._check = conformance.check
        monkeypatch.setattr(conformance, "check", self._note)

    def _note(
        self, method: str, target: str, status: int, content_type: str, content: object
    ) -> None:
        self._check(method, target, status, content_type, content)
        operation = conformance.operation_of(method, target.partition("?")[0])
        if operation and status in operation.statuses:
            self.seen.add((operation.name, status))


async def test_api_answers_of_every_operation_match_description(
    start_server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each success status of each operation is seen, and fits its description."""
    recorder = Recorder(monkeypatch)
    async with open_postbox() as postbox:
        api = Api((await start_server(**postbox.settings)).url)
        await _recovery(api, postbox)
    ada = await api.sign_up("ada")

    await _monitoring(api)
    session_id = await _sessions(ada)
    await _people(ada, session_id)
    await _chat(ada, session_id)
    await _code(ada, session_id)
    await _ends(ada, session_id)

    described = {
        (operation.name, status) for operation in OPERATIONS for status in operation.statuses
    }
    assert described - recorder.seen == set(NOT_HERE)


async def _recovery(api: Api, postbox: Postbox) -> None:
    fay = await api.sign_up("fay")
    await fay.post("/user/email", {"email": "faye@example.org", "password": PASSWORD})
    await postbox.mail(1)
    await api.post("/user/password/forgot", {"email": "faye@example.org"})
    body = {"token": await postbox.token(2), "newPassword": "several random words"}
    await api.post("/user/password/reset", body)


async def _monitoring(api: Api) -> None:
    for path in ("/features", "/healthz", "/readyz", "/metrics"):
        await api.get(path)


async def _sessions(ada: Api) -> str:
    session_id = await ada.new_session(title="Interview", code="first\n")
    await ada.get("/session?limit=1")
    await ada.get(f"/session/{session_id}")
    await ada.patch(f"/session/{session_id}", {"title": "Talk"})
    await Api(ada.url).get(f"/session/{session_id}/preview")
    await ada.post(f"/session/{session_id}/ticket")
    tests = [{"name": "adds", "passed": False, "expected": "3", "actual": "4"}]
    await ada.post(f"/session/{session_id}/runs", report(exit=None, tests=tests))
    await ada.get(f"/session/{session_id}/runs")
    await ada.get(f"/session/{session_id}/runs/1")
    added = await ada.post(f"/session/{session_id}/tests", program_test(isHidden=True))
    test = f"/session/{session_id}/tests/{added.body['test']['id']}"
    await ada.patch(test, {"input": "3 4\n"})
    await ada.post(f"/session/{session_id}/tests/order", {"ids": [added.body["test"]["id"]]})
    await ada.get(f"/session/{session_id}/tests")
    await ada.delete(test)
    return session_id


async def _people(ada: Api, session_id: str) -> None:
    invite = (await ada.post(f"/session/{session_id}/invites", {"maxUses": 5})).body
    await Api(ada.url).get(f"/invite/{invite['invite']}")
    guest = await guest_by(ada.url, invite["invite"])
    await guest.get("/user/me")
    await ada.get(f"/session/{session_id}/invites")
    await ada.delete(f"/session/{session_id}/invites/{invite['id']}")
    bob = await ada.sign_up("bob")
    await bob.post(f"/session/{session_id}/join")
    await ada.patch(f"/session/{session_id}/members/{bob.user['id']}", {"role": "viewer"})
    await bob.post(f"/session/{session_id}/leave")
    await ada.delete(f"/session/{session_id}/members/{guest.user['id']}")
    await ada.patch("/user/me", {"username": "ada2"})
    await upload(ada, picture())
    await ada.get(f"/user/{ada.user['id']}/avatar")
    await ada.delete("/user/avatar")


async def _chat(ada: Api, session_id: str) -> None:
    for text in ("one", "two"):
        await ada.post("/chat/send", {"sessionId": session_id, "message": text})
    await ada.get(f"/chat/{session_id}?limit=1")
    await ada.post(f"/chat/{session_id}/read")


async def _code(ada: Api, session_id: str) -> None:
    code = f"/code/{session_id}"
    wire = await joined(ada, session_id)
    await wire.send(typing_frame("x" * 100 + " secret\n"))
    await ada.post(f"{code}/save", {"code": "first\nsecond\n"})
    await ada.post(f"{code}/save", {"code": "first\nthird\n", "label": "third"})
    await ada.post(f"{code}/save")
    await ada.get(f"{code}/latest")
    await ada.get(f"{code}/latest?live=true")
    await ada.get(f"{code}/files")
    await ada.get(f"{code}/versions?limit=1")
    await ada.get(f"{code}/versions?fields=meta")
    await ada.get(f"{code}/versions/1")
    await ada.get(f"{code}/diff?from=1&to=2")
    await ada.get(f"{code}/diff")
    await ada.post(f"{code}/restore", {"version": 1})
    await ada.post(f"{code}/restore", {"version": 1})
    redacted = await ada.post(f"{code}/redact", {"from": 1, "to": 4, "text": "third"})
    assert redacted.status == 200, redacted
    timeline = (await ada.get(f"{code}/timeline")).body
    assert {"chat", "manual", "redacted", "restore"} <= {mark["kind"] for mark in timeline["marks"]}
    await ada.get(f"{code}/replay")
    await ada.get(f"{code}/blame")
    await ada.get(f"{code}/at/1")
    for kind in ("zip", "replay", "git"):
        await ada.get(f"{code}/export?format={kind}")


async def _ends(ada: Api, session_id: str) -> None:
    await ada.post(f"/session/{session_id}/compact")
    await ada.delete(f"/session/{session_id}")
    other = await log_in(ada.url, "ada2")
    await ada.get("/user/usage")
    await ada.get("/user/logins")
    await ada.delete(f"/user/logins/{(await other.get('/user/logins')).body['items'][0]['id']}")
    await ada.delete("/user/logins")
    await ada.post("/user/password", {"currentPassword": PASSWORD, "newPassword": f"{PASSWORD} 2"})
    await Api(ada.url).post("/user/refresh", {"refreshToken": ada.refresh_token})
    eve = Api(ada.url, (await ada.post("/user/signup", account("eve"))).body["accessToken"])
    await eve.post("/user/logout")
    await ada.delete("/user/me", raw=b'{"password": "%s 2"}' % PASSWORD.encode())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"unread": 1, "more": 2}, id="a field that is not declared"),
        pytest.param({}, id="a declared field that is missing"),
        pytest.param({"unread": "1"}, id="a field of another type"),
        pytest.param([], id="no object"),
    ],
)
def test_answer_check_refuses_undescribed_answer(content: object) -> None:
    """The check fails for an answer that its description does not allow."""
    target = "/chat/0000000000000000/read"
    conformance.check("POST", target, 200, "application/json", {"unread": 1})

    with pytest.raises(AssertionError):
        conformance.check("POST", target, 200, "application/json", content)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        pytest.param(418, "application/json", "not_found", id="a status that is not declared"),
        pytest.param(404, "application/json", "not_found", id="an error that is no problem"),
        pytest.param(409, "application/problem+json", "conflict", id="a code that is not declared"),
    ],
)
def test_answer_check_refuses_undescribed_error(status: int, kind: str, code: str) -> None:
    """The check fails for an error in another form, or with a code of another operation."""
    words = dict.fromkeys(("type", "title", "detail", "message", "requestId"), "x")
    problem = {**words, "status": status, "code": code}
    fine = {**problem, "status": 404, "code": "not_found"}
    conformance.check("GET", "/session/0000000000000000", 404, "application/problem+json", fine)

    with pytest.raises(AssertionError):
        conformance.check("GET", "/session/0000000000000000", status, kind, problem)
