"""Tests of rewriting the structs of an update."""

from crdt.wire.slicing import delete_set
from crdt.wire.struct_id import client_of, clock_of
from crdt.wire.struct_rewriter import StructRewriter
from tests.crdt.struct_bytes import gone, update_of
from tests.fuzz.structure import Section, Update, text

DELETIONS = delete_set([(1, 5, 6)])


def two_sections() -> bytes:
    """Return an update of the structs "ab", "c" and "d" of client 2, and "ef" of client 1."""
    update = Update(
        [Section(2, 0, [text("ab"), text("c"), text("d")]), Section(1, 5, [text("ef")])]
    )
    return update.encode()[:-1] + DELETIONS


class Copier(StructRewriter):
    """A rewriter that keeps every struct and notes its id."""

    def __init__(self, update: bytes) -> None:
        super().__init__(update)
        self.ids: list[tuple[int, int]] = []

    def rewrite(self, start: int, own: int) -> tuple[int, int]:
        self.ids.append((client_of(own), clock_of(own)))
        kind, content = self.skip_header(start)
        length, end = self.struct_end(content, kind)
        self.keep(start, end)
        return length, end


class Doubler(Copier):
    """A rewriter that writes each struct of one character twice.

    It holds the second copy back until the next struct or the end of the section.
    """

    held: bytes = b""

    def rewrite(self, start: int, own: int) -> tuple[int, int]:
        kind, content = self.skip_header(start)
        length, end = self.struct_end(content, kind)
        self.end_section()
        if length == 1:
            self.held = self.data[start:end]
            self.write(1, self.held)
        else:
            self.keep(start, end)
        return length, end

    def end_section(self) -> None:
        if self.held:
            self.write(1, self.held)
            self.held = b""


def test_update_of_kept_structs_is_the_same() -> None:
    """A rewriter gets each struct with its id.

    If it keeps all structs, the update stays the same.
    """
    copier = Copier(two_sections())

    assert copier.run() == two_sections()
    assert copier.ids == [(2, 0), (2, 2), (2, 3), (1, 5)]


def test_written_structs_lie_in_order_between_kept_ones() -> None:
    """Written structs are counted for each section, and held-back structs come at its end."""
    doubled = Update(
        [
            Section(2, 0, [text("ab"), *(text(letter) for letter in "ccdd")]),
            Section(1, 5, [text("ef")]),
        ]
    )

    assert Doubler(two_sections()).run() == doubled.encode()[:-1] + DELETIONS
    assert Doubler(update_of(gone(1))).run() == update_of(gone(1), gone(1))
