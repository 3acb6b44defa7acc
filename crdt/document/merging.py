"""Updates as bytes: merged, cut and checked by pycrdt, with its failures as one exception.

This module and `view` are the only doors to pycrdt.
All updates that come in have passed `update_parser`.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pycrdt

from crdt.errors import CrdtError, Rejected, RoomDamaged
from crdt.wire import y_protocol

FAN_IN = 10
"""Updates that are merged in one call. An update takes 0.6 µs in a call with ten,
and 4.4 µs in a call with thousands."""

_T = TypeVar("_T")

EMPTY = b"\x00\x00"
"""The update without structs and deletions: the state of a new document."""


class PycrdtFailure(Exception):
    """Stands for any error that pycrdt raised, also for its PanicException,
    which derives from BaseException.
    """


def guarded(call: Callable[..., _T], *arguments: Any) -> _T:
    """Call pycrdt and return its answer; raises PycrdtFailure for all its errors,
    and our own errors as they are.
    """
    try:
        return call(*arguments)
    except (KeyboardInterrupt, SystemExit, CrdtError):
        raise
    # A panic of Rust comes as `PanicException`, which is a BaseException on purpose, so that
    # programs end. Here it must end nothing: one document is broken, and all others go on.
    except BaseException as error:
        raise PycrdtFailure(type(error).__name__) from error


def merge(updates: list[bytes]) -> bytes:
    """Merge updates, in tens and upward; raises Rejected if pycrdt cannot."""
    try:
        while len(updates) > 1:
            updates = [
                bytes(guarded(pycrdt.merge_updates, *updates[at : at + FAN_IN]))
                for at in range(0, len(updates), FAN_IN)
            ]
    except PycrdtFailure as failure:
        raise Rejected("the updates cannot be merged") from failure
    return updates[0] if updates else EMPTY


def add_to_levels(
    levels: list[list[bytes]], update: bytes, merge_level: Callable[[list[bytes]], bytes]
) -> bytes:
    """Keep an update, merging each level of ten into one entry of the next;
    return the entry that holds it.
    """
    # As in a counter with ten digits: ten updates become one of the next level, ten of these one of
    # the level after. So an update is merged once for each level, four times in ten thousand. To
    # merge each with all before it would be quadratic.
    for level in levels:
        level.append(update)
        if len(level) < FAN_IN:
            return update
        update = merge_level(level)
        level.clear()
    levels.append([update])
    return update


def cut(state: bytes, state_vector: bytes) -> bytes:
    """Return what a client with this state vector lacks; raises PycrdtFailure."""
    return bytes(guarded(pycrdt.get_update, state, state_vector))


def verify(state: bytes, clocks: Mapping[int, int]) -> None:
    """Load a state into a fresh Doc; raises RoomDamaged unless that knows exactly these clocks."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    try:
        guarded(doc.apply_update, state)
        loaded = y_protocol.decode_state_vector(bytes(guarded(doc.get_state)))
    except PycrdtFailure as failure:
        raise RoomDamaged("the state cannot be loaded") from failure
    # yrs keeps what it cannot integrate as pending, without an error: the state vector tells.
    if loaded != clocks:
        raise RoomDamaged("the state does not load completely")
