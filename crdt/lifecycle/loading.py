"""Reads the stored rows of a document, some at a time, and makes a room of them."""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from crdt.errors import RoomDamaged, RoomSetAside, RoomUnavailable
from crdt.fair_queue import Payer
from crdt.lifecycle.changes import Changes
from crdt.lifecycle.loaded_rooms import LoadedRooms
from crdt.lifecycle.opening import DocumentOpener
from crdt.log import authorship, restore
from crdt.room.context import RoomContext
from crdt.room.room import Room
from storage.base import RoomStore, Store
from storage.errors import NotFound, RowDamaged, StoreUnavailable
from storage.records import Checkpoint, Chunk, Session, Status

_ROWS = 8
"""Rows of the log that are read together for the names of their authors.
A row has up to 4,096 updates."""

_log = logging.getLogger(__name__)


class _Loading(NamedTuple):
    """A room that is being loaded, and the users who wait for it."""

    task: asyncio.Task[None]
    payer: Payer


class RoomLoader:
    """Loads each room once, however many clients want it at the same time.

    damaged  ids of sessions whose stored document could not be loaded since the start
    """

    def __init__(
        self,
        store: Store,
        context: RoomContext,
        loaded: LoadedRooms,
        changes: Changes,
        chunks_per_read: int,
        opener: DocumentOpener,
        clock: Callable[[], int],
    ) -> None:
        """Load rooms into `loaded`.

        context  given to each room
        clock    milliseconds since 1970
        """
        self.damaged: set[str] = set()
        self._store = store
        self._context = context
        self._loaded = loaded
        self._changes = changes
        self._chunks_per_read = chunks_per_read
        self._opener = opener
        self._clock = clock
        self._loading: dict[str, _Loading] = {}

    async def load(self, session_id: str, user_id: str) -> None:
        """Load a room for a user; return when `LoadedRooms` has it.

        Loading goes on if the caller is cancelled.

        Raises NotFound, RoomDamaged, or RoomUnavailable while the store cannot be reached.
        """
        # Several clients that open a session together wait for one task. The task is shielded
        # below, so a client that hangs up does not cancel it for the other clients.
        loading = self._loading.get(session_id)
        if loading is None or loading.task.done():
            payer = Payer(user_id)
            task = asyncio.get_running_loop().create_task(
                self._load(session_id, payer), name="load room"
            )
            self._loading[session_id] = _Loading(task, payer)
            task.add_done_callback(lambda done: self._forget_task(session_id, done))
        else:
            task = loading.task
            loading.payer.join(user_id)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise RoomUnavailable("the server is stopping") from None

    async def finish(self) -> None:
        """Return when no room is being loaded any more; cancelling this cancels the loading."""
        await asyncio.gather(
            *(loading.task for loading in self._loading.values()), return_exceptions=True
        )

    def _forget_task(self, session_id: str, task: "asyncio.Task[None]") -> None:
        loading = self._loading.get(session_id)
        if loading and loading.task is task:
            del self._loading[session_id]
        if not task.cancelled():
            task.exception()  # else asyncio logs it if every waiter was cancelled

    async def _load(self, session_id: str, payer: Payer) -> None:
        try:
            checkpoint, restored = await self._restore(session_id, payer)
            # The session is read after its document, because loading may take seconds. Meanwhile
            # the session may have ended, or have been deleted.
            session = await self._changes.read(lambda: self._store.session(session_id))
        except RoomSetAside:
            raise
        except (RoomDamaged, RowDamaged) as error:
            _log.error("session %s is damaged in the store", session_id, exc_info=True)
            self.damaged.add(session_id)
            raise RoomDamaged(str(error)) from error
        except StoreUnavailable as error:
            raise RoomUnavailable("the store is away") from error
        self.damaged.discard(session_id)
        if session is None:
            raise NotFound("session")
        self._loaded.add(self._make_room(session, restored, checkpoint))

    def _make_room(
        self, session: Session, restored: restore.RestoredDocument, checkpoint: Checkpoint | None
    ) -> Room:
        checkpointed = checkpoint.sequence if checkpoint else 0
        room = Room(
            session.id,
            restored,
            self._context,
            main_root=session.main_root,
            is_open=session.status is Status.OPEN,
            checkpointed=checkpointed,
        )
        if restored.sequence == checkpointed:
            # No log was read, so the first checkpoint is not urgent.
            room.upkeep.checkpointed_at = self._clock()
        room.upkeep.checkpoint_bytes = len(checkpoint.state) if checkpoint else 0
        room.quota.own(session.owner_id)
        return room

    async def _restore(
        self, session_id: str, payer: Payer
    ) -> tuple[Checkpoint | None, restore.RestoredDocument]:
        """Return (the checkpoint, or None, the document); raises RoomDamaged or StoreUnavailable.

        The log is read from the checkpoint on. A checkpoint of a release that did not keep authors
        needs the whole log once.
        """
        checkpoint = await self._store.checkpoint(session_id)
        newest = await self._store.newest_version(session_id)
        since = newest.sequence if newest else 0
        after = checkpoint.sequence if checkpoint and authorship.is_in(checkpoint.owners) else 0
        earlier = await self._edits(session_id, since, after)
        chunks = await read_log(self._store, session_id, after, self._chunks_per_read)
        restored = await self._opener.open(payer, session_id, checkpoint, chunks, since)
        earlier.put_before(restored)
        return checkpoint, restored

    async def _edits(self, session_id: str, since: int, until: int) -> restore.Edits:
        """Read who edited between two log positions.

        Who edited after the newest version contributed to the next one. There may be any number of
        edits between the version and the checkpoint, such as 34 MB that were typed and deleted. So
        only a few rows are in memory together.
        """
        edits, after = restore.Edits(), since
        while after < until:
            chunks = await self._store.chunks(session_id, after, _ROWS)
            if not chunks:
                break
            await asyncio.to_thread(edits.read, chunks, since, until)
            after = chunks[-1].last
        return edits


async def read_log(
    store: RoomStore, session_id: str, after: int, limit: int, until: int | None = None
) -> list[Chunk]:
    """Return the chunks with entries after `after`, up to `until`, reading `limit` at a time."""
    chunks: list[Chunk] = []
    while True:
        more = await store.chunks(session_id, after, limit)
        chunks += more
        if len(more) < limit or (until is not None and more[-1].last >= until):
            return chunks
        after = more[-1].last
