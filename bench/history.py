"""Measures what history costs: the bytes of a keystroke, and the times of questions about the past.

The benchmark stores editing sessions as real Yjs updates (`harness.node.yjs_updates`) in SQLite, 20
updates a chunk, as in fast typing. It uses recorded sessions if the machine has them, otherwise
simulated ones (`harness.traces`). The tables name the sessions. `make bench-history` runs it.
"""

import asyncio
import base64
import gc
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from bench.data import DATA
from crdt.assembly import assemble
from crdt.history.playback.replay import Part
from crdt.history.version_writer import VersionSettings
from crdt.lifecycle.environment import Environment
from crdt.limits import RoomsSettings
from crdt.log import codec
from crdt.reading.file_table import Naming
from handlers.http.views import code, differences, history, timeline
from harness import traces
from harness.node import yjs_updates
from storage.logins.records import Login
from storage.records import Access, Chunk, Member, Role, Session, Status, User
from storage.sqlite.store import SqliteStore

START = 1_700_000_000_000
CHUNK = 20
TRIES = 9


def typed(name: str, limit: int | None) -> tuple[list[codec.LogEntry], int]:
    """Return a session as (log entries, number of edits in them).

    Pauses are drawn from a log-normal distribution around 150 ms.
    """
    rows, last = yjs_updates(traces.file(name, DATA), limit)
    pauses = random.Random(1)
    now, entries = START, []
    for row in rows:
        now += int(pauses.lognormvariate(5, 0.7))
        entries.append(
            codec.LogEntry(now, f"user-{row['agent']}-0123456789", base64.b64decode(row["update"]))
        )
    return entries, last["edits"]


class World:
    """A store with one session, and the parts of the server that use it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "collab.db"
        self.store = SqliteStore(self.file)
        environment = Environment(
            clock=lambda: int(time.time() * 1000),
            random_below=random.randrange,
            fill_changed=lambda _session_id: None,
        )
        parts = assemble(self.store, RoomsSettings(), VersionSettings(), environment)
        self.rooms, self.reader, self.versions = parts.rooms, parts.history_reader, parts.versions

    async def fill(self, entries: list[codec.LogEntry]) -> None:
        await self.store.open()
        self.rooms.start()
        user = User("u", "u", "u@x.io", "", "", None, is_guest=False, created_at=0)
        await self.store.add_user(user, Login("l", "u", "h", None, 0, 0, 0, 1 << 60, 1 << 60, ""))
        session = Session(
            "s", "", "", "u", Access.LINK, Role.EDITOR, Status.OPEN, "codemirror", 0, 0
        )
        await self.store.add_session(session, Member("s", "u", Role.OWNER, 0), None)
        for at in range(0, len(entries), CHUNK):
            part = entries[at : at + CHUNK]
            await self.store.append_chunks(
                [Chunk("s", at + 1, at + len(part), codec.encode_chunk(part), part[-1].at)]
            )

    async def pack(self) -> float:
        """Write a checkpoint and pack the log, as a closing room does.

        Returns the longest time in ms for which this blocked the event loop.
        """
        worst = 0.0

        async def watch() -> None:
            nonlocal worst
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                worst = max(worst, time.perf_counter() - before - 0.001)

        async with self.rooms.use("s") as room:
            watching = asyncio.create_task(watch())
            await self.rooms.compactor.checkpoint(room)
            gc.collect()
            gc.freeze()  # the typed session belongs to the benchmark, not to the server
            await asyncio.sleep(0.05)
            worst = 0.0
            await self.rooms.compactor.pack(room, is_closing=True)
            watching.cancel()
        return worst * 1000

    async def sizes(self) -> tuple[int, int]:
        """Return the bytes of (log, checkpoint)."""
        chunks = await self.store.chunks("s", 0, 1 << 30)
        checkpoint = await self.store.checkpoint("s")
        return sum(len(chunk.data) for chunk in chunks), len(checkpoint.state) + len(
            checkpoint.owners
        ) if checkpoint else 0

    async def stop(self) -> None:
        await self.rooms.drain(10)
        await self.store.close(is_clean=True)


async def timed(call: Callable[[], Awaitable[object]], tries: int = TRIES) -> tuple[float, float]:
    """Call a function several times; return (median, longest) time in ms."""
    times_ms = []
    for _ in range(tries):
        before = time.perf_counter()
        await call()
        times_ms.append((time.perf_counter() - before) * 1000)
    return statistics.median(times_ms), max(times_ms)


async def bytes_table() -> None:
    """Print how many bytes the history of each session takes."""
    print(
        "| session | edits | updates | as written | packed | merged updates in it | checkpoint | "
        "loop stood still, ms |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in map(traces.preferred, traces.RECORDED):
        entries, edits = typed(name, None)
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder))
            await world.fill(entries)
            before, _ = await world.sizes()
            lag = await world.pack()
            after, checkpoint = await world.sizes()
            bare = 0
            for chunk in await world.store.chunks("s", 0, 1 << 30):
                bare += (
                    len(codec.encode_segment(codec.decode_chunk(chunk.data), b""))
                    if len(chunk.data) > 100
                    else 0
                )
            await world.stop()
        each = [f"{size / edits:.1f}" for size in (before, after, after - bare, checkpoint)]
        print(
            f"| {name} | {edits:,} | {len(entries):,} | {' | '.join(each)} | {lag:.0f} |",
            flush=True,
        )


async def times_table() -> None:
    """Print the times of questions about the past, by the length of the log."""
    name = traces.preferred("automerge-paper")
    print(
        f"\nMedian times in ms, with the first edits of {name}. In brackets: the longest of 25 "
        "times.\n"
    )
    print(
        "| edits | a moment | diff with the live text | blame | timeline, first time | replay of "
        "2,000 updates |"
    )
    print("|---|---|---|---|---|---|")
    for count in (1_000, 10_000, 100_000):
        entries, _ = typed(name, count)
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder))
            await world.fill(entries)
            await world.pack()
            print(f"| {count:,} | {' | '.join(await times(world, count))} |", flush=True)
            await world.stop()


async def times(world: World, count: int) -> list[str]:
    """Return a row of the table of times, for questions about the first `count` edits of a log."""
    places = random.Random(2)
    reader = world.reader
    naming = Naming("codemirror", "py")
    shown = partial(code.moment, naming)
    moment = await timed(lambda: reader.moment("s", "u", places.randrange(count), shown), 25)
    await world.versions.save("s", "u", "u")
    async with world.rooms.use("s") as room:
        text = room.files()["codemirror"]
        changed = text[: len(text) // 3] + "changed" + text[len(text) // 3 + 9 :]
        room.edit("u", {room.main_root: changed}, world.rooms.clock())

    async def whole_timeline() -> None:
        reader.forget("s")
        await reader.timeline(
            "s", "u", partial(timeline.timeline, after=0, versions=[], messages=[])
        )

    async def page() -> None:
        reader.forget("s")
        start = places.randrange(max(1, count - 2_000))
        await reader.page("s", "u", Part(start, start + 2_000), history.replay)

    encode = partial(differences.encoded_differences, naming)
    others = [
        await timed(lambda: world.versions.difference("s", "u", 1, None, encode)),
        await timed(lambda: reader.blame("s", "u", None, history.blame)),
        await timed(whole_timeline, 3),
        await timed(page, 5),
    ]
    return [f"{moment[0]:.0f} ({moment[1]:.0f})", *(f"{median:.0f}" for median, _ in others)]


async def main() -> None:
    """Print both tables."""
    DATA.mkdir(exist_ok=True)
    await bytes_table()
    await times_table()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
