"""From rows to memory and back."""

from dataclasses import replace

import pytest

from crdt.document.merging import merge
from crdt.errors import RoomDamaged
from crdt.log import authorship, codec, restore
from harness.hostile import B3
from storage.records import Chunk
from tests.crdt.harness import NOW, Typist
from tests.crdt.typed_log import text, typed


def test_restore_of_nothing_stored_is_empty_document() -> None:
    """A new session."""
    restored = restore.restore(None, [])

    assert (text(restored), restored.sequence, restored.edited_at) == ("", 0, None)


def test_restore_of_log_replays_all_updates() -> None:
    """All updates are replayed; contributors and times are those after the newest version."""
    chunks, typist = typed()

    restored = restore.restore(None, chunks, since=10)

    assert (text(restored), restored.sequence) == (typist.text, 30)
    assert restored.index.clocks == {5: 30}
    assert restored.index.owners == {5: "ada"}
    assert restored.contributors == {"ada": 30}
    assert restored.edited_at == (NOW + 10, NOW + 29)


def to_store(restored: restore.RestoredDocument, *, has_values: bool = False) -> restore.DocumentState:
    owners = authorship.encode(restored.index.owners, restored.authorship)
    return restore.DocumentState(
        restored.sequence, restored.state, restored.index.clocks, owners, has_values=has_values
    )


def test_restore_finds_authorship_in_checkpoint_and_log() -> None:
    """From checkpoint and log, or, where an old checkpoint does not say it, from the whole log."""
    chunks, _ = typed()
    wanted = restore.restore(None, chunks).authorship.of(5, 0, 30)
    half = restore.restore(None, chunks[:12])
    checkpoint, _, _ = restore.make_checkpoint("session", to_store(half), NOW)
    old = replace(checkpoint, owners=codec.with_checksum(b"\x01\x03ada\x05\x00"))

    assert wanted[0] == (0, NOW, "ada")
    assert restore.restore(checkpoint, chunks[12:]).authorship.of(5, 0, 30) == wanted
    assert restore.restore(old, chunks).authorship.of(5, 0, 30) == wanted


@pytest.mark.parametrize("start", [0, 5, 12])
def test_restore_of_checkpoint_and_later_chunks_continues_checkpoint(start: int) -> None:
    """Chunks before the checkpoint may come along and count for contributors only."""
    chunks, typist = typed()
    half = restore.restore(None, chunks[:12])
    checkpoint, squashed, _ = restore.make_checkpoint("session", to_store(half), NOW)

    restored = restore.restore(checkpoint, chunks[start:], since=20)

    assert squashed == half.state
    assert (text(restored), restored.sequence) == (typist.text, 30)
    assert restored.index.owners == {5: "ada"}
    assert restored.contributors == {"ada": 30}


def test_restore_of_carried_updates_sets_no_owner() -> None:
    """An update that was carried for somebody else leaves its client ids to him, also after a reload."""
    update = Typist(5).insert(0, "x")
    chunk = Chunk(
        "s", 1, 1, codec.encode_chunk([codec.LogEntry(NOW, "carrier", update, has_foreign_structs=True)]), NOW
    )

    assert restore.restore(None, [chunk]).index.owners == {}


def test_checkpoint_without_every_struct_is_not_made() -> None:
    """One struct less than the room knows, and there is no checkpoint."""
    chunks, _ = typed()
    restored = restore.restore(None, chunks)

    with pytest.raises(RoomDamaged, match="lacks"):
        restore.make_checkpoint("s", replace(to_store(restored), clocks={5: 31}), NOW)


def damaged_rows() -> list[tuple[str, object, list[Chunk]]]:
    chunks, _ = typed(5)
    restored = restore.restore(None, chunks)
    checkpoint, _, _ = restore.make_checkpoint("s", to_store(restored), NOW)
    bad_update = codec.encode_chunk([codec.LogEntry(NOW, "ada", bytes.fromhex("01010200000000"))])
    gap = codec.encode_chunk([codec.LogEntry(NOW, "ada", bytes.fromhex("0101070584070401" + "6100"))])
    unmergeable = codec.with_checksum(merge([B3, b"\x00\x00"])[:-3])
    return [
        ("chunk missing", None, chunks[:2] + chunks[3:]),
        ("first chunk missing", None, chunks[1:]),
        ("chunk with another number of entries", None, [replace(chunks[0], last=2)]),
        ("bit flipped in a chunk", None, [replace(chunks[0], data=chunks[0].data[:-1] + b"\x00")]),
        ("update that fails the scan", None, [replace(chunks[0], data=bad_update)]),
        ("update with a gap", None, [replace(chunks[0], data=gap)]),
        ("bit flipped in a checkpoint", replace(checkpoint, state=b"\x01" + checkpoint.state[1:] + b"x"), []),
        ("owners of another length", replace(checkpoint, owners=checkpoint.owners[:-1]), []),
        ("state that ends early", replace(checkpoint, state=unmergeable), []),
    ]


@pytest.mark.parametrize("case", damaged_rows(), ids=lambda case: case[0])
def test_restore_of_damaged_rows_raises_room_damaged(case) -> None:
    """Whatever is wrong with a row, the room is not loaded, and never as an empty one."""
    _, checkpoint, chunks = case

    with pytest.raises(RoomDamaged):
        restore.restore(checkpoint, chunks)
