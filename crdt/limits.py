"""All settings that `crdt` obeys: limits of a room, automatic versions, worker processes.

An operator cannot change some of the limits: beyond them, browsers or yrs fail or take very long. A
refusal names such a limit in the same way as a setting.

See docs/design/limits.md.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crdt.settings import Setting, number

MAX_UPDATE_BYTES = number(
    "max_update_bytes", 4 << 20, 1_024, 64 << 20, "one edit of a client that is connected"
)
MAX_SYNC_BYTES = number(
    "max_sync_bytes",
    4 << 20,
    1_024,
    64 << 20,
    "edits that a client sends when it connects; any WebSocket message",
)
MAX_TEXT_BYTES = number("max_text_bytes", 1 << 20, 1_024, 64 << 20, "text of a document")
MAX_STATE_BYTES = number(
    "max_state_bytes",
    8 << 20,
    65_536,
    256 << 20,
    "stored state of a document; twice that while edits are not merged yet",
)
MAX_DELETED_BYTES = number(
    "max_deleted_bytes",
    64 << 10,
    0,
    256 << 20,
    "bytes of deleted content that a document keeps; more is dropped, as in Yjs with gc: true",
)
AUTHOR_SHARE_PERCENT = number(
    "author_share_percent",
    50,
    1,
    100,
    "how much of max_state_bytes one user may fill in a session that somebody else owns",
)
MAX_UNSAVED_ROOM_BYTES = number(
    "max_unsaved_room_bytes",
    8 << 20,
    65_536,
    1 << 30,
    "edits of a room in memory while the store is away; beyond this, its editors get 4503",
)
MAX_UNSAVED_BYTES = number(
    "max_unsaved_bytes",
    64 << 20,
    65_536,
    8 << 30,
    "edits of all rooms together in memory while the store is away; beyond this, editors get 4503",
)
PRESENCE_MS = number(
    "presence_ms",
    100,
    0,
    10_000,
    "milliseconds that must pass between two presence states of one connection",
)
PRESENCE_BYTES = number("presence_bytes", 4_096, 256, 1 << 20, "one presence state as JSON")
PRESENCE_DEPTH = number("presence_depth", 8, 2, 64, "levels of JSON in a presence state")
PRESENCE_CLIENTS = number(
    "presence_clients", 4, 1, 1_000, "Yjs client ids that one connection may announce"
)
FLUSH_MS = number(
    "flush_ms",
    500,
    0,
    1_000,
    "most milliseconds that edits gather before a commit; they gather for 5 for each session being "
    "edited, but for at least 200",
)
IDLE_S = number("idle_s", 30.0, 0.1, 86_400, "seconds until a room that nobody uses is closed")
AUTO_VERSION_PAUSE_S = number(
    "auto_version_pause_s", 30.0, 1, 86_400, "a version is made when typing pauses this long"
)
AUTO_VERSION_S = number(
    "auto_version_s", 300.0, 1, 86_400, "a version is made after this many seconds of typing"
)
VERSIONS = number(
    "versions",
    1_000,
    2,
    10_000_000,
    "versions of a session; the oldest automatic versions are dropped for new ones",
)
AUTO_VERSIONS = number(
    "auto_versions",
    500,
    1,
    10_000_000,
    "automatic versions that a session keeps; versions of other kinds are never dropped",
)
RUNS = number(
    "runs", 200, 1, 100_000, "runs of programs that a session keeps; the oldest are dropped"
)
TESTS = number(
    "tests",
    100,
    1,
    1_000,
    "open tests of programs that a session may have, and as many hidden ones",
)
USER_BYTES = number(
    "user_bytes",
    2 << 30,
    1 << 20,
    1 << 50,
    "bytes that a user's own sessions may take; above, no new versions, runs and sessions; "
    "above 110 %, no edits (4413)",
)
USER_SESSIONS = number("user_sessions", 2_000, 1, 10_000_000, "sessions that a user may own")
WORKERS = number(
    "workers",
    0,
    0,
    64,
    "processes for long work (comparing large texts); 0: the number of cores minus one, 2 to 4",
)
WORKER_MB = number("worker_mb", 512, 64, 65_536, "MiB that one of these processes may allocate")
WORKER_IDLE_S = number(
    "worker_idle_s", 60.0, 1, 86_400, "seconds without work after which such a process ends"
)

MAX_NAME_BYTES = 4_096
"""`name_bytes`: UTF-8 bytes of the name of a root, map key, format or element."""

MAX_VALUE_DEPTH = 500
"""`value_depth`: levels of one value, JSON or not."""

MAX_TYPE_DEPTH = 500
"""`type_depth`: levels of shared types inside each other."""

MAX_LIVING_TYPES = 100_000
"""`types`: shared types in one document that are not deleted."""

MAX_WORK_S = 1.0
"""`work`: seconds of CPU time that loading a document, or taking a single edit, may need beyond the
usual time for its size."""

MAX_STRUCTS = 1_000_000
"""`structs`: structs and deleted ranges in one update."""

MAX_ROOTS = 4_096
"""`roots`: root types in one document. A hundred thousand take yrs 0.4 s, and their names take
memory."""


class LimitCounters(Mapping[str, int]):
    """Counts the refusals by each limit, by the name of its setting."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def count(self, setting: Setting[Any], times: int = 1) -> None:
        """Count refusals by a limit; with 0 times the limit only appears among the counters."""
        self._counts[setting.name] += times

    def __getitem__(self, name: str) -> int:
        return self._counts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)


@dataclass(frozen=True, slots=True)
class AwarenessLimits:
    """Bounds on presence; a state that exceeds them is ignored."""

    state_bytes: int = PRESENCE_BYTES.field()
    depth: int = PRESENCE_DEPTH.field()
    clients_per_connection: int = PRESENCE_CLIENTS.field()


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """Bounds on one room. Names tell the units: bytes and milliseconds."""

    update_bytes: int = MAX_UPDATE_BYTES.field()
    sync_bytes: int = MAX_SYNC_BYTES.field()
    text_bytes: int = MAX_TEXT_BYTES.field()
    state_bytes: int = MAX_STATE_BYTES.field()
    deleted_bytes: int = MAX_DELETED_BYTES.field()
    author_share_percent: int = AUTHOR_SHARE_PERCENT.field()
    unsaved_bytes: int = MAX_UNSAVED_ROOM_BYTES.field()
    presence_interval_ms: int = PRESENCE_MS.field()
    awareness: AwarenessLimits = field(default_factory=AwarenessLimits)


@dataclass(frozen=True, slots=True)
class RoomsSettings:
    """Settings for all rooms. Names tell the units: seconds, milliseconds, bytes and counts."""

    room: RoomLimits = field(default_factory=RoomLimits)
    flush_delay_s: float = FLUSH_MS.default / 1000
    unsaved_bytes: int = MAX_UNSAVED_BYTES.field()
    idle_ms: int = int(IDLE_S.default * 1000)
    checkpoint_updates: int = 1_000
    checkpoint_interval_ms: int = 10_000
    chunks_per_read: int = 500
    maintenance_interval_s: float = 1.0
    user_bytes: int = USER_BYTES.field()
    user_sessions: int = USER_SESSIONS.field()
    runs: int = RUNS.field()
    tests: int = TESTS.field()
