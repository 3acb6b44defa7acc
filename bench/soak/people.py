"""People of the soak test: editors that come and go, authors of versions, and old front ends.

Authors invite guests, and old front ends use Socket.IO by polling. Each person has their own
address and account, so that they stay below the usual limits.
"""

import asyncio
import json
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClosedError, websocket_connect

from bench.trouble import PASSWORD
from crdt.wire import y_protocol
from harness.typist import Typist
from harness.wire import Wire

_TIMEOUT_S = 30.0
_REJOIN_S = 2.0
"""A pause before each join, because a user may join only 30 sessions a minute."""
_REQUEST_S = 120.0
"""The longest wait for an answer in seconds. The server hashes one password after another. So a
login may wait for the guesses of hostile clients."""
_VISITORS, _AUTHORS, _POLLERS = 8, 3, 3
_CLIENT_IDS = 1 << 31
_KILLED = 0.3
_RESET = struct.pack("ii", 1, 0)
_SEPARATOR = "\x1e"


class Unexpected(Exception):
    """The server gave another answer than it should."""


class Person:
    """A person with an address of their own."""

    def __init__(self, port: int, name: str, address: str) -> None:
        self.name = name
        self.port = port
        self.address = address
        self.token = self.refresh_token = ""
        self.did: Counter[str] = Counter()

    async def fetch(
        self, method: str, path: str, body: str | None = None, sign_in: bool = True
    ) -> bytes:
        """Send a request; return the answer's body. Raises Unexpected unless it succeeded."""
        headers = {"Content-Type": "application/json"}
        if self.token and sign_in:
            headers["Authorization"] = f"Bearer {self.token}"
        request = HTTPRequest(
            f"http://127.0.0.1:{self.port}{path}", method, headers, body,
            allow_nonstandard_methods=True,
            network_interface=self.address, request_timeout=_REQUEST_S, connect_timeout=_TIMEOUT_S,
        )  # fmt: skip
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        self.did["requests"] += 1
        if answer.code >= 300:
            raise Unexpected(
                f"{method} {path} answered {answer.code}: {answer.body[:200]!r} {answer.error}"
            )
        return answer.body

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        text = await self.fetch(
            method, path, json.dumps(body) if method in ("POST", "PATCH", "DELETE") else None
        )
        return json.loads(text) if text and text[:1] in b"[{" else text

    async def enter(self, path: str, **body: Any) -> "Person":
        """Sign up, log in or refresh the login, and keep the tokens."""
        self.token = ""
        answer = await self.ask("POST", path, **body)
        self.token, self.refresh_token = answer["accessToken"], answer["refreshToken"]
        return self

    async def sign_up(self) -> "Person":
        return await self.enter(
            "/user/signup", username=self.name, email=f"{self.name}@example.com", password=PASSWORD
        )

    @asynccontextmanager
    async def editor(self, session_id: str) -> AsyncIterator[Wire]:
        """Open a session as an editor does; in three of ten cases the connection breaks later."""
        url = f"ws://127.0.0.1:{self.port}/sync/{session_id}?token={self.token}&saved=1"
        request = HTTPRequest(url, network_interface=self.address, connect_timeout=_TIMEOUT_S)
        connection = await websocket_connect(request, max_message_size=64 << 20)
        try:
            yield Wire(connection)
        finally:
            stream = connection.protocol.stream if connection.protocol else None
            if random.random() < _KILLED and stream is not None and stream.socket is not None:
                stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                stream.close()
                self.did["kills"] += 1
            connection.close()


async def visit(person: Person, session_id: str) -> None:
    """Read the document, type in it, wait until the edits are saved, and leave."""
    async with person.editor(session_id) as wire:
        await wire.receive_until(b"\x00\x00", _TIMEOUT_S)
        await wire.send(y_protocol.sync_step1({}))
        answer = await wire.receive_until(b"\x00\x01", _TIMEOUT_S)
        typist = Typist(random.randrange(_CLIENT_IDS))
        typist.hear(y_protocol.decode(answer).update)  # type: ignore[union-attr]
        state = '{"user":{"name":"soak"}}'
        await wire.send(
            y_protocol.awareness_update([y_protocol.AwarenessEntry(typist.doc.client_id, 1, state)])
        )
        edits = random.randrange(5, 30)
        for number in range(edits):
            size = len(typist.text)
            is_deletion = number % 4 == 3
            update = (
                typist.delete(0, 1)
                if is_deletion and size
                else typist.insert(random.randint(0, size), "soak ")
            )
            await wire.send(y_protocol.sync_update(update))
            await asyncio.sleep(random.uniform(0.02, 0.2))
        await wire.receive_until(y_protocol.saved(edits), _TIMEOUT_S)
        person.did["edits"] += edits
        person.did["visits"] += 1


async def write(person: Person) -> None:
    """Do an author's work: login, session, versions, chat, a guest, and the session's end."""
    await person.enter("/user/refresh", refreshToken=person.refresh_token)
    session_id = (await person.ask("POST", "/session", title="soak", code="one\n" * 50))["id"]
    for number in range(3):
        text = "".join(f"line {random.randrange(9)}\n" for _ in range(200))
        await person.ask("POST", f"/code/{session_id}/save", code=text, label=f"number {number}")
    await _read(person, session_id)
    await person.ask("POST", f"/code/{session_id}/restore", version=2)
    await _invite(person, session_id)
    await person.ask("PATCH", f"/session/{session_id}", status="ended")
    if random.random() < 0.5:
        await person.ask("DELETE", f"/session/{session_id}")
    if random.random() < 0.2:
        await person.ask("POST", "/user/logout")
        await person.enter("/user/login", username=person.name, password=PASSWORD)
    person.did["rounds"] += 1


async def _read(person: Person, session_id: str) -> None:
    code = f"/code/{session_id}"
    for path in (
        "/session", f"/session/{session_id}", "/user/me", "/user/logins", f"{code}/versions?fields=meta",
        f"{code}/versions/1", f"{code}/latest", f"{code}/latest?live=true", f"{code}/diff?from=1&to=2",
        f"{code}/diff?from=2&to=live", f"{code}/blame", f"{code}/timeline", f"{code}/export?format=zip",
    ):  # fmt: skip
        await person.ask("GET", path)
        await asyncio.sleep(random.uniform(0.02, 0.1))


async def _invite(person: Person, session_id: str) -> None:
    """Invite a guest, who types; then the two chat."""
    invite = await person.ask("POST", f"/session/{session_id}/invites", role="editor", maxUses=1)
    guest = Person(person.port, f"guest of {person.name}", person.address)
    await guest.enter("/user/guest", name="guest", invite=invite["invite"])
    await visit(guest, session_id)
    for somebody in (guest, person):
        await somebody.ask("POST", "/chat/send", sessionId=session_id, message="soak " * 20)
        await somebody.ask("GET", f"/chat/{session_id}")
    await person.ask("GET", f"/session/{session_id}/invites")
    person.did += guest.did
    person.did["guests"] += 1


async def brief(person: Person) -> None:
    """Make an account, and delete it again."""
    other = await Person(
        person.port, f"{person.name}-{random.randrange(1 << 30)}", person.address
    ).sign_up()
    await other.ask("POST", "/session", title="soak")
    await other.ask("DELETE", "/user/me", password=PASSWORD, sessions="delete")
    person.did += other.did
    person.did["accounts"] += 1


async def poll(person: Person, session_id: str, vanishes: bool) -> None:
    """Poll as a Socket.IO client: join, send whole texts, and leave with or without a message."""
    path = "/socket.io/?EIO=4&transport=polling"
    opened = await person.fetch("GET", path, sign_in=False)
    path += f"&sid={json.loads(opened[1:])['sid']}"
    await person.fetch("POST", path, "40" + json.dumps({"token": person.token}), sign_in=False)
    await _until(person, path, "40")
    await person.fetch("POST", path, f'420["join-session","{session_id}"]', sign_in=False)
    await _until(person, path, '430[{"ok":true')
    for number in range(random.randrange(3, 10)):
        change = json.dumps(
            ["code-change", {"sessionId": session_id, "code": f"text {number}\n" * 10}]
        )
        await person.fetch("POST", path, f"42{number + 1}{change}", sign_in=False)
        await _until(person, path, f"43{number + 1}[")
        person.did["texts"] += 1
    if not vanishes:
        await person.fetch("POST", path, f"41{_SEPARATOR}1", sign_in=False)
    await asyncio.sleep(_REJOIN_S)


async def _until(person: Person, path: str, prefix: str) -> None:
    """Poll until a packet begins with `prefix`; answer pings meanwhile."""
    async with asyncio.timeout(_TIMEOUT_S):
        while True:
            packets = (await person.fetch("GET", path, sign_in=False)).decode().split(_SEPARATOR)
            pongs = ["3" for packet in packets if packet == "2"]
            if pongs:
                await person.fetch("POST", path, _SEPARATOR.join(pongs), sign_in=False)
            if any(packet.startswith(prefix) for packet in packets):
                return
            if refused := [
                packet for packet in packets if packet.startswith("43") and '"ok":false' in packet
            ]:
                raise Unexpected(refused[0])


async def keep_on(
    person: Person, until: float, act: Callable[[], Awaitable[None]], problems: list[str]
) -> None:
    """Sign up, and repeat an action until the end.

    The first problem ends it, too, and is added to `problems`.
    """
    try:
        await person.sign_up()
        while time.monotonic() < until:
            await act()
            await asyncio.sleep(random.uniform(0.5, 2))
    except (Unexpected, AssertionError, OSError, WebSocketClosedError) as error:
        problems.append(f"{person.name}: {type(error).__name__}: {error}"[:300])


async def live(
    port: int, phase: int, sessions: tuple[str, ...], until: float, vanish_until: float
) -> tuple[Counter[str], list[str]]:
    """Let all people act until a time; return (counts of actions, problems)."""
    AsyncHTTPClient.configure(None, max_clients=200)
    problems: list[str] = []
    people: list[Person] = []
    doing = []

    def add(role: str, act: Callable[[Person], Awaitable[None]]) -> None:
        person = Person(
            port, f"{role}-{phase}-{len(people)}", f"127.{phase + 1}.0.{len(people) + 2}"
        )
        people.append(person)
        doing.append(keep_on(person, until, lambda: act(person), problems))

    for _ in range(_VISITORS):
        add("visitor", lambda person: visit(person, random.choice(sessions)))
    for _ in range(_AUTHORS):
        add("author", write)
    for _ in range(_POLLERS):
        add(
            "poller",
            lambda person: poll(person, random.choice(sessions), time.monotonic() < vanish_until),
        )
    add("brief", lambda person: _slowly(person, brief))
    await asyncio.gather(*doing)
    return sum((person.did for person in people), Counter()), problems


async def _slowly(person: Person, act: Callable[[Person], Awaitable[None]]) -> None:
    """Act, and then wait, because one address may make only 20 accounts an hour."""
    await act(person)
    await asyncio.sleep(10)
