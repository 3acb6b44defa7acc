"""Tests of the scan, which decides which updates may reach pycrdt."""

import random
from typing import Any

import pycrdt
import pytest

from crdt.errors import Gap, LimitExceeded, ProtocolError, Rejected
from crdt.limits import MAX_VALUE_DEPTH
from crdt.structs.struct_index import StructIndex
from crdt.wire.content import (
    CLIENT_LIMITS,
    DELETED,
    DOC,
    FORMAT,
    JSON,
    STORED_LIMITS,
    TYPE,
    ScanLimits,
)
from crdt.wire.lib0 import write_var_bytes
from crdt.wire.parsed_update import HOOKS, Parsed
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from harness import costly
from harness.hostile import B3, CORPUS, many_roots, nested_arrays
from tests.crdt.harness import Typist
from tests.crdt.struct_bytes import placed, text, update_of, value
from tests.narrowing import required


def nested_json(depth: int) -> bytes:
    """Return an embed of nested arrays. The brackets in its text are no levels."""
    json = b"[" * depth + b'"[[["' + b"]" * depth
    return bytes.fromhex("0101010005010474657874") + write_var_bytes(json) + b"\x00"


CLOSED = [case for case in CORPUS if case.outcome in ("closed", "limited")]


def test_parse_of_keystroke_gives_one_struct() -> None:
    """A keystroke is one struct that refers to the struct before it."""
    typist = Typist(5)
    typist.insert(0, "ab")

    parsed = parse(typist.insert(1, "x"))

    assert parsed.spans == {5: (2, 3)}
    assert (parsed.contents.text_bytes, parsed.ranges, parsed.contents.roots) == (1, [], set())
    assert sorted(parsed.splits) == [pack_id(5, 1), pack_id(5, 1)]


def test_parse_of_first_text_names_root() -> None:
    """The first struct of a root names the root. A string counts as text, a map entry does not."""
    text: pycrdt.Doc[Any] = pycrdt.Doc(client_id=1)
    mapping: pycrdt.Doc[Any] = pycrdt.Doc(client_id=2)
    text.get("monaco", type=pycrdt.Text).insert(0, "x")
    mapping.get("settings", type=pycrdt.Map)["tab"] = 4

    parsed = parse(text.get_update())
    assert (parsed.contents.roots, parsed.contents.text_bytes) == ({"monaco"}, 1)
    parsed = parse(mapping.get_update())
    assert (parsed.contents.roots, parsed.contents.text_bytes) == ({"settings"}, 0)


def test_parse_of_deletions_and_wide_characters_counts_utf16_units() -> None:
    """Lengths are UTF-16 units, and the second halves of wide characters are noted."""
    typist = Typist(3)

    parsed = parse(typist.insert(0, "a😀b👍"))
    deleted = parse(typist.delete(1, 5))

    assert parsed.spans == {3: (0, 6)}
    assert list(parsed.contents.low_surrogates or ()) == [pack_id(3, 2), pack_id(3, 5)]
    assert (deleted.spans, deleted.ranges) == ({}, [(3, 1, 3)])


def test_parse_accepts_all_kinds_of_stock_editors() -> None:
    """Maps, arrays, nested types, XML, formats, embeds, binary and numbers pass."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=9)
    array = doc.get("array", type=pycrdt.Array)
    array += [1, -5, 2**40, 1.5, True, None, "é", b"\x00\x01", [1, [2]], {"k": {"l": "m"}}]
    array.append(pycrdt.Map({"inner": pycrdt.Text("deep")}))
    text = doc.get("rich", type=pycrdt.Text)
    text.insert(0, "bold", {"b": True})
    text.insert_embed(0, {"image": "x", "nested": [[1]]})
    fragment = doc.get("xml", type=pycrdt.XmlFragment)
    fragment.children.append(pycrdt.XmlElement("p", {"class": "c"}, [pycrdt.XmlText("t")]))
    array[0] = "replaced"
    del array[1]

    parsed = parse(doc.get_update(), CLIENT_LIMITS)

    assert parsed.contents.roots == {"array", "rich", "xml"}
    assert parsed.contents.types
    assert parsed.contents.kinds >> FORMAT & 1


def test_parse_says_where_sections_lie_and_which_kinds_they_have() -> None:
    """The places and kinds of sections are noted, so that merging need not read them again.

    Text and collected structs count as no kind.
    """
    first, second = (
        bytes.fromhex("0401017401610003"),
        bytes.fromhex("84000001628600000162013181000005"),
    )
    update = b"\x02\x02\x00\x00" + first + b"\x03\x01\x00" + second + b"\x00"

    parsed = parse(update)

    assert [
        (client, count, update[begin:end]) for client, count, begin, end in parsed.sections
    ] == [
        (0, 2, first),
        (1, 3, second),
    ]
    assert parsed.contents.kinds == 1 << FORMAT | 1 << DELETED


def test_parse_takes_legacy_json_subdocuments_and_hooks() -> None:
    """The scan accepts rare content of Yjs.

    pycrdt gets other content instead, because it reads this content wrongly or not at all.
    """
    json, subdocument, hook = (
        "02010474657874010131",
        "0901047465787401617600",
        "07010474657874050168",
    )

    kinds = [
        parse(bytes.fromhex("01010100" + struct + "00")).contents.kinds
        for struct in (json, subdocument, hook)
    ]

    assert kinds == [1 << JSON, 1 << DOC, 1 << TYPE | HOOKS]


@pytest.mark.parametrize("case", CLOSED, ids=lambda case: case.name)
def test_parse_of_hostile_updates_refuses_or_defers(case) -> None:
    """Some updates of the corpus must close their sender.

    None of them passes both the scan and the index.
    """
    index = StructIndex()
    if case.base:
        index.take_stored(parse(case.base), "x")

    try:
        index.check_complete(parse(case.update))
        index.place(parse(case.update))
    except (ProtocolError, Gap, LimitExceeded):
        return
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    if case.base:
        doc.apply_update(case.base)
    with pytest.raises(RuntimeError):
        doc.apply_update(case.update)


@pytest.mark.parametrize(
    ("update", "why"),
    [
        ("01010100040104746578740161", "ends early"),
        ("0101010004010474657874016100ff", "after the end"),
        ("05", "more clients"),
        ("0100010000", "number of structs"),
        ("01010100040104746578740000", "empty struct"),
        ("01010100040204746578740161" + "00", "kind of parent"),
        ("0101010084010001" + "6100", "itself or a later"),
        ("010101000a0100", "without structs"),
        ("010101008a010001" + "00", "hole with flags"),
        ("010101002a01" + "00", "hole with flags"),
        ("010201000a01000000", "empty struct"),
        ("010101002001" + "00", "with flags"),
        ("0101010002010474657874" + "05" + "0131" + "00", "more values"),
        ("010101000901047465787401" + "61" + "7e" + "00", "no object"),
        ("0101010007010474657874" + "07" + "00", "shared type"),
        ("010101000801047465787401" + "73" + "00", "kind of value"),
        ("010101000401047465787402" + "c328" + "00", "UTF-8"),
        ("010101002401017401" + "6b0161" + "00", "under a map key"),
        ("00010100", "delete set"),
        ("000101020001" + "0001", "out of order"),
        ("00010101" + "0100", "empty"),
        ("0005", "more clients"),
        ("0101010008010474657874017d" + "ff" * 12 + "01", "integer too long"),
        ("01010100080104746578747f7e00", "more values"),
        ("010101000801047465787401770561", "ends early"),
        ("01010100030104746578740561", "ends early"),
        ("01010100050104746578745e" + "22" * 2, "ends early"),
        ("010101000801047465787401" + "7c00", "ends early"),
    ],
)
def test_parse_refuses_smallest_breach_of_each_rule(update: str, why: str) -> None:
    """Each rule is tested by its smallest breach."""
    with pytest.raises(Rejected, match=why):
        parse(bytes.fromhex(update))


def test_parse_bounds_clocks_and_names() -> None:
    """Clocks may go up to 2³¹ − 2, and names up to 4,096 bytes."""
    assert parse(bytes.fromhex("0101" + "01" + "fdffffff07" + "00" + "01" + "00")).spans == {
        1: (2**31 - 3, 2**31 - 2)
    }
    with pytest.raises(Rejected):
        parse(bytes.fromhex("0101" + "01" + "fdffffff07" + "00" + "02" + "00"))
    for length, ok in ((4_096, True), (4_097, False)):
        name = b"n" * length
        update = (
            bytes.fromhex("01010100" + "0401")
            + bytes((length & 127 | 128, length >> 7))
            + name
            + b"\x01a\x00"
        )
        if ok:
            assert parse(update).contents.roots == {name.decode()}
        else:
            with pytest.raises(LimitExceeded, match="name over 4096 bytes") as caught:
                parse(update)
            assert caught.value.limit == "name_bytes"


def test_parse_bounds_nesting() -> None:
    """500 nested arrays pass, and one more does not. Embedded JSON has the same limit."""
    assert parse(nested_arrays(MAX_VALUE_DEPTH)).spans == {1: (0, 1)}
    for update in (
        nested_arrays(MAX_VALUE_DEPTH + 1),
        nested_json(MAX_VALUE_DEPTH + 1),
        nested_json(100_000),
    ):
        with pytest.raises(LimitExceeded, match="over 500 levels") as caught:
            parse(update)
        assert caught.value.limit == "value_depth"
    parse(nested_json(MAX_VALUE_DEPTH))


def test_parse_bounds_count_of_structs() -> None:
    """An update with the allowed number of structs passes, and one with one struct more does not.

    Deleted ranges count, too.
    """
    limits = ScanLimits(structs=300)
    deletions = b"\x00\x01\x01\x3c" + bytes(
        number for clock in range(0, 120, 2) for number in (clock, 1)
    )

    assert len(parse(many_roots(300), limits).contents.roots) == 300
    assert len(parse(deletions, ScanLimits(structs=60)).ranges) == 60
    for update, structs in ((many_roots(301), 300), (deletions, 59)):
        with pytest.raises(LimitExceeded, match=f"over {structs} structs") as caught:
            parse(update, ScanLimits(structs=structs))
        assert caught.value.limit == "structs"


def test_parse_measures_long_content() -> None:
    """A value counts as 32 characters."""
    parsed = parse(
        update_of(placed(text("😀" * 5), parent="t"), placed(value(3), parent="m", key="k"))
    )

    assert (parsed.contents.longest, parsed.contents.multi_values) == (96, [pack_id(1, 10)])
    assert parse(update_of(placed(text("😀" * 5), parent="t"))).contents.longest == 10


def test_parse_counts_following_values_whose_place_is_unknown() -> None:
    """Values after a value that names its root are mergeable, or lie under its key."""
    behind = [placed(value(), left=(1, clock)) for clock in range(3)]

    assert parse(update_of(*behind, clock=1)).contents.followers == 2
    assert parse(update_of(placed(value(), parent="l"), *behind)).contents.mergeable == 12
    named = parse(update_of(placed(value(), parent="m", key="k"), *behind))
    assert (named.contents.followers, named.contents.mergeable) == (0, 0)


def test_parse_of_sections_that_alternate_succeeds() -> None:
    """An update with text that two users typed in turn is accepted."""
    a, b = Typist(1), Typist(2)
    for turn in range(6):
        writer, reader = (a, b) if turn % 2 == 0 else (b, a)
        reader.hear(writer.insert(len(writer.text), str(turn)))

    parsed = parse(a.doc.get_update())

    assert parsed.spans == {1: (0, 3), 2: (0, 3)}


def test_parse_notes_holes_and_leaves_out_those_at_the_ends() -> None:
    """Yjs writes a Skip for structs that the sender lacks, or that need not be sent."""
    skip, gone = bytes.fromhex("0a02"), bytes.fromhex("0001")

    parsed = parse(bytes.fromhex("010501" + "03") + skip + gone + skip + gone + skip + b"\x00")

    assert parsed.spans == {1: (5, 9)}
    assert parsed.holes == {1: [(3, 5), (6, 8), (9, 11)]}
    assert parse(bytes.fromhex("01010103") + gone + b"\x00").holes == {}


def test_parse_notes_references_between_sections() -> None:
    """The room's clocks decide later which references can be resolved."""
    parsed = parse(bytes.fromhex("02" + "0101008402000161" + "0102008401000162" + "00"))

    assert parsed.edges == [(1, 0, 2, 0), (2, 0, 1, 0)]


def test_parse_of_mutated_update_succeeds_or_rejects_it() -> None:
    """10,000 mutated updates are parsed, rejected or over a limit, and raise no other error."""
    source = random.Random(1)
    seeds = [
        B3,
        *(case.update for case in CORPUS if len(case.update) < 200),
        Typist(4).insert(0, "héllo 😀"),
    ]

    outcomes: set[type] = set()
    for _ in range(10_000):
        data = bytearray(source.choice(seeds) or b"\x00")
        for _ in range(source.randint(1, 4)):
            match source.randrange(3):
                case 0:
                    data[source.randrange(len(data))] = source.randrange(256)
                case 1:
                    data.insert(
                        source.randrange(len(data) + 1), source.choice((0, 1, 127, 128, 255))
                    )
                case _:
                    del data[source.randrange(len(data)) :][:1]
            if not data:
                data = bytearray(b"\x00")
        try:
            outcomes.add(type(parse(bytes(data))))
        except (ProtocolError, LimitExceeded):
            outcomes.add(ProtocolError)

    assert outcomes == {Parsed, ProtocolError}


def test_parse_with_stored_limits_accepts_larger_documents() -> None:
    """A document made of many small updates may hold more structs than one update may."""
    assert len(parse(many_roots(25_000), STORED_LIMITS).contents.roots) == 25_000


@pytest.mark.parametrize(
    "text",
    ["\U0001f600" * 200_000, "a\U0001f600" * 200_000, "\U0001f600" + "é" * 300_000 + "\U0001f600"],
)
def test_second_halves_of_large_text_are_kept_in_blocks(text: str) -> None:
    """For a megabyte of emoji, single ids would take 20 MB and 40 ms.

    So the parser keeps the ids in blocks.
    """
    parsed = parse(costly.update(3, 0, [costly.string(text.encode(), None)]))

    ids = required(parsed.contents.low_surrogates)
    assert len(ids.blocks) <= len(text.encode("utf-16-le")) // 512 + 1
    assert len(list(ids)) == sum(character > "\uffff" for character in text)
