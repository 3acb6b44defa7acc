"""Parses large JSON with long texts, and refuses JSON with a large structure.

`json.loads` takes 1 ms for a megabyte of text, but 100 ms for a megabyte of brackets.
During this time, the event loop serves no client.
"""

import json
from collections.abc import Callable
from typing import Any

MAX_STRUCTURE = 64 << 10
"""Most characters of JSON besides its long texts. Parsing them takes at most 7 ms."""
_LONG = 1_024
"""Least number of characters of a long text."""
_STRING_COST = 8
"""Characters that count for each string, in addition to the characters of the string.
Finding the end of a string takes as long as parsing about this many characters."""
_PLACE = "NaN"
"""Placeholder for a long text. Valid JSON has no NaN. For each NaN, the parser calls our function,
which returns the next long text."""

_strings = json.JSONDecoder()


class TooMuchStructure(ValueError):
    """The JSON has more than `MAX_STRUCTURE` characters besides long texts."""


def loads(
    text: str, object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None
) -> Any:
    """Parse JSON.

    In JSON of more than `MAX_STRUCTURE` characters, values may be long texts. Field names may not.

    object_pairs_hook  as for `json.loads`

    Raises: TooMuchStructure, other ValueErrors, RecursionError.
    """
    if len(text) <= MAX_STRUCTURE:
        return json.loads(text, object_pairs_hook=object_pairs_hook)
    structure, long_texts = _take_apart(text)
    in_order = iter(long_texts)

    def constant(name: str) -> str:
        if name != _PLACE:
            raise ValueError(name)
        return next(in_order)

    return json.loads(structure, object_pairs_hook=object_pairs_hook, parse_constant=constant)


def _take_apart(text: str) -> tuple[str, list[str]]:
    """Return the JSON with `_PLACE` instead of each long text, and the long texts."""
    parts: list[str] = []
    long_texts: list[str] = []
    at, left = 0, MAX_STRUCTURE
    while at < len(text):
        start = text.find('"', at)
        between = text[at : start if start >= 0 else None]
        if _PLACE in between[:MAX_STRUCTURE]:
            raise ValueError(_PLACE)
        at = len(text)
        string = ""
        if start >= 0:
            value, at = _strings.raw_decode(text, start)
            string = text[start:at]
            if len(string) > _LONG:
                long_texts.append(value)
                string = _PLACE
        left -= len(between) + len(string) + _STRING_COST
        if left < 0:
            raise TooMuchStructure
        parts += between, string
    return "".join(parts), long_texts
