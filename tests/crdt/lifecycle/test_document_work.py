"""Tests of where the work on a document is done.

A thread works on a small document. A worker process works on a large one, unless the document needs
more memory than workers have.
"""

import os
from collections.abc import AsyncIterator

import pytest

from crdt.crashmark import CrashMark
from crdt.fair_queue import Payer
from crdt.lifecycle.document_work import _MEMORY_PER_BYTE, SMALL_BYTES, DocumentWork
from crdt.workers import Workers, WorkersSettings
from tests.crdt import work

MEMORY_MB = 64
MOST = (MEMORY_MB << 20) // _MEMORY_PER_BYTE


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(WorkersSettings(processes=1, memory_mb=MEMORY_MB))
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("size", "is_elsewhere"),
    [(0, False), (SMALL_BYTES - 1, False), (SMALL_BYTES, True), (MOST, True), (MOST + 1, False)],
)
async def test_size_of_document_decides_between_thread_and_worker(
    workers: Workers, size: int, is_elsewhere: bool
) -> None:
    documents = DocumentWork(workers, CrashMark())
    assert documents.is_for_worker(size) is is_elsewhere
    assert (
        await documents.run(Payer("ada"), "one", size, work.process_id) != os.getpid()
    ) is is_elsewhere


async def test_small_document_is_given_to_a_worker_on_request(workers: Workers) -> None:
    documents = DocumentWork(workers, CrashMark())
    assert await documents.run_in_worker(Payer("ada"), 60.0, work.process_id) != os.getpid()


async def test_session_is_named_while_a_thread_works_for_it(workers: Workers) -> None:
    """The crash mark names a session while a thread works for it, because a crash ends the server.

    It does not name work in a worker, whose crash ends no other work.
    """
    mark = CrashMark()
    documents = DocumentWork(workers, mark)
    named = await documents.run(Payer("ada"), "one", 0, lambda: list(mark.named(in_threads=True)))
    assert named == [("one", "")]
    assert list(mark.named(in_threads=True)) == []
