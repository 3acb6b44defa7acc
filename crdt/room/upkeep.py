"""What the maintenance of a room has noted about it."""

import asyncio
from dataclasses import dataclass


@dataclass(slots=True)
class Upkeep:
    """Where a room stands between loading and closing. Log positions, and milliseconds since 1970.

    checkpointed     log position of the stored checkpoint
    checkpointed_at  when the last checkpoint was begun, or when the room was loaded from
                     no more than a checkpoint
    checkpoint_ms    how long it took
    checkpoint_bytes bytes of the document after it
    compacted_at     when an owner last had the document made smaller, None for never
    packed           log position up to which the log was looked at for packing
    pins             uses of the room besides its connections; it stays loaded while there are any
    redactions       how often text was taken out of its past.
                     A state that was read before must not be stored after it
    large            a lock that is held while one large update is taken; None before the first one
    idle_since       when it was first seen that nobody uses the room, None while somebody does
    """

    checkpointed: int = 0
    checkpointed_at: int = 0
    checkpoint_ms: int = 0
    checkpoint_bytes: int = 0
    compacted_at: int | None = None
    packed: int = 0
    pins: int = 0
    redactions: int = 0
    large: asyncio.Lock | None = None
    idle_since: int | None = None
