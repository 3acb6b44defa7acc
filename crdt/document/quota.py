"""Whether a document has capacity for more."""

from crdt.document.document import Document
from crdt.document.merging import EMPTY
from crdt.errors import DocumentFull
from crdt.limits import MAX_STATE_BYTES, MAX_TEXT_BYTES, LimitCounters, RoomLimits
from crdt.reading.items import text_bytes
from crdt.structs.struct_index import StructIndex
from crdt.wire.parsed_update import Parsed


class DocumentQuota:
    """Bounds on one document's state and text."""

    __slots__ = ("_document", "_index", "_limit_counters", "_limits", "_text_bound")

    def __init__(
        self, document: Document, index: StructIndex, limits: RoomLimits, text_bound: int, limit_counters: LimitCounters
    ) -> None:
        """text_bound: bytes that the text cannot be over; limit_counters: see `RoomContext`."""
        self._limit_counters = limit_counters
        self._document = document
        self._index = index
        self._limits = limits
        self._text_bound = text_bound

    def reserve(self, size: int, text_bytes: int) -> bool:
        """Count an update of so many bytes if that is far from every limit; else `check` must say."""
        limits = self._limits
        if (
            size > limits.update_bytes
            or self._document.size + size > limits.state_bytes
            or self._text_bound + text_bytes > limits.text_bytes
        ):
            return False
        self._text_bound += text_bytes
        return True

    def check(self, parsed: Parsed, update: bytes, *, is_exact: bool) -> None:
        """Raise DocumentFull if an update is too much: cheap bounds first, the true size only near a limit.

        is_exact  find out what the text would be, at the cost of loading the document; otherwise a
                  live edit that also deletes may pass the limit once, by its own size
        """
        if self._document.size + len(update) > 2 * self._limits.state_bytes:
            self._limit_counters.count(MAX_STATE_BYTES)
            raise DocumentFull(f"the document's state is over {self._limits.state_bytes} bytes", MAX_STATE_BYTES.name)
        self._text_bound += parsed.shared.text_bytes
        if parsed.shared.text_bytes and self._text_bound > self._limits.text_bytes:
            before = self._text_bytes(parsed)
            self._text_bound = before + parsed.shared.text_bytes
            if self._text_bound <= self._limits.text_bytes:
                return
            if parsed.ranges and is_exact:
                before = self._text_bound = self._text_bytes(parsed, update)
            if not parsed.ranges or before > self._limits.text_bytes:
                self._limit_counters.count(MAX_TEXT_BYTES)
                raise DocumentFull(f"the document's text is over {self._limits.text_bytes} bytes", MAX_TEXT_BYTES.name)

    def _text_bytes(self, parsed: Parsed, update: bytes = EMPTY) -> int:
        """Return the bytes of the document's text as it is, or would be after `update`.

        With shared types in it there may be text in these, which the view of texts does not show.
        """
        placement = parsed.placement
        if self._index.types.depths or (placement and placement.types):
            return text_bytes(self._document.state(), update)
        return self._document.text_bytes(
            dict.fromkeys((*self._index.text_roots, *(placement.text_roots if placement else ()))), update
        )
