"""Adds facts to the type of a field: a format, or the values that it can have."""

from dataclasses import dataclass
from typing import Annotated, TypedDict

from storage.records import Role


@dataclass(frozen=True, slots=True)
class Format:
    """JSON Schema's `format` of a text."""

    name: str


class OneOf:
    """The only values that a text can have."""

    def __init__(self, *values: str) -> None:
        self.values = values


Timestamp = Annotated[str, Format("date-time")]
"""A time in the format of RFC 3339, in UTC, with milliseconds."""
JoinRole = Annotated[Role, OneOf(Role.EDITOR, Role.VIEWER)]
"""The role that a user can get by joining."""


From = TypedDict("From", {"from": int})
"""Base of the answers with a field `from`.
A class cannot declare this field, because `from` is a keyword of Python."""
