"""Tests of runs on malformed pages: other runs are listed, read and made."""

import os
from pathlib import Path

import pytest

from crdt.history.redaction import RedactedRows
from crdt.history.run_redaction import redact_runs
from crdt.reading.blanking import BLOCK
from storage.sqlite.store import SqliteStore
from tests.storage.faults import break_page
from tests.storage.rows import MANY, Seed, run
from tests.storage.sqlite.store_files import opened


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A closed store with five runs, each on a page of its own."""
    file = tmp_path / "collab.db"
    store = SqliteStore(file)
    await store.open()
    await Seed(store).session()
    for number in range(1, 6):
        made = run(os.urandom(2_500).hex(), user_name=f"<name {number}>")
        await store.add_run(made, MANY)
    await store.close(is_clean=True)
    return file


async def test_malformed_page_damages_one_run_only(path: Path) -> None:
    break_page(path, b"<name 3>")
    store = await opened(path)

    for with_reports in (True, False):
        listed = await store.runs("s1", None, MANY, with_reports=with_reports)
        assert [(run.number, run.is_damaged) for run in listed] == [
            (5, False), (4, False), (3, True), (2, False), (1, False),
        ]  # fmt: skip
    run = await store.run("s1", 3)
    assert run
    assert run.is_damaged
    await store.close(is_clean=True)


async def test_session_with_malformed_page_of_runs_takes_new_ones(path: Path) -> None:
    """Rows on or next to a malformed page cannot be deleted, so all of them stay."""
    break_page(path, b"<name 2>")
    store = await opened(path)

    first = await store.add_run(run("new"), 3)
    second = await store.add_run(run("newer"), 3)

    assert (first.number, second.number) == (6, 7)
    listed = await store.runs("s1", None, MANY, with_reports=True)
    assert [(run.number, run.is_damaged) for run in listed] == [
        (7, False), (6, False), (5, False), (4, False), (3, False), (2, True), (1, False),
    ]  # fmt: skip
    await store.close(is_clean=True)


async def test_malformed_page_does_not_stop_a_redaction_of_other_runs(path: Path) -> None:
    store = await opened(path)
    await store.add_run(run("a secret"), MANY)
    await store.close(is_clean=True)
    break_page(path, b"<name 3>")
    store = await opened(path)

    changed = RedactedRows()
    await redact_runs(store, "s1", "secret", changed)
    assert (changed.rows, changed.open_rows) == (1, 1)

    redacted = await store.run("s1", 6)
    assert redacted
    assert redacted.report
    assert redacted.report.stdout == f"a {BLOCK * 6}"
    await store.close(is_clean=True)
