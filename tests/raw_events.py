"""A Socket.IO client over a plain WebSocket, to send packets that no standard client sends."""

import asyncio
import itertools
import json
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from harness.wire import close_with
from tests.api import Api
from tests.waiting import PATIENCE_S

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
"""The path of a request that opens a connection of the polling transport."""


class RawEvents:
    """One connection. While it reads, it answers pings by itself."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket
        close_with(self, socket)
        self._ids = itertools.count()
        self.events: list[list[Any]] = []

    @classmethod
    async def open(
        cls,
        api: Api,
        query: str = "EIO=4&transport=websocket",
        headers: dict[str, str] | None = None,
    ) -> "RawEvents":
        """Open the transport without signing in."""
        url = f"{api.url.replace('http', 'ws', 1)}/socket.io/?{query}"
        return cls(
            await websocket_connect(HTTPRequest(url, headers=headers), max_message_size=64 << 20)
        )

    @classmethod
    async def signed_in(cls, api: Api) -> "RawEvents":
        raw = await cls.open(api)
        assert (await raw.sign_in({"token": api.token}))[0] == "40"
        return raw

    @classmethod
    async def joined(cls, api: Api, session_id: str) -> "RawEvents":
        raw = await cls.signed_in(api)
        assert (await raw.ask("join-session", session_id))["ok"]
        return raw

    async def sign_in(self, auth: Any = None) -> tuple[str, Any]:
        """Sign in, and return ("40", {...}) or ("44", {"message", "data"})."""
        await self.send("40" + ("" if auth is None else json.dumps(auth)))
        return await self.until("40", "44")

    async def send(self, text: str | bytes) -> None:
        await self._socket.write_message(text, binary=isinstance(text, bytes))

    async def ask(self, event: Any, *arguments: Any) -> Any:
        """Emit an event, and return the content of its acknowledgement."""
        number = next(self._ids)
        await self.send(f"42{number}" + json.dumps([event, *arguments]))
        _, answers = await self.until(f"43{number}[")
        return answers[0]

    async def until(self, *prefixes: str, timeout_s: float = PATIENCE_S) -> tuple[str, Any]:
        """Read until a packet begins with a prefix. Return the prefix and the packet's content."""
        async with asyncio.timeout(timeout_s):
            while (text := await self._socket.read_message()) is not None:
                assert isinstance(text, str)
                if text == "2":
                    await self.send("3")
                    continue
                if text.startswith("42["):
                    self.events.append(json.loads(text[2:]))
                for prefix in prefixes:
                    if text.startswith(prefix):
                        content = text[2:].lstrip("0123456789")
                        return prefix, json.loads(content) if content else None
        raise AssertionError(f"closed while waiting for {prefixes}")

    async def until_event(self, name: str) -> Any:
        """Return the content of the next event with this name."""
        _, event = await self.until(f'42["{name}"')
        return event[1]

    async def until_closed(self, timeout_s: float = PATIENCE_S) -> None:
        async with asyncio.timeout(timeout_s):
            while await self._socket.read_message() is not None:
                pass

    def errors(self) -> list[str]:
        """Return the codes of the error messages so far."""
        return [event[1]["code"] for event in self.events if event[0] == "error-message"]

    def close(self) -> None:
        self._socket.close()
