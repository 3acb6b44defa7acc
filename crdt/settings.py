"""Declares settings: the name, default, bounds and help of each are in one place.

Each setting is a constant in the module of the package that obeys it (`crdt.limits`,
`handlers.settings`, `collab_server.config`). Everything else is derived from that constant: the
field of the configuration, the fields of limits, the name in metrics, the flag and the documents.
This module is in `crdt` because that is the lowest package that has settings.

Not for reading settings from the environment, which is `collab_server.config_loading`.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar

PREFIX = "COLLAB_"

_Value = TypeVar("_Value", int, float, str)
_Number = TypeVar("_Number", int, float)
_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class Setting(Generic[_Value]):
    """One value that an operator may choose.

    name      its name in the configuration, errors and metrics; the unit is its last word
    variable  its name in the environment
    about     help text, one line
    low, high inclusive bounds of a number
    allowed   the words that a text may be; if empty, any text is allowed
    """

    name: str
    default: _Value
    about: str
    variable: str
    low: float = 0
    high: float = 0
    allowed: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether the value is a number, with bounds."""
        return not isinstance(self.default, str)

    def field(self) -> _Value:
        """Return a field for a dataclass, with this setting's default."""
        return field(default=self.default, metadata={"setting": self})


def number(
    name: str, default: _Number, low: float, high: float, about: str, *, prefix: str = PREFIX
) -> Setting[_Number]:
    """Declare a number with inclusive bounds."""
    return Setting(name, default, about, prefix + name.upper(), low, high)


def text(
    name: str, default: str, about: str, *, allowed: tuple[str, ...] = (), prefix: str = PREFIX
) -> Setting[str]:
    """Declare a text; allowed: the words that it may be, or empty for any text."""
    return Setting(name, default, about, prefix + name.upper(), allowed=allowed)


def chosen(record: type[_Record], config: object, **others: Any) -> _Record:
    """Return a record with the values of a configuration.

    record  a dataclass whose fields were made by `Setting.field`
    config  has an attribute with the name of each setting
    others  values of further fields, and of fields whose unit differs from that of their setting
    """
    settings = {
        member.name: member.metadata["setting"]
        for member in fields(record)  # type: ignore[arg-type]
        if "setting" in member.metadata
    }
    return record(
        **{name: getattr(config, setting.name) for name, setting in settings.items()} | others
    )
