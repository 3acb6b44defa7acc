"""Works of a crowd: thousands of Engine.IO connections that poll.

Their people have signed in or not.
"""

import asyncio
import contextlib
import json
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.worst.people import Person, new_address
from bench.worst.stage import Stage, Work, tell

_CROWD = 2_000
_ADDRESSES = 60
_PEOPLE = 100
"""The users of the crowd. Each signs in with 20 connections, because it may open 30 a minute."""
_JOINED = 10
"""The most connections with which one user may join a session."""
_POLLING = "/socket.io/?EIO=4&transport=polling"
_OPENING_S = 0.005
"""The seconds between two new connections, because an address may open only fifty a second."""
_MEMBERS_OPENING_S = 0.02
"""The seconds between two new connections of members, so that all of them sign in on a busy
machine, too. A client that has not signed in after 10 s is disconnected."""
_PATIENCE_S = 60.0
_FRAME = b"\r\n\r\n"
_PACKETS = b'42["x"]'


@dataclass
class _Crowd:
    """The addresses of a crowd, the results of its requests, and the time at which it leaves."""

    port: int
    until: float
    addresses: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    signed_in: int = 0

    @property
    def left_s(self) -> float:
        return max(0.0, self.until - time.monotonic())


class _Client:
    """One Engine.IO client that sends all its polls over one TCP connection, as browsers do."""

    def __init__(self, crowd: _Crowd, address: str) -> None:
        self._crowd = crowd
        self._address = address
        self._path = _POLLING

    async def __aenter__(self) -> "_Client":
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._crowd.port, local_addr=(self._address, 0)
        )
        try:
            opened = await self.ask()
        except BaseException:
            await self.__aexit__()
            raise
        self._path += f"&sid={json.loads(opened[1:])['sid']}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def ask(self, body: bytes | None = None) -> bytes:
        """Send a request and return the body of the answer; raises OSError unless it is 200."""
        head = f"{'GET' if body is None else 'POST'} {self._path} HTTP/1.1\r\nHost: x\r\n"
        if body is not None:
            head += f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(head.encode() + b"\r\n" + (body or b""))
        lines = (await self._reader.readuntil(_FRAME)).split(b"\r\n")
        status = int(lines[0].split()[1])
        self._crowd.statuses[status] += 1
        sizes = [int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")]
        content = await self._reader.readexactly(sizes[0] if sizes else 0)
        if status != 200:
            raise ConnectionAbortedError(status)
        return content


async def _be_stranger(crowd: _Crowd, number: int) -> None:
    """Connect, and post packets as fast as the server answers; reconnect after each refusal."""
    await asyncio.sleep(number * _OPENING_S)
    while crowd.left_s:
        with contextlib.suppress(OSError, EOFError):
            async with _Client(crowd, crowd.addresses[number % len(crowd.addresses)]) as client:
                while crowd.left_s:
                    await client.ask(_PACKETS)
        await asyncio.sleep(1)


async def _be_member(crowd: _Crowd, who: tuple[Person, str], number: int) -> None:
    """Sign in, join a session unless it is full, and poll. who: a user and their session."""
    person, session_id = who
    await asyncio.sleep(number * _MEMBERS_OPENING_S)
    with contextlib.suppress(OSError, EOFError):
        async with _Client(crowd, crowd.addresses[number % len(crowd.addresses)]) as client:
            await client.ask(b"40" + json.dumps({"token": person.token}).encode())
            if number // _PEOPLE < _JOINED:
                await client.ask(b"42" + json.dumps(["join-session", session_id]).encode())
            crowd.signed_in += 1
            while crowd.left_s:
                if b"2" in (await client.ask()).split(b"\x1e"):
                    await client.ask(b"3")


def _crowd(here: Stage, apart_s: float = _OPENING_S) -> _Crowd:
    opening_s = here.few(_CROWD) * apart_s
    addresses = [new_address() for _ in range(_ADDRESSES)]
    return _Crowd(here.port, here.until() + opening_s, addresses)


def _strangers(here: Stage) -> None:
    crowd = _crowd(here)

    async def act() -> None:
        async with asyncio.timeout(crowd.left_s + _PATIENCE_S):
            await asyncio.gather(*(_be_stranger(crowd, n) for n in range(here.few(_CROWD))))

    asyncio.run(act())
    tell(here, crowd.statuses)


def _prepare_members(here: Stage) -> None:
    people = [here.person() for _ in range(_PEOPLE)]
    here.prepared["pollers of a crowd"] = [(person, person.session()) for person in people]


def _members(here: Stage) -> None:
    """Let people poll. A long poll may take up to 25 seconds, so the last ones are cancelled."""
    people, crowd = here.prepared["pollers of a crowd"], _crowd(here, _MEMBERS_OPENING_S)
    before_mib = here.memory_mib()

    async def act() -> None:
        members = (_be_member(crowd, people[n % _PEOPLE], n) for n in range(here.few(_CROWD)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(crowd.left_s):
                await asyncio.gather(*members)

    asyncio.run(act())
    each_kib = 1024 * (here.memory_mib() - before_mib) / max(1, crowd.signed_in)
    tell(here, crowd.statuses)
    here.did += f", {crowd.signed_in} signed in, {each_kib:.0f} KiB each"


WORKS = (
    Work("polling, a crowd", f"{_CROWD:,} who are not signed in, from {_ADDRESSES} addresses",
         _strangers),
    Work("polling, members", f"{_CROWD:,} connections of {_PEOPLE} users poll", _members,
         _prepare_members),
)  # fmt: skip
