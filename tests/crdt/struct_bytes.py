"""Builds updates from single structs, so that tests have updates that no client would make."""

from crdt.document.merging import EMPTY
from crdt.structs.admission import check_update
from crdt.structs.struct_index import StructIndex
from crdt.wire.content import ANY, DELETED, GC
from crdt.wire.parsed_update import Parsed
from crdt.wire.update_parser import read
from tests.fuzz.structure import Section, Struct, Update, text

VALUE = b"\x01\x7d\x01"
"""The content of a struct with one value."""


def value(count: int = 1) -> Struct:
    return Struct(ANY, count, bytes((count,)) + VALUE[1:] * count)


def gone(length: int) -> Struct:
    return Struct(GC, length, bytes((length,)))


def deleted(length: int) -> Struct:
    return Struct(DELETED, length, bytes((length,)))


def placed(struct: Struct, **where: object) -> Struct:
    """Return the struct with `left`, `right`, `parent` or `key` as given."""
    for name, place in where.items():
        setattr(struct, name, place)
    return struct


def update_of(*structs: Struct, client: int = 1, clock: int = 0) -> bytes:
    return Update([Section(client, clock, list(structs))]).encode()


def admit(
    index: StructIndex, update: bytes, author: str = "ada", *, accepts_foreign: bool = False
) -> Parsed | None:
    """Return the part of an update that may be applied, or None if there is none.

    Only the index has the earlier structs, because the document's state here is empty.
    """
    parsed = read(update)
    foreign = frozenset[int]() if accepts_foreign else index.foreign(parsed, author)
    return check_update(index, parsed, author, foreign, lambda: EMPTY).parsed


__all__ = ["VALUE", "admit", "deleted", "gone", "placed", "text", "update_of", "value"]
