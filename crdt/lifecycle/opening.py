"""Restores stored documents: small ones in a thread, large and dangerous ones in a worker process.

pycrdt loads a document in one native call that holds the interpreter, so a thread helps only for a
few milliseconds. Some small documents take much longer: 1,000 inserts that conflict take 0.1 s, and
4,000 take 1.7 s. The thread finds this out in slices, and then a worker opens the document, too. A
document is dangerous if it has ended the server before. A document that a
worker process cannot open in time is not opened in the server either.
"""

import contextlib
import logging
from collections.abc import Callable, Sequence

from crdt.document.document import Document
from crdt.document.traits import inspect_quickly
from crdt.errors import (
    RoomSetAside,
    RoomUnavailable,
    TextUnavailable,
    WorkerDied,
    WorkersBusy,
    WorkTooLarge,
)
from crdt.fair_queue import FairQueue, Payer
from crdt.lifecycle.document_work import DEADLINE_S, SMALL_BYTES, DocumentWork
from crdt.lifecycle.environment import Environment
from crdt.limits import MAX_WORK_S
from crdt.log import restore
from crdt.log.restore import RestoredDocument
from storage.records import Checkpoint, Chunk

_SUSPECT_S = 20.0
_MOST_WORK_S = 4 * MAX_WORK_S
"""Seconds of CPU time that loading a document may take. Edits stop at `MAX_WORK_S`, but a document
that was made before that limit may cost somewhat more."""
_TOGETHER, _TOGETHER_EACH = 8, 2
"""Large documents, of all users and of one user, that the workers may open at the same time."""
_WAITING, _WAITING_EACH = 256, 16
"""Large documents, of all users and of one user, that may wait for their turn."""
_WAIT_S = 60.0
"""Seconds that a document waits for its turn at most."""

_log = logging.getLogger(__name__)

_What = tuple[Checkpoint | None, tuple[Chunk, ...], int, Callable[[], float]]
"""The arguments of `put_together`."""
_Restore = Callable[
    [Checkpoint | None, Sequence[Chunk], int, Callable[[], float]], RestoredDocument
]
"""`put_together` or `rehearse`."""


class DocumentOpener:
    """Opens documents for one process."""

    def __init__(self, work: DocumentWork, environment: Environment) -> None:
        self._work = work
        self._quarantine = environment.quarantine
        self._clock = environment.clock
        self._cpu_s = environment.cpu_s
        self._turns = FairQueue(_TOGETHER, _WAITING_EACH, _WAITING, _WAIT_S, _TOGETHER_EACH)
        self._died: set[str] = set()  # sessions for which a worker died once

    async def open(
        self,
        payer: Payer,
        session_id: str,
        checkpoint: Checkpoint | None,
        chunks: Sequence[Chunk],
        since: int,
    ) -> RestoredDocument:
        """Return the document as `restore.restore` makes it; payer: the users who wait for it.

        Raises RoomDamaged, RoomSetAside if it takes too long,
        or RoomUnavailable if too many are being opened.
        """
        size = (len(checkpoint.state) if checkpoint else 0) + sum(
            len(chunk.data) for chunk in chunks
        )
        what = (checkpoint, tuple(chunks), since, self._cpu_s)
        # A document that has ended the server before is first tried in a worker, even a small one.
        # The worker does everything with it that the server will do.
        is_suspect = self._quarantine.has_killed(session_id)
        try:
            if is_suspect:
                restored = await self._in_worker(payer, session_id, _SUSPECT_S, rehearse, what)
            else:
                restored = await self._restored(payer, session_id, size, what)
        except WorkersBusy as error:
            raise RoomUnavailable("too many documents are being opened") from error
        except WorkerDied as error:
            # The document may have ended the worker. Or another cause did, such as the kernel for
            # lack of memory. So the session is set aside only after the second death.
            if not is_suspect and session_id not in self._died:
                self._died.add(session_id)
                raise RoomUnavailable("a worker process ended") from error
            raise self._set_aside(session_id, str(error)) from error
        except WorkTooLarge as error:
            raise self._set_aside(session_id, str(error)) from error
        self._died.discard(session_id)
        return restored

    async def _restored(
        self, payer: Payer, session_id: str, size: int, what: _What
    ) -> RestoredDocument:
        """Restore a document in a thread if that is quick, otherwise in a worker.

        size  bytes of its rows
        """
        if size < SMALL_BYTES:
            quick = await self._work.run(payer, session_id, size, put_together_quickly, *what)
            if quick is not None:
                return quick
        elif not self._work.is_for_worker(size):
            return await self._work.run(payer, session_id, size, put_together, *what)
        async with self._turns.slot(payer):
            return await self._in_worker(payer, session_id, DEADLINE_S, put_together, what)

    async def _in_worker(
        self,
        payer: Payer,
        session_id: str,
        deadline_s: float,
        function: _Restore,
        what: _What,
    ) -> RestoredDocument:
        """Restore a document in a worker; raises RoomSetAside if it takes pycrdt too long."""
        restored = await self._work.run_in_worker(payer, deadline_s, function, *what)
        if restored.traits.work_s > _MOST_WORK_S:
            raise self._set_aside(
                session_id, f"it takes pycrdt {restored.traits.work_s:.1f} seconds"
            )
        return restored

    def _set_aside(self, session_id: str, reason: str) -> RoomSetAside:
        """Set a session aside, as after a death of the server while it worked for the session."""
        self._quarantine.note([(session_id, "")], self._clock(), is_sure=True)
        _log.error(
            "session %s is set aside: its document cannot be opened (%s)", session_id, reason
        )
        return RoomSetAside("the document takes too long to open")


def put_together(
    checkpoint: Checkpoint | None, chunks: Sequence[Chunk], since: int, cpu_s: Callable[[], float]
) -> RestoredDocument:
    """Restore a document."""
    return restore.restore(checkpoint, chunks, since, cpu_s=cpu_s)


def put_together_quickly(
    checkpoint: Checkpoint | None, chunks: Sequence[Chunk], since: int, cpu_s: Callable[[], float]
) -> RestoredDocument | None:
    """Restore a document in a thread; return None if pycrdt takes long to load it."""
    restored = restore.restore(checkpoint, chunks, since, cpu_s=None)
    traits = inspect_quickly(
        restored.state, restored.traits, restored.index.split_surrogates, cpu_s
    )
    if traits is None:
        return None
    restored.traits = traits
    return restored


def rehearse(
    checkpoint: Checkpoint | None, chunks: Sequence[Chunk], since: int, cpu_s: Callable[[], float]
) -> RestoredDocument:
    """Restore a document, and use it as the server will: show its texts and make its state."""
    restored = put_together(checkpoint, chunks, since, cpu_s)
    document = Document(restored.state, restored.index.split_surrogates, restored.traits)
    with contextlib.suppress(TextUnavailable):  # then the server does not try to read texts either
        document.texts(restored.index.text_roots)
    document.state()
    return restored
