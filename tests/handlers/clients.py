"""What the REST tests need beside `tests.api`: a browser's cookies, raw requests, paging, Yjs frames."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import pycrdt

from tests.api import PASSWORD, Answer, Api

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ID = re.compile(r"[0-9a-hjkmnp-tv-z]{16}")
UNKNOWN_ID = "0000000000000000"


class Browser(Api):
    """A page of one origin: keeps cookies and sends them where their path says."""

    def __init__(self, url: str, origin: str | None = None) -> None:
        super().__init__(url)
        self.origin = url if origin is None else origin
        self.jar: dict[str, Morsel[str]] = {}

    async def request(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        sent = {"Origin": self.origin, **(options.pop("headers", None) or {})}
        fitting = [f"{one.key}={one.value}" for one in self.jar.values() if path.startswith(one["path"])]
        if fitting:
            sent.setdefault("Cookie", "; ".join(fitting))
        answer = await super().request(method, path, body, headers=sent, **options)
        for name, one in set_cookies(answer).items():
            if is_expired(one):
                self.jar.pop(name, None)
            else:
                self.jar[name] = one
        return answer

    async def enter(self, name: str) -> Answer:
        """Sign up in this browser."""
        return await self.post("/user/signup", account(name))


def account(name: str, **other: Any) -> dict[str, Any]:
    """Return the body of a sign-up."""
    return {"username": name, "email": f"{name}@example.org", "password": PASSWORD, **other}


def set_cookies(answer: Answer) -> dict[str, Morsel[str]]:
    """Return the cookies that an answer sets."""
    found: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("Set-Cookie"):
        found.load(line)
    return dict(found)


def is_expired(cookie: "Morsel[str]") -> bool:
    """Whether a browser drops its cookie on seeing this one."""
    if cookie["max-age"]:
        return int(cookie["max-age"]) <= 0
    return bool(cookie["expires"]) and parsedate_to_datetime(cookie["expires"]) <= datetime.now(UTC)


def code_of(answer: Answer) -> tuple[int, str | None]:
    """Return (status, code) of an error, (status, None) of anything else."""
    is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
    return answer.status, answer.body.get("code") if is_problem else None


async def walk(api: Api, path: str, key: str) -> list[list[Any]]:
    """Follow `next` from page to page; return the pages."""
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
    """Return an id as somebody might type it who read it on paper."""
    groups = "-".join(text[at : at + 4] for at in range(0, len(text), 4))
    return groups.upper().replace("0", "O").replace("1", "L")


def typing_frame(text: str, root: str = "codemirror") -> bytes:
    """Return the y-websocket frame of a new client that types a text."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    doc.get(root, type=pycrdt.Text).insert(0, text)
    update = doc.get_update()
    size, length = len(update), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return b"\x00\x02" + bytes(length) + bytes([size]) + update


@dataclass
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes


async def exchange(url: str, *parts: bytes) -> RawAnswer | None:
    """Send bytes as they are and return the answer, None if the connection was closed without one."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
        return RawAnswer(int(lines[0].split()[1]), headers, body)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    finally:
        writer.close()
