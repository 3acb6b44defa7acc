"""A server of pycrdt-websocket as in its documentation, on uvicorn and uvloop, without storage.

The environment variable PORT is the port to listen on. The server uses the package's
`exception_logger`. Without one, a client that leaves while the server sends to it ends the server.
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
