"""Finds the changes between two whole texts, for clients that send texts instead of Yjs updates.

Small changes are compared in this process. A worker process compares large changes, and makes
edits of large documents. Meanwhile the room takes other updates, so the client's feed is brought
up to date before the edit is merged.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from crdt.changing.text_check import check_texts
from crdt.changing.text_clients import TextClient
from crdt.changing.text_feed import TextFeed
from crdt.document.server_edits import MovedEdit, edit_moved
from crdt.document.view import TextCopy
from crdt.errors import WorkError, WorkTooLarge
from crdt.lifecycle.stepwise.room_steps import RoomSteps
from crdt.room.incoming import server_edit
from crdt.room.room import Room
from crdt.steps import Worked, measured
from crdt.text.byte_edits import edits_between
from crdt.text.text_diff import MANY_STEPS
from crdt.text.text_map import Edit
from crdt.workers import Workers

_DEADLINE_S = 20.0
"""Seconds that a comparison may take. It takes 2 s on a quiet machine, and more on a busy one,
where workers get a core last."""
_TRIES = 3
"""How many times a worker compares a feed before the event loop compares it. A feed is out of date
again if another user made a large change during the comparison."""


class TextChanges:
    """Merges the changes that text clients send as whole texts.

    max_text_bytes  the bytes that a document's text may have
    """

    def __init__(
        self,
        workers: Workers,
        clock: Callable[[], int],
        cpu_s: Callable[[], float],
        steps: RoomSteps,
        max_text_bytes: int,
    ) -> None:
        """clock: milliseconds since 1970.
        cpu_s: seconds of CPU time that the calling thread has used.
        """
        self.max_text_bytes = max_text_bytes
        self._workers = workers
        self._steps = steps
        self._clock = clock
        self._cpu_s = cpu_s
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def refresh(self, feed: TextFeed, key: str) -> None:
        """Bring a feed up to date. No other task runs between the last step and the return.

        key  the user that the work is done for, see `Workers.run`

        Raises TextUnavailable or RoomDamaged.
        """
        for _ in range(_TRIES):
            await self._steps.load(feed.room)
            old, new = feed.text, feed.behind()
            if new is None:
                return
            try:
                edits = await self._workers.run(
                    edits_between, old, new, MANY_STEPS, key=key, deadline_s=_DEADLINE_S
                )
            except WorkError:
                break
            feed.catch_up(old, new, edits)
        # Other users make large changes again and again. The last comparison is done on the event
        # loop, coarsely, so that this method ends.
        await self._steps.load(feed.room)
        feed.refresh()

    async def change(
        self,
        client: TextClient,
        code: str,
        check: Callable[[], None],
        worked: Worked,
    ) -> None:
        """Merge the whole text that a client has now.

        check   raises if the client may no longer write; called after waiting for a worker
        worked  called with the seconds for which the event loop worked, also after a failure

        Changes of one user in a room are made one after another. Otherwise a client that reconnects
        could send a text before the change that it sent last is merged.

        Raises NoText if the session's code is in a root that is not a text, and the errors of
        `check`, `Room.edit` and `Workers.run`; the document is then unchanged.
        """
        key = client.feed.room.session_id, client.user_id
        async with self._locks.setdefault(key, asyncio.Lock()):
            await self._change(client, code, check, worked)

    async def _change(
        self,
        client: TextClient,
        code: str,
        check: Callable[[], None],
        worked: Worked,
    ) -> None:
        feed = client.feed
        await check_texts(feed.room, (feed.root,), self._workers, client.user_id)
        await self.refresh(feed, client.user_id)
        check()  # a worker may have taken seconds
        with measured(self._cpu_s, worked):
            change = client.begin(code, self._clock())
            if change.is_near and not feed.room.document.takes_long:
                client.finish(change, edits_between(change.base.text, change.plain), self._clock())
                return
            edit = MovedEdit(
                feed.root, change.base.text, change.plain, change.base.map, feed.original
            )
            # The worker makes the update from this copy. The update names structs, not positions.
            # So it stays right even if other users edit the document before the worker is done.
            copy = feed.room.document.text_copy()
        with _kept(feed.room), feed.room.server_edits.client_of(client.user_id) as client_id:
            edits, update = await self._compare(copy, edit, client_id, client.user_id)
            await self.refresh(feed, client.user_id)

            async def check_now() -> None:
                # Seconds have passed, in which the user may have lost the right to write.
                check()

            def finish() -> None:
                client.finish(change, edits, self._clock(), is_taken=True)

            made = server_edit(update, client.user_id, growth=change.growth(feed.original))
            await self._steps.take_edit(feed.room, made, check_now, finish, worked)

    async def _compare(
        self,
        copy: TextCopy,
        edit: MovedEdit,
        client_id: int,
        user_id: str,
        steps: int = MANY_STEPS,
    ) -> tuple[list[Edit], bytes]:
        """Return the result of `edit_moved`; with coarser edits if that takes too long."""
        try:
            return await self._workers.run(
                edit_moved, copy, edit, client_id, steps, key=user_id, deadline_s=_DEADLINE_S
            )
        except WorkTooLarge:
            if not steps:
                raise
        return await self._compare(copy, edit, client_id, user_id, 0)


@contextmanager
def _kept(room: Room) -> Iterator[None]:
    """Keep a room loaded, even if all its clients leave while the block runs."""
    room.upkeep.pins += 1
    try:
        yield
    finally:
        room.upkeep.pins -= 1
