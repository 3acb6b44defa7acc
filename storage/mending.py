"""Makes records from rows that may be damaged.

No store checks types, and a disk may return bytes that differ from the written bytes. Versions,
chat messages and runs have checksums, so damaged ones are marked (`storage.checksums`). In all
other rows, an invalid value is replaced by the value that allows the least. So one bad value does
not make a whole list fail.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, fields
from functools import lru_cache, partial
from types import NoneType
from typing import Any, TypeVar, cast, get_args, get_type_hints

from storage.records import Access, Message, Role, Status, Version
from storage.runs.records import Runners

_LEAST: dict[type, Any] = {
    Access: Access.INVITE,
    Role: Role.VIEWER,
    Status: Status.ENDED,
    Runners: Runners.NOBODY,
    str: "",
    int: 0,
    bytes: b"",
}
_FLAG = True
"""The value of a flag that cannot be read: removed, revoked, deleted, or a guest.
Each of these allows less."""
_TIMES = "_at"
LAST_MS = 253_402_300_799_999
"""The end of the year 9999, in ms since 1970. Python has no dates after it."""
_HALVES = re.compile("[\ud800-\udfff]")
_SOUND = ("id", "sender_id", "author_id", "text", "label", "main_root")

_Record = TypeVar("_Record")


def restored(cls: type[_Record], row: Mapping[str, Any]) -> _Record:
    """Return the record of a row. It raises no error, even if all values are damaged."""
    return cls(
        **{
            name: read(row.get(name, absent))
            for name, absent, read in _columns(cast("Hashable", cls))
        }
    )


def is_time(value: object) -> bool:
    """Whether a value can be a time in ms since 1970."""
    return isinstance(value, int) and 0 <= value <= LAST_MS


def readable(text: object) -> str:
    """Return a text with U+FFFD for each lone surrogate, or "" for a value that is no text.

    `storage.sqlite.engine` decodes bytes that are not UTF-8 to lone surrogates.
    """
    if not isinstance(text, str):
        return ""
    return text if text.isascii() else _HALVES.sub("\ufffd", text)


def is_sound(record: Message | Version) -> bool:
    """Whether all values of a row without a checksum are valid."""
    texts = [getattr(record, name) for name in _SOUND if hasattr(record, name)]
    is_text = all(isinstance(text, str) and text == readable(text) for text in texts)
    return is_text and is_time(record.created_at)


@lru_cache(maxsize=32)
def _columns(cls: Any) -> tuple[tuple[str, Any, Callable[[Any], Any]], ...]:
    """Return (name, value for rows without the field, function that reads it) for each field."""
    hints = get_type_hints(cls)
    return tuple(
        (
            field.name,
            None if field.default is MISSING else field.default,
            _reader(field.name, hints[field.name]),
        )
        for field in fields(cls)
    )


def _reader(name: str, hint: Any) -> Callable[[Any], Any]:
    kinds = [kind for kind in get_args(hint) or (hint,) if kind is not NoneType]
    read = partial(_time if name.endswith(_TIMES) else _READERS.get(kinds[0], _word), kinds[0])
    return partial(_optional, kinds[0], read) if NoneType in get_args(hint) else read


def _optional(kind: type, read: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None or (kind is str and not isinstance(value, str)) else read(value)


def _time(_kind: type, value: Any) -> int:
    return value if is_time(value) else 0


def _text(_kind: type, value: Any) -> str:
    return readable(value)


def _flag(_kind: type, value: Any) -> bool:
    return bool(value) if isinstance(value, int) else _FLAG


def _plain(kind: type, value: Any) -> Any:
    return value if isinstance(value, kind) else _LEAST[kind]


def _word(kind: type, value: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        return _LEAST[kind]


_READERS: dict[type, Callable[[type, Any], Any]] = {
    str: _text,
    bool: _flag,
    int: _plain,
    bytes: _plain,
}
