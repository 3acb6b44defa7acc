"""pycrdt-websocket as its documentation shows it, on uvicorn and uvloop, without storage.
PORT: where it listens.

With its own `exception_logger`:
without one a client that leaves while it is sent to ends the whole server.
"""

import asyncio
import os

import uvicorn
from pycrdt.websocket import ASGIServer, WebsocketServer, exception_logger


async def main() -> None:
    """Serve until the process is ended."""
    websocket_server = WebsocketServer(exception_handler=exception_logger)
    config = uvicorn.Config(
        ASGIServer(websocket_server),
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        log_level="warning",
        loop="uvloop",
    )
    async with websocket_server:
        await uvicorn.Server(config).serve()


asyncio.run(main())
