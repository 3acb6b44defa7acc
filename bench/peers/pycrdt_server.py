"""pycrdt-websocket as its documentation shows it, on uvicorn and uvloop, without storage. PORT: where it listens."""

import asyncio
import os

import uvicorn
from pycrdt.websocket import ASGIServer, WebsocketServer


async def main() -> None:
    websocket_server = WebsocketServer()
    config = uvicorn.Config(
        ASGIServer(websocket_server), host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", loop="uvloop"
    )
    async with websocket_server:
        await uvicorn.Server(config).serve()


asyncio.run(main())
