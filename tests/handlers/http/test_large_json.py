"""Tests large JSON: long texts are read like by `json.loads`, and structure is bounded."""

import json
import random
from typing import Any

import pytest

from handlers.http import large_json
from handlers.http.large_json import MAX_STRUCTURE, TooMuchStructure

LONG = 'a\\"\n\u0001é😀NaN\ud83d' * 8_000


@pytest.mark.parametrize("is_ascii", [True, False])
def test_random_documents_with_long_texts_are_read_like_json(is_ascii: bool) -> None:
    chance = random.Random(5)

    def value(depth: int) -> Any:
        kind = chance.randrange(8 if depth else 5)
        if kind >= 6:
            return {f"k{number}": value(depth - 1) for number in range(chance.randrange(5))}
        if kind == 5:
            return [value(depth - 1) for _ in range(chance.randrange(5))]
        return [LONG[: chance.randrange(3_000)], LONG, chance.random(), None, True][kind]

    for _ in range(30):
        document = [value(4), LONG, LONG[5:]]
        text = json.dumps(document, ensure_ascii=is_ascii, indent=chance.choice([None, 2]))
        assert large_json.loads(text) == document


@pytest.mark.parametrize(
    "structure",
    [
        "1," * 50_000 + "1",
        "[]," * 30_000 + "1",
        '"",' * 20_000 + "1",
        '{"a":1},' * 9_000 + "1",
        " " * 70_000,
        "[" * 70_000,
    ],
)
def test_much_structure_is_refused(structure: str) -> None:
    with pytest.raises(TooMuchStructure):
        large_json.loads(f"[{json.dumps(LONG)},{structure}]")


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "", "'", '"x', '{"' + "x" * 2_000 + '":1}']
)
def test_invalid_json_with_long_texts_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        large_json.loads(f"[{json.dumps(LONG)},{text}]")


def test_small_json_is_read_as_usual() -> None:
    assert large_json.loads('[1, "x"]') == [1, "x"]
    assert large_json.loads('"' + "x" * (MAX_STRUCTURE - 2) + '"') == "x" * (MAX_STRUCTURE - 2)
