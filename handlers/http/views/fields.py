"""What the type of a field cannot say by itself:
a format, or which values of an enumeration it can have.
"""

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
"""A time as RFC 3339 has it: in UTC, with milliseconds."""
JoinRole = Annotated[Role, OneOf(Role.EDITOR, Role.VIEWER)]
"""What somebody becomes by joining."""


From = TypedDict("From", {"from": int})
"""Base of the answers with a field `from`, which a class cannot declare:
it is a keyword of Python."""
