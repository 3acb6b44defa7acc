"""The records of tests of programs: frozen, with slots. Times are milliseconds since 1970 (UTC)."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """A `case` has an input and the expected output; a `file` is code with assertions."""

    CASE = "case"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The content of a test.

    root      the root of the file that is run
    input     the program's input; "" for a file of assertions
    expected  the output that the program must print; "" for a file of assertions
    source    the code of a file of assertions; "" for a case
    """

    kind: Kind
    name: str
    root: str
    input: str = ""
    expected: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class ProgramTest:
    """A test of a session's programs.

    position    its place among the session's tests; only its order has a meaning
    is_hidden   whether only staff may know of it
    wanted      None if it is damaged
    """

    session_id: str
    id: str
    position: int
    is_hidden: bool
    created_at: int
    wanted: Wanted | None

    @property
    def is_damaged(self) -> bool:
        """Whether its checksum is wrong, so that its content is not known."""
        return self.wanted is None
