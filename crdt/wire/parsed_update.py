"""The contents of an update, as the parser found them."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from crdt.wire.content import ANY, DOC, EMBED, FORMAT, JSON
from crdt.wire.struct_id import NO_ID, DenseIds, client_of, clock_of
from crdt.wire.struct_reader import Parent

GONE: Parent = (NO_ID, None)
"""The parent of structs of which only the length is left: they were garbage-collected."""

HOOKS = 1 << 31
"""In `Contents.kinds`: there are hooks (XmlHook), which pycrdt cannot read."""

VALUES = 1 << JSON | 1 << EMBED | 1 << FORMAT | 1 << ANY | 1 << DOC | HOOKS
"""In `Contents.kinds`: content that pycrdt cannot read,
or writes in another form than it came in."""

ParentChange = tuple[int, int, int, int, Parent | None, int]
"""Says where a struct lies. The structs behind it in its section lie there too, up to the next such
record.

(client, clock, left, right, parent, kind): the struct, the packed ids of its origins or NO_ID,
where it lies (None: where its origins lie), and the kind of its content. One record stands for a
run of structs of one kind. It is a plain tuple, because a NamedTuple would cost 3 % of the time
that a small update takes to parse.
"""

ParentRuns = list[tuple[int, Parent]]
"""(first clock, place), in order: the structs from there to the next one lie there."""


class Contents:
    """What the structs of an update contain, and in which shared types.

    Packed ids: see `struct_id`.

    roots           names of the root types it names
    types           packed ids of the shared types it creates
    kinds           1 << kind of content, of all structs together except text and GC; and `HOOKS`
    text_bytes      UTF-8 bytes of text it inserts
    low_surrogates  packed ids of the second halves of characters beyond U+FFFF, None without such
    longest         length of its longest text or values; a value counts as
                    `compact.LONG_VALUES` characters
    multi_values    packed ids of structs of several values
    mergeable       structs that could be one with that before them, see
                    `update_parser.MAX_MERGEABLE`
    followers       values that may continue the one before them, but it is not known
                    whether they lie under a key
    """

    __slots__ = (
        "followers", "kinds", "longest", "low_surrogates", "mergeable", "multi_values", "roots",
        "text_bytes", "types",
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


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the structs of an update lie in a document,
    once `StructParents.resolve` has looked that up.

    parents              {client: [(clock, place)]}; empty if all of the document lies in one place
    text_roots           names of the roots in which it puts something that only texts have
    types                {packed id of a shared type it creates: (how many types that lies in,
                         itself included, and the packed id of the one around it or NO_ID)}
    multi_value_entries  packed ids of structs of several values under one map key
    collected            (client, start, end) of structs that Yjs garbage-collects when it
                         integrates them: what they lie in, or a neighbour of theirs, is gone
    deleted              (client, start, end) of structs of which the content was deleted
    """

    parents: Mapping[int, ParentRuns] = field(default_factory=dict)
    text_roots: Set[str] = frozenset()
    types: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    multi_value_entries: Sequence[int] = ()
    collected: Sequence[tuple[int, int, int]] = ()
    deleted: Sequence[tuple[int, int, int]] = ()

    def is_in_sequence(self, packed: int) -> bool:
        """Whether a struct of the update lies in a sequence, and not under a map key."""
        # No runs means that all of the document lies in one root, in its sequence. The tuple (clock
        # + 1,) sorts behind every run that begins at the clock or before.
        runs = self.parents.get(client_of(packed), ())
        return not runs or runs[bisect_left(runs, (clock_of(packed) + 1,)) - 1][1][1] is None


_NO_HOLES: dict[int, list[tuple[int, int]]] = {}
"""Shared by nearly all updates: the parser makes another one for the first hole."""


class Parsed:
    """One update: which structs it has, to which others these refer, and where they lie.

    Packed ids: see `struct_id`.

    update          its bytes
    sections        (client, number of structs, position of the first one,
                    position behind the last one), in order
    spans           {client: (first clock, next clock)} of its structs
    holes           {client: (start, end) of structs that are left out between others}, in order
    needs           {client: highest clock that other clients' structs refer to}
    edges           (client, clock, other client, clock in its structs):
                    the first struct refers to the second
    splits          packed ids at which it cuts a run of text in two
    ranges          (client, start, end) of each deleted range
    contents        what its structs contain
    is_plain        it has no shared types, nothing inside such, no map entries and
                    nothing garbage-collected
    parent_changes  where its structs lie, section by section, see `ParentChange`
    placement       where its structs lie, None before that is looked up
    """

    __slots__ = (
        "contents", "edges", "holes", "is_plain", "needs", "parent_changes",
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
        self.is_plain = True
        self.parent_changes: list[ParentChange] = []
        self.placement: Placement | None = None
