"""Socket.IO text clients, which run in Node (tests/node/events.mjs)."""

from functools import partial
from typing import Any

from tests.api import Api
from tests.node_peers import Peers, has
from tests.waiting import PATIENCE_S, until

POLLING, WEBSOCKET, BOTH = ["polling"], ["websocket"], ["polling", "websocket"]


class TextPeer:
    """One text client. It always sends its whole text."""

    def __init__(self, peers: Peers, name: str) -> None:
        self._peers = peers
        self.name = name
        self.session_id = ""

    @classmethod
    async def connect(
        cls, peers: Peers, api: Api, name: str, transports: list[str], **options: Any
    ) -> "TextPeer":
        peer = cls(peers, name)
        answer = await peer.do(
            "Connect", url=api.url, token=api.token, transports=transports, **options
        )
        assert answer["ok"], answer
        return peer

    @classmethod
    async def joined(
        cls,
        peers: Peers,
        api: Api,
        session_id: str,
        name: str,
        transports: list[str] = WEBSOCKET,
        **options: Any,
    ) -> "TextPeer":
        """Connect a client, join the session, and wait until the client has the text."""
        peer = await cls.connect(peers, api, name, transports, **options)
        answer = await peer.join(session_id)
        assert answer["ok"], answer
        await peer.until(code=lambda code: code is not None)
        return peer

    async def do(self, action: str, **options: Any) -> Any:
        return await self._peers.do(f"events{action}", self.name, **options)

    async def join(self, session_id: str) -> Any:
        self.session_id = session_id
        return await self.do("Join", session=session_id)

    async def ask(self, event: str, *arguments: Any) -> Any:
        """Emit an event, and return its acknowledgement."""
        return await self.do("Ask", event=event, args=arguments)

    async def emit(self, event: str, *arguments: Any) -> None:
        await self.do("Emit", event=event, args=arguments)

    async def type(self, text: str, at: int | None = None, length: int = 0) -> None:
        await self.do("Type", text=text, length=length, **({} if at is None else {"at": at}))

    async def state(self) -> dict[str, Any]:
        return await self.do("State")

    async def events(self, name: str) -> list[Any]:
        """Return the first argument of each event of this name so far."""
        return [event[1] for event in (await self.state())["log"] if event[0] == name]

    async def until(self, timeout_s: float = PATIENCE_S, **expected: Any) -> dict[str, Any]:
        return await until(self.state, partial(has, expected), timeout_s)

    async def until_events(self, name: str, count: int = 1) -> list[Any]:
        return await until(lambda: self.events(name), lambda events: len(events) >= count)
