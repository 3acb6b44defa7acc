"""How a setting is declared: its name, default, bounds and help stand in one place.

Each setting is a constant in the module of the package that obeys it (`crdt.limits`,
`handlers.settings`, `collab_server.config`). Everything else comes from that constant: the field of
the configuration, of the limits that a part of the server is given, the name that a metric counts
under, the flag and the documents. It lies in `crdt` because that is the lowest package that has
settings.
Not for: reading them from the environment, which is `collab_server.config`.
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
    about     help, one line
    low, high inclusive bounds of a number
    allowed   the words that a text may be; any text if there are none
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
        """Whether its value is a number, with bounds."""
        return not isinstance(self.default, str)

    def field(self) -> _Value:
        """Return a field of a dataclass that has this setting's value,
        its default if none is given.
        """
        return field(default=self.default, metadata={"setting": self})


def number(
    name: str, default: _Number, low: float, high: float, about: str, *, prefix: str = PREFIX
) -> Setting[_Number]:
    """Declare a number with inclusive bounds."""
    return Setting(name, default, about, prefix + name.upper(), low, high)


def text(
    name: str, default: str, about: str, *, allowed: tuple[str, ...] = (), prefix: str = PREFIX
) -> Setting[str]:
    """Declare a text, or one of some words."""
    return Setting(name, default, about, prefix + name.upper(), allowed=allowed)


def chosen(record: type[_Record], config: object, **others: Any) -> _Record:
    """Return a record whose fields were made by `Setting.field`,
    with the values that a configuration has.

    config  has an attribute with the name of each setting
    others  values of further fields, and of fields whose unit differs from that of their setting
    """
    settings = {
        one.name: one.metadata["setting"]
        for one in fields(record)  # type: ignore[arg-type]
        if "setting" in one.metadata
    }
    return record(
        **{name: getattr(config, setting.name) for name, setting in settings.items()} | others
    )
