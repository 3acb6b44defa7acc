"""A process that writes messages until it is killed.

It prints the number of each message after its commit.
`tests/storage/sqlite/test_engine.py` runs it as `python -m tests.storage.writer PATH`.
"""

import asyncio
import itertools
import sys
from pathlib import Path

from storage.sqlite.store import SqliteStore
from tests.storage.rows import Seed, message


async def write_messages(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    await Seed(store).session()
    for number in itertools.count(1):
        stored = await store.add_message(message(f"{number} ".ljust(2_000, "x")))
        print(stored.sequence, flush=True)


if __name__ == "__main__":
    asyncio.run(write_messages(Path(sys.argv[1])))
