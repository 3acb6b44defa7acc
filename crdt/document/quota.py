"""Limits how much more a document may hold, and how much of it one author may bring."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from crdt.document.author_shares import AuthorShares
from crdt.document.document import Document
from crdt.document.merging import EMPTY
from crdt.errors import DocumentFull, DocumentShrinking, NeedsSteps
from crdt.limits import (
    AUTHOR_SHARE_PERCENT,
    MAX_STATE_BYTES,
    MAX_TEXT_BYTES,
    USER_BYTES,
    LimitCounters,
    RoomLimits,
)
from crdt.reading.items import text_bytes
from crdt.steps import Long, Steps
from crdt.structs.struct_index import StructIndex
from crdt.wire.parsed_update import Parsed


@dataclass(frozen=True, slots=True)
class Fill:
    """How full a document is.

    size          upper bound of the bytes of its state; falls when deleted content is removed
    limit         bytes that it may have
    is_half_full  more than half of `limit` was in use at the last count without deleted content
    """

    size: int
    limit: int
    is_half_full: bool


@dataclass(slots=True)
class _Counting:
    """How the bound of the text was found.

    counted_for  the update for which the text in shared types was counted
    sizes_found  how many times `check` has found the true size of the text
    """

    counted_for: bytes = EMPTY
    sizes_found: int = 0


class DocumentQuota:
    """Bounds one document's state and text, and the part of the state that one author may fill.

    The true size of a document is known only after its state was merged and deleted content was
    removed from it (`note_remaining`). That takes long and is done elsewhere. A client that reaches
    the bound before that is told to try again soon.

    owner_id         the session's owner: this user may fill all of it
    needs_remaining  the state should be merged soon
    remaining        bytes of the state when it was merged last; 0 if it was not merged yet
    """

    __slots__ = (
        "_counting", "_document", "_fast_bound", "_full_storage", "_index", "_limit_counters",
        "_limits", "_shares",
        "_text_bound", "needs_remaining", "owner_id", "remaining",
    )  # fmt: skip

    def __init__(
        self,
        document: Document,
        index: StructIndex,
        limits: RoomLimits,
        text_bound: int,
        limit_counters: LimitCounters,
    ) -> None:
        """text_bound: an upper bound of the bytes of the text;
        limit_counters: see `RoomContext`.
        """
        self.owner_id = ""
        self.needs_remaining = False
        self.remaining = 0
        self._shares = AuthorShares(limits.state_bytes * limits.author_share_percent // 100)
        self._full_storage = 0
        self._fast_bound = min(limits.state_bytes, self._shares.recount_at)
        self._limit_counters = limit_counters
        self._document = document
        self._index = index
        self._limits = limits
        self._text_bound = text_bound
        self._counting = _Counting()

    def own(self, user_id: str) -> None:
        """Note the session's owner; in a large document the shares of authors are counted soon."""
        self.owner_id = user_id
        self.needs_remaining = (
            self.needs_remaining or self._document.size > self._limits.state_bytes // 2
        )

    def reserve(self, size: int, text_bytes: int) -> bool:
        """Count an update of `size` bytes and return True if no limit is near.

        If it returns False, nothing is counted, and `check` must decide.
        """
        # This method compares only upper bounds of the sizes, because it runs for each keystroke.
        # The bounds only grow here. They become exact when other code needs the true size.
        limits = self._limits
        if (
            size > limits.update_bytes
            or self._document.size + size > self._fast_bound
            or self._text_bound + text_bytes > limits.text_bytes
        ):
            return False
        self._text_bound += text_bytes
        return True

    def note_remaining(self, author_bytes: Mapping[str, int]) -> None:
        """Note how much of the state, which was merged just now, each author wrote.

        author_bytes  {user id: bytes}
        """
        self.needs_remaining = False
        self.remaining = self._document.size
        self._shares.count(
            {author: size for author, size in author_bytes.items() if author != self.owner_id},
            self.remaining,
        )
        self._bound()

    def note_storage(self, full: int) -> None:
        """Note whether the owner's sessions take too much storage: then only deleting is allowed.

        full  the bytes that they may take, or 0 if the owner has storage left
        """
        if full != self._full_storage:
            self._full_storage = full
            self._bound()

    def _bound(self) -> None:
        """Set the size of the document up to which `reserve` takes every update."""
        is_refusing = bool(self._shares.over or self._full_storage)
        self._fast_bound = (
            0 if is_refusing else min(self._limits.state_bytes, self._shares.recount_at)
        )

    @property
    def fill(self) -> Fill:
        """How full the document is."""
        limit = self._limits.state_bytes
        return Fill(self._document.size, limit, self.remaining > limit // 2)

    def check(
        self, parsed: Parsed, author: str, *, is_exact: bool, growth: int | None = None
    ) -> None:
        """Raise DocumentFull if an update is too much.

        Cheap bounds are compared first; the true size is found only near a limit.

        is_exact  find the true size of the text, which loads the document. Otherwise a live edit
                  that also deletes may pass the limit once, by its own size
        growth    by how many bytes the text grows, if that is known: then nothing is loaded

        Raises DocumentShrinking if the true size is known only after the state is merged.
        """
        self._check_state(len(parsed.update), is_deletion=not parsed.spans)
        # An update without structs only deletes, and so makes room: the next two limits do not
        # refuse it.
        if parsed.spans and self._full_storage:
            self._limit_counters.count(USER_BYTES)
            raise DocumentFull(
                f"the storage of the session's owner is full: over {self._full_storage >> 20:,} "
                "MiB",
                USER_BYTES.name,
            )
        if parsed.spans and author in self._shares.over:
            self._limit_counters.count(AUTHOR_SHARE_PERCENT)
            self.needs_remaining = self.needs_remaining or self._document.size != self.remaining
            raise DocumentFull(
                f"what one user wrote is over {self._shares.most_bytes} bytes of the document",
                AUTHOR_SHARE_PERCENT.name,
            )
        self._text_bound += parsed.contents.text_bytes
        if (
            parsed.contents.text_bytes
            and self._text_bound > self._limits.text_bytes
            and self._has_too_much_text(parsed, is_exact=is_exact, growth=growth)
        ):
            self._limit_counters.count(MAX_TEXT_BYTES)
            raise DocumentFull(
                f"the document's text is over {self._limits.text_bytes} bytes", MAX_TEXT_BYTES.name
            )

    def check_quick(self, update: bytes, *, is_exact: bool) -> None:
        """Raise NeedsSteps if `Document.check_quick` does, or if `check` may take long.

        It takes long if it has to read the text of a document that is slow to read.
        """
        document = self._document
        document.check_quick(update)
        if self.is_near(len(update)) and (
            document.is_slow_to_read
            or (document.takes_long and (is_exact or bool(self._index.types.depths)))
        ):
            raise NeedsSteps

    def count(self, update: bytes) -> Steps[None]:
        """Count the text in shared types in a thread, if an update may need it.

        Reading 50,000 structs takes 0.1 s. `check` then need not do that for this update.
        """
        if not (self.is_near(len(update)) and self._index.types.depths):
            return
        bound, sizes_found = self._text_bound, self._counting.sizes_found
        counted = yield Long(partial(text_bytes, *self._document.parts()))
        # Meanwhile the bound has grown by all text that others brought. If the true size was found
        # for another update, the bound began again from that size, and is close enough.
        if self._counting.sizes_found == sizes_found:
            self._text_bound = min(self._text_bound, counted + self._text_bound - bound)
        self._counting.counted_for = update

    def is_near(self, update_bytes: int) -> bool:
        """Whether an update of that size may bring the text over its limit."""
        return self._text_bound + update_bytes > self._limits.text_bytes

    def _has_too_much_text(self, parsed: Parsed, *, is_exact: bool, growth: int | None) -> bool:
        """Return whether the true size of the text is over the limit. Arguments: see `check`.

        This may load the document. The bound also counts deleted text, so an often edited document
        reaches this method now and then.
        """
        limit = self._limits.text_bytes
        if parsed.update is self._counting.counted_for and not (parsed.ranges and is_exact):
            self._counting.counted_for = EMPTY
            return not parsed.ranges or self._text_bound - parsed.contents.text_bytes > limit
        self._counting.sizes_found += 1
        if self._document.shows(parsed.update):
            self._text_bound = self._text_bytes(parsed, parsed.update)
            return self._text_bound > limit
        before = self._text_bytes(parsed)
        # The sum is still only a bound: text that the update deletes is not subtracted. Over the
        # limit, the true size after the update decides. A live edit that also deletes may pass
        # once.
        self._text_bound = before + parsed.contents.text_bytes
        if self._text_bound <= limit:
            return False
        if parsed.ranges and is_exact:
            if growth is None:
                before = self._text_bound = self._text_bytes(parsed, parsed.update)
            else:
                # Other clients may have deleted some of the same text meanwhile. Then the text
                # grows by more than that. So the bound stays as it is, above the true size.
                before += growth
        return not parsed.ranges or before > limit

    def _check_state(self, update_bytes: int, *, is_deletion: bool) -> None:
        """Raise DocumentFull or DocumentShrinking if the state is too large.

        An update that only deletes may go over the limit by a quarter.
        """
        size, limit = self._document.size + update_bytes, 2 * self._limits.state_bytes
        if size > self._shares.recount_at or (is_deletion and size > limit):
            self.needs_remaining = True
        # Deletions take bytes themselves until the state is merged. A user who reaches the limit
        # must be able to delete text, so deletions get a quarter more.
        if is_deletion:
            limit += limit // 4
        if size <= limit:
            return
        self._limit_counters.count(MAX_STATE_BYTES)
        if self.remaining and self.remaining + update_bytes > limit:
            raise DocumentFull(
                f"the document's state is over {self._limits.state_bytes} bytes",
                MAX_STATE_BYTES.name,
            )
        self.needs_remaining = True
        raise DocumentShrinking(
            "the document is full, and deleted content is being removed from it"
        )

    def _text_bytes(self, parsed: Parsed, update: bytes = EMPTY) -> int:
        """Return the bytes of the document's text as it is, or as it would be after `update`.

        A document with shared types may have text in these, which the view of texts does not show.
        """
        placement = parsed.placement
        if self._index.types.depths or (placement and placement.types):
            return text_bytes(self._document.state(), update)
        return self._document.text_bytes(
            dict.fromkeys((*self._index.text_roots, *(placement.text_roots if placement else ()))),
            update,
        )
