"""Tools of the REST tests, in addition to `tests.api`.

They handle cookies, guests, uploads, raw requests, paging and Yjs frames.
"""

import asyncio
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import pycrdt
from PIL import Image

from harness.wire import SYNC_STEP1
from tests.api import PASSWORD, Answer, Api, Wire
from tests.waiting import PATIENCE_S

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ID = re.compile(r"[0-9a-hjkmnp-tv-z]{16}")
UNKNOWN_ID = "0000000000000000"


class Browser(Api):
    """A browser with a page of one origin.

    It keeps cookies, and sends each with requests for the cookie's path.
    """

    def __init__(self, url: str, origin: str | None = None) -> None:
        super().__init__(url)
        self.origin = url if origin is None else origin
        self.jar: dict[str, Morsel[str]] = {}

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        sent = {"Origin": self.origin, **(headers or {})}
        fitting = [
            f"{cookie.key}={cookie.value}"
            for cookie in self.jar.values()
            if path.startswith(cookie["path"])
        ]
        if fitting:
            sent.setdefault("Cookie", "; ".join(fitting))
        answer = await super().request(method, path, body, sent, raw)
        for name, cookie in set_cookies(answer).items():
            if is_expired(cookie):
                self.jar.pop(name, None)
            else:
                self.jar[name] = cookie
        return answer

    async def enter(self, name: str) -> Answer:
        """Sign up in this browser."""
        return await self.post("/user/signup", account(name))


def account(name: str, **other: Any) -> dict[str, Any]:
    """Return the body of a sign-up."""
    return {"username": name, "email": f"{name}@example.org", "password": PASSWORD, **other}


def report(stdout: str = "1\n", **other: Any) -> dict[str, Any]:
    """Return the body that reports a run."""
    return {
        "root": "codemirror",
        "language": "python",
        "stdout": stdout,
        "stderr": "",
        "exit": 0,
        "outcome": "done",
        "ms": 12,
        **other,
    }


def program_test(name: str = "adds", **other: Any) -> dict[str, Any]:
    """Return the body that adds a test of a program."""
    return {
        "kind": "case",
        "name": name,
        "root": "codemirror",
        "input": "1 2\n",
        "expected": "3\n",
        **other,
    }


def set_cookies(answer: Answer) -> dict[str, Morsel[str]]:
    """Return the cookies that an answer sets."""
    cookies: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("Set-Cookie"):
        cookies.load(line)
    return dict(cookies)


def is_expired(cookie: "Morsel[str]") -> bool:
    """Whether a cookie of an answer has expired, so that a browser deletes its own copy."""
    if cookie["max-age"]:
        return int(cookie["max-age"]) <= 0
    return bool(cookie["expires"]) and parsedate_to_datetime(cookie["expires"]) <= datetime.now(UTC)


def code_of(answer: Answer) -> tuple[int, str | None]:
    """Return (status, code) of an answer with an error, and (status, None) of any other answer."""
    is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
    return answer.status, answer.body.get("code") if is_problem else None


async def walk(api: Api, path: str, key: str) -> list[list[Any]]:
    """Follow `next` from page to page, and return all pages."""
    pages, cursor = [], ""
    while True:
        answer = await api.get(f"{path}{'&' if '?' in path else '?'}{cursor}")
        assert answer.status == 200, answer
        pages.append(answer.body[key])
        if answer.body["next"] is None:
            return pages
        cursor = f"before={answer.body['next']}"
        assert len(pages) < 100, "the pages have no end"


def typed(text: str) -> str:
    """Return an id in the form that a person may type from paper."""
    groups = "-".join(text[at : at + 4] for at in range(0, len(text), 4))
    return groups.upper().replace("0", "O").replace("1", "L")


def typing_frame(text: str, root: str = "codemirror") -> bytes:
    """Return the y-websocket frame of a new client that types a text."""
    return texts_frame({root: text})


def texts_frame(files: dict[str, str]) -> bytes:
    """Return the y-websocket frame of a new client that types several texts together."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    for root, text in files.items():
        doc.get(root, type=pycrdt.Text).insert(0, text)
    update = doc.get_update()
    size, length = len(update), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return b"\x00\x02" + bytes(length) + bytes([size]) + update


def picture(
    kind: str = "PNG", size: tuple[int, int] = (8, 8), mode: str = "RGB", **options: Any
) -> bytes:
    """Return a picture file of one colour."""
    file = io.BytesIO()
    Image.new(mode, size, 0x80).save(file, kind, **options)
    return file.getvalue()


def multipart(*parts: tuple[str, bytes], boundary: str = "x-boundary-x") -> bytes:
    """Return the body of a form with files, each given as (field, content)."""
    head = (
        '--{}\r\nContent-Disposition: form-data; name="{}"; filename="me.png"\r\nContent-Type: '
        "image/png\r\n\r\n"
    )
    files = b"".join(
        head.format(boundary, field).encode() + content + b"\r\n" for field, content in parts
    )
    return files + f"--{boundary}--\r\n".encode()


async def upload(api: Api, *files: bytes, field: str = "avatar") -> Answer:
    """Send files like the form of a browser."""
    headers = {"Content-Type": "multipart/form-data; boundary=x-boundary-x"}
    return await api.request(
        "POST", "/user/avatar", raw=multipart(*((field, file) for file in files)), headers=headers
    )


async def new_invite(owner: Api, session_id: str, **fields: Any) -> dict[str, Any]:
    """Make an invite, and return the answer to its owner."""
    answer = await owner.post(f"/session/{session_id}/invites", fields)
    assert answer.status == 201, answer
    return answer.body


async def guest_by(url: str, invite: str, name: str = "Gus") -> Api:
    """Return a client that is signed in as a new guest."""
    answer = await Api(url).post("/user/guest", {"name": name, "invite": invite})
    assert answer.status == 201, answer
    guest = Api(url, answer.body["accessToken"], answer.body["user"])
    guest.refresh_token = answer.body["refreshToken"]
    return guest


async def guest_of(owner: Api, session_id: str, name: str = "Gus", role: str = "editor") -> Api:
    """Return a new guest of a session, who came by a new invite."""
    return await guest_by(
        owner.url, (await new_invite(owner, session_id, role=role))["invite"], name
    )


async def log_in(url: str, name: str, password: str = PASSWORD, **options: Any) -> Api:
    """Return a client with another login of a user."""
    answer = await Api(url).post("/user/login", {"username": name, "password": password}, **options)
    assert answer.status == 200, answer
    client = Api(url, answer.body["accessToken"], answer.body["user"])
    client.refresh_token = answer.body["refreshToken"]
    return client


def presence_frame(client_id: int, clock: int, state: str) -> bytes:
    """Return the y-websocket frame of one client's presence.

    The state must be so short that each length fits one byte.
    """
    update = bytes((1, client_id, clock, len(state))) + state.encode()
    return b"\x01" + bytes((len(update),)) + update


async def save(api: Api, session_id: str, code: str, label: str = "") -> dict[str, Any]:
    """Save a text as a version, and return the answer's body."""
    answer = await api.post(f"/code/{session_id}/save", {"code": code, "label": label})
    assert answer.status in (200, 201)
    return answer.body


async def joined(api: Api, session_id: str, query: str = "") -> Wire:
    """Open a socket to a session, and wait until the document has arrived."""
    wire = await api.connect(session_id, query)
    assert await is_open(wire)
    return wire


async def greeted(api: Api, session_id: str, query: str = "") -> Wire:
    """Open a socket to a session, and wait for the first message that the room sends."""
    wire = await api.connect(session_id, query)
    await wire.receive_until(SYNC_STEP1)
    return wire


async def is_open(wire: Wire) -> bool:
    """Whether a socket is open. A closed socket gets no answer to a request for the document."""
    await wire.send(b"\x00\x00\x01\x00")
    return bool(await wire.receive_until(b"\x00\x01"))


@dataclass
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes


async def exchange(url: str, *parts: bytes, has_body: bool = True) -> RawAnswer | None:
    """Send bytes unchanged. Return the answer, or None if the server only closed the connection.

    has_body  False for HEAD, whose answer states the length of a body that is not sent
    """
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = {
                k.lower(): v.strip()
                for k, _, v in (line.partition(":") for line in lines[1:] if line)
            }
            length = int(headers.get("content-length", "0")) if has_body else 0
            body = await reader.readexactly(length)
        return RawAnswer(int(lines[0].split()[1]), headers, body)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    finally:
        writer.close()
