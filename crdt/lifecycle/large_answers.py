"""Sends large documents to clients in several updates, which a worker process makes of the state.

Reading the structs of a state takes 4 µs each, and all clients of a class ask for the state
together. So the parts of the last state are kept for some seconds. The base and the updates since
then are split separately. Merging the two would take 0.15 s for 6 MB, and the base does not change
while users type.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from operator import is_
from typing import NamedTuple

from crdt.document.raw_document import merge_text
from crdt.errors import Rejected, WorkError
from crdt.fair_queue import Payer
from crdt.lifecycle.document_work import DocumentWork
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.wire.rewriting.splitting import Part, split_update
from crdt.wire.y_protocol import sync_step2, sync_update
from storage.background import start_task

_KEPT_S = 10.0
_KEPT = 2
_EMPTY = b"\x00\x00"

_log = logging.getLogger(__name__)


class _Kept(NamedTuple):
    """Updates, the users that wait for their parts, and the parts."""

    updates: Sequence[bytes]
    payer: Payer
    parts: asyncio.Future[list[Part]]


class LargeAnswers:
    """Sends large answers in parts.

    It keeps the parts of one document: those of its base, and those of the updates since then.
    """

    def __init__(self, work: DocumentWork) -> None:
        self._work = work
        self._recent: list[_Kept] = []
        self._forgetting: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._making: set[asyncio.Task[list[Part]]] = set()

    def answer(
        self,
        connection: Connection,
        session_id: str,
        parts: Sequence[bytes],
        known: Mapping[int, int],
    ) -> None:
        """Send a client the updates that it lacks, as soon as the document is split.

        session_id  the document's session
        parts       see `RawDocument.parts`
        known       {client id: next clock} of the structs that the client has
        """
        connection.sent.is_coming = True
        send = self._send(connection, session_id, parts, known)
        sending = start_task(
            send, "large answer", partial(connection.outbox.close, CloseReason.ROOM_UNAVAILABLE)
        )
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _send(
        self,
        connection: Connection,
        session_id: str,
        parts: Sequence[bytes],
        known: Mapping[int, int],
    ) -> None:
        try:
            made = await self._split(connection.user_id, session_id, parts[:1])
            if since := parts[1:]:
                made = [*made, *await self._split(connection.user_id, session_id, since)]
            connection.outbox.send_parts(frames_for(made, known))
        finally:
            connection.sent.is_coming = False

    async def _split(self, user_id: str, session_id: str, updates: Sequence[bytes]) -> list[Part]:
        """Return the parts of updates. The parts that were made last are kept."""
        loop = asyncio.get_running_loop()
        # Kept parts are found by the identity of the updates: the same objects have the same parts.
        # Comparing megabytes for each of fifty clients would take the time that kept parts save.
        split = next((split for split in self._recent if _are_same(split.updates, updates)), None)
        if split is None:
            payer = Payer(user_id)
            making = start_task(self._made(payer, session_id, updates), "split state")
            self._making.add(making)
            making.add_done_callback(self._making.discard)
            split = _Kept(updates, payer, making)
        else:
            self._recent.remove(split)
        split.payer.join(user_id)
        self._recent = [*self._recent, split][-_KEPT:]
        if self._forgetting:
            self._forgetting.cancel()
        self._forgetting = loop.call_later(_KEPT_S, self._forget)
        # The task is shielded, because several clients wait for one result. If one of them hangs
        # up, the others still get theirs.
        return await asyncio.shield(split.parts)

    async def _made(self, payer: Payer, session_id: str, updates: Sequence[bytes]) -> list[Part]:
        try:
            return await self._work.run(
                payer, session_id, sum(map(len, updates)), _parts_of, updates
            )
        except WorkError:  # too many jobs wait
            pass
        except Exception:
            _log.exception("the document of session %s cannot be split", session_id)
        # Without parts, each update is sent as one message.
        # On a slow link that may take too long, but the client gets an answer.
        return [Part(update, {}, update) for update in updates]

    def _forget(self) -> None:
        self._recent, self._forgetting = [], None

    async def stop(self) -> None:
        """Cancel all answers."""
        for sending in self._sending:
            sending.cancel()
        for making in self._making:
            making.cancel()
        await asyncio.gather(*self._sending, *self._making, return_exceptions=True)
        if self._forgetting:
            self._forgetting.cancel()
        self._forget()


def frames_for(parts: list[Part], known: Mapping[int, int]) -> list[bytes]:
    """Return the frames for a client that has these clocks.

    Only the last frame tells the client that it has everything now.
    """
    updates = []
    for part in parts:
        # A client that has all structs of a part still needs its deletions: a state vector does not
        # contain deletions.
        lacks = any(clock > known.get(client, 0) for client, clock in part.clocks.items())
        if update := part.update if lacks else part.deletions:
            updates.append(update)
    *first, last = updates or [_EMPTY]
    return [*map(sync_update, first), sync_step2(last)]


def _are_same(updates: Sequence[bytes], others: Sequence[bytes]) -> bool:
    return len(updates) == len(others) and all(map(is_, updates, others))


def _parts_of(updates: Sequence[bytes]) -> list[Part]:
    state = merge_text(updates)
    try:
        return split_update(state)
    except Rejected:  # it was stored before the parser had one of its limits
        return [Part(state, {}, state)]
