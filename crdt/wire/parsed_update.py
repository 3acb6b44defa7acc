"""The result of parsing an update: its structs and deletions, their references and places."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from crdt.wire.content import ANY, DOC, EMBED, FORMAT, JSON
from crdt.wire.struct_id import NO_ID, DenseIds, client_of, clock_of
from crdt.wire.struct_reader import Parent

GONE: Parent = (NO_ID, None)
"""The parent of structs that were garbage-collected: only their length is left."""

HOOKS = 1 << 31
"""In `Contents.kinds`: there are hooks (XmlHook), which pycrdt cannot read."""

VALUES = 1 << JSON | 1 << EMBED | 1 << FORMAT | 1 << ANY | 1 << DOC | HOOKS
"""In `Contents.kinds`: content that pycrdt cannot read, or writes in a changed form."""

ParentChange = tuple[int, int, int, int, Parent | None, int]
"""The place of a struct, and of the structs after it in its section up to the next such record.

(client, clock, left, right, parent, kind): the struct, the packed ids of its origins or NO_ID, its
place (None if it has the place of its origins), and the kind of its content. One record stands for
a run of structs of one kind. It is a plain tuple, because a NamedTuple would cost 3 % of the time
for parsing a small update.
"""

ParentRuns = list[tuple[int, Parent]]
"""(first clock, place), in order: structs from this clock to the next record have this place."""


class Contents:
    """The contents of an update's structs, and the shared types with these contents.

    Packed ids: see `struct_id`.

    roots           names of the root types that it names
    types           packed ids of the shared types that it creates
    kinds           1 << kind of content, of all structs together except text and GC; and `HOOKS`
    text_bytes      UTF-8 bytes of text that it inserts
    low_surrogates  packed ids of the second halves of characters beyond U+FFFF; None if it has none
    longest         length of its longest text or values; a value counts as
                    `compact.LONG_VALUES` characters
    multi_values    packed ids of structs with several values
    mergeable       number of structs that could be joined with the struct before them, see
                    `update_parser.MAX_MERGEABLE`
    followers       number of values that may continue the value before them, when it is not
                    known whether they are under a key
    has_keys        there are entries of maps that name their key
    """

    __slots__ = (
        "followers", "has_keys", "kinds", "longest", "low_surrogates", "mergeable", "multi_values",
        "roots", "text_bytes", "types",
    )  # fmt: skip

    def __init__(self) -> None:
        self.roots: set[str] = set()
        self.types: list[int] = []
        self.kinds = 0
        self.text_bytes = 0
        self.low_surrogates: DenseIds | None = None
        self.longest = 0
        self.multi_values: list[int] = []
        self.mergeable = 0
        self.followers = 0
        self.has_keys = False


@dataclass(frozen=True, slots=True)
class Placement:
    """The places of an update's structs in a document, as `StructParents.resolve` found them.

    parents              {client: [(clock, place)]}; empty if the whole document has one place
    text_roots           names of the roots in which it puts content that only texts have
    types                {packed id of a shared type that it creates: (the number of types that
                         contain it, itself included, packed id of the innermost of them or NO_ID)}
    multi_value_entries  packed ids of structs of several values under one map key
    collected            (client, start, end) of structs that Yjs garbage-collects when it
                         integrates them, because their parent or a neighbour is gone
    deleted              (client, start, end) of structs whose content was deleted
    """

    parents: Mapping[int, ParentRuns] = field(default_factory=dict)
    text_roots: Set[str] = frozenset()
    types: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    multi_value_entries: Sequence[int] = ()
    collected: Sequence[tuple[int, int, int]] = ()
    deleted: Sequence[tuple[int, int, int]] = ()

    def is_in_sequence(self, packed: int) -> bool:
        """Whether a struct of the update is in a sequence, and not under a map key."""
        # Without runs the whole document is in the sequence of one root. The tuple (clock + 1,)
        # sorts after every run that begins at the clock or before.
        runs = self.parents.get(client_of(packed), ())
        return not runs or runs[bisect_left(runs, (clock_of(packed) + 1,)) - 1][1][1] is None


_NO_HOLES: dict[int, list[tuple[int, int]]] = {}
"""The value that nearly all updates share: the parser makes another one for the first hole."""


class Parsed:
    """One update: its structs, the structs that they refer to, and their places.

    Packed ids: see `struct_id`.

    update          its bytes
    sections        (client, number of structs, position of the first struct,
                    position after the last struct), in order
    spans           {client: (first clock, next clock)} of its structs
    holes           {client: (start, end)}, in order, of structs that are missing between others
    needs           {client: highest clock that other clients' structs refer to}
    edges           (client, clock, other client, clock in its structs):
                    the first struct refers to the second
    splits          packed ids at which it cuts a run of text in two
    ranges          (client, start, end) of each deleted range
    contents        the contents of its structs
    is_flat         it has no shared types, no structs inside shared types, no subdocuments and
                    no garbage-collected structs
    parent_changes  the places of its structs, section by section, see `ParentChange`
    placement       the places of its structs in the document; None until they are found
    """

    __slots__ = (
        "contents", "edges", "holes", "is_flat", "needs", "parent_changes",
        "placement", "ranges", "sections", "spans", "splits", "update",
    )  # fmt: skip

    def __init__(self, update: bytes = b"") -> None:
        self.update = update
        self.sections: list[tuple[int, int, int, int]] = []
        self.spans: dict[int, tuple[int, int]] = {}
        self.holes: dict[int, list[tuple[int, int]]] = _NO_HOLES
        self.needs: dict[int, int] = {}
        self.edges: list[tuple[int, int, int, int]] = []
        self.splits: list[int] = []
        self.ranges: list[tuple[int, int, int]] = []
        self.contents = Contents()
        self.is_flat = True
        self.parent_changes: list[ParentChange] = []
        self.placement: Placement | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is flat and has no entries of maps that name their key."""
        return self.is_flat and not self.contents.has_keys
