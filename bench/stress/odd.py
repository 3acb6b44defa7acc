"""Makes values for the fields of requests. Some are at a limit, and a few are faulty."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from bench.worst.works.texts import MIB, alternate

_FAULTY = 0.05
"""The share of values that break their rules."""
_LEFT_OUT = 0.5
"""The share of optional fields that are left out."""
_LARGE = 0.15
"""The share of texts that are up to a megabyte long."""
_PRINTED = 20_000
_WORDS = (
    "", " ", "x", "word", "\u200b", "\u202e", "é" * 20, "\U0001f600" * 30, "a\u0301" * 16, "\u0000",
    "\u2028", "'; --",
    "<script>", "__proto__", "constructor", "../../etc/passwd", "%00", "null", "NaN", "\ud800",
    "١٢٣", "true",
)  # fmt: skip
_FAULTS: tuple[Any, ...] = (
    None,
    True,
    -1,
    1 << 64,
    1e308,
    [],
    {},
    [[[]]],
    {"a": {"b": {}}},
    "\x00",
    "x" * 70_000,
)

Known = Mapping[str, Callable[[random.Random], Any]]


def text(dice: random.Random, longest: int) -> str:
    """Return a text of at most `longest` characters."""
    word = dice.choice(_WORDS)
    kind = dice.random()
    if kind < 0.4:
        made = word
    elif kind < 0.8:
        made = "".join(dice.choice(_WORDS) for _ in range(dice.randrange(8)))
    else:
        made = (word or "y") * longest
    return made[:longest]


def code(dice: random.Random) -> str:
    """Return a text for a document: mostly small, sometimes up to the largest allowed size."""
    size = dice.randrange(MIB) if dice.random() < _LARGE else dice.randrange(3_000)
    made = (
        lambda: alternate(size // 8, dice.choice("xyz"))[:size],
        lambda: "\n" * size,
        lambda: "\U0001f600" * (size // 4),
        lambda: "".join(f"{dice.randrange(99)}\n" for _ in range(size // 4)),
        lambda: "word " * (size // 5),
        lambda: "\x01" * size,
        lambda: text(dice, size or 1),
    )
    return dice.choice(made)()


def printed(dice: random.Random) -> str:
    """Return the output of a program: mostly short, rarely longer than a run may print."""
    return _whole(code(dice))[: _PRINTED if dice.random() < 0.9 else MIB]


def tests(dice: random.Random) -> list[dict[str, Any]]:
    """Return the tests of a run: usually few and short, sometimes as many and long as possible."""
    count, longest = (100, 500) if dice.random() < _LARGE else (dice.randrange(5), 50)
    return [
        {
            "name": f"test {number}",
            "passed": dice.random() < 0.5,
            "expected": _whole(text(dice, longest)),
            "actual": _whole(text(dice, longest)),
        }
        for number in range(count)
    ]


def _whole(made: str) -> str:
    """Return a text with "?" for each lone surrogate, which the server would refuse."""
    return made.replace("\ud800", "?")


def value(dice: random.Random, name: str, rules: Mapping[str, Any], known: Known) -> Any:
    """Return a value for a field. The field's name or its rules decide which values fit."""
    if dice.random() < _FAULTY:
        return dice.choice(_FAULTS)
    if name in known:
        return known[name](dice)
    if "anyof" in rules:
        return value(dice, "", dice.choice(rules["anyof"]), known)
    return _by_rules(dice, rules)


def _by_rules(dice: random.Random, rules: Mapping[str, Any]) -> Any:
    if "allowed" in rules:
        return dice.choice(rules["allowed"])
    if rules.get("type") == "integer":
        low, high = rules.get("min", 0), rules.get("max", 1 << 31)
        return dice.choice(
            (low, high, dice.randint(low, high), min(high, low + dice.randrange(20)))
        )
    if rules.get("type") == "boolean":
        return dice.choice((True, False))
    return text(dice, min(rules.get("maxlength", 200), 8_000))


def fields(
    dice: random.Random, schema: Mapping[str, Mapping[str, Any]], known: Known
) -> dict[str, Any]:
    """Return fields for a schema. A required field is rarely left out."""
    return {
        name: value(dice, name, rules, known)
        for name, rules in schema.items()
        if dice.random() > (_FAULTY if rules.get("required") else _LEFT_OUT)
    }


def body(dice: random.Random, schema: Mapping[str, Mapping[str, Any]], known: Known) -> bytes:
    """Return a body for a schema. A few bodies are no JSON object, or break the rules of JSON."""
    if dice.random() < _FAULTY / 2:
        return dice.choice(
            (b"{", b"[]", b"nul", b'{"a":1}x', b"[" * 5_000, b"\xff\xfe", b'{"a":1,"a":2}')
        )
    return json.dumps(fields(dice, schema, known)).encode()
