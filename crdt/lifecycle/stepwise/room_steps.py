"""Does long work on a room in steps, between which other clients are served.

In each room, one such work is done at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from crdt.crashmark import CrashMark
from crdt.lifecycle.stepwise.step_runner import StepRunner
from crdt.room.connection import Connection
from crdt.room.incoming import Compared, Incoming, Prepared, UpdateKind
from crdt.room.room import Room
from crdt.steps import Long, Steps, Worked, measured
from crdt.structs.admission import Admitted, asks_for_state, check_update
from crdt.structs.overlap import find_differing
from crdt.wire.parsed_update import Parsed
from crdt.wire.raw_merge import EMPTY
from crdt.wire.update_parser import parse, read
from crdt.wire.y_protocol import SYNC, SyncStep2, SyncUpdate, decode

_LONG_BYTES = 16 << 10
"""A larger update is read in a thread. A smaller one takes a few milliseconds at most."""


def _unmeasured(seconds: float) -> None:
    """Ignore seconds of work that count for no user."""


class RoomSteps:
    """Takes large updates, and loads documents so that their texts can be read."""

    def __init__(
        self, cpu_s: Callable[[], float], clock: Callable[[], int], mark: CrashMark
    ) -> None:
        """clock: milliseconds since 1970; other arguments: see `Environment`."""
        self._runner = StepRunner(cpu_s)
        self._cpu_s = cpu_s
        self._clock = clock
        self._mark = mark

    async def receive(
        self,
        room: Room,
        connection: Connection,
        frame: bytes,
        worked: Worked = _unmeasured,
    ) -> None:
        """Hand a large frame of a client to its room.

        An update is read in a thread, and taken in steps. Edits that other clients make meanwhile
        are taken before it.

        worked  called with the seconds of each part of the work, also after a failure

        Raises the errors of `Room.receive`.
        """
        match decode(frame) if frame[0] == SYNC and connection.may_write else None:
            case SyncUpdate(update):
                kind = UpdateKind.LIVE
            case SyncStep2(update):
                kind = UpdateKind.ANSWER
            case _:
                with measured(self._cpu_s, worked):
                    room.receive(connection, frame, self._clock())
                return

        def take(prepared: Prepared) -> None:
            room.receive(connection, frame, self._clock(), prepared)

        incoming = Incoming(update, connection.user_id, 0, kind, connection)
        await self._take(room, incoming, read, take, worked=worked)

    async def take_edit(
        self,
        room: Room,
        edit: Incoming,
        check: Callable[[], Awaitable[object]] | None = None,
        then: Callable[[], None] | None = None,
        worked: Worked = _unmeasured,
    ) -> None:
        """Have a room take an update that the server made for a user (`server_edit`).

        check   raises if the user may not do this; called right before the update is taken
        then    called right after the update is taken, before anybody else can edit
        worked  as in `receive`

        Raises the errors of `check` and `Room.take_edit`.
        """

        def take(prepared: Prepared) -> None:
            room.take_edit(replace(edit, now=self._clock(), prepared=prepared))
            if then:
                then()

        await self._take(room, edit, parse, take, check, worked)

    async def load(self, room: Room) -> None:
        """Load a room's document in steps, so that reading its texts does not block other clients.

        The document is still loaded when this method returns: nothing is awaited at the end.
        """
        if not room.document.is_slow_to_read:
            return
        # While a large update is taken, the view has a part of it. The texts would then be read
        # from another copy of the whole document. So wait until the update is taken.
        async with _large(room):
            room.integrate_pending()
            await self._runner.run(
                room.document.load(),
                partial(self._mark.at, room.session_id),
                _unmeasured,
                is_long=False,
            )

    async def _take(
        self,
        room: Room,
        incoming: Incoming,
        scan: Callable[[bytes], Parsed],
        take: Callable[[Prepared], None],
        check: Callable[[], Awaitable[object]] | None = None,
        worked: Worked = _unmeasured,
    ) -> None:
        update = incoming.update
        is_long = len(update) > _LONG_BYTES
        parsed = await self._runner.call(partial(scan, update), worked, is_long=is_long)
        # The lock keeps large updates of one room in order, with only one of them in the view.
        # Small edits of other clients do not take the lock: they come in between the steps.
        async with _large(room):
            try:
                prepared = await self._runner.run(
                    prepare(room, incoming, parsed),
                    partial(self._mark.at, room.session_id, incoming.author),
                    worked,
                    is_long=is_long,
                )
                if check:
                    await check()
                with measured(self._cpu_s, worked):
                    take(prepared)
            finally:
                # If the room refused the update, or the caller was cancelled, the view has an
                # update that the document does not have. Then the view is dropped, and loaded again
                # when it is needed.
                room.document.forget_prepared()


def _large(room: Room) -> asyncio.Lock:
    if room.upkeep.large is None:
        room.upkeep.large = asyncio.Lock()
    return room.upkeep.large


def prepare(room: Room, incoming: Incoming, parsed: Parsed) -> Steps[Prepared]:
    """Do the long part of taking an update, in steps between which the room may take other updates.

    `Room.receive` then takes the update, with the result of this function. Until then the room is
    unchanged. If `Room.receive` is not called, or raises, call `Document.forget_prepared`. Raises
    as `Room.receive`.
    """
    index, known = room.index, room.index.known_of(parsed)
    room.integrate_pending()
    foreign = room.foreign(incoming, parsed)
    # The whole state is needed only to compare known structs. Merging it for each paste would cost
    # more than the paste. Another client may bring these structs meanwhile: then the state is
    # needed after all. `Prepared.holds` notices that the table has changed, and the room checks the
    # update again.
    source, claims = incoming.source, room.members.claims
    spans = claims.to_compare(source, parsed, room.document) if source else None
    needs_state = bool(spans) or asks_for_state(index, parsed, incoming.author)
    state = room.document.state() if needs_state else EMPTY
    compared = None
    if spans:
        # The structs of a small update are compared in a thread, too: its sender may have been
        # asked for them, and they are looked up in the whole document.
        compare = partial(find_differing, state, parsed.update, spans)
        compared = Compared(spans, (yield Long(compare)))
    check = partial(check_update, index, parsed, incoming.author, foreign, lambda: state)
    admitted: Admitted = yield (Long(check) if needs_state else check)
    # Other clients may have edited while a thread checked the update. Then the result may be out of
    # date, so nothing is put into the view, and the room does all of it in one call.
    if admitted.parsed and index.known_of(parsed) == known and not index.cuts_by(admitted.parsed):
        # Near the limit of text, the room needs the size of the text with the answer in it.
        reads = incoming.kind is UpdateKind.ANSWER and room.quota.is_near(len(incoming.update))
        yield from room.document.prepare(admitted.parsed, always=reads)
    if admitted.parsed:
        yield from room.quota.count(admitted.parsed.update)
    return Prepared(parsed, admitted, known, foreign, compared)
