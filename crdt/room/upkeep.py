"""The record that maintenance keeps about a loaded room."""

import asyncio
from dataclasses import dataclass


@dataclass(slots=True)
class Upkeep:
    """The maintenance state of a loaded room. Log positions, and milliseconds since 1970.

    checkpointed     log position of the stored checkpoint
    checkpointed_at  start of the last checkpoint, or time of loading if the room was
                     loaded from a checkpoint only
    checkpoint_ms    duration of the last checkpoint
    checkpoint_bytes bytes of the document after it
    compacted_at     when an owner last compacted the document; None for never
    packed           log position up to which the log was checked for packing
    pins             uses of the room besides its connections, which keep it loaded
    redactions       number of redactions.
                     A state that was read before one must not be stored after it
    large            a lock that is held while one large update is taken; None before the first one
    idle_since       when the room was first found unused; None while it is used
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
