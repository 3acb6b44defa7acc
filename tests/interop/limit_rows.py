"""The limits of the REST API as data: how a client reaches and passes each limit.

Each row also has the answer beyond the limit, and the counts in /metrics.
Not for: sockets, whose rows are next to their test (`test_every_limit`).
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from collab_server.server import Server
from crdt.history.program_tests.rules import MAX_SOURCE_BYTES, MAX_VALUE_BYTES
from crdt.history.runs import MAX_OUTPUT_BYTES, MAX_STDIN_BYTES
from handlers.api.avatar import MAX_FILE_BYTES
from handlers.http.rules.fields import MAX_CODE_BYTES
from handlers.security.pictures import MAX_SIDE_PX
from harness.wire import SYNC_STEP1
from tests.api import PASSWORD, Answer, Api
from tests.handlers.clients import (
    account,
    code_of,
    new_invite,
    picture,
    program_test,
    report,
    typing_frame,
    upload,
)
from tests.handlers.forged_tokens import claims_of
from tests.raw_frames import CLOSE, Raw, connected
from tests.waiting import PATIENCE_S, until

OK = "ok"
CUT = "cut"

NO_LIMITS = {
    "port": "an address",
    "trust_proxy": "who is believed, tests/handlers/http/test_network.py",
    "watchdog_s": "bounds the server, not clients: tests/interop/test_supervisor.py",
    "memory_mb": "bounds the server, not clients: tests/interop/test_supervisor.py",
    "drain_s": "bounds the server's own end",
    "flush_ms": "when edits are written",
    "max_deleted_bytes": "what is stored: tests/crdt/lifecycle/test_compaction.py",
    "idle_s": "when rooms are closed",
    "bcrypt_cost": "the price of a hash",
    "auto_version_pause_s": "when versions are made",
    "auto_version_s": "when versions are made",
    "refusal_hold_s": "how long a refusal takes",
    "accepts_per_s": "in the way of the test's questions to /metrics: "
    "tests/handlers/throttling/test_rates.py",
    "workers": "bounds the server, not clients: tests/crdt/test_workers.py",
    "worker_mb": "bounds the server, not clients: tests/crdt/test_workers.py",
    "worker_idle_s": "when processes that nobody needs end",
    "user_bytes": "tests/handlers/test_usage.py",
    "user_sessions": "tests/handlers/test_usage.py",
    "sign_in_s": "tests/handlers/socketio/test_clients.py",
    "guest_days": "when guests are cleaned up",
    "cloudinary_s": "bounds Cloudinary, not clients: tests/handlers/api/test_cloudinary.py",
}
"""Numeric settings that limit no client, with the reason, or with the place of their tests."""

_ELSEWHERE = {"X-Forwarded-For": "192.0.2.1"}
_COUNT = re.compile(r"^collab_(\w+)_total(?:{\w+=\"(\w+)\"})? (\S+)$", re.MULTILINE)


@dataclass
class Scene:
    """A server, a session's owner, another user, and their open connections."""

    server: Server
    ada: Api
    bob: Api
    session_id: str
    patch: pytest.MonkeyPatch
    stack: AsyncExitStack
    state: dict[str, Any] = field(default_factory=dict)

    @classmethod
    async def set(cls, server: Server, patch: pytest.MonkeyPatch, stack: AsyncExitStack) -> "Scene":
        ada = await Api(server.url).sign_up("ada")
        return cls(server, ada, await ada.sign_up("bob"), await ada.new_session(), patch, stack)

    async def open(self, session_id: str = "", api: Api | None = None, query: str = "") -> Raw:
        """Open a connection that stays until the test ends. `query` is added to the address,
        for example `?saved=1`.
        """
        connection = connected(api or self.ada, (session_id or self.session_id) + query)
        raw = await self.stack.enter_async_context(connection)
        self.stack.callback(raw.close)
        return raw

    async def counts(self) -> dict[str, int]:
        """Return the counts of /metrics by name and label.

        Counts of zero and counts about worker processes are left out.
        """
        text = (await Api(self.server.url).get("/metrics")).body.decode()
        counts = {
            f"{name} {label}".strip(): int(float(count))
            for name, label, count in _COUNT.findall(text)
        }
        return {
            name: count for name, count in counts.items() if count and not name.startswith("work")
        }

    async def until_clock(self, ms: int) -> None:
        """Wait until the server's clock shows at least this time, in Unix milliseconds."""

        async def now() -> int:
            return self.server.parts.services.clock()

        await until(now, lambda time_ms: time_ms >= ms)


@dataclass(frozen=True, slots=True)
class Row:
    """One limit.

    limit     a field of Config, or the name of a limit that the API fixes
    call      makes a request of a size, or the n-th request, and returns what the client sees
    at        arguments of `call` within the limit
    over      the argument beyond the limit, used after those of `at`
    told      what the client sees beyond the limit: an error or a close
    counts    all that /metrics counts for this row
    value     the setting's value at the server's start
    settings  other settings at the server's start
    goes      what the client sees within the limit
    also      other fields of Config that this row tests
    """

    limit: str
    call: Callable[[Scene, int], Awaitable[object]]
    at: Iterable[int]
    over: int
    told: object
    counts: Mapping[str, int]
    value: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    goes: object = OK
    also: tuple[str, ...] = ()

    @property
    def started_with(self) -> dict[str, Any]:
        return {**({} if self.value is None else {self.limit: self.value}), **self.settings}


async def told(raw: Raw, prefix: bytes) -> object:
    """Return OK when a message with this prefix arrives.

    After a close, return (close code, word, limit), or CUT if there was no close frame.
    """
    try:
        while True:
            kind, payload = await raw.frame()
            if kind == CLOSE:
                reason = json.loads(payload[2:])
                return int.from_bytes(payload[:2], "big"), reason["code"], reason.get("limit")
            if payload.startswith(prefix):
                return OK
    except (asyncio.IncompleteReadError, ConnectionError):
        return CUT


def answered(answer: Answer) -> object:
    """Return OK, or (status, code) of an error."""
    return OK if answer.status < 400 else code_of(answer)


# -- the requests ----------------------------------------------------------------------------------


async def ask(scene: Scene, _: int) -> object:
    return answered(await scene.bob.get("/user/me"))


async def ask_unknown(scene: Scene, _: int) -> object:
    return answered(await Api(scene.server.url).get("/user/me", headers=_ELSEWHERE))


async def ask_page(scene: Scene, _: int) -> object:
    return answered(await Api(scene.server.url).get("/docs", headers=_ELSEWHERE))


async def sign_up(scene: Scene, number: int) -> object:
    return answered(
        await Api(scene.server.url).post(
            "/user/signup", account(f"person{number}"), headers=_ELSEWHERE
        )
    )


async def sign_up_with(scene: Scene, field_name: str, value: str) -> object:
    body = account(f"person{len(value)}", **{field_name: value})
    return answered(await Api(scene.server.url).post("/user/signup", body))


async def invited(scene: Scene) -> str:
    """Return the token of an invite. Each call returns the same token."""
    scene.state["invite"] = (
        scene.state.get("invite") or (await new_invite(scene.ada, scene.session_id))["invite"]
    )
    return str(scene.state["invite"])


async def sign_up_invited(scene: Scene, number: int) -> object:
    body = account(f"person{number}", invite=await invited(scene))
    return answered(await Api(scene.server.url).post("/user/signup", body, headers=_ELSEWHERE))


async def be_guest(scene: Scene, number: int) -> object:
    body = {"name": f"Guest {number}", "invite": await invited(scene)}
    return answered(await Api(scene.server.url).post("/user/guest", body, headers=_ELSEWHERE))


async def guess_invite(scene: Scene, number: int) -> object:
    return answered(await Api(scene.server.url).get(f"/invite/{number:026}", headers=_ELSEWHERE))


async def sign_in(scene: Scene, _: int) -> object:
    body = {"username": "ada", "password": PASSWORD}
    return answered(await Api(scene.server.url).post("/user/login", body, headers=_ELSEWHERE))


async def guess(scene: Scene, name: str, address: str = "192.0.2.1") -> object:
    body = {"username": name, "password": "not the password"}
    return answered(
        await Api(scene.server.url).post("/user/login", body, headers={"X-Forwarded-For": address})
    )


async def ask_for_link(scene: Scene, _: int, name: str = "nobody") -> object:
    body = {"email": f"{name}@example.org"}
    return answered(
        await Api(scene.server.url).post("/user/password/forgot", body, headers=_ELSEWHERE)
    )


async def change_email(scene: Scene, number: int) -> object:
    body = {"email": f"ada{number}@example.org", "password": PASSWORD}
    return answered(await scene.ada.post("/user/email", body))


async def open_session(scene: Scene, _: int) -> object:
    return answered(await scene.ada.post("/session", {}))


async def send_picture(scene: Scene, size: int) -> object:
    """Send a picture with extra bytes after its end, as some cameras write them."""
    return answered(await upload(scene.ada, picture().ljust(size, b"\0")))


async def send_wide_picture(scene: Scene, width: int) -> object:
    return answered(await upload(scene.ada, picture(size=(width, 1))))


async def send_json(scene: Scene, size: int) -> object:
    body = b'{"title":"x","language":"py"}'.ljust(size)
    return answered(await scene.ada.request("PATCH", f"/session/{scene.session_id}", raw=body))


async def say(scene: Scene, size: int) -> object:
    body = {"sessionId": scene.session_id, "message": "x" * size}
    return answered(await scene.ada.post("/chat/send", body))


async def name_it(scene: Scene, size: int) -> object:
    return answered(await scene.ada.patch(f"/session/{scene.session_id}", {"title": "x" * size}))


async def save(scene: Scene, label_size: int) -> object:
    return answered(
        await scene.ada.post(f"/code/{scene.session_id}/save", {"label": "x" * label_size})
    )


async def save_code(scene: Scene, size: int) -> object:
    return answered(await scene.ada.post(f"/code/{scene.session_id}/save", {"code": "x" * size}))


async def report_run(scene: Scene, size: int, **fields: Any) -> object:
    body = report("x" * size, **fields)
    return answered(await scene.ada.post(f"/session/{scene.session_id}/runs", body))


async def add_test(scene: Scene, number: int, **fields: Any) -> object:
    body = program_test(**{"name": f"{number}", **fields})
    return answered(await scene.ada.post(f"/session/{scene.session_id}/tests", body))


async def oldest_run(scene: Scene, number: int) -> object:
    """Report a run; return OK while the session keeps its first run."""
    assert await report_run(scene, number) == OK
    first = await scene.ada.get(f"/session/{scene.session_id}/runs/1")
    return OK if first.status == 200 else "1 gone"


async def join(scene: Scene, number: int) -> object:
    person = await scene.ada.sign_up(f"person{number}")
    return answered(await person.post(f"/session/{scene.session_id}/join"))


async def join_by_socket(scene: Scene, number: int) -> object:
    return await told(await scene.open(api=await scene.ada.sign_up(f"person{number}")), SYNC_STEP1)


async def restore(scene: Scene, number: int) -> object:
    """Restore a version, which makes an automatic version of the text typed before.

    Return OK, or how many automatic versions are already gone.
    """
    if not number:
        assert await save_code(scene, 1) == OK
    wire = await scene.ada.connect(scene.session_id, "&saved=1")
    await wire.send(typing_frame(f"typed {number}"))
    await wire.receive_until(b"\x66")
    assert (await scene.ada.post(f"/code/{scene.session_id}/restore", {"version": 1})).status == 201
    listed = (await scene.ada.get(f"/code/{scene.session_id}/versions?fields=meta")).body[
        "versions"
    ]
    automatic = sum(version["kind"] == "auto" for version in listed)
    return OK if automatic == number + 1 else f"{number + 1 - automatic} gone"


async def use_token(scene: Scene, is_late: int) -> object:
    if is_late:
        await scene.until_clock(1_000 * claims_of(scene.bob.token or "")["exp"])
    return await ask(scene, 0)


async def refresh(scene: Scene, ms: int) -> object:
    """Use the newest refresh token, `ms` milliseconds after the one before it."""
    at, token = scene.state.get("token", (0, scene.bob.refresh_token))
    await scene.until_clock(at + ms)
    answer = await Api(scene.server.url).post("/user/refresh", {"refreshToken": token})
    scene.state["token"] = scene.server.parts.services.clock(), answer.body.get("refreshToken")
    return answered(answer)


async def refresh_until(scene: Scene, is_end: int) -> object:
    """Use the newest refresh token. With `is_end`, repeat it until the login ends."""
    answer = await refresh(scene, 0)
    while is_end and answer == OK:
        answer = await refresh(scene, 200)
    return answer


async def send_slowly(scene: Scene, never_ends: int) -> object:
    """Send a request in two parts, or only its first part."""
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.server.port)
    head = (
        b"POST /user/login HTTP/1.1\r\nHost: x\r\nContent-Type: "
        b"application/json\r\nContent-Length: 2\r\n\r\n"
    )
    writer.write(head + b"{")
    await writer.drain()
    if not never_ends:
        writer.write(b"}")
    async with asyncio.timeout(PATIENCE_S):
        line = await reader.readline()
    writer.close()
    return line.split()[1].decode() if line else CUT


# -- the table -------------------------------------------------------------------------------------

RATED = (429, "rate_limited")
INVALID: Mapping[str, Any] = {"told": (422, "invalid"), "counts": {"problems invalid": 1}}
TOO_LARGE: Mapping[str, Any] = {"told": (413, "too_large"), "counts": {"problems too_large": 1}}
FULL: Mapping[str, Any] = {"told": (409, "limit_reached"), "counts": {"problems limit_reached": 1}}
ENDED: Mapping[str, Any] = {"told": (401, "not_signed_in"), "counts": {"problems not_signed_in": 1}}
WRONG = (401, "bad_credentials")
PROXY = {"trust_proxy": 1}
MAIL = {
    "smtp_url": "smtp://127.0.0.1:1",
    "mail_from": "collab@example.org",
    "public_url": "https://code.example.org",
}
"""The address of a mail server. It is never used, because no account has the addresses of the
rows."""


def rate(
    limit: str,
    call: Callable[[Scene, int], Awaitable[object]],
    times: int,
    value: float,
    **more: Any,
) -> Row:
    """Make a row that allows `times` requests and refuses the next one."""
    counts = {f"limit_reached {limit}": 1, "problems rate_limited": 1}
    return Row(limit, call, range(times), times, RATED, counts, value, **more)


REST = (
    rate("requests_per_5min", ask, 5, 5),
    rate("anonymous_per_5min", ask_unknown, 5, 5, settings=PROXY, goes=(401, "not_signed_in")),
    rate("pages_per_5min", ask_page, 5, 5, settings=PROXY),
    rate("signups_per_h", sign_up, 2, 2, settings=PROXY),
    rate("invited_signups_per_h", sign_up_invited, 2, 2, settings=PROXY),
    rate("guests_per_h", be_guest, 2, 2, settings=PROXY),
    rate("invite_share_per_h", be_guest, 2, 2, settings=PROXY),
    rate("address_guests_per_h", be_guest, 2, 2, settings=PROXY),
    rate("invite_failures", guess_invite, 2, 2, settings=PROXY, goes=(404, "not_found")),
    rate("logins_per_5min", sign_in, 3, 3, settings=PROXY),
    rate("sessions_per_day", open_session, 2, 3),  # the scene already has one session
    rate("avatars_per_h", send_picture, 2, 2),
    rate("account_failures", lambda scene, _: guess(scene, "ada"), 3, 3, settings=PROXY,
         goes=WRONG),
    rate("stranger_failures_per_day", lambda scene,
         number: guess(scene, "ada", f"192.0.2.{number}"), 3, 3,
         settings=PROXY, goes=WRONG),
    rate("address_failures_per_h", lambda scene, number: guess(scene, f"nobody{number}"), 3, 3,
         settings=PROXY,
         goes=WRONG),
    rate("mails_per_h", ask_for_link, 2, 2, settings=MAIL | PROXY),
    rate("mails_per_h", change_email, 2, 2),
    rate("address_mails_per_h", lambda scene, number: ask_for_link(scene, 0, f"person{number}"),
         2, 2, settings=MAIL | PROXY),
    rate("messages_per_10s", lambda scene, _: say(scene, 1), 2, 1),
    rate("saves_per_s", save_code, 5, 0.01),
    rate("runs_per_10s", report_run, 3, 0.01),
    rate("tests_per_min", add_test, 3, 3),
    Row("max_json_bytes", send_json, (1_024,), 1_025, **TOO_LARGE, value=1_024),
    Row("max_text_bytes", save_code, (1_024,), 1_025, (413, "too_large"),
        {"limit_reached max_text_bytes": 1, "problems too_large": 1}, 1_024),
    Row("versions", save_code, range(1, 3), 3, **FULL, value=2),
    Row("auto_versions", restore, range(2), 2, "1 gone", {}, 2),
    Row("tests", add_test, range(2), 2, (409, "limit_reached"),
        {"limit_reached tests": 1, "problems limit_reached": 1}, 2),
    Row("runs", oldest_run, range(2), 2, "1 gone", {"problems not_found": 1}, 2),
    Row("members", join, range(2), 2, **FULL, value=3),
    Row("members", join_by_socket, range(2), 2, (4403, "forbidden", None), {"closes 4403": 1}, 3),
    Row("access_token_s", use_token, (False,), True, (401, "token_expired"),
        {"problems token_expired": 1}, 3),
    Row("refresh_idle_s", refresh, (0, 0), 3_000, **ENDED, value=3),
    Row("refresh_s", refresh_until, (False,), True, **ENDED, value=3),
    Row("request_s", send_slowly, (False,), True, CUT, {"limit_reached request_s": 1}, 1,
        goes="422"),
    Row("a picture's bytes", send_picture, (MAX_FILE_BYTES,), MAX_FILE_BYTES + 1, **TOO_LARGE),
    Row("a picture's side", send_wide_picture, (MAX_SIDE_PX,), MAX_SIDE_PX + 1, **INVALID),
    Row("code", save_code, (MAX_CODE_BYTES,), MAX_CODE_BYTES + 1, **INVALID),
    Row("a message", say, (4_000,), 4_001, **INVALID),
    Row("a run's output", report_run, (MAX_OUTPUT_BYTES,), MAX_OUTPUT_BYTES + 1, **TOO_LARGE),
    Row("a run's input", lambda scene, size: report_run(scene, 1, stdin="x" * size),
        (MAX_STDIN_BYTES,), MAX_STDIN_BYTES + 1, **TOO_LARGE),
    Row("a test's input", lambda scene, size: add_test(scene, 0, input="x" * size),
        (MAX_VALUE_BYTES,), MAX_VALUE_BYTES + 1, **INVALID),
    Row("a test's source", lambda scene, size: add_test(scene, 0, source="x" * size),
        (MAX_SOURCE_BYTES,), MAX_SOURCE_BYTES + 1, **INVALID),
    Row("a test's name", lambda scene, size: add_test(scene, 0, name="x" * size),
        (200,), 201, **INVALID),
    Row("a title", name_it, (120,), 121, **INVALID),
    Row("a label", save, (120,), 121, **INVALID),
    Row("a user name", lambda scene, size: sign_up_with(scene, "username", "x" * size), (3, 32), 33,
        **INVALID),
    Row("a full name", lambda scene, size: sign_up_with(scene, "fullname", "x" * size), (64,), 65,
        **INVALID),
    Row("a long password", lambda scene,
        size: sign_up_with(scene, "password", "long words " * 11 + "x" * (size - 121)),
        (128,), 129, **INVALID),
    Row("a short password", lambda scene,
        size: sign_up_with(scene, "password", "odd-worded"[:size]),
        (10,), 9, **INVALID),
)  # fmt: skip
