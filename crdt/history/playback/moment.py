"""Puts a document together from its log, as it was at a past moment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from crdt.history.playback.stored_log import StoredLog
from crdt.reading.documents import Document, documents_of
from crdt.reading.text_order import TextOrder

_View = TypeVar("_View")


@dataclass(frozen=True, slots=True)
class Moment:
    """A document at a past moment.

    files      {root: text} of all text roots and the main root
    documents  {root: its content} of all other roots
    """

    files: dict[str, str]
    documents: dict[str, Document]
    main_root: str


def moment(log: StoredLog, sequence: int, main_root: str, view: Callable[[Moment], _View]) -> _View:
    """Return a view of the document after a log entry; raises RoomDamaged."""
    order = TextOrder()
    log.load(order, sequence)
    return view(Moment({main_root: "", **order.texts()}, documents_of(order), main_root))
