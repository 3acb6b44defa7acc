"""Tests of clients' large frames in rooms on a real store.

A room takes a large frame in steps, and takes the frames of other clients between them.
"""

import asyncio
import tracemalloc
from collections.abc import Callable

import pytest

from crdt.document.document import Document
from crdt.document.merging import merge
from crdt.lifecycle.stepwise.room_steps import prepare
from crdt.room.incoming import Incoming, UpdateKind
from crdt.steps import run_through
from crdt.wire import y_protocol
from crdt.wire.lib0 import write_var_bytes
from crdt.wire.update_parser import read
from storage.records import Role
from tests.crdt.harness import NOW, Typist, join, make_room, send
from tests.crdt.struct_bytes import placed, text, update_of
from tests.crdt.world import World

_LARGE = 1 << 20


async def test_receive_of_large_frame_scans_in_thread(world: World) -> None:
    """A room takes large sync messages of both kinds from a writer, and ignores a viewer's."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, inbox = join(room)
        vic, _ = join(room, "vic", Role.VIEWER)
        await world.rooms.steps.receive(
            room, ada, y_protocol.sync_update(Typist(5).insert(0, "x" * 70_000))
        )
        await world.rooms.steps.receive(
            room, ada, y_protocol.sync_step2(Typist(6).insert(0, "y" * 70_000))
        )
        await world.rooms.steps.receive(
            room, vic, y_protocol.sync_step2(Typist(7).insert(0, "z" * 70_000))
        )
        await world.rooms.steps.receive(room, ada, b"\x00\x00\x01\x00")

        assert len(room.files()["codemirror"]) == 140_000
        assert inbox.frames[-1].startswith(b"\x00\x01")


async def test_edits_of_others_are_taken_before_large_update(world: World) -> None:
    """A room takes edits of other clients between the steps of large updates."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        bob, _ = join(room, "bob")
        large = [
            update_of(*(placed(text("x"), parent="t") for _ in range(4_000)), client=k)
            for k in (5, 6)
        ]
        typist = Typist(7)
        taking = [
            asyncio.create_task(
                world.rooms.steps.receive(room, who, y_protocol.sync_update(update))
            )
            for who, update in zip((ada, bob), large, strict=True)
        ]
        turns = 0
        while room.journal.sequence == turns:
            await asyncio.sleep(0)
            send(room, bob, typist.insert(turns, "k"))
            turns += 1
        await asyncio.gather(*taking)

        assert turns > 2
        assert room.journal.sequence == turns + 2
        assert room.files() == {"codemirror": "k" * turns, "t": "x" * 8_000}


async def test_large_update_of_client_that_leaves_is_not_taken(world: World) -> None:
    """If a client leaves, no part of its update stays. The room takes the next update."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        update = update_of(*(placed(text("x"), parent="t") for _ in range(4_000)))
        taking = asyncio.create_task(
            world.rooms.steps.receive(room, ada, y_protocol.sync_update(update))
        )
        for _ in range(3):
            await asyncio.sleep(0)
        room.members.leave(ada)
        taking.cancel()
        await asyncio.wait([taking])
        bob, _ = join(room, "bob")
        await world.rooms.steps.receive(
            room, bob, y_protocol.sync_update(Typist(7).insert(0, "b" * 20_000))
        )

        assert room.files() == {"codemirror": "b" * 20_000}


async def test_large_edits_of_new_text_do_not_merge_the_document_each_time(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost of a paste depends on the size of the paste, not on the size of the document.

    Only an update with known structs of another user needs the whole document.
    """
    # no maintenance, which would merge the document
    world = make_world(maintenance_interval_s=3_600)
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room, "ada")
        asked, state = list[Document](), Document.state

        def counted(document: Document) -> bytes:
            asked.append(document)
            return state(document)

        typist, updates = Typist(5), list[bytes]()
        for number in range(6):
            if number == 3:  # from here on the document is loaded
                monkeypatch.setattr(Document, "state", counted)
            updates.append(typist.insert(0, "x" * 20_000))
            await world.rooms.steps.receive(room, ada, y_protocol.sync_update(updates[-1]))
        assert asked == []

        bob, _ = join(room, "bob")
        updates.append(typist.insert(0, "y" * 20_000))
        await world.rooms.steps.receive(room, bob, y_protocol.sync_step2(merge(updates)))
        assert room.document in asked


@pytest.mark.parametrize("kind", [b"\x02", b"\x82\x00"], ids=["usual", "in two bytes"])
def test_large_update_of_somebody_alone_is_copied_once(kind: bytes) -> None:
    """Each copy of four megabytes held the event loop for some milliseconds."""
    room = make_room()
    ada, _ = join(room)
    update = Typist(1).insert(0, "x" * (_LARGE - 1_000))
    frame = b"\x00" + kind + write_var_bytes(update)
    incoming = Incoming(update, "ada", NOW, UpdateKind.LIVE)
    prepared = run_through(prepare(room, incoming, read(update)))

    tracemalloc.start()
    room.receive(ada, frame, NOW, prepared)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert room.journal.sequence == 1
    assert most < 1.5 * _LARGE
