"""Tests which kinds of content take the fast path, in the code and in docs/design/speed.md."""

import re

import pytest

from crdt.structs import fast_path
from crdt.structs.struct_index import StructIndex
from crdt.wire import content, y_protocol
from tests.crdt.struct_bytes import admit, deleted, gone, placed, text, update_of, value
from tests.fuzz.structure import LEFT, RIGHT, Struct
from tests.repository import ROOT

KINDS = {
    "GC": gone(1),
    "Deleted": deleted(1),
    "JSON": Struct(content.JSON, 1, b"\x01\x011"),
    "Binary": Struct(content.BINARY, 1, b"\x01\x00"),
    "String": text("x"),
    "Embed": Struct(content.EMBED, 1, b"\x02{}"),
    "Format": Struct(content.FORMAT, 1, b"\x01b\x04true"),
    "Type": Struct(content.TYPE, 1, b"\x02"),
    "Any": value(),
    "Doc": Struct(content.DOC, 1, b"\x01g\x76\x00"),
    "Skip": Struct(content.SKIP, 1, b"\x01"),
}
"""{name of a kind in the documents: a struct of one unit of this kind}"""

CLIENT = 7


def indexed() -> StructIndex:
    """Return the index of a document with the text "ab" in one root, typed by Ada."""
    index = StructIndex()
    _take(index, update_of(placed(text("ab"), parent="t"), client=CLIENT))
    return index


def _take(index: StructIndex, update: bytes) -> None:
    parsed = admit(index, update)
    assert parsed
    index.take_stored(parsed, "ada")


def is_fast(index: StructIndex, update: bytes) -> bool:
    return fast_path.read(y_protocol.sync_update(update), index, "ada") is not None


def documented() -> dict[str, tuple[bool, bool]]:
    """Return {kind: (takes the fast path, keystrokes after it do)} of the page about speed."""
    page = (ROOT / "docs" / "design" / "speed.md").read_text()
    rows = re.findall(
        r"^\| (\w+) \| (yes|no)\b.* \| (yes|no)\b",
        page.partition("<!-- fast path -->")[2].partition("\n\n")[0],
        re.MULTILINE,
    )
    return {kind: (takes == "yes", keeps == "yes") for kind, takes, keeps in rows}


def test_kinds_of_fast_path_are_all_kinds_of_content() -> None:
    """A kind that is added to the code needs a struct here, and a row in both pages."""
    names = ("GC", "DELETED", "JSON", "BINARY", "STRING", "EMBED", "FORMAT", "TYPE", "ANY", "DOC",
             "SKIP")  # fmt: skip
    numbers = {name: getattr(content, name) for name in names}
    wire = (ROOT / "docs" / "design" / "wire.md").read_text()
    section = wire.partition("### Kinds of content")[2].partition("\n\nGC")[0]
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", section, re.MULTILINE)

    assert sorted(numbers.values()) == list(range(content.SKIP + 1))
    assert {kind.upper(): struct.kind for kind, struct in KINDS.items()} == numbers
    assert {name.upper(): int(number) for number, name in rows} == numbers
    assert documented().keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_fast_path_takes_documented_kinds_of_content(kind: str) -> None:
    """The whole scan takes an insert of each kind. The fast path takes those of the table."""
    update = update_of(
        placed(KINDS[kind], left=(CLIENT, 1)),
        *([text("x")] if kind == "Skip" else []),
        client=CLIENT,
        clock=2,
    )
    takes, _ = documented()[kind]

    if kind != "Skip":  # a Skip that comes after known structs leaves a gap
        assert admit(indexed(), update)
    assert is_fast(indexed(), update) is takes


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "Skip"])
def test_keystroke_after_content_takes_documented_path(kind: str) -> None:
    """A document with content of each kind sends keystrokes the way that the table says."""
    index = indexed()
    keystroke = update_of(placed(text("x"), left=(CLIENT, 1)), client=CLIENT, clock=2)
    assert is_fast(index, keystroke)
    _take(index, update_of(placed(KINDS[kind], parent="other"), client=8))
    _, keeps = documented()[kind]

    assert is_fast(index, keystroke) is keeps
    assert admit(index, keystroke)


def test_fast_path_takes_struct_heads_of_inserted_text_only() -> None:
    """The fast path takes the info bytes of text with an origin and no key, of all 256."""
    left, right = bytes((CLIENT, 0)), bytes((CLIENT, 1))

    def frame(info: int, origins: bytes) -> bytes:
        head = bytes((1, 1, CLIENT, 2, info))
        return head + origins + b"\x01x\x00"

    taken = {
        info
        for info in range(256)
        for origins in (b"", left, right, left + right)
        if is_fast(indexed(), frame(info, origins))
    }

    assert taken == {content.STRING | bits for bits in (LEFT, RIGHT, LEFT | RIGHT)}
