"""Answers to questions for large documents: several updates, which a worker process makes of the state.

Reading the structs of a state takes 4 µs each, and a class asks for one state together. So the last state that was
taken apart is kept for some seconds.
"""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial

from crdt.errors import Rejected, WorkError
from crdt.fair_queue import Payer
from crdt.lifecycle.document_work import DocumentWork
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.wire.rewriting.splitting import Part, split_update
from crdt.wire.y_protocol import sync_step2, sync_update
from storage.background import start_task

_KEPT_S = 10.0
_EMPTY = b"\x00\x00"

_log = logging.getLogger(__name__)


class LargeAnswers:
    """Answers in parts. At most one state is kept."""

    def __init__(self, work: DocumentWork) -> None:
        self._work = work
        self._state: bytes | None = None
        self._parts: asyncio.Future[list[Part]] | None = None
        self._payer = Payer("")
        self._forgetting: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._making: set[asyncio.Task[list[Part]]] = set()

    def answer(self, connection: Connection, session_id: str, state: bytes, known: Mapping[int, int]) -> None:
        """Send a client what it lacks of a state, as soon as that is taken apart.

        session_id  the document's
        known       {client id: next clock} of what the client has
        """
        connection.is_answering = True
        send = self._send(connection, session_id, state, known)
        sending = start_task(send, "large answer", partial(connection.outbox.close, CloseReason.ROOM_UNAVAILABLE))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _send(self, connection: Connection, session_id: str, state: bytes, known: Mapping[int, int]) -> None:
        try:
            connection.outbox.send_parts(frames_for(await self._split(connection.user_id, session_id, state), known))
        finally:
            connection.is_answering = False

    async def _split(self, user_id: str, session_id: str, state: bytes) -> list[Part]:
        loop = asyncio.get_running_loop()
        if self._parts is None or self._state is not state:
            self._payer = Payer(user_id)
            making = start_task(self._made(self._payer, session_id, state), "split state")
            self._making.add(making)
            making.add_done_callback(self._making.discard)
            self._state, self._parts = state, making
        self._payer.join(user_id)
        if self._forgetting:
            self._forgetting.cancel()
        self._forgetting = loop.call_later(_KEPT_S, self._forget)
        return await asyncio.shield(self._parts)

    async def _made(self, payer: Payer, session_id: str, state: bytes) -> list[Part]:
        try:
            return await self._work.run(payer, session_id, len(state), _parts_of, state)
        except WorkError:  # too many wait
            pass
        except Exception:
            _log.exception("the document of session %s cannot be taken apart", session_id)
        return [Part(state, {}, state)]  # then it is sent as one message

    def _forget(self) -> None:
        self._state = self._parts = self._forgetting = None

    async def stop(self) -> None:
        """Answer no more."""
        for sending in self._sending:
            sending.cancel()
        for making in self._making:
            making.cancel()
        await asyncio.gather(*self._sending, *self._making, return_exceptions=True)
        if self._forgetting:
            self._forgetting.cancel()
        self._forget()


def frames_for(parts: list[Part], known: Mapping[int, int]) -> list[bytes]:
    """Return what to send to a client that has these clocks; only the last frame says that it has everything now."""
    updates = []
    for part in parts:
        lacks = any(clock > known.get(client, 0) for client, clock in part.clocks.items())
        if update := part.update if lacks else part.deletions:
            updates.append(update)
    *first, last = updates or [_EMPTY]
    return [*map(sync_update, first), sync_step2(last)]


def _parts_of(state: bytes) -> list[Part]:
    try:
        return split_update(state)
    except Rejected:  # stored before a limit of the reader was there
        return [Part(state, {}, state)]
