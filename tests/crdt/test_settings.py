"""Tests of settings.

The declaration of a setting gives a field its default. A record of fields takes its values from a
configuration.
"""

from dataclasses import FrozenInstanceError, dataclass

import pytest

from crdt.settings import chosen, number, text

SIZE = number("max_size_bytes", 10, 1, 100, "bytes of a thing")
COLOUR = text("colour", "red", "what it looks like", allowed=("red", "blue"), prefix="")


@dataclass(frozen=True, slots=True)
class Limits:
    size: int = SIZE.field()
    colour: str = COLOUR.field()
    is_new: bool = False


@dataclass(frozen=True)
class Configuration:
    max_size_bytes: int = 7
    colour: str = "blue"


def test_setting_field_has_the_default() -> None:
    """The fields of a record without arguments have the defaults of their settings."""
    assert Limits() == Limits(size=10, colour="red")


def test_setting_variable_has_prefix() -> None:
    """Settings of this server begin with COLLAB_, but settings that other programs know do not."""
    assert (SIZE.variable, COLOUR.variable) == ("COLLAB_MAX_SIZE_BYTES", "COLOUR")
    assert (SIZE.is_number, COLOUR.is_number) == (True, False)


def test_settings_record_takes_values_of_configuration() -> None:
    """A field with a setting gets the value of this setting.

    The caller gives the other fields, or they have their own default.
    """
    assert chosen(Limits, Configuration()) == Limits(7, "blue")
    assert chosen(Limits, Configuration(), colour="red", is_new=True) == Limits(
        7, "red", is_new=True
    )


def test_setting_is_immutable() -> None:
    """Nobody can assign to a field of a setting."""
    with pytest.raises(FrozenInstanceError):
        SIZE.default = 11  # type: ignore[misc]  # Python must refuse this line as mypy does
