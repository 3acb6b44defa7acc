"""Makes requests to all routes of the API.

The routes come from the API's table of operations. So a new route gets requests, too.
"""

import random
import urllib.parse
from dataclasses import dataclass, field

from bench.stress import odd
from bench.trouble import PASSWORD
from bench.worst.people import Answer, Person
from handlers.http.api_docs.operations import OPERATIONS, Operation

_OFTEN = {
    "signUp": 0, "logIn": 0.05, "refreshLogin": 0.1, "logOut": 0.03, "deleteMe": 0.03,
    "changePassword": 0.03, "resetPassword": 0.1, "changeEmail": 0.1,
    "endOtherLogins": 0.1, "deleteSession": 0.2, "leaveSession": 0.1, "removeMember": 0.1,
    "enterAsGuest": 0.1, "addRun": 4.0, "exportSession": 2.0, "listFiles": 2.0,
}  # fmt: skip
"""The weights of operations that are chosen less or more often than others. The rare ones end a
login or a session, or hash a password, which takes a quarter of a second. `signUp` has the weight
0, because `bench.stress` signs people up itself."""
_ENDS_LOGIN = frozenset(("logOut", "deleteMe", "changePassword"))
_WEIGHTS = [_OFTEN.get(operation.name, 1.0) for operation in OPERATIONS]
_KEPT = 40


@dataclass
class Known:
    """The ids that people have seen.

    Requests use these ids. Several threads use one object, each with its own dice.
    """

    sessions: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    invites: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    roots: list[str] = field(
        default_factory=lambda: ["codemirror", "f-1", "f-2", "map", "list", ""]
    )

    def note(self, operation: Operation, answer: Answer) -> None:
        """Keep the ids in an answer."""
        if (
            answer.status not in (200, 201)
            or not answer.body.startswith(b"{")
            or len(answer.body) > 1 << 16
        ):
            return
        body = answer.json()
        _keep(self.sessions, body.get("sessionId"))
        _keep(self.invites, body.get("invite"))
        if operation.name == "createSession":
            _keep(self.people, body.get("owner", {}).get("id"))

    def pools(self) -> odd.Known:
        """Return {field: function that makes its value}, for the fields that need a known id."""
        return {
            "sessionId": lambda dice: _any(dice, self.sessions),
            "id": lambda dice: _any(dice, self.sessions if dice.random() < 0.8 else self.people),
            "userId": lambda dice: _any(dice, self.people),
            "invite": lambda dice: _any(dice, self.invites),
            "inviteId": lambda dice: _any(dice, self.invites),
            "root": lambda dice: _any(dice, self.roots),
            "code": odd.code,
            "stdout": odd.printed,
            "stderr": odd.printed,
            "stdin": odd.printed,
            "tests": odd.tests,
            "exit": lambda dice: dice.randrange(256),
            "status": lambda dice: "ended" if dice.random() < 0.1 else "open",
            "language": lambda dice: dice.choice(("python", "c++", "javascript", "html")),
            "text": lambda dice: dice.choice(("word", "word word", "\n\n\n\n", "\U0001f600" * 4)),
            "username": lambda dice: f"stress {dice.randrange(1 << 40):x}",
            "email": _address,
            "token": lambda dice: _any(dice, self.tokens),
            "password": lambda _: PASSWORD,
            "newPassword": lambda _: PASSWORD,
            "currentPassword": lambda _: PASSWORD,
            "version": lambda dice: dice.randrange(1, 9),
            "n": lambda dice: dice.randrange(9),
            "from": lambda dice: dice.randrange(60),
            "to": lambda dice: dice.randrange(200),
            "sequence": lambda dice: dice.randrange(200),
        }


def _keep(ids: list[str], value: object) -> None:
    if isinstance(value, str) and value:
        ids.append(value)
        del ids[:-_KEPT]


def _address(dice: random.Random) -> str:
    """Return the email address of one of the first people, or an address that no account has."""
    if dice.random() < 0.5:
        return f"{dice.randrange(1 << 40):x}@example.com"
    return f"person-127-77-0-{dice.randrange(1, 30)}@example.com"


def _any(dice: random.Random, ids: list[str]) -> str:
    known = list(ids)
    return dice.choice(known) if known else "AAAAAAAA"


@dataclass(frozen=True)
class Request:
    """One request."""

    operation: Operation
    path: str
    body: bytes | None
    content_type: str

    @property
    def about(self) -> str:
        """A line that describes the request."""
        size = f" {len(self.body):,} bytes {self.body[:80]!r}" if self.body else ""
        return f"{self.operation.method} {self.path[:200]}{size}"

    @property
    def ends_login(self) -> bool:
        return self.operation.name in _ENDS_LOGIN


def choose(dice: random.Random) -> Operation:
    """Return any operation except those that open WebSockets."""
    while True:
        operation = dice.choices(OPERATIONS, _WEIGHTS)[0]
        if operation.statuses != (101,):
            return operation


def make(dice: random.Random, known: Known) -> Request:
    """Return a request to any route that does not open a WebSocket.

    `bench.stress.sockets` opens the WebSockets.
    """
    operation, pools = choose(dice), known.pools()
    parts = [
        urllib.parse.quote(str(odd.value(dice, part[1:-1], {}, pools)), safe="", errors="replace")[
            :500
        ]
        if part.startswith("{")
        else part
        for part in operation.path.split("/")
    ]
    path = "/".join(parts)
    if operation.query:
        given = odd.fields(dice, operation.query, pools)
        texts = {
            name: str(value).lower() if isinstance(value, bool) else str(value)[:500]
            for name, value in given.items()
        }
        path += "?" + urllib.parse.urlencode(texts, errors="replace")
    if operation.upload:
        return Request(
            operation, path, _upload(dice, operation.upload), "multipart/form-data; boundary=b"
        )
    body = None if operation.body is None else odd.body(dice, operation.body, pools)
    return Request(operation, path, body, "application/json")


def _upload(dice: random.Random, name: str) -> bytes:
    size = dice.choice((0, 10, 100_000, 2 << 20))
    head = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="a"\r\nContent-Type: '
        "image/png\r\n\r\n"
    )
    return head.encode() + b"\x89PNG\r\n\x1a\n" + dice.randbytes(size) + b"\r\n--b--\r\n"


def send(person: Person, request: Request, timeout_s: float) -> Answer:
    """Send a request. It always has the token, although some routes do not need it."""
    return person.request(
        request.operation.method,
        request.path,
        request.body,
        timeout_s=timeout_s,
        content_type=request.content_type,
    )
