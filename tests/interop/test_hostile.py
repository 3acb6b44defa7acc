"""Hostile input over a real socket affects only its sender."""

import json

import pytest

from crdt.wire import y_protocol
from harness.hostile import B3, CORPUS, STATE_VECTORS, Hostile
from tests.api import Api, Wire
from tests.handlers.clients import greeted

GOOD = bytes.fromhex("01010900040104676f6f6402686900")
"""Client 9 writes "hi" into the root "good"."""


async def stored_entries(server, session_id: str) -> int:
    chunks = await server.parts.services.store.chunks(session_id, 0, 1000)
    return chunks[-1].last if chunks else 0


async def saved(wire: Wire) -> None:
    await wire.receive_until(b"\x66")


@pytest.mark.parametrize(
    "case", CORPUS, ids=lambda case: f"{case.name}{' on B3' if case.base else ''}"
)
async def test_hostile_update_affects_its_sender_only(
    server, ada: Api, bob: Api, case: Hostile
) -> None:
    """The server closes the sender, asks it for its state, or takes a valid update.

    Refused updates reach no other client and are not stored. Other clients can continue.
    """
    session_id = await ada.new_session()
    mallory, watcher = (
        await greeted(bob, session_id, "&saved=1"),
        await greeted(ada, session_id, "&saved=1"),
    )
    if case.base:
        await mallory.send(y_protocol.sync_update(case.base))
        await saved(mallory)
        await watcher.receive_until(y_protocol.sync_update(case.base))

    await mallory.send(y_protocol.sync_update(case.update))

    match case.outcome:
        case "closed":
            code, _ = await mallory.until_closed()
            assert code == 4400
        case "limited" | "slow":
            code, reason = await mallory.until_closed()
            assert code == 4413
            assert json.loads(reason)["limit"]
        case "asked" | "partly":
            assert await mallory.receive_until(b"\x00\x00")
        case "taken" | "known":
            await saved(mallory)
    await watcher.send(y_protocol.sync_update(GOOD))
    await saved(watcher)
    newcomer = await greeted(ada, session_id, "&saved=1")
    await newcomer.send(b"\x00\x00\x01\x00")
    state = await newcomer.receive_until(b"\x00\x01")
    assert b"hi" in state
    expected = bool(case.base) + (case.outcome in ("taken", "partly")) + 1
    assert await stored_entries(server, session_id) == expected
    live = await ada.live(session_id)
    assert live["files"]["good"] == "hi"
    await newcomer.send(y_protocol.sync_update(bytes.fromhex("01010a00040104676f6f6402796500")))
    await watcher.receive_until(b"\x00\x02")
    assert (y_protocol.sync_update(case.update) in watcher.seen) == (case.outcome == "taken")


@pytest.mark.parametrize("vector", STATE_VECTORS, ids=lambda vector: vector[:6].hex() or "none")
async def test_hostile_state_vector_closes_its_sender(ada: Api, vector: bytes) -> None:
    """The sender of a state vector that no client makes is closed, without large allocations."""
    session_id = await ada.new_session(code="text")
    wire = await greeted(ada, session_id, "&saved=1")

    await wire.send(
        b"\x00\x00" + bytes((len(vector),)) + vector
        if len(vector) < 128
        else b"\x00\x00\xe8\x07" + vector
    )

    assert (await wire.until_closed())[0] == 4400


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        b"\x00\x03\x00",
        b"\x00\x02\x05ab",
        b"\x00\x02\x02\x00\x00\x00",
        b"\x01\x02\x05\x00",
        b"\xff" * 12,
    ],
    ids=bytes.hex,
)
async def test_malformed_frame_closes_its_sender(ada: Api, frame: bytes) -> None:
    """A message that is not exactly one frame closes its sender with 4400."""
    wire = await greeted(ada, await ada.new_session())

    await wire.send(frame)

    assert (await wire.until_closed())[0] == 4400


async def test_text_message_closes_its_sender(ada: Api) -> None:
    """A text message closes its sender with 4400, because Yjs sends only binary ones."""
    wire = await greeted(ada, await ada.new_session())

    await wire.send_text("hello")

    assert (await wire.until_closed())[0] == 4400


async def test_unknown_frame_type_is_ignored(ada: Api) -> None:
    """A frame of an unknown type, as a later protocol may have, has no effect."""
    wire = await greeted(ada, await ada.new_session(), "&saved=1")

    await wire.send(b"\x2a\x00")
    await wire.send(y_protocol.sync_update(GOOD))

    await saved(wire)


async def test_structs_under_client_id_of_other_user_are_refused(
    server, ada: Api, bob: Api
) -> None:
    """A client id belongs to its user while that user is connected.

    New structs of another user under that id are asked for once, and never taken.
    """
    session_id = await ada.new_session()
    first, second = (
        await greeted(ada, session_id, "&saved=1"),
        await greeted(bob, session_id, "&saved=1"),
    )
    await first.send(y_protocol.sync_update(GOOD))
    await saved(first)
    forged = bytes.fromhex("0101090284090102" + "6f6f00")

    await second.send(y_protocol.sync_update(forged))
    await second.receive_until(b"\x00\x00")
    for _ in range(3):
        await second.send(y_protocol.sync_step2(forged))
        await second.send(y_protocol.sync_update(forged))
    await second.send(b"\x00\x00\x01\x00")
    assert b"hi" in await second.receive_until(b"\x00\x01")

    assert sum(frame[:2] == b"\x00\x00" for frame in second.seen) == len(
        ("at the join", "for the first of them")
    )
    assert await stored_entries(server, session_id) == 1
    assert (await ada.live(session_id))["files"]["good"] == "hi"


async def test_known_structs_of_other_user_are_accepted_on_resync(
    server, ada: Api, bob: Api
) -> None:
    """Every client may send known structs again, also those under ids of other users."""
    session_id = await ada.new_session()
    first, second = (
        await greeted(ada, session_id, "&saved=1"),
        await greeted(bob, session_id, "&saved=1"),
    )
    await first.send(y_protocol.sync_update(B3))
    await saved(first)

    await second.send(y_protocol.sync_step2(B3))

    await saved(second)
    assert await stored_entries(server, session_id) == 1


async def test_gap_is_filled_by_answer_to_sync_request(ada: Api) -> None:
    """An edit that arrives before an edit it builds on is not lost.

    The server asks the client for everything, and takes the whole answer.
    """
    session_id = await ada.new_session()
    wire = await greeted(ada, session_id, "&saved=1")
    whole = bytes.fromhex("01010900040104676f6f640568656c6c6f00")
    await wire.send(y_protocol.sync_update(bytes.fromhex("010109038409020" + "26c6f00")))

    await wire.receive_until(b"\x00\x00")
    await wire.send(y_protocol.sync_step2(whole))

    assert await wire.receive_until(b"\x66") == y_protocol.saved(2)
    assert (await ada.live(session_id))["files"]["good"] == "hello"
