"""Contents of structs, valid or not, for updates that are built from scratch."""

from random import Random

from crdt.wire.content import ANY, BINARY, DELETED, DOC, EMBED, FORMAT, GC, JSON, SKIP
from crdt.wire.lib0 import MAX_SAFE_INTEGER, write_var_bytes, write_var_uint
from tests.fuzz.raw import ODD_NUMBERS
from tests.fuzz.structure import Id, Struct, shared_type, text

TEXTS = ("q", "ab", "hello\n", "é", "😀", "a😀b👍", "\u200d", "\x00", "x" * 130)
ROOTS = ("codemirror", "text", "settings", "list", "")
KEYS = ("k", "tab", "note", "")
CLIENTS = (2, 3, 77, 3_141_592_653, MAX_SAFE_INTEGER)
"""Client ids that may be new in a room."""

_NAMES = tuple(map(write_var_bytes, (b"bold", b"k", "é".encode(), b"")))
_JSON = (
    "true",
    "null",
    "{}",
    '{"a":[1,{"b":2}]}',
    "[[[]]]",
    "1e400",
    "-0",
    '"\\ud83d"',
    "NaN",
    "{",
    "",
    "undefined",
    "١",
)
_ANY = (
    *(bytes((tag,)) for tag in (120, 121, 126, 127)),
    *(b"\x7d" + bytes(number) for number in ((0,), (64,), (127,), (255, 1),
                                             (191, 255, 255, 255, 255, 255, 255, 15))),
    *(bytes((tag,)) + b"\xff" * 8 for tag in (122, 123)),
    *(b"\x7c" + number for number in (b"\x7f\xc0\x00\x00", b"\x00" * 4)),
    b"\x77\x02hi", b"\x77\x00", b"\x74\x02\x00\xff", b"\x75\x00", b"\x76\x00",
    b"\x75\x02\x7e\x76\x01\x01k\x79",
)  # fmt: skip
_TYPE_REFERENCES = (0, 0, 1, 1, 2, 2, 3, 4, 6, 5, 7, 9)
_TOO_DEEP = 26_562


def anywhere(source: Random) -> Id:
    """Return the id of a struct that may or may not exist."""
    return source.choice((1, *CLIENTS)), source.choice((*range(12), *ODD_NUMBERS))


def any_values(source: Random) -> Struct:
    count = source.choice((1, 1, 2, 3, 40))
    return Struct(
        ANY, count, write_var_uint(count) + b"".join(source.choice(_ANY) for _ in range(count))
    )


def nested_values(source: Random) -> Struct:
    """Nest arrays or maps, around the allowed depth or far beyond it."""
    depth = source.choice(
        (2, 16, 17, 40, 100, 101, 499, 500, 501, _TOO_DEEP if source.random() < 0.05 else 3)
    )
    opening = source.choice((b"\x75\x01", b"\x76\x01\x01k"))
    return Struct(ANY, 1, b"\x01" + opening * depth + source.choice((b"\x7e", b"\x75\x00")))


def nested_json(source: Random) -> Struct:
    depth = source.choice((2, 16, 17, 100, 101, 127, 128, 300, 500, 501))
    body = write_var_bytes(b"[" * depth + b"]" * depth)
    is_embed = source.random() < 0.5
    return Struct(
        EMBED if is_embed else FORMAT, 1, body if is_embed else source.choice(_NAMES) + body
    )


def legacy_json(source: Random) -> Struct:
    count = source.choice((1, 1, 2, 3))
    values = (write_var_bytes(source.choice(_JSON).encode()) for _ in range(count))
    return Struct(JSON, count, write_var_uint(count) + b"".join(values))


def subdocument(source: Random) -> Struct:
    return Struct(DOC, 1, source.choice(_NAMES) + source.choice((b"\x76\x00", *_ANY)))


def content(source: Random) -> Struct:  # noqa: PLR0911  # a table, one row for each kind of content
    """Return one struct with random content and without a position."""
    match source.randrange(18):
        case 0 | 1 | 2 | 3 | 4 | 5:
            return text(source.choice(TEXTS))
        case 6 | 7:
            return any_values(source)
        case 8 | 9:
            return shared_type(source.choice(_TYPE_REFERENCES))
        case 10:
            return Struct(
                FORMAT, 1, source.choice(_NAMES) + write_var_bytes(source.choice(_JSON).encode())
            )
        case 11:
            return Struct(EMBED, 1, write_var_bytes(source.choice(_JSON).encode()))
        case 12:
            return Struct(BINARY, 1, write_var_bytes(source.randbytes(source.randrange(4))))
        case 13:
            length = source.randint(1, 5)
            return Struct(
                source.choice((DELETED, DELETED, DELETED, GC, GC, SKIP)),
                length,
                write_var_uint(length),
            )
        case 14:
            return nested_values(source)
        case 15:
            return legacy_json(source)
        case 16:
            return subdocument(source)
    return nested_json(source)


def typed(source: Random) -> Struct:
    """Return the struct of a keystroke."""
    return text("q" * source.randint(1, 3))


def chain(source: Random, client: int, clock: int) -> list[Struct]:
    """Return nested shared types, the outermost in a root."""
    depth = source.choice((3, 8, 31, 32, 33, 34))
    structs = [shared_type(source.choice((0, 1, 2, 4, 6))) for _ in range(depth)]
    for number, struct in enumerate(structs):
        struct.parent = (client, clock + number - 1) if number else source.choice(ROOTS)
        if struct.body == b"\x01" or source.random() < 0.2:
            struct.key = source.choice(KEYS)
    return structs
