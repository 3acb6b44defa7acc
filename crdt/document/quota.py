"""How much more a document may hold, and how much of that one author may bring."""

from collections.abc import Mapping
from dataclasses import dataclass

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
from crdt.structs.struct_index import StructIndex
from crdt.wire.parsed_update import Parsed


@dataclass(frozen=True, slots=True)
class Fill:
    """How full a document is.

    size          bytes of its state, at most; less once deleted content has left it
    limit         bytes that it may have
    is_half_full  more than half of them were in use when that was last counted without deleted
                  content
    """

    size: int
    limit: int
    is_half_full: bool


class DocumentQuota:
    """Bounds on one document's state and text,
    and on the part of the state that one author may fill.

    How large a document really is, is known only after its state was merged and deleted content was
    removed from it (`note_remaining`). That takes long and is done elsewhere. A client that meets
    the bound of the state before that is told to come back, and it is done soon.

    owner_id         of the session: this user may fill all of it
    needs_remaining  the state should be merged soon
    remaining        bytes of the state when that was done last, 0 if it was not yet
    """

    __slots__ = (
        "_document", "_fast_bound", "_full_storage", "_index", "_limit_counters", "_limits",
        "_shares",
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

    def own(self, user_id: str) -> None:
        """Note the session's owner; in a large document the shares of authors are counted soon."""
        self.owner_id = user_id
        self.needs_remaining = (
            self.needs_remaining or self._document.size > self._limits.state_bytes // 2
        )

    def reserve(self, size: int, text_bytes: int) -> bool:
        """Count an update of `size` bytes if that is far from every limit;
        if it returns False, `check` must decide.
        """
        # Two comparisons with upper bounds, because each keystroke asks. Bounds only grow here;
        # they are made exact where that costs something anyway.
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
        """Note how much of the state, which was merged just now, is each author's:
        {user id: bytes}.
        """
        self.needs_remaining = False
        self.remaining = self._document.size
        self._shares.count(
            {author: size for author, size in author_bytes.items() if author != self.owner_id},
            self.remaining,
        )
        self._bound()

    def note_storage(self, full: int) -> None:
        """Note the bytes that the owner's sessions may take, if they take too much;
        only deleting is allowed then.

        full  those bytes, or 0 if the owner has storage left
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
        """Raise DocumentFull if an update is too much:
        cheap bounds first, the true size only near a limit.

        is_exact  find out what the text would be, at the cost of loading the document; otherwise a
                  live edit that also deletes may pass the limit once, by its own size
        growth    by how many bytes the text grows, if that is known: then nothing is loaded

        Raises DocumentShrinking if the true size is known only once the state is merged.
        """
        self._check_state(len(parsed.update), is_deletion=not parsed.spans)
        # An update without structs only deletes, and so makes room:
        # these two limits do not refuse it.
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
        """Raise NeedsSteps for an update to be taken in steps: see `Document.check_quick`.

        So is one for which `check` may have to read the text, if that takes long.
        """
        document = self._document
        document.check_quick(update)
        if self.is_near(len(update)) and (
            document.is_slow_to_read or (is_exact and document.takes_long)
        ):
            raise NeedsSteps

    def is_near(self, update_bytes: int) -> bool:
        """Whether an update of that size may bring the text over its limit."""
        return self._text_bound + update_bytes > self._limits.text_bytes

    def _has_too_much_text(self, parsed: Parsed, *, is_exact: bool, growth: int | None) -> bool:
        """Look up the true size of the text, which may load the document; arguments as `check`.

        The bound has counted deleted text, too. So a document that is much edited comes here now
        and then.
        """
        limit = self._limits.text_bytes
        if self._document.shows(parsed.update):
            self._text_bound = self._text_bytes(parsed, parsed.update)
            return self._text_bound > limit
        before = self._text_bytes(parsed)
        # Still only a bound: what the update deletes is not taken off. Beyond the limit the true
        # size after the update decides; a live edit that also deletes may pass once.
        self._text_bound = before + parsed.contents.text_bytes
        if self._text_bound <= limit:
            return False
        if parsed.ranges and is_exact:
            if growth is None:
                before = self._text_bytes(parsed, parsed.update)
            else:
                before += growth
            self._text_bound = before
        return not parsed.ranges or before > limit

    def _check_state(self, update_bytes: int, *, is_deletion: bool) -> None:
        """Raise DocumentFull or DocumentShrinking;
        an update that only deletes may be a quarter more.
        """
        size, limit = self._document.size + update_bytes, 2 * self._limits.state_bytes
        if size > self._shares.recount_at or (is_deletion and size > limit):
            self.needs_remaining = True
        # Deletions take bytes themselves until the state is merged. Somebody who meets the limit
        # must be able to delete what is too much, so they get a quarter more.
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
        """Return the bytes of the document's text as it is, or would be after `update`.

        With shared types in it there may be text in these, which the view of texts does not show.
        """
        placement = parsed.placement
        if self._index.types.depths or (placement and placement.types):
            return text_bytes(self._document.state(), update)
        return self._document.text_bytes(
            dict.fromkeys((*self._index.text_roots, *(placement.text_roots if placement else ()))),
            update,
        )
