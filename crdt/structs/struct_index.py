"""The table of a document's structs that a room keeps, and that admission reads.

`take` has an admitted update applied, and records it. `take_stored` does the same with an update
from the store. The table is separate from pycrdt on purpose: after an edit that cuts an emoji in
two, the state vector that yrs reports is wrong.

See docs/design/documents.md.
"""

from collections.abc import Mapping, Set
from functools import lru_cache
from typing import Protocol, TypeVar

from crdt.errors import Gap, LimitExceeded, Rejected
from crdt.limits import MAX_ROOTS
from crdt.structs.partial import find_part
from crdt.structs.struct_parents import StructParents
from crdt.structs.type_table import TypeTable
from crdt.wire.parsed_update import Parsed, Placement
from crdt.wire.struct_id import BLOCK_BITS, BLOCK_MASK, DenseIds, pack_id
from crdt.wire.struct_reader import Parent

_NONE: frozenset[int] = frozenset()
_Names = TypeVar("_Names", frozenset[str], tuple[str, ...])


class Apply(Protocol):
    """Integrates an update into a document, as `Document.apply` does."""

    def __call__(self, parsed: Parsed, /, *, cuts: bool) -> bool: ...


class StructIndex:
    """The structs of one document, by client id.

    clocks            {client id: next clock}
    owners            {client id: id of the user who used it first}; only this user may extend it
    types             the shared types of the document
    roots             names of all roots
    text_roots        names of the roots that hold text, in order of appearance
    kinds             kinds of content that are or were in the document, see `Parsed`
    is_flat           all updates so far are flat (see `Parsed`)
    is_plain          all updates so far are plain (see `Parsed`), and all roots are texts
    parents           the places of the structs
    low_surrogates    packed ids of second halves of characters that could be cut in two;
                      None if there never were any
    split_surrogates  packed ids of second halves of characters that an edit cut in two
    """

    __slots__ = (
        "_text_root_names", "clocks", "is_flat", "is_plain", "kinds", "low_surrogates", "owners",
        "parents",
        "roots", "split_surrogates", "text_roots", "types",
    )  # fmt: skip

    def __init__(self) -> None:
        self.clocks: dict[int, int] = {}
        self.owners: dict[int, str] = {}
        self.types = TypeTable()
        self.roots: frozenset[str] = frozenset()
        self.text_roots: tuple[str, ...] = ()
        self._text_root_names: frozenset[str] = frozenset()
        self.is_flat = self.is_plain = True
        self.kinds = 0
        self.parents = StructParents()
        self.split_surrogates: set[int] = set()
        self.low_surrogates: DenseIds | None = None

    def check_complete(self, parsed: Parsed) -> None:
        """Raise Gap unless a whole update can be integrated."""
        part = find_part(parsed, self.clocks, _NONE)
        if part and part.missing:
            raise Gap("structs are missing before this update, or that it refers to")

    def foreign(self, parsed: Parsed, author: str) -> Set[int]:
        """Return the client ids of other users for which an update has new structs.

        Two users under one client id would split the document forever, with equal state vectors.
        """
        owners, clocks = self.owners, self.clocks
        return {
            client
            for client, (_, after) in parsed.spans.items()
            if owners.get(client, author) != author and after > clocks.get(client, 0)
        }

    def known_of(self, parsed: Parsed) -> list[int]:
        """Return the clock up to which each section of an update is known.

        While these clocks are unchanged, the part that may be taken is unchanged, too: known
        structs stay known.
        """
        return [self.clocks.get(client, 0) for client in parsed.spans]

    def place(self, parsed: Parsed) -> Placement:
        """Find the places of the structs of an update that may be applied.

        Raises Rejected for structs without a place. Raises LimitExceeded for too many roots, and
        for too many or too deep shared types.
        """
        if (
            not parsed.contents.roots <= self.roots
            and len(self.roots | parsed.contents.roots) > MAX_ROOTS
        ):
            raise LimitExceeded(f"over {MAX_ROOTS} root types in a document", "roots")
        placement = self.parents.resolve(parsed, self.types)
        if placement.types:
            self.types.check(placement, parsed.ranges)
        return placement

    def take(self, parsed: Parsed, author: str, apply: Apply, unclaimed: Set[int] = _NONE) -> bool:
        """Have an admitted update applied and record it; return whether the document changed.

        The order matters. `apply` must already know which characters the update cuts in two. An
        update that is refused, or changes nothing, must not change the table.

        parsed     the result of `admission.check_update`
        apply      integrates the update; returns whether the document changed
        unclaimed  client ids that get no owner, because the author only carries their structs

        Raises the errors of `apply`. After Rejected or LimitExceeded the table is unchanged.
        """
        # The cuts are noted before `apply`, because the view is loaded inside it and must replace
        # these characters. They are removed again if the update is refused.
        split_surrogates = self._cut_by(parsed)
        try:
            if not apply(parsed, cuts=bool(split_surrogates)):
                return False
        except (Rejected, LimitExceeded):
            self.split_surrogates -= split_surrogates
            raise
        self._commit(parsed, author, unclaimed)
        return True

    def take_stored(
        self, parsed: Parsed, author: str, apply: Apply | None = None, *, is_unclaimed: bool = False
    ) -> None:
        """Apply and record an update from the store, which was admitted before.

        author        id of the user who sent it; "" for a merged state of several authors
        apply         integrates the update; None if the caller merges all updates later
        is_unclaimed  the client ids in it get no owner

        Raises Gap if a part of it cannot be integrated, and the errors of `apply`.
        """
        self.check_complete(parsed)
        # This works as in `take`, but without undoing: an error ends the loading of the document.
        split_surrogates = self._cut_by(parsed)
        if apply:
            apply(parsed, cuts=bool(split_surrogates))
        self._commit(parsed, author, parsed.spans.keys() if is_unclaimed else _NONE)

    def cuts_by(self, parsed: Parsed) -> set[int]:
        """Return the whole characters that the update cuts in two.

        An edit cuts a character if a struct or a deletion begins or ends between its halves. An
        example: client 5 typed "a😀b", so the halves have clocks 1 and 2, and 5:2 is in
        `low_surrogates`. A struct after 5:1 cuts at 5:2. So does a struct before 5:2, or a deletion
        of 5:2 alone. A deletion of 5:1 to 5:2 cuts nothing.
        """
        sets = [ids for ids in (self.low_surrogates, parsed.contents.low_surrogates) if ids]
        if not sets:
            return set()
        cuts = set(parsed.splits)
        for client, start, end in parsed.ranges:
            cuts.add(pack_id(client, start))
            # A cut is before a unit. So a range cuts before its first unit and before the unit
            # after its last one. The character is only cut in two if that unit is its second half.
            cuts.add(pack_id(client, end))
        return set().union(*(ids.among(cuts) for ids in sets)) - self.split_surrogates

    def _cut_by(self, parsed: Parsed) -> set[int]:
        """Note in `split_surrogates` the characters that the update cuts, and return them."""
        split_surrogates = self.cuts_by(parsed)
        self.split_surrogates |= split_surrogates
        return split_surrogates

    def has_cut(self, clocks: Mapping[int, int]) -> bool:
        """Whether a client that knows all structs below these clocks has half of a character."""
        known = self.low_surrogates
        return known is not None and any(
            pack_id(client, clock) in known for client, clock in clocks.items()
        )

    def cuts(self, place: int) -> bool:
        """Whether an edit at this packed id would cut a whole character in two."""
        known = self.low_surrogates
        # Each keystroke ends here.
        if (
            known is None
            or not known.blocks.get(place >> BLOCK_BITS, 0) >> (place & BLOCK_MASK) & 1
        ):
            return False
        return place not in self.split_surrogates

    def is_in_text(self, client: int, start: int, end: int) -> bool:
        """Whether all these known structs are in the sequence of one root that has had text."""
        parent = self.parents.of_range(client, start, end)
        return parent is not None and self.is_text(parent)

    def is_text(self, parent: Parent) -> bool:
        """Whether a place is the sequence of a root that has had text."""
        root, key = parent
        return key is None and root in self._text_root_names

    def _commit(self, parsed: Parsed, author: str, unclaimed: Set[int]) -> None:
        """Record an applied update."""
        contents = parsed.contents
        placement = parsed.placement or self.parents.resolve(parsed, self.types, is_strict=False)
        self.parents.add(parsed, placement)
        self.kinds |= contents.kinds
        if contents.low_surrogates:
            self.low_surrogates = self.low_surrogates or DenseIds()
            self.low_surrogates.update(contents.low_surrogates)
        # A client id belongs to the first user whose structs come under it. Carried structs give no
        # owner, because the user who brings them did not type them.
        for client, (_, after) in parsed.spans.items():
            # The clocks of one client have no gaps, because admission refuses them. So one number
            # tells which structs are known.
            if after > self.clocks.get(client, 0):
                self.clocks[client] = after
            if client not in unclaimed:
                self.owners.setdefault(client, author)
        if placement.types or placement.deleted or self.types.living:
            self.types.add(placement, parsed.ranges)
        self.is_flat = self.is_flat and parsed.is_flat
        if not (contents.roots <= self.roots and placement.text_roots <= self._text_root_names):
            self._add_roots(contents.roots, placement.text_roots)
        # A keystroke does not show that its root is a text. Once each root has had text, the fast
        # path need not look up the places of the neighbours.
        has_only_texts = len(self.text_roots) == len(self.roots)
        self.is_plain = has_only_texts and self.is_flat and not self.parents.has_keys

    def _add_roots(self, roots: Set[str], text_roots: Set[str]) -> None:
        self.roots = _shared(self.roots | roots)
        new = sorted(text_roots - self._text_root_names)
        self.text_roots = _shared((*self.text_roots, *new))
        self._text_root_names = _shared(self._text_root_names | text_roots)


@lru_cache(maxsize=64)
def _shared(names: _Names) -> _Names:
    """Return an equal set that other documents use already.

    Nearly all documents have one text of the same name. So each document saves 320 bytes: a
    megabyte for 3,000 of them. The cache belongs to the module because all documents share it. It
    is bounded, and its values are immutable.
    """
    return names
