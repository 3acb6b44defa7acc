"""Fixtures that check that a server counts no open Socket.IO connection in the end."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from collab_server.server import Server
from handlers.socketio.endpoint import SocketIOEndpoint
from tests.conftest import StartServer
from tests.waiting import until


@pytest.fixture
async def start_server(start_server: StartServer) -> AsyncIterator[StartServer]:
    """A function that starts servers. In the end no server may count an open connection."""
    running: list[Server] = []

    async def start(**settings: Any) -> Server:
        running.append(await start_server(**settings))
        return running[-1]

    yield start
    for server in running:
        endpoint = server.parts.socketio
        for key in list(endpoint.server.eio.sockets):
            endpoint.server.drop(key)

        async def left(
            server: Server = server, endpoint: SocketIOEndpoint = endpoint
        ) -> tuple[int, int, int]:
            return server.parts.services.connections.open, *endpoint.clients.counts

        await until(left, lambda counts: counts == (0, 0, 0))
