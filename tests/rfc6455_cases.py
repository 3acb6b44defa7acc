"""RFC 6455 as data: frames to send, by Autobahn's case numbers, and the expected results.
`interop/test_rfc6455` runs these cases.

Autobahn expects an echo. Here a message counts as echoed when another client in the room receives
it. Autobahn's text is sent as binary, because the server refuses all text (docs/api.md: 4400).
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tornado.util import _websocket_mask as unmask

from handlers.sync.frames import BINARY, CLOSE, PING, PONG, TEXT

CONTINUATION = 0
MALFORMED = 4400
FRAMES, HEAD = 0, -1
"""Ways to cut the bytes. FRAMES: after each frame.
HEAD: the first sixteen bytes one by one, then all other bytes together."""

_MASK = b"\x37\xfa\x21\x3d"
_CODE_OF_LENGTH = {2: 126, 8: 127}

Wire = Callable[[bytes, bytes], Iterable[bytes | None]]
"""A function that makes the frames to send from two messages. None means: wait until another pong
has arrived."""


class Case(NamedTuple):
    """One connection that sends frames, and the expected results.

    arrives  how many of the two messages another client receives, in their order
    pongs    the payloads that the server answers to pings, in this order
    code     the server's close code, 0 for an empty close frame, or None if the server does not
             close and the sender closes with 1000
    closes   the frames contain a close frame, so the sender sends no other one at the end
    cut      bytes of each write, FRAMES, HEAD, or None for one write of all bytes
    size     size of each of the two messages
    """

    number: str
    wire: Wire
    arrives: int = 0
    pongs: tuple[bytes, ...] = ()
    code: int | None = None
    closes: bool = False
    cut: int | None = None
    size: int = 64

    @property
    def outcome(self) -> list[str | tuple[str, object]]:
        ends = ("closed", 1000 if self.code is None else self.code)
        return [
            *("first", "second")[: self.arrives],
            *(("pong", payload) for payload in self.pongs),
            ends,
        ]


def frame(
    payload: bytes = b"",
    opcode: int = BINARY,
    *,
    is_final: bool = True,
    rsv: int = 0,
    mask: bytes = _MASK,
    form: int = 0,
) -> bytes:
    """Return a client's frame, valid or not. Fast enough for megabytes.

    mask  the mask, or empty for a frame without a mask
    form  bytes that the length takes, or 0 for the shortest form
    """
    size, bit = len(payload), 0x80 if mask else 0
    form = form or (1 if size < 126 else 2 if size < 1 << 16 else 8)
    length = (
        bytes((bit | size,))
        if form == 1
        else bytes((bit | _CODE_OF_LENGTH[form],)) + size.to_bytes(form, "big")
    )
    return (
        bytes((0x80 * is_final | rsv << 4 | opcode,))
        + length
        + mask
        + (unmask(mask, payload) if mask else payload)
    )


def head(size: int, opcode: int = BINARY) -> bytes:
    """Return the head of a frame that claims to have `size` bytes."""
    return bytes((0x80 | opcode, 0xFF)) + size.to_bytes(8, "big") + _MASK


def parts(message: bytes, size: int, opcode: int = BINARY) -> list[bytes]:
    """Return a message in frames of `size` bytes."""
    ends = range(size, len(message) + size, size)
    return [
        frame(
            message[end - size : end],
            CONTINUATION if end > size else opcode,
            is_final=end >= len(message),
        )
        for end in ends
    ]


def ping(payload: bytes = b"") -> bytes:
    return frame(payload, PING)


def part(payload: bytes, opcode: int = CONTINUATION) -> bytes:
    """Return a frame of a message that more frames follow."""
    return frame(payload, opcode, is_final=False)


def rest(payload: bytes) -> bytes:
    """Return the last frame of a message."""
    return frame(payload, CONTINUATION)


def close(code: int = 1000, reason: bytes = b"") -> bytes:
    return frame(code.to_bytes(2, "big") + reason, CLOSE)


def sends(*frames: bytes | None) -> Wire:
    """Return a wire of these frames only, without the two messages."""
    return lambda *_: frames


def whole(message: bytes, _: bytes) -> list[bytes]:
    return [frame(message)]


def in_two(message: bytes, _: bytes) -> list[bytes]:
    return [part(message[:9], BINARY), rest(message[9:])]


def ends_in(**options: Any) -> Wire:
    """Return a wire of one message whose second frame has the given faults."""
    return lambda message, _: (
        part(message[:9], BINARY),
        frame(message[9:], CONTINUATION, **options),
    )


def between(other: bytes) -> Wire:
    """Return a wire with a frame between the two frames of a message."""
    return lambda message, _: (part(message[:9], BINARY), other, rest(message[9:]))


def odd(**options: Any) -> Wire:
    return lambda message, _: (frame(message, **options),)


def after_good(*frames: bytes) -> Wire:
    """Return a wire of a valid message, forbidden frames, and a ping that must not be answered."""
    return lambda message, _: (frame(message), *frames, ping())


def in_five(message: bytes, _: bytes) -> list[bytes | None]:
    """Return a message in five frames with two pings.

    The frames after the first ping are sent only when it has been answered.
    """
    fifths = [message[at : at + 13] for at in range(0, 65, 13)]
    begin = [part(fifths[0], BINARY), part(fifths[1]), ping(b"pongme 1!"), None]
    return [*begin, part(fifths[2]), part(fifths[3]), ping(b"pongme 2!"), rest(fifths[4])]


HELLO = b"Hello, world!"
NOT_TEXT = bytes.fromhex("00fffefdfcfb00ff")
SIZES = (125, 126, 127, 128, 65_535, 65_536)
ONE_OCTET, PRIME = 1, 997

FRAMING = (
    *(
        Case(f"1.1.{n}", sends(frame(b"*" * size, TEXT)), code=MALFORMED)
        for n, size in enumerate((0, *SIZES), 1)
    ),
    Case("1.1.8", sends(frame(b"*" * 65_536, TEXT)), code=MALFORMED, cut=PRIME),
    Case("1.2.1", sends(frame()), code=MALFORMED),  # an empty message is invalid in y-websocket
    *(Case(f"1.2.{n}", whole, arrives=1, size=size) for n, size in enumerate(SIZES, 2)),
    Case("1.2.8", whole, arrives=1, cut=PRIME, size=65_536),
    *(Case(f"{size} by octets", whole, arrives=1, cut=ONE_OCTET, size=size) for size in SIZES[:4]),
    *(Case(f"{size}, head by octets", whole, arrives=1, cut=HEAD, size=size) for size in SIZES[4:]),
    *(Case(f"{size} by 997", whole, arrives=1, cut=PRIME, size=size) for size in SIZES[:5]),
)

TEN = tuple(b"payload-%d" % n for n in range(10))
PINGS = (
    Case("2.2", sends(ping(HELLO)), pongs=(HELLO,)),
    Case("2.3", sends(ping(NOT_TEXT)), pongs=(NOT_TEXT,)),
    Case("2.6", sends(ping(b"\xfe" * 125)), pongs=(b"\xfe" * 125,), cut=ONE_OCTET),
    Case("2.7", sends(frame(b"", PONG))),
    Case("2.8", sends(frame(b"unsolicited", PONG))),
    Case("2.9", sends(frame(b"unsolicited", PONG), ping(b"asked")), pongs=(b"asked",)),
    Case("2.10", sends(*map(ping, TEN)), pongs=TEN),
    Case("2.11", sends(*map(ping, TEN)), pongs=TEN, cut=ONE_OCTET),
)

RESERVED_BITS = (
    Case("3.1", sends(frame(HELLO, rsv=1)), code=1002),
    Case(
        "3.2",
        lambda first, second: (frame(first), frame(second, rsv=2), ping()),
        arrives=1,
        code=1002,
    ),
    Case(
        "3.3",
        lambda first, second: (frame(first), frame(second, rsv=3), ping()),
        arrives=1,
        code=1002,
        cut=FRAMES,
    ),
    Case(
        "3.4",
        lambda first, second: (frame(first), frame(second, rsv=4), ping()),
        arrives=1,
        code=1002,
        cut=ONE_OCTET,
    ),
    Case("3.5", sends(frame(NOT_TEXT, rsv=5)), code=1002),
    Case("3.6", sends(frame(HELLO, PING, rsv=6)), code=1002),
    Case("3.7", sends(frame(b"", CLOSE, rsv=7)), code=1002),
    *(Case(f"rsv {rsv} in a later part", ends_in(rsv=rsv), code=1002) for rsv in range(1, 8)),
)

RESERVED_OPCODES = (
    *(
        Case(number, wire, arrives=arrives, code=1002, cut=cut)
        for group, first in ((1, 3), (2, 11))
        for number, wire, arrives, cut in (
            (f"4.{group}.2", sends(frame(HELLO, first + 1)), 0, None),
            (f"4.{group}.3", after_good(frame(b"", first + 2)), 1, None),
            (f"4.{group}.4", after_good(frame(HELLO, first + 3)), 1, None),
            (f"4.{group}.5", after_good(frame(HELLO, first + 4)), 1, ONE_OCTET),
        )
    ),
    *(
        Case(f"opcode {opcode} among parts", between(frame(b"", opcode)), code=1002)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    ),
)

LOST, LOST_PART = rest(b"nothing to continue"), part(b"nothing to continue")
CUTS = (None, FRAMES, ONE_OCTET)
FRAGMENTS = (
    Case("5.2", sends(part(b"fragment1", PONG), rest(b"fragment2")), code=1002),
    *(Case(f"5.{n}", in_two, arrives=1, cut=cut) for n, cut in enumerate(CUTS, 3)),
    *(
        Case(f"5.{n}", between(ping(HELLO)), arrives=1, pongs=(HELLO,), cut=cut)
        for n, cut in enumerate(CUTS, 6)
    ),
    *(
        Case(f"5.{n}", lambda message, _: (LOST, frame(message)), code=1002, cut=cut)
        for n, cut in enumerate(CUTS, 9)
    ),
    *(
        Case(f"5.{n}", lambda message, _: (LOST_PART, frame(message)), code=1002, cut=cut)
        for n, cut in enumerate(CUTS, 12)
    ),
    Case(
        "5.15",
        lambda first, second: (*in_two(first, second), LOST_PART, frame(second)),
        arrives=1,
        code=1002,
    ),
    Case("5.16", lambda *both: (LOST_PART, *in_two(*both)) * 2, code=1002),
    Case("5.17", lambda *both: (LOST, *in_two(*both)) * 2, code=1002),
    Case("5.18", lambda message, _: (part(message[:9], BINARY), frame(message[9:])), code=1002),
    Case("5.19", in_five, arrives=1, pongs=(b"pongme 1!", b"pongme 2!")),
    Case("5.20", in_five, arrives=1, pongs=(b"pongme 1!", b"pongme 2!"), cut=FRAMES),
    Case("text within a message", between(frame(HELLO, TEXT)), code=1002),
    Case(
        "parts without bytes",
        lambda message, _: (part(b"", BINARY), part(message), part(b""), rest(b"")),
        arrives=1,
    ),
    Case(
        "close among parts",
        lambda message, _: (part(message, BINARY), close(1001)),
        code=1001,
        closes=True,
    ),
)

TEXTS = tuple(
    Case(f"text {' '.join(part[:4].hex(' ') for part in wire)}", sends(*wire), code=MALFORMED)
    for wire in (
        [frame("κόσμε".encode(), TEXT)],
        [frame(b"\xed\xa0\x80", TEXT)],
        [part("κόσ".encode(), TEXT)],
        [part(b"\xce", TEXT), rest(b"\xba")],
        [part(b"\xf4\x90", TEXT)],
    )
)

VALID = "7f c280 dfbf e0a080 ed9fbf ee8080 efbfbd efbfbe efbfbf f0908080 f0a4ada2 f48fbfbf efbfb9"
INVALID = (
    "80 bf 80bf c0 df e080 efbf f08080 f7bfbf fe ff c0af c1bf c080 e080af e09fbf e08080 eda080 "
    "edadbf edae80 edbfbf "
    "eda080edb080 edafbfedbfbf f08080af f08fbfbf f08fbfbe f4908080 f7bfbfbf f888808080 fbbfbfbfbf "
    "fc8480808080 "
    "fdbfbfbfbfbf cebae1bdb9cf83cebcceb5eda080656469746564"
)
"""The texts of the cases 6.5 to 6.23. They are sent as the reason of a close, which is the only
text that the server accepts."""

REASONS = (
    *(
        Case(f"reason {reason}", sends(close(1000, bytes.fromhex(reason))), code=code, closes=True)
        for code, reasons in ((1000, VALID), (1007, INVALID))
        for reason in reasons.split()
    ),
    Case("reason and code wrong", sends(close(999, b"\xff")), code=1002, closes=True),
    Case(
        "reason cut in a character",
        sends(close(1000, b"a" * 122 + b"\xc3")),
        code=1007,
        closes=True,
    ),
)

ECHOED = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
REFUSED = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)
CLOSES = (
    Case("7.1.1", lambda message, _: (frame(message), close()), arrives=1, code=1000, closes=True),
    Case("7.1.2", sends(close(), frame(b"", CLOSE)), code=1000, closes=True),
    Case("7.1.4", lambda message, _: (close(), frame(message)), code=1000, closes=True),
    Case(
        "7.1.5",
        lambda message, _: (part(message[:9], BINARY), close(), rest(message[9:])),
        code=1000,
        closes=True,
    ),
    Case(
        "7.1.6",
        lambda *both: (*map(frame, both), close(), ping()),
        arrives=2,
        code=1000,
        closes=True,
        size=1 << 18,
    ),
    Case("7.3.5", sends(close(1000, b"*" * 123)), code=1000, closes=True),
    Case("7.3.6", sends(close(1000, b"*" * 124)), code=1002),
    *(
        Case(f"7.7.{n}", sends(close(code)), code=code, closes=True)
        for n, code in enumerate(ECHOED, 1)
    ),
    *(
        Case(f"7.9.{n}", sends(close(code)), code=1002, closes=True)
        for n, code in enumerate(REFUSED, 1)
    ),
    *(
        Case(f"7.13.{n}", sends(close(code)), code=1002, closes=True)
        for n, code in enumerate((5000, 65_535), 1)
    ),
    *(
        Case(f"close {code}", sends(close(code)), code=code, closes=True)
        for code in (1012, 1013, 1014)
    ),
    *(Case(f"close {code}", sends(close(code)), code=1002, closes=True) for code in (1015, 1017)),
    Case("close of one byte", sends(frame(b"\x03", CLOSE)), code=1002, closes=True),
    Case("close by octets", sends(close(1001, HELLO)), code=1001, closes=True, cut=ONE_OCTET),
    Case(
        "message after a refused close",
        lambda message, _: (close(999), frame(message)),
        code=1002,
        closes=True,
    ),
)

MASKS = (
    b"\xff" * 4,
    *(bytes(0x5A * (pattern >> at & 1) for at in range(4)) for pattern in range(16)),
)
HEADS = (
    *(Case(f"mask {mask.hex()}", odd(mask=mask), arrives=1) for mask in MASKS),
    *(
        Case(
            f"no mask, opcode {opcode}",
            after_good(frame(payload, opcode, mask=b"")),
            arrives=1,
            code=1002,
        )
        for opcode, payload in (
            (BINARY, HELLO),
            (TEXT, HELLO),
            (PING, b""),
            (PONG, b"a"),
            (CLOSE, b"\x03\xe8"),
        )
    ),
    Case("no mask, later part", ends_in(mask=b""), code=1002),
    *(
        Case(f"{size} in {form} bytes of length", odd(form=form), code=1002, size=size)
        for size, form in ((64, 2), (125, 2), (64, 8), (125, 8), (126, 8), (65_535, 8))
    ),
    *(
        Case(f"ping in {form} bytes of length", sends(frame(b"hello", PING, form=form)), code=1002)
        for form in (2, 8)
    ),
    *(
        Case(f"length {size:#x}", sends(head(size)), code=1009)
        for size in (1 << 63, (1 << 64) - 1, 1 << 62, 1 << 32)
    ),
    Case("length of a ping with the top bit", sends(head(1 << 63, PING)), code=1002),
)
"""Cases that Autobahn does not have."""

MI = 1 << 20
MAX_MESSAGE = 4 * MI + 64
"""Default: an update of 4 MiB, and 64 bytes for the message around it (docs/configuration.md)."""


def fragmented(size: int) -> Wire:
    return lambda message, _: parts(message, size)


LIMITS = {
    "9.2 in one frame": (
        *(
            Case(f"9.2.{n}", whole, arrives=1, size=size)
            for n, size in enumerate((MI // 16, MI // 4, MI, 4 * MI), 1)
        ),
        *(
            Case(f"9.2.{n}", whole, code=1009, size=size)
            for n, size in enumerate((8 * MI, 16 * MI), 5)
        ),
    ),
    "9.4 in fragments": [
        Case(f"9.4.{n}", fragmented(16 << 2 * n), arrives=1, size=4 * MI) for n in range(1, 10)
    ],
    "9.6 in chops": [Case(f"9.6.{n}", whole, arrives=1, cut=32 << n, size=MI) for n in range(1, 7)],
    "10 and one byte more": (
        Case("10.1.1", fragmented(1_300), arrives=1, size=65_536),
        Case(
            "largest message", lambda *_: parts(bytes(MAX_MESSAGE), MAX_MESSAGE), code=MALFORMED
        ),  # refused for its content, not for its size
        Case(
            "two in parts",
            lambda *both: (piece for message in both for piece in parts(message, MI)),
            arrives=2,
            size=3 * MI,
        ),
        Case("one byte more", sends(head(MAX_MESSAGE + 1)), code=1009),
        Case(
            "one byte more in two parts",
            lambda *_: (part(bytes(MAX_MESSAGE), BINARY), rest(b"\x00")),
            code=1009,
        ),
        Case(
            "one byte more in many parts",
            lambda *_: parts(bytes(MAX_MESSAGE + 1), 65_536),
            code=1009,
        ),
    ),
}
