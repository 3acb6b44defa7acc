"""How much one room may hold and take. The scan's own bounds are in `content`."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AwarenessLimits:
    """Bounds on presence; what is beyond them is ignored."""

    state_bytes: int = 4_096
    depth: int = 8
    clients_per_connection: int = 4


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


@dataclass(frozen=True, slots=True)
class RoomsSettings:
    """How rooms are kept. Seconds, milliseconds, bytes and counts as named."""

    room: RoomLimits = field(default_factory=RoomLimits)
    flush_delay_s: float = 0.5
    unsaved_bytes: int = 64 << 20
    idle_ms: int = 30_000
    checkpoint_updates: int = 1_000
    checkpoint_interval_ms: int = 10_000
    chunks_per_read: int = 500
    tend_interval_s: float = 1.0
