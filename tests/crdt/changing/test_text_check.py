"""Tests that whole texts are not put into roots of other types."""

from collections.abc import Callable
from typing import Any

import pycrdt
import pytest

from crdt.changing.text_check import check_texts, types_of
from crdt.errors import NoText
from crdt.room.room import Room
from crdt.workers import Workers
from tests.crdt.harness import Typist, join, make_room, send


def fill_xml(doc: "pycrdt.Doc[Any]") -> None:
    doc.get("root", type=pycrdt.XmlFragment).children.append(pycrdt.XmlElement("p"))


def fill_map(doc: "pycrdt.Doc[Any]") -> None:
    doc.get("root", type=pycrdt.Map)["key"] = 1


def fill_array(doc: "pycrdt.Doc[Any]") -> None:
    doc.get("root", type=pycrdt.Array).append(1)


def empty_array(doc: "pycrdt.Doc[Any]") -> None:
    root = doc.get("root", type=pycrdt.Array)
    root.append(1)
    del root[0]


def room_with(*updates: bytes) -> Room:
    room = make_room()
    ada, _ = join(room)
    for update in updates:
        send(room, ada, update)
    return room


def made_by(fill: Callable[["pycrdt.Doc[Any]"], None]) -> bytes:
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=9)
    fill(doc)
    return bytes(doc.get_update())


@pytest.mark.parametrize(
    ("fill", "kind"), [(fill_xml, "xml"), (fill_map, "map"), (fill_array, "array")]
)
async def test_root_that_is_no_text_is_refused_with_its_type(
    fill: Callable[["pycrdt.Doc[Any]"], None], kind: str
) -> None:
    room = room_with(made_by(fill))
    with pytest.raises(NoText) as raised:
        await check_texts(room, ["root", "other"], Workers(), "ada")
    assert raised.value.roots == {"root": kind}


async def test_text_and_new_root_are_accepted_without_reading_the_document() -> None:
    typist = Typist(5, "root")
    room = room_with(typist.insert(0, "a"), typist.delete(0, 1), made_by(lambda _: None))
    assert not await check_texts(room, ["root", "new"], Workers(), "ada")


async def test_root_whose_content_was_deleted_is_accepted() -> None:
    """Nothing tells the root's former type, so the root may be a text."""
    room = room_with(made_by(empty_array))
    assert await check_texts(room, ["root"], Workers(), "ada")


async def test_large_document_is_read_in_a_worker() -> None:
    room = room_with(Typist(5).insert(0, "a long text " * 1_000), made_by(fill_map))
    workers = Workers()
    try:
        with pytest.raises(NoText):
            await check_texts(room, ["root"], workers, "ada")
        assert workers.counts["done"] == 1
    finally:
        await workers.close()


def test_types_of_a_document_in_parts_are_those_of_the_whole() -> None:
    parts = [made_by(fill_map), Typist(5, "text").insert(0, "a")]
    assert types_of(parts, ["root", "text", "none"]) == {"root": "map"}
