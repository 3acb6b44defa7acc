"""Tests that only sockets that the database's driver forgets may be collected while open."""

import asyncio
import socket

import pytest
from pymongo import AsyncMongoClient

from storage.mongo.database.driver import Document


def _forget(connect_to: int = 0, *, bind: bool = False) -> None:
    """Open a TCP socket like the driver's, and drop it without closing it. Python warns of this."""
    forgotten = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if bind:
        forgotten.bind(("127.0.0.1", 0))
    if connect_to:
        forgotten.connect(("127.0.0.1", connect_to))


def test_forgotten_socket_of_another_program_is_reported() -> None:
    with pytest.warns(ResourceWarning, match="unclosed"):
        _forget(bind=True)


async def test_only_sockets_of_the_driver_are_ignored() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as database,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        async with AsyncMongoClient[Document](f"mongodb://127.0.0.1:{database.getsockname()[1]}/"):
            _forget()
            _forget(database.getsockname()[1])
            with pytest.warns(ResourceWarning, match="unclosed"):
                _forget(other.getsockname()[1])


async def test_socket_of_client_closed_while_it_connects_is_ignored() -> None:
    """Warnings about sockets that the driver leaves open are also ignored."""
    for turns in range(20):
        client = AsyncMongoClient[Document]("mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=1000)
        asking = asyncio.ensure_future(client.admin.command("ping"))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, client.close(), return_exceptions=True)
