"""Tests of redaction, by which an owner removes a secret from all stored data."""

import asyncio

import pytest

from crdt.document.document import Document
from crdt.document.raw_document import CUT_BYTES, merge_text
from crdt.errors import RoomUnavailable
from crdt.history import redaction, redactor
from crdt.history.playback.moment import Moment
from crdt.history.redaction import Passage, RedactedPrograms
from crdt.history.redactor import Redaction
from crdt.lifecycle.loading import read_log
from crdt.log.codec import decode_chunk
from crdt.reading.blanking import BLOCK
from storage.errors import NotFound
from tests.crdt.harness import Typist, join, send
from tests.crdt.world import World
from tests.waiting import until


async def allowed() -> None:
    """Pass the check of the user's right to redact."""


def files_of(moment: Moment) -> dict[str, str]:
    return moment.files


@pytest.fixture
async def leaked(world: World) -> World:
    """A session in which a user typed "key=" and then a secret, and a version with both."""
    await _leak(world)
    return world


async def _leak(world: World) -> None:
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, typist.insert(0, "key="))
        send(room, ada, typist.insert(4, "secret"))
    await world.versions.save("one", "ada", "Ada")


async def test_redact_removes_text_from_document_log_and_versions(leaked: World) -> None:
    """The document loses the text, the history shows blocks, and the answer counts the changes."""
    redaction = await leaked.redactor.redact(
        "one", "ada", Passage(1, 2, "secret"), allowed, RedactedPrograms()
    )

    async with leaked.rooms.use("one") as room:
        assert room.files() == {"codemirror": "key="}
    assert (await leaked.history_reader.moment("one", "ada", 2, files_of)) == {
        "codemirror": "key=" + BLOCK * 6
    }
    version = await leaked.store.version("one", 1)
    assert version.files == {"codemirror": "key=" + BLOCK * 6}
    assert (redaction.characters, redaction.updates, redaction.versions) == (6, 1, 1)


async def hold_after_edit(leaked: World) -> asyncio.Event:
    """Edit the document, and hold the next save of a version until the returned event is set.

    The save is held where it asks for the owner's usage.
    """
    async with leaked.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(6).insert(0, "# "))
    held = leaked.store.held["usage"] = asyncio.Event()
    leaked.store.calls.clear()
    return held


async def test_redact_reaches_a_version_that_is_being_stored(leaked: World) -> None:
    """A save that began before the redaction may store its version after the search in versions.

    That version does not have the secret either, although its text was read before.
    """
    held = await hold_after_edit(leaked)
    saving = asyncio.create_task(leaked.versions.save("one", "ada", "Ada"))
    await until(lambda: "usage" in leaked.store.calls)

    await leaked.redactor.redact("one", "ada", Passage(1, 3, "secret"), allowed, RedactedPrograms())
    held.set()
    stored, is_new = await saving

    assert is_new
    assert "secret" not in str((await leaked.store.version("one", stored.number)).files)


async def test_restore_that_began_before_redaction_fails(
    leaked: World,
) -> None:
    """A restore that read its version before the redaction fails, and the secret stays out."""
    held = await hold_after_edit(leaked)
    restoring = asyncio.create_task(leaked.versions.restore("one", "ada", "Ada", 1))
    await until(lambda: "usage" in leaked.store.calls)

    await leaked.redactor.redact("one", "ada", Passage(1, 3, "secret"), allowed, RedactedPrograms())
    held.set()

    with pytest.raises(RoomUnavailable, match="taken out"):
        await restoring
    async with leaked.rooms.use("one") as room:
        assert "secret" not in room.files()["codemirror"]


async def test_redact_leaves_no_byte_of_the_text_in_the_log(leaked: World) -> None:
    await leaked.redactor.redact("one", "ada", Passage(1, 2, "secret"), allowed, RedactedPrograms())

    chunks = await read_log(leaked.store, "one", 0, 100)
    updates = [entry.update for chunk in chunks for entry in decode_chunk(chunk.data)]
    assert len(updates) >= 2
    assert not any(b"secret" in update for update in updates)


async def test_redact_of_missing_text_is_not_found(leaked: World) -> None:
    """A text that the document has only at other moments is not found either."""
    with pytest.raises(NotFound):
        await leaked.redactor.redact(
            "one", "ada", Passage(1, 2, "password"), allowed, RedactedPrograms()
        )
    with pytest.raises(NotFound):
        await leaked.redactor.redact(
            "one", "ada", Passage(1, 1, "secret"), allowed, RedactedPrograms()
        )


async def test_redact_without_the_right_to_redact_changes_nothing(leaked: World) -> None:
    """The right to redact is checked at a time when no other request can change the document."""

    async def refused() -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        await leaked.redactor.redact(
            "one", "bob", Passage(1, 2, "secret"), refused, RedactedPrograms()
        )

    assert (await leaked.history_reader.moment("one", "ada", 2, files_of)) == {
        "codemirror": "key=secret"
    }


async def test_redact_does_not_delay_checkpoints_of_other_sessions(leaked: World) -> None:
    """Other sessions, even of the same owner, get checkpoints during a held redaction.

    The redacted session gets its checkpoint when the redaction is done.
    """
    await leaked.session("two")
    async with leaked.rooms.use("one") as first, leaked.rooms.use("two") as second:
        held, redacting = await _held_redaction(leaked)
        send(first, join(first, "bob")[0], Typist(6).insert(0, "# "))
        send(second, join(second)[0], Typist(7).insert(0, "x"))
        compactor = leaked.rooms.compactor
        its_own = asyncio.create_task(compactor.checkpoint(first))
        before = _checkpoints(leaked, "one")

        await compactor.checkpoint(second)
        await compactor.compact(second)

        assert (await leaked.store.checkpoint("two")).sequence == second.journal.sequence
        assert not its_own.done()
        assert _checkpoints(leaked, "one") == before
        held.set()
        await redacting
        await its_own
        assert (await leaked.store.checkpoint("one")).sequence == first.journal.sequence


async def test_redact_does_not_delay_maintenance_of_other_sessions(make_world) -> None:
    """A held redaction does not delay checkpoints and automatic versions of other sessions.

    This includes the sessions of the same owner.
    """
    world = make_world(checkpoint_updates=1, checkpoint_interval_ms=0)
    await _leak(world)
    await world.session("two")
    async with world.rooms.use("two") as two:
        held, redacting = await _held_redaction(world)
        send(two, join(two)[0], Typist(7).insert(0, "x"))
        world.now += 60_000

        await until(lambda: world.store.newest_version("two"), lambda version: version is not None)
        await until(
            lambda: world.store.checkpoint("two"),
            lambda checkpoint: checkpoint and checkpoint.sequence == 1,
        )

        assert not redacting.done()
        held.set()
        await redacting


async def test_two_redactions_of_one_session_wait_for_each_other(leaked: World) -> None:
    """A second redaction changes nothing before the first redaction has ended."""
    asked = 0

    async def check() -> None:
        nonlocal asked
        asked += 1

    async with leaked.rooms.use("one") as room:
        held, redacting = await _held_redaction(leaked)
        done = leaked.workers.counts["done"]
        second = asyncio.create_task(
            leaked.redactor.redact("one", "bob", Passage(1, 2, "key="), check, RedactedPrograms())
        )
        await until(lambda: leaked.workers.counts["done"] > done)
        for _ in range(20):
            await asyncio.sleep(0)

        assert (asked, room.upkeep.redactions) == (1, 1)
        held.set()
        await redacting
        await second
        assert (asked, room.upkeep.redactions) == (2, 2)
    version = await leaked.store.version("one", 1)
    assert version.files == {"codemirror": BLOCK * 10}


async def _held_redaction(world: World) -> tuple[asyncio.Event, asyncio.Task[Redaction]]:
    """Begin to redact "secret", and hold the redaction in the middle of its changes.

    Returns: the event that releases it, and its task.
    """
    held = world.store.held["redact_version"] = asyncio.Event()
    redacting = asyncio.create_task(
        world.redactor.redact("one", "ada", Passage(1, 2, "secret"), allowed, RedactedPrograms())
    )
    await until(lambda: "redact_version" in world.store.calls)
    return held, redacting


def _checkpoints(world: World, session_id: str) -> int:
    return sum(
        checkpoint.session_id == session_id for (checkpoint,) in world.store.asked["put_checkpoint"]
    )


async def test_redact_of_large_document_merges_nothing_on_the_event_loop(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker gets the document in parts. The result is the same as from the merged state."""
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, typist.insert(0, "x" * CUT_BYTES))
        room.document.state()
        for part in ("key=", "secret", " end"):
            send(room, ada, typist.insert(len(typist.text), part))
        room.integrate_pending()
        parts, ids = room.document.parts(), {5: list(range(CUT_BYTES + 4, CUT_BYTES + 10))}
        assert len(parts) > 1
        merged = merge_text(parts)
        assert redactor._deletion(parts, ids) == redaction.deletion(merged, ids)
        after = redactor._without_text(parts, ids, "secret")
        assert after == redaction.redact(merged, ids, "secret")
        assert after is not None
        assert b"secret" in merged
        assert b"secret" not in after

        monkeypatch.setattr(Document, "state", lambda _: pytest.fail("the state is merged"))
        done = await world.redactor.redact(
            "one", "ada", Passage(1, 4, "secret"), allowed, RedactedPrograms()
        )
        monkeypatch.undo()

        assert done.characters == 6
        assert room.files() == {"codemirror": "x" * CUT_BYTES + "key= end"}
        assert b"secret" not in room.document.state()
