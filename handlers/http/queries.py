"""Rules by which Cerberus checks query parameters.

The API's description is made from them too. An empty parameter counts as missing, unless its rules
have `empty`. `meta.message` is the sentence that a client gets for any broken rule.
"""

from collections.abc import Mapping
from typing import Any

from handlers.http.schemas import MAX_SEQUENCE, MAX_VERSION, Schema, validate

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_DEFAULT_RUNS, _MAX_RUNS = 20, 50
"""Runs of a page. They have outputs, so a page has fewer of them."""
_MAX_DIGITS = 16


def _to_number(text: str | int) -> int | str:
    """Return the number in a text of digits.

    A default or any other text is returned unchanged, and the rules then check it.
    """
    if isinstance(text, int):
        return text
    is_number = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    return int(text) if is_number and (text == "0" or int(text)) else text


def _to_boolean(text: str | bool) -> bool | str:
    return text == "true" if text in ("true", "false") else text


def _number(maximum: int, minimum: int = 1) -> dict[str, Any]:
    message = f"must be a whole number from {minimum} to {maximum}"
    return {
        "type": "integer",
        "coerce": _to_number,
        "min": minimum,
        "max": maximum,
        "meta": {"message": message},
    }


def _choice(message: str, *words: str) -> dict[str, Any]:
    return {"type": "string", "allowed": list(words), "meta": {"message": message}}


_LIMIT = {**_number(MAX_LIMIT), "default": DEFAULT_LIMIT}
_VERSION = _number(MAX_VERSION, 0)
_TEXT = {"type": "string"}

PAGE: Schema = {"limit": _LIMIT, "before": _TEXT}
MESSAGES: Schema = {"limit": _LIMIT, "before": _number(MAX_SEQUENCE)}
VERSIONS: Schema = {
    "limit": _LIMIT,
    "before": _number(MAX_VERSION),
    "fields": _choice("must be meta, or be left out", "meta"),
}
RUNS: Schema = {
    "limit": {**_number(_MAX_RUNS), "default": _DEFAULT_RUNS},
    "before": _number(MAX_VERSION),
}
LATEST: Schema = {
    "live": {
        "type": "boolean",
        "coerce": _to_boolean,
        "default": False,
        "meta": {"message": "must be true or false"},
    }
}
FILES: Schema = {"deleted": LATEST["live"]}
DIFF: Schema = {
    "from": _VERSION,
    "to": {
        "anyof": [
            {"type": "integer", "min": 0, "max": MAX_VERSION},
            {"type": "string", "allowed": ["live"]},
        ],
        "coerce": _to_number,
        "default": "live",
        "meta": {"message": f"{_VERSION['meta']['message']}, or live"},
    },
}
TIMELINE: Schema = {"after": _number(MAX_SEQUENCE)}
EXPORT: Schema = {
    "format": {
        **_choice("must be one of zip, replay, git", "zip", "replay", "git"),
        "empty": False,
        "default": "zip",
    }
}
REPLAY: Schema = {
    "from": {**_number(MAX_SEQUENCE, 0), "default": 0},
    "to": {**_number(MAX_SEQUENCE), "default": MAX_SEQUENCE},
}
BLAME: Schema = {"root": {**_TEXT, "empty": True}}
SYNC: Schema = {
    "ticket": _TEXT,
    "token": _TEXT,
    "saved": {"type": "string", "allowed": ["1"]},
    "notes": {"type": "string", "allowed": ["1"]},
}
"""Rules for the handshake of `/sync`, which ignores unknown parameters."""


def read(schema: Schema, texts: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the parameters of a query as values of their types, with defaults.

    texts  {name: text, or None for a missing parameter}

    Raises ApiError 422 that names every wrong parameter.
    """
    given = {
        name: text
        for name, text in texts.items()
        if text or (text == "" and "empty" in schema[name])
    }
    return validate(schema, given)
