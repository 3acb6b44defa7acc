"""Tests of restoring a document from stored rows."""

import re
from dataclasses import replace

import pytest

from crdt.document.merging import merge
from crdt.errors import RoomDamaged
from crdt.history import redaction
from crdt.log import checkpoints, codec, restore, segments
from harness.hostile import B3
from storage.records import Chunk
from tests.crdt.harness import NOW, Typist
from tests.crdt.typed_log import text, to_store, typed
from tests.yjs import Yjs


def test_restore_of_nothing_stored_is_empty_document() -> None:
    """A new session has an empty document."""
    restored = restore.restore(None, [])

    assert (text(restored), restored.sequence, restored.edited_at) == ("", 0, None)


def test_restore_of_log_replays_all_updates() -> None:
    """All updates are replayed. Contributors and times count from the newest version on."""
    chunks, typist = typed()

    restored = restore.restore(None, chunks, since=10)

    assert (text(restored), restored.sequence) == (typist.text, 30)
    assert restored.index.clocks == {5: 30}
    assert restored.index.owners == {5: "ada"}
    assert restored.contributors == {"ada": 30}
    assert restored.edited_at == (NOW + 10, NOW + 29)


def test_restore_finds_authorship_in_checkpoint_and_log() -> None:
    """Authorship comes from the checkpoint and the log.

    An old checkpoint has no authorship, so the whole log is read.
    """
    chunks, _ = typed()
    authors = restore.restore(None, chunks).authorship.of(5, 0, 30)
    half = restore.restore(None, chunks[:12])
    checkpoint = checkpoints.make_checkpoint("session", to_store(half), NOW).checkpoint
    old = replace(checkpoint, owners=codec.with_checksum(b"\x01\x03ada\x05\x00"))

    assert authors[0] == (0, NOW, "ada")
    assert restore.restore(checkpoint, chunks[12:]).authorship.of(5, 0, 30) == authors
    assert restore.restore(old, chunks).authorship.of(5, 0, 30) == authors


@pytest.mark.parametrize("start", [0, 5, 12])
def test_restore_of_checkpoint_and_later_chunks_continues_checkpoint(start: int) -> None:
    """Chunks before the checkpoint only tell who contributed."""
    chunks, typist = typed()
    half = restore.restore(None, chunks[:12])
    made = checkpoints.make_checkpoint("session", to_store(half), NOW)

    restored = restore.restore(made.checkpoint, chunks[start:], since=20)

    assert made.state == half.state
    assert (text(restored), restored.sequence) == (typist.text, 30)
    assert restored.index.owners == {5: "ada"}
    assert restored.contributors == {"ada": 30}


def test_restore_of_carried_updates_sets_no_owner() -> None:
    """After a reload, a user who brought an update of another user does not own its client ids."""
    update = Typist(5).insert(0, "x")
    chunk = Chunk(
        "s",
        1,
        1,
        codec.encode_chunk([codec.LogEntry(NOW, "carrier", update, has_foreign_structs=True)]),
        NOW,
    )

    assert restore.restore(None, [chunk]).index.owners == {}


@pytest.mark.parametrize("seed", range(4))
def test_values_keep_their_bytes_in_every_stored_form(yjs: Yjs, seed: int) -> None:
    """Values keep their bytes in the log, packed, in checkpoints and after a redaction.

    One checkpoint here is made from an earlier checkpoint and the later log.
    """
    history = yjs.history(seed, 3, 80)
    entries = [codec.LogEntry(NOW, "ada", update) for update in history.updates]
    half = len(entries) // 2
    log = [Chunk("s", 1, half, codec.encode_chunk(entries[:half]), NOW)]
    log.append(Chunk("s", half + 1, len(entries), codec.encode_chunk(entries[half:]), NOW))
    first = checkpoints.make_checkpoint(
        "s", to_store(restore.restore(None, log[:1]), has_values=True), NOW
    ).checkpoint
    middle = restore.restore(first, log[1:])
    second = checkpoints.make_checkpoint("s", to_store(middle, has_values=True), NOW)
    collected = checkpoints.make_checkpoint(
        "s", to_store(middle, has_values=True), NOW, kept_bytes=0
    )
    ids = {client: [0] for client in middle.index.clocks}
    redacted = [redaction.redact(update, ids, "line") for update in history.updates]

    documents = [
        restore.restore(None, log),
        restore.restore(None, [segments.pack(log)]),
        restore.restore(None, [segments.pack(log)], reads_summaries=True),
        restore.restore(
            None, [segments.pack(log[:1]), segments.pack(log[1:])], reads_summaries=True
        ),
        middle,
        restore.restore(second.checkpoint, []),
        restore.restore(collected.checkpoint, []),
    ]

    shown = yjs.look(*history.updates)
    assert all(restored.traits.is_readable for restored in documents)
    assert [
        index for index, restored in enumerate(documents) if yjs.look(restored.state) != shown
    ] == []
    assert second.merged is not None
    assert second.merged.encode() is second.state
    assert len(collected.state) < len(second.state)
    values = rb'"title"|"first"|[\x7a-\x7d][\x00-\xff]{8}|\\u[0-9a-f]{4}'
    for update, changed in zip(history.updates, redacted, strict=True):
        assert re.findall(values, changed or update) == re.findall(values, update)


def damaged_rows() -> list[tuple[str, object, list[Chunk]]]:
    chunks, _ = typed(5)
    restored = restore.restore(None, chunks)
    checkpoint = checkpoints.make_checkpoint("s", to_store(restored), NOW).checkpoint
    bad_update = codec.encode_chunk([codec.LogEntry(NOW, "ada", bytes.fromhex("01010200000000"))])
    gap = codec.encode_chunk(
        [codec.LogEntry(NOW, "ada", bytes.fromhex("0101070584070401" + "6100"))]
    )
    unmergeable = codec.with_checksum(merge([B3, b"\x00\x00"])[:-3])
    return [
        ("chunk missing", None, chunks[:2] + chunks[3:]),
        ("first chunk missing", None, chunks[1:]),
        ("chunk with another number of entries", None, [replace(chunks[0], last=2)]),
        ("bit flipped in a chunk", None, [replace(chunks[0], data=chunks[0].data[:-1] + b"\x00")]),
        ("update that fails the scan", None, [replace(chunks[0], data=bad_update)]),
        ("update with a gap", None, [replace(chunks[0], data=gap)]),
        (
            "bit flipped in a checkpoint",
            replace(checkpoint, state=b"\x01" + checkpoint.state[1:] + b"x"),
            [],
        ),
        ("owners of another length", replace(checkpoint, owners=checkpoint.owners[:-1]), []),
        ("state that ends early", replace(checkpoint, state=unmergeable), []),
    ]


@pytest.mark.parametrize("case", damaged_rows(), ids=lambda case: case[0])
def test_restore_of_damaged_rows_raises_room_damaged(case) -> None:
    """A room with a damaged row is not loaded, and never appears as an empty room."""
    _, checkpoint, chunks = case

    with pytest.raises(RoomDamaged):
        restore.restore(checkpoint, chunks)
