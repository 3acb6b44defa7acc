"""Replaces whole texts, for saves and restores, by an edit that contains only the differences.

Comparing large texts takes seconds, so a worker process does it, on a copy of the document. Edits
that other users make meanwhile stay, because the update names structs, not positions. Not for text
clients: their texts are changes of a text that they had before (`crdt.changing.text_clients`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

from crdt.changing.text_check import check_texts
from crdt.document.editing.table_edits import Entries, edit_copy_and_table
from crdt.document.editing.text_edits import edit_copy
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
"""Seconds that a comparison may take. It takes 2 s on a quiet machine, and more on a busy one,
where workers get a core last."""


@dataclass(frozen=True, slots=True)
class Change:
    """The texts and the entries of the table of files that an edit changes; made by `to`.

    texts       {root: its new text}
    before      {root: its text} of the document for which the texts were chosen
    entries     the new values in the table
    has_waited  whether other tasks may have run between the call of `Choose` and its result
    """

    texts: Mapping[str, str]
    before: Mapping[str, str]
    entries: Entries
    has_waited: bool = False

    @classmethod
    def to(
        cls, texts: Mapping[str, str], before: Mapping[str, str], entries: Entries | None = None
    ) -> "Change":
        """Leave out the texts that are already in the document; other arguments: see `Change`."""
        changed = {root: text for root, text in texts.items() if before.get(root, "") != text}
        return cls(changed, before, entries or {})

    @property
    def is_empty(self) -> bool:
        """Whether the document already is as it shall be."""
        return not self.texts and not self.entries

    @property
    def is_small(self) -> bool:
        """Whether the event loop may compare the texts."""
        size = sum(len(text) + len(self.before.get(root, "")) for root, text in self.texts.items())
        return size <= _SMALL_TEXT and not self.entries

    @property
    def growth(self) -> int:
        """Bytes by which the texts grow."""
        return sum(
            len(text.encode()) - len(self.before.get(root, "").encode())
            for root, text in self.texts.items()
        )


Choose = Callable[[], Awaitable[Change]]
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
        self, room: Room, user_id: str, choose: Choose, check: Check | None = None
    ) -> None:
        """Replace the texts of roots, and values in the table of files, by one edit of a user.

        The edits of a room are made one after another. So if two equal texts come at the same time,
        the second one changes nothing.

        choose  called when it is this edit's turn, with the document loaded; returns the change
        check   raises if the user may not do this; called right before the edit is made

        Raises NoText if one of the roots is not a text, and the errors of `choose`, `check`,
        `Room.edit` and `Workers.run`; the document is then unchanged.
        """
        lock = self._locks.setdefault(room.session_id, asyncio.Lock())
        async with lock:
            await self._check(check)
            await self._steps.load(room)
            change = await choose()
            if change.is_empty:
                return
            was_read = await check_texts(room, change.texts, self._workers, user_id)
            if was_read or change.has_waited:
                await self._check(check)
            if change.is_small and not room.document.takes_long:
                room.edit(user_id, change.texts, self._clock())
            else:
                await self._edit_by_worker(room, user_id, change, check)

    async def _edit_by_worker(
        self, room: Room, user_id: str, change: Change, check: Check | None
    ) -> None:
        # The client id is reserved until the update is taken. Otherwise another edit of this user
        # could use the same clocks before it.
        with room.server_edits.client_of(user_id) as client:
            update = await self._compare(room, user_id, change, client)
            edit = server_edit(update, user_id, growth=change.growth)
            await self._steps.take_edit(room, edit, partial(self._check, check))

    async def _check(self, check: Check | None) -> None:
        if check:
            await self._changes.read(check)

    async def _compare(self, room: Room, user_id: str, change: Change, client: int) -> bytes:
        """Return the update that makes a change.

        The update consists of small edits if these are found in time. Otherwise it replaces all
        text between the common beginning and the common end.
        """
        copy = room.document.text_copy()
        make = partial(edit_copy, copy, change.texts, client, None)
        if change.entries:
            make = partial(edit_copy_and_table, copy, change.texts, change.entries, client)
        try:
            return await self._workers.run(make, MANY_STEPS, key=user_id, deadline_s=_DEADLINE_S)
        except WorkTooLarge:
            return await self._workers.run(make, 0, key=user_id, deadline_s=_DEADLINE_S)
