"""Parses JSON that is large because it has long texts,
and refuses JSON that is large because of its structure.

A megabyte of text takes `json.loads` 1 ms, a megabyte of brackets 100 ms,
in which the event loop serves nobody.
"""

import json
from collections.abc import Callable
from typing import Any

MAX_STRUCTURE = 64 << 10
"""Most characters of JSON besides its long texts. This many take at most 7 ms."""
_LONG = 1_024
"""Characters from which on a text counts as long."""
_STRING_COST = 8
"""Characters that each string counts in addition to its own:
finding its end takes about as long."""
_PLACE = "NaN"
"""Stands for a long text. Valid JSON does not have it, and the parser calls us for each one,
in their order."""

_strings = json.JSONDecoder()


class TooMuchStructure(ValueError):
    """The JSON has more than `MAX_STRUCTURE` characters besides long texts."""


def loads(
    text: str, object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None
) -> Any:
    """Parse JSON. In JSON of more than `MAX_STRUCTURE` characters, only values may be long texts,
    not names of fields.

    object_pairs_hook  that of `json.loads`

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
    """Return the JSON with `_PLACE` for each long text, and the long texts."""
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
