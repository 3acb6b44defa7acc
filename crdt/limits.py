"""How much one room may hold and take. The scan's own bounds are in `content`."""

from dataclasses import dataclass, field

from crdt.awareness import AwarenessLimits


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """Bounds on one room (defaults: facts/security.md)."""

    update_bytes: int = 256 << 10
    sync_bytes: int = 4 << 20
    text_bytes: int = 1 << 20
    state_bytes: int = 8 << 20
    unsaved_bytes: int = 8 << 20
    presence_interval_ms: int = 100
    awareness: AwarenessLimits = field(default_factory=AwarenessLimits)
