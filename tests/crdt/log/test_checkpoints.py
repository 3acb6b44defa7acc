"""Tests of making checkpoints of a document. `test_restore.py` loads them."""

from dataclasses import replace

import pytest

from crdt.errors import RoomDamaged
from crdt.log import checkpoints, restore
from tests.crdt.harness import NOW
from tests.crdt.typed_log import to_store, typed


def test_checkpoint_has_the_whole_document_at_its_log_position() -> None:
    """Its state has every struct, and names the user who wrote its bytes."""
    chunks, _ = typed()
    restored = restore.restore(None, chunks)
    document = replace(to_store(restored), authors={5: "ada"})

    made = checkpoints.make_checkpoint("s", document, NOW)

    assert (made.checkpoint.session_id, made.checkpoint.sequence) == ("s", 30)
    assert made.author_bytes.keys() == {"ada"}
    assert restore.restore(made.checkpoint, []).index.clocks == {5: 30}


def test_checkpoint_made_in_a_worker_is_the_same() -> None:
    chunks, _ = typed()
    document = replace(to_store(restore.restore(None, chunks)), has_values=True)

    here = checkpoints.make_checkpoint("s", document, NOW, kept_bytes=0)
    apart = checkpoints.make_checkpoint_apart("s", document, NOW, 0)

    assert apart.checkpoint == here.checkpoint


def test_checkpoint_without_every_struct_is_not_made() -> None:
    """A checkpoint that lacks one struct of the room is not made."""
    chunks, _ = typed()
    restored = restore.restore(None, chunks)

    with pytest.raises(RoomDamaged, match="lacks"):
        checkpoints.make_checkpoint("s", replace(to_store(restored), clocks={5: 31}), NOW)
