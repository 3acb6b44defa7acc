"""Tests that the pages of docs/design agree with the code.

They decode the bytes on the pages, and look up the names of limits. `tests/test_house.py` tests the
paths and links.

A table below `<!-- bytes: name -->` has bytes in its first column: hexadecimal, or text in quotes.
Each table of bytes has a check here.
"""

import json
import lzma
import re
from collections.abc import Callable
from pathlib import Path

import pycrdt
import pytest

from collab_server.config import all_settings
from crdt.document.document import Document
from crdt.log import authorship, codec, segments
from crdt.log.authorship import Authorship
from crdt.log.codec import LogEntry
from crdt.structs import fast_path
from crdt.structs.admission import Admitted, check_update
from crdt.structs.garbage.deleted_content import collect
from crdt.structs.struct_index import StructIndex
from crdt.wire import y_protocol
from crdt.wire.compact import squash
from crdt.wire.content import ANY, JSON, STORED_LIMITS, TYPE
from crdt.wire.parsed_update import Parsed
from crdt.wire.raw_merge import EMPTY, merge
from crdt.wire.rewriting.readable import readable
from crdt.wire.struct_id import pack_id
from crdt.wire.update_parser import parse
from crdt.wire.y_protocol import AwarenessEntry, AwarenessUpdate, SyncStep1, SyncStep2, SyncUpdate
from tests.processes import ROOT

PAGES = sorted((ROOT / "docs" / "design").glob("*.md"))
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[0-9a-f]{2}(?![0-9a-f])')


def documented(page: str) -> str:
    return (ROOT / "docs" / "design" / f"{page}.md").read_text()


def examples() -> dict[str, bytes]:
    """Return {name: bytes} of all tables of bytes."""
    examples = {}
    for page in PAGES:
        for name, rows in re.findall(r"<!-- bytes: ([\w-]+) -->\n((?:\|.*\n)+)", page.read_text()):
            assert name not in examples, name
            examples[name] = b"".join(
                read_cell(cell) for cell in re.findall(r"^\| `(.*?)` \|", rows, re.MULTILINE)
            )
    return examples


def read_cell(cell: str) -> bytes:
    tokens = _TOKEN.findall(cell)
    assert " ".join(tokens) == cell, f"neither bytes nor text in quotes: {cell}"
    return b"".join(
        json.loads(token).encode() if token[0] == '"' else bytes.fromhex(token) for token in tokens
    )


EXAMPLES = examples()


def indexed(*updates: bytes, author: str = "ada") -> StructIndex:
    """Return the index of a room whose document these updates made."""
    index = StructIndex()
    for update in updates:
        index.take_stored(parse(update), author)
    return index


def text_of(root: str, *updates: bytes) -> str:
    return Document(merge(updates)).texts([root])[root]


# -- wire.md ---------------------------------------------------------------------------------------


def check_sync_step_1(data: bytes) -> None:
    assert y_protocol.sync_step1({9: 1, 5: 2}) == data
    message = y_protocol.decode(data)
    assert isinstance(message, SyncStep1)
    assert y_protocol.decode_state_vector(message.state_vector) == {9: 1, 5: 2}


def check_sync_step_2(data: bytes) -> None:
    assert y_protocol.sync_step2(EMPTY) == data
    assert y_protocol.decode(data) == SyncStep2(EMPTY)


def check_keystroke(data: bytes) -> None:
    before = bytes.fromhex("0101050004010174026869") + b"\0"
    index = indexed(before)
    keystroke = fast_path.read(data, index, "ada")
    assert keystroke
    typed = fast_path.SimpleEdit(*keystroke)
    assert (typed.client, typed.first, typed.after) == (5, 2, 3)
    assert y_protocol.decode(data) == SyncUpdate(typed.update)
    assert text_of("t", before, typed.update) == "hi!"


def check_awareness(data: bytes) -> None:
    entry = AwarenessEntry(5, 2, '{"cursor":42}')
    assert y_protocol.awareness_update([entry]) == data
    assert y_protocol.decode(data) == AwarenessUpdate((entry,))


def check_keep_alive(data: bytes) -> None:
    assert data == y_protocol.KEEP_ALIVE
    assert y_protocol.decode(data) == AwarenessUpdate(())


def check_denied(data: bytes) -> None:
    assert y_protocol.permission_denied("forbidden: viewers cannot edit") == data


def check_saved(data: bytes) -> None:
    assert y_protocol.saved(3) == data


def check_whole_update(data: bytes) -> None:
    parsed = parse(data)
    assert parsed.spans == {9: (0, 1), 5: (0, 2)}
    assert parsed.edges == [(9, 0, 5, 0), (9, 0, 5, 1)]
    assert parsed.ranges == [(5, 0, 1)]
    assert text_of("t", data) == "Xi"


def check_map_entry(data: bytes) -> None:
    parsed = parse(data)
    assert parsed.contents.kinds == 1 << ANY
    assert placed(parsed) == {5: [(0, ("m", "k"))]}


def check_nested(data: bytes) -> None:
    parsed = parse(data)
    assert parsed.contents.kinds == 1 << ANY | 1 << TYPE
    assert placed(parsed) == {5: [(0, ("m", "k")), (1, (pack_id(5, 0), None))]}


def check_hole(data: bytes) -> None:
    parsed = parse(data)
    assert parsed.spans == {5: (0, 5)}
    assert parsed.holes == {5: [(2, 3)]}


def placed(parsed: Parsed) -> dict[int, list[tuple[int, tuple[str | int, str | None]]]]:
    return dict(StructIndex().place(parsed).parents)


# -- storage.md ------------------------------------------------------------------------------------

ENTRIES = [
    LogEntry(1_700_000_000_000, "ada", bytes.fromhex("0101050004010174016800")),
    LogEntry(1_700_000_000_050, "bob", bytes.fromhex("01010501840500016900")),
]


def check_chunk(data: bytes) -> None:
    assert codec.encode_chunk(ENTRIES) == data
    assert codec.decode_chunk(data) == ENTRIES


def check_segment_head(data: bytes) -> None:
    assert codec.encode_segment(ENTRIES, segments.summary(ENTRIES)).startswith(data)


def check_segment_body(data: bytes) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 20}]
    head = EXAMPLES["segment-head"]
    packed = codec.without_checksum(codec.encode_segment(ENTRIES, segments.summary(ENTRIES)))
    assert lzma.decompress(packed[len(head) :], lzma.FORMAT_RAW, filters=filters) == data
    row = codec.with_checksum(head + lzma.compress(data, lzma.FORMAT_RAW, filters=filters))
    assert codec.decode_chunk(row) == ENTRIES
    assert codec.decode_summary(row) == segments.summary(ENTRIES)
    assert codec.latest_time(row) == ENTRIES[-1].at


def check_checkpoint_state(data: bytes) -> None:
    assert codec.with_checksum(segments.summary(ENTRIES)) == data
    assert text_of("t", codec.without_checksum(data)) == "hi"


def check_checkpoint_owners(data: bytes) -> None:
    brought = Authorship()
    brought.add(5, 0, 1, 1_700_000_000, "ada")
    brought.add(5, 1, 2, 1_700_000_000, "bob")
    assert authorship.encode({5: "ada"}, brought) == data
    owners, read = authorship.decode(data)
    assert owners == {5: "ada"}
    assert read
    assert read.of(5, 0, 2) == [(0, 1_700_000_000_000, "ada"), (1, 1_700_000_000_000, "bob")]


# -- documents.md ----------------------------------------------------------------------------------


def admitted(index: StructIndex, update: bytes, known: bytes = EMPTY) -> Admitted:
    """Return the part of an update that a room accepts.

    The update is from a user who has written nothing in the document.
    """
    return check_update(index, parse(update), "eve", frozenset(), lambda: known)


def taken(index: StructIndex, update: bytes, known: bytes = EMPTY) -> bytes:
    parsed = admitted(index, update, known).parsed
    assert parsed
    return parsed.update


TYPED = EXAMPLES["slice-brought"]


def check_slice_brought(data: bytes) -> None:
    assert text_of("t", data) == "hello"


def check_slice_taken(data: bytes) -> None:
    before = bytes.fromhex("010105000401017402686500")
    assert taken(indexed(before), TYPED, before) == data
    assert text_of("t", before, data) == "hello"


def check_hole_taken(data: bytes) -> None:
    part = admitted(StructIndex(), EXAMPLES["hole"])
    assert part.parsed
    assert part.parsed.update == data
    assert part.missing == {5}


def check_deletions_brought(data: bytes) -> None:
    assert parse(data).ranges == [(5, 1, 6)]


def check_deletions_taken(data: bytes) -> None:
    part = admitted(
        indexed(bytes.fromhex("01010500040101740368656c00")), EXAMPLES["deletions-brought"]
    )
    assert part.parsed
    assert part.parsed.update == data
    assert part.missing == {5}


COLLECTED = bytes.fromhex("010205000401017401610003") + b"\0"


def check_collected_brought(data: bytes) -> None:
    assert parse(data).needs == {5: 2}


def check_collected_taken(data: bytes) -> None:
    assert taken(indexed(COLLECTED), EXAMPLES["collected-brought"]) == data


def check_unjoined(data: bytes) -> None:
    assert parse(data).contents.mergeable == 1


def check_squashed(data: bytes) -> None:
    assert squash(EXAMPLES["unjoined"]) == data
    assert text_of("t", data) == text_of("t", EXAMPLES["unjoined"]) == "hi"


def check_bigint(data: bytes) -> None:
    document = Document(data)
    assert document.has_values
    assert document.state() == data
    decoded: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    decoded.apply_update(data)
    assert decoded.get_update() == data.replace(data[11:20], b"\x7d\x0a")


def check_legacy_json(data: bytes) -> None:
    assert parse(data).contents.kinds == 1 << JSON


def check_legacy_json_copy(data: bytes) -> None:
    assert readable(EXAMPLES["legacy-json"]) == data
    assert parse(data).spans == parse(EXAMPLES["legacy-json"]).spans


def check_emoji(data: bytes) -> None:
    index = StructIndex()
    assert index.cuts_by(parse(data[:-1] + bytes.fromhex("0105010201"))) == {pack_id(5, 2)}
    index = indexed(data)
    document = Document(data, index.split_surrogates)
    assert index.take(parse(bytes.fromhex("000105010201")), "ada", document.apply)
    assert document.texts(["t"]) == {"t": "a\ufffdb"}


def check_emoji_copy(data: bytes) -> None:
    assert squash(EXAMPLES["emoji"], {pack_id(5, 2)}) == data
    assert parse(data).spans == parse(EXAMPLES["emoji"]).spans


def check_garbage_before(data: bytes) -> None:
    assert text_of("t", data) == "hello"


def check_garbage_after(data: bytes) -> None:
    before = EXAMPLES["garbage-before"]
    assert collect(before, parse(before, STORED_LIMITS))[0] == data
    assert text_of("t", data) == "hello"
    assert parse(data).spans == parse(before).spans


CHECKS: dict[str, Callable[[bytes], None]] = {
    "sync-step-1": check_sync_step_1,
    "sync-step-2": check_sync_step_2,
    "keystroke": check_keystroke,
    "awareness": check_awareness,
    "keep-alive": check_keep_alive,
    "denied": check_denied,
    "saved": check_saved,
    "update": check_whole_update,
    "map-entry": check_map_entry,
    "nested": check_nested,
    "hole": check_hole,
    "chunk": check_chunk,
    "segment-head": check_segment_head,
    "segment-body": check_segment_body,
    "checkpoint-state": check_checkpoint_state,
    "checkpoint-owners": check_checkpoint_owners,
    "slice-brought": check_slice_brought,
    "slice-taken": check_slice_taken,
    "hole-taken": check_hole_taken,
    "deletions-brought": check_deletions_brought,
    "deletions-taken": check_deletions_taken,
    "collected-brought": check_collected_brought,
    "collected-taken": check_collected_taken,
    "unjoined": check_unjoined,
    "squashed": check_squashed,
    "bigint": check_bigint,
    "legacy-json": check_legacy_json,
    "legacy-json-copy": check_legacy_json_copy,
    "emoji": check_emoji,
    "emoji-copy": check_emoji_copy,
    "garbage-before": check_garbage_before,
    "garbage-after": check_garbage_after,
}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_documented_bytes_are_read_as_documented(name: str) -> None:
    """The code reads or writes the documented bytes exactly as the page describes them."""
    CHECKS[name](EXAMPLES[name])


def test_documented_bytes_all_have_check() -> None:
    """Each documented example has a check."""
    assert set(EXAMPLES) == set(CHECKS)


def test_limits_page_names_limits() -> None:
    """The first column of the page names only settings and fixed bounds that exist."""
    names = {setting.name for setting in all_settings()}
    fixed = {"roots", "name_bytes", "types", "type_depth", "value_depth", "structs", "work"}
    cells = re.findall(r"^\| (`[^|]*) \|", documented("limits"), re.MULTILINE)
    told = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}

    assert len(told) > 40
    assert told - names - fixed == set()


def test_results_on_speed_page_are_the_measured_results() -> None:
    """The page's numbers of whole scenarios are those of bench/results.json."""
    page = documented("speed")
    scenarios = json.loads((ROOT / "bench" / "results.json").read_text())["scenarios"]
    ours = {name: results["ours"] for name, results in scenarios.items() if "ours" in results}

    for told in (
        f"{ours['B']['server_cpu_pct']:.1f} |", f"{ours['C']['server_cpu_pct']:.1f} |",
        f"{ours['D']['delivered_per_s']:,.0f} |", f"{ours['E']['sent_per_s']:,.0f} |",
    ):  # fmt: skip
        assert told in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_design_page_begins_with_what_reader_can_do(page: Path) -> None:
    """The first paragraph of a page says what its reader can do."""
    assert page.read_text().split("\n\n")[1].startswith("After reading this page you can ")
