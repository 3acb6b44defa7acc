"""Tests of removing a text from versions."""

from collections.abc import Callable, Sequence

from crdt.history.version_redaction import Replaced, Shown, redact_versions, replacements
from crdt.history.version_writer import VersionSettings
from crdt.lifecycle.loading import read_log
from crdt.reading.blanking import BLOCK
from storage.records import Chunk
from tests.crdt.harness import Typist, join, send
from tests.crdt.world import World

SECRET_IDS = {5: [4, 5, 6, 7, 8, 9]}
BLANKED = "key=" + BLOCK * 6


async def saved(world: World, *parts: str) -> list[Chunk]:
    """Type these parts one after another, save a version after each, and return the log."""
    await world.session()
    typist = Typist(5)
    for part in parts:
        async with world.rooms.use("one") as room:
            ada, _ = join(room)
            send(room, ada, typist.insert(len(typist.text), part))
        await world.versions.save("one", "ada", "Ada")
    return await read_log(world.store, "one", 0, 100)


async def test_replacement_of_version_has_only_roots_that_show_the_text(world: World) -> None:
    """A version from before the text was typed does not change."""
    chunks = await saved(world, "key=", "secret", "!")
    shown = [Shown(sequence, "codemirror", ["codemirror", "notes"], False) for sequence in (1, 2)]

    assert replacements(shown, chunks, SECRET_IDS, "secret") == [
        None, Replaced({"codemirror": BLANKED}, {}),
    ]  # fmt: skip


async def test_redact_versions_changes_and_counts_only_versions_that_show_the_text(
    make_world: Callable[..., World],
) -> None:
    """All pages of versions are searched, but no version that is newer than the log's end."""
    world = make_world(versions=VersionSettings(versions=20, auto_versions=3))
    chunks = await saved(world, "key=", "secret", *"0123456789")
    asked: list[int] = []

    async def find(shown: list[Shown]) -> Sequence[Replaced | None]:
        asked.extend(version.sequence for version in shown)
        return replacements(shown, chunks, SECRET_IDS, "secret")

    assert await redact_versions(world.store, "one", 11, find) == 10

    texts = [
        (await world.store.version("one", number)).files["codemirror"] for number in range(1, 13)
    ]
    assert texts[:4] == ["key=", BLANKED, BLANKED + "0", BLANKED + "01"]
    assert texts[-2:] == [BLANKED + "012345678", "key=secret0123456789"]
    assert asked == list(range(11, 0, -1))


async def test_redact_versions_drops_texts_of_damaged_versions(world: World) -> None:
    """A damaged version loses its text without being searched, and does not count."""
    chunks = await saved(world, "key=secret")
    store, asked = world.store, list[Shown]()
    await store._store._engine.write(
        lambda connection: connection.execute("UPDATE versions SET checksum = 1")
    )
    assert (await store.version("one", 1)).is_damaged

    async def find(shown: list[Shown]) -> Sequence[Replaced | None]:
        asked.extend(shown)
        return replacements(shown, chunks, SECRET_IDS, "secret")

    assert await redact_versions(store, "one", 1, find) == 0

    assert asked == []
    rows = await store._store._engine.read(
        lambda connection: connection.execute("SELECT * FROM versions").fetchall()
    )
    assert "secret" not in str([tuple(row) for row in rows])
