"""The y-protocols codec: turns frames into messages and back, strictly and without I/O.

Not for the inside of an update (`update_parser`), or the content of an awareness state
(`awareness`). A WebSocket message carries exactly one frame, `varUint(type) payload`. Bytes after
the payload are an error, because stock clients would silently drop them.

See docs/design/wire.md.
"""

from collections.abc import Mapping
from typing import NamedTuple

from crdt.errors import ProtocolError
from crdt.wire.delete_ranges import write_deletions, write_ranges
from crdt.wire.lib0 import read_var_bytes, read_var_uint, write_var_bytes, write_var_uint

SYNC = 0
AWARENESS = 1
AUTH = 2
QUERY_AWARENESS = 3
SAVED = 102

_PERMISSION_DENIED = bytes((AUTH, 0))

KEEP_ALIVE = b"\x01\x01\x00"
"""An awareness frame without entries, which satisfies y-websocket's watchdog of 30 s."""

MAX_AWARENESS_ENTRIES = 512
MAX_AWARENESS_BYTES = 512 << 10
"""Entries of one awareness frame, and their bytes. A room full of clients needs less in one frame,
and 4 MB of entries would take 5.7 s."""


class AwarenessEntry(NamedTuple):
    """One client's presence: its JSON text, or None after it has left."""

    client_id: int
    clock: int
    state: str | None


class SyncStep1(NamedTuple):
    """A question for the updates that the receiver has and the state vector lacks."""

    state_vector: bytes


class SyncStep2(NamedTuple):
    """The answer to SyncStep1: the missing updates."""

    update: bytes


class SyncUpdate(NamedTuple):
    """One change of the document."""

    update: bytes


class AwarenessUpdate(NamedTuple):
    """Changes of clients' presence."""

    entries: tuple[AwarenessEntry, ...]


class QueryAwareness(NamedTuple):
    """A question for every client's presence."""


class Unknown(NamedTuple):
    """A frame type that this server does not know. It is ignored, as in y-websocket."""

    frame_type: int


Message = SyncStep1 | SyncStep2 | SyncUpdate | AwarenessUpdate | QueryAwareness | Unknown

_SYNC_MESSAGES: tuple[type[SyncStep1] | type[SyncStep2] | type[SyncUpdate], ...] = (
    SyncStep1,
    SyncStep2,
    SyncUpdate,
)


def decode(frame: bytes, update: bytes | None = None) -> Message:
    """Decode one frame; raises ProtocolError if it is not exactly one well-formed frame.

    update  the update in it, if the frame was decoded before: a large one is not copied again
    """
    if update is not None:
        # The low bits are enough: a varUint may have more bytes than it needs.
        return _SYNC_MESSAGES[frame[1] & 127](update)
    try:
        frame_type, at = read_var_uint(frame, 0)
        if frame_type == SYNC:
            sub_type, at = read_var_uint(frame, at)
            if sub_type > 2:
                raise ProtocolError("unknown sync message")
            payload, at = read_var_bytes(frame, at)
            _expect_end(frame, at)
            return _SYNC_MESSAGES[sub_type](payload)
        if frame_type == AWARENESS:
            payload, at = read_var_bytes(frame, at)
            _expect_end(frame, at)
            return AwarenessUpdate(_decode_entries(payload))
        if frame_type == QUERY_AWARENESS:
            _expect_end(frame, at)
            return QueryAwareness()
        # y-websocket ignores types that it does not know, and providers may send their own types.
        return Unknown(frame_type)
    except IndexError:
        raise ProtocolError("frame ends early") from None


def decode_state_vector(data: bytes) -> dict[int, int]:
    """Decode {client id: next clock}; raises ProtocolError for bytes that no Yjs client would send.

    The declared count is checked against the remaining bytes before anything is allocated: four
    hostile bytes make pycrdt allocate half a gigabyte.
    """
    clocks: dict[int, int] = {}
    try:
        count, at = read_var_uint(data, 0)
        if count > len(data) // 2:
            raise ProtocolError("state vector declares more clients than it has bytes for")
        for _ in range(count):
            client, at = read_var_uint(data, at)
            clock, at = read_var_uint(data, at)
            # pycrdt's clocks have 32 bits. If a client could come twice, the answer would depend on
            # the order.
            if clock >= 1 << 31 or client in clocks:
                raise ProtocolError("state vector with an impossible clock or a client twice")
            clocks[client] = clock
    except IndexError:
        raise ProtocolError("state vector ends early") from None
    _expect_end(data, at)
    return clocks


def deletion_of(state_vector: bytes) -> bytes:
    """Return an update that deletes all structs below the clocks of a state vector."""
    clocks = decode_state_vector(state_vector)
    ranges = {client: write_ranges([(0, clock)]) for client, clock in clocks.items() if clock}
    return b"\x00" + write_deletions(ranges)


def state_vector(clocks: Mapping[int, int]) -> bytes:
    """Encode a state vector: all structs below these clocks are known."""
    return write_var_uint(len(clocks)) + b"".join(
        write_var_uint(client) + write_var_uint(clock) for client, clock in clocks.items()
    )


def sync_step1(clocks: Mapping[int, int]) -> bytes:
    """Return a frame that asks the other side for all structs beyond these clocks."""
    return b"\x00\x00" + write_var_bytes(state_vector(clocks))


def sync_step2(update: bytes) -> bytes:
    """Return a frame that answers a SyncStep1."""
    return b"\x00\x01" + write_var_uint(len(update)) + update


def sync_update(update: bytes) -> bytes:
    """Return a frame that relays an update."""
    # In this order, a large update is copied once.
    return b"\x00\x02" + write_var_uint(len(update)) + update


def awareness_update(entries: list[AwarenessEntry]) -> bytes:
    """Return a frame that announces presence states."""
    parts = [write_var_uint(len(entries))]
    for client_id, clock, state in entries:
        text = "null" if state is None else state
        parts += (write_var_uint(client_id), write_var_uint(clock), write_var_bytes(text.encode()))
    return b"\x01" + write_var_bytes(b"".join(parts))


def permission_denied(reason: str) -> bytes:
    """Return a frame that tells a client why its updates are dropped, or why it will be closed."""
    return _PERMISSION_DENIED + write_var_bytes(reason.encode())


def saved(count: int) -> bytes:
    """Return a frame: the first `count` updates of a connection are committed (`?saved=1` only)."""
    return write_var_uint(SAVED) + write_var_bytes(write_var_uint(count))


def _decode_entries(payload: bytes) -> tuple[AwarenessEntry, ...]:
    count, at = read_var_uint(payload, 0)
    # An entry has at least three bytes: client id, clock and the length of its state.
    if count > len(payload) // 3:
        raise ProtocolError("awareness declares more entries than it has bytes for")
    if count > MAX_AWARENESS_ENTRIES or len(payload) > MAX_AWARENESS_BYTES:
        raise ProtocolError("awareness frame too large")
    entries = []
    for _ in range(count):
        client_id, at = read_var_uint(payload, at)
        clock, at = read_var_uint(payload, at)
        raw, at = read_var_bytes(payload, at)
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise ProtocolError("awareness state is not UTF-8") from None
        entries.append(AwarenessEntry(client_id, clock, None if text == "null" else text))
    _expect_end(payload, at)
    return tuple(entries)


def _expect_end(data: bytes, at: int) -> None:
    if at != len(data):
        raise ProtocolError("bytes after the end of the message")
