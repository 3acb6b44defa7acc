"""Provides a MongoDB-protocol server for tests.
It is SecantusDB in its own process, or the server that TEST_MONGO_URI names.

SecantusDB (GPL-2) is neither imported nor shipped. `tests.set_up` installs it into an environment
of its own.
"""

import contextlib
import gc
import itertools
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from unittest import mock

from pymongo import AsyncMongoClient

from storage.mongo.database.driver import Document
from tests import leftovers
from tests.processes import free_port
from tests.waiting import PATIENCE_S

FOLDER = Path(sys.prefix) / "secantus"
COMMAND = FOLDER / "bin" / "secantusd-py"
_MEMORY = Path("/dev/shm")


_numbers = itertools.count(1)
_empty: list[str] = []


@contextlib.asynccontextmanager
async def database(uri: str) -> AsyncIterator[str]:
    """Yield the name of an empty database.

    Later tests get the same names again, because each new name makes SecantusDB slower.
    """
    name = _empty.pop() if _empty else f"test{next(_numbers)}_{os.getpid()}"
    yield name
    async with AsyncMongoClient[Document](uri) as client:
        await client.drop_database(name)
    _empty.append(name)


Dump = dict[str, list[Document]]
"""The documents of each collection of a database."""


async def dumped(uri: str) -> Dump:
    """Read all documents of the database that the URI names, as `mongodump` does."""
    async with AsyncMongoClient[Document](uri) as client:
        db = client.get_default_database()
        names = await db.list_collection_names()
        return {name: await db[name].find().to_list() for name in names}


async def put_back(uri: str, dump: Dump) -> None:
    """Replace the database by a dump, as `mongorestore` into an empty database does.

    The lease in a dump of a running server is left out: 40 s after the dump, it has no effect.
    """
    async with AsyncMongoClient[Document](uri) as client:
        db = client.get_default_database()
        await client.drop_database(db.name)
        for name, documents in dump.items():
            rows = [document for document in documents if document["_id"] != "lease"]
            if rows:
                await db[name].insert_many(rows)


@contextlib.contextmanager
def forgotten_sockets_expected() -> Iterator[None]:
    """Ignore warnings about sockets that the driver forgets when a connection is cancelled.

    Python warns when it collects such a socket. So if a test made clients, their sockets are
    collected before the next test. Only sockets that are not connected, or connected to a port of
    the client's address, are ignored. The filters last as long as the test.
    """
    made = False
    make = AsyncMongoClient.__init__

    def init(self: AsyncMongoClient[Document], uri: str, *args: object, **options: object) -> None:
        nonlocal made
        made = True
        ports = "|".join({"27017", *re.findall(r":(\d+)", uri)})
        for ends in (r"laddr=\('[^']+', \d+\)>", rf"raddr=\('[^']+', ({ports})\)>"):
            warnings.filterwarnings(
                "ignore", rf"unclosed <socket\.socket .*proto=6, .*{ends}", ResourceWarning
            )
        make(self, uri, *args, **options)  # type: ignore[arg-type]

    with mock.patch.object(AsyncMongoClient, "__init__", init):
        yield
    if made:
        gc.collect()


@contextlib.contextmanager
def running(storage: str = ":memory:", port: int | None = None) -> Iterator[str]:
    """Run a server and yield its URI."""
    if given := os.environ.get("TEST_MONGO_URI"):
        yield given
        return
    if not COMMAND.exists() and not os.environ.get("CI"):
        import pytest

        pytest.skip("no MongoDB-protocol server here: run `make test`, or set TEST_MONGO_URI")
    port = port or free_port()
    # The server leaves its own temporary files when it is killed.
    with tempfile.TemporaryDirectory(prefix="mongod", dir=_scratch()) as scratch:
        process = subprocess.Popen(
            [
                COMMAND,
                "--port",
                str(port),
                "--storage-path",
                storage,
                "--sync-on-commit",
                "--log-level",
                "ERROR",
            ],
            env={**os.environ, "TMPDIR": scratch},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        leftovers.shared.add(process.pid)
        try:
            _wait_for(port, process)
            yield f"mongodb://127.0.0.1:{port}/"
        finally:
            process.kill()
            process.wait()
            leftovers.shared.discard(process.pid)


def _scratch() -> str | None:
    """Return where temporary files go. In memory, no change of a collection waits for a disk."""
    return str(_MEMORY) if os.access(_MEMORY, os.W_OK) else None


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None, "the MongoDB-protocol server ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < deadline, "the MongoDB-protocol server does not listen"
        time.sleep(0.05)
