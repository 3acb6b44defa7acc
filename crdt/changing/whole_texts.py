"""Replaces whole texts, for saves and restores, by an edit that contains only the differences.

Comparing large texts takes seconds, so a worker process does it, on a copy of the document. Edits
that other users make meanwhile stay, because the update names structs, not positions. Not for text
clients: their texts are changes of a text that they had before (`crdt.changing.text_clients`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

from crdt.changing.text_check import check_texts
from crdt.document.table_edits import Entries, edit_copy_and_table
from crdt.document.view import edit_copy
from crdt.errors import WorkTooLarge
from crdt.lifecycle.changes import Changes
from crdt.lifecycle.stepwise.room_steps import RoomSteps
from crdt.room.incoming import server_edit
from crdt.room.room import Room
from crdt.text.text_diff import MANY_STEPS
from crdt.workers import Workers

_SMALL_TEXT = 16 << 10
"""Characters of old and new texts together that the event loop compares in 5 ms."""
_DEADLINE_S: Final = 20.0
"""Seconds for a comparison that takes 2 s on a quiet machine.
On a busy one, a worker is the last to get a core."""

Choose = Callable[[dict[str, str]], Mapping[str, str]]
Check = Callable[[], Awaitable[object]]


class WholeTexts:
    """Replaces texts of rooms by edits."""

    def __init__(
        self, workers: Workers, changes: Changes, clock: Callable[[], int], steps: RoomSteps
    ) -> None:
        """changes: see `Changes.read`; clock: milliseconds since 1970."""
        self._workers = workers
        self._steps = steps
        self._changes = changes
        self._clock = clock
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def edit(
        self,
        room: Room,
        user_id: str,
        choose: Choose,
        check: Check | None = None,
        entries: Entries | None = None,
    ) -> None:
        """Replace the texts of roots, and values in the table of files, by one edit of a user.

        The edits of a room are made one after another. So if two equal texts come at the same time,
        the second one changes nothing.

        choose  called with {root: text} of the document;
                returns the new texts of the roots that shall change
        check   raises if the user may not do this; called right before the edit is made
        entries the new values in the table of files

        Raises NoText if one of the roots is not a text, and the errors of `check`, `Room.edit` and
        `Workers.run`; the document is then unchanged.
        """
        lock = self._locks.setdefault(room.session_id, asyncio.Lock())
        async with lock:
            await self._check(check)
            await self._steps.load(room)
            before = room.files()
            files = {
                root: text for root, text in choose(before).items() if before.get(root, "") != text
            }
            if not files and not entries:
                return
            if await check_texts(room, files, self._workers, user_id):
                await self._check(check)
            size = sum(len(text) + len(before.get(root, "")) for root, text in files.items())
            if size <= _SMALL_TEXT and not entries and not room.document.takes_long:
                room.edit(user_id, files, self._clock())
                return
            # The client id is reserved until the update is taken. Otherwise another edit of this
            # user could use the same clocks before it.
            with room.server_edits.client_of(user_id) as client:
                update = await self._compare(room, user_id, files, entries or {}, client)
                growth = sum(
                    len(text.encode()) - len(before.get(root, "").encode())
                    for root, text in files.items()
                )
                edit = server_edit(update, user_id, growth=growth)
                await self._steps.take_edit(room, edit, partial(self._check, check))

    async def _check(self, check: Check | None) -> None:
        if check:
            await self._changes.read(check)

    async def _compare(
        self, room: Room, user_id: str, files: Mapping[str, str], entries: Entries, client: int
    ) -> bytes:
        """Return the update that changes the texts to `files`, and the entries of the table.

        The update consists of small edits if these are found in time. Otherwise it replaces all
        text between the common beginning and the common end.
        """
        copy = room.document.text_copy()
        make = partial(edit_copy, copy, files, client, None)
        if entries:
            make = partial(edit_copy_and_table, copy, files, entries, client)
        try:
            return await self._workers.run(make, MANY_STEPS, key=user_id, deadline_s=_DEADLINE_S)
        except WorkTooLarge:
            return await self._workers.run(make, 0, key=user_id, deadline_s=_DEADLINE_S)
