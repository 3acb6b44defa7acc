"""Tests of comparing two documents: which roots are compared, and in which process."""

from typing import Any

from crdt.history.differences import Side, changed_roots, compare
from crdt.history.snapshot import Contents
from crdt.reading.file_table import FEW_FILES
from crdt.workers import Workers


def encode(before: Side, after: Side, steps: int) -> bytes:
    """Return the sizes of two sides. It is a function of a module, so that workers can find it."""
    sizes = [[len(side.texts), len(side.table or ())] for side in (before, after)]
    return f"{sizes} {steps > 1_000_000}".encode()


def document(**value: Any) -> dict[str, Any]:
    return {"type": "map", "value": value, "leftOut": None}


def table(entries: int) -> dict[str, Any]:
    return document(**{f"f-{number}": {"name": "a.py"} for number in range(entries)})


def test_table_of_files_is_no_changed_root() -> None:
    before = {"files": table(1), "board": document(a=1), "old": document()}
    after = {"files": table(2), "board": document(a=2), "new": document()}

    assert changed_roots(before, after) == {"board": "map", "new": "map", "old": "map"}


def test_map_of_an_application_with_the_name_of_the_table_is_a_changed_root() -> None:
    assert changed_roots({"files": document(a=1)}, {"files": document(a=2)}) == {"files": "map"}


async def test_small_documents_are_compared_without_a_worker() -> None:
    workers = Workers()
    before, after = Contents({"a": "x"}, {"files": table(1)}), Contents({}, {})

    difference = await compare(workers, "ada", before, after, encode)

    assert (difference.files, difference.others) == (b"[[1, 1], [0, 0]] False", {})
    assert workers.counts["done"] == 0


async def test_large_tables_are_compared_in_a_worker() -> None:
    workers = Workers()
    try:
        before = Contents({}, {"files": table(FEW_FILES + 1)})
        difference = await compare(workers, "ada", before, Contents({}, {}), encode)
    finally:
        await workers.close()

    assert difference.files == f"[[0, {FEW_FILES + 1}], [0, 0]] True".encode()
