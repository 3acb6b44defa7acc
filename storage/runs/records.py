"""The records of runs: frozen, with slots. Times are milliseconds since 1970 (UTC).

The server runs no program. A run is what a member's browser reported about a program that it ran.
"""

from dataclasses import dataclass
from enum import StrEnum


class Runners(StrEnum):
    """Rule for running programs in a session: nobody, owner and editors, or all members."""

    NOBODY = "nobody"
    EDITORS = "editors"
    ALL = "all"


class Outcome(StrEnum):
    """The end of a run.

    `done` and `failed` are ends of the program itself, `failed` with an error. `stopped` means that
    somebody ended it, and `timeout` that it took too long.
    """

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One test of a program: its name, whether it passed, and what it expected and got."""

    name: str
    has_passed: bool
    expected: str | None = None
    actual: str | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a browser reported about a run.

    root    the root of the file that was run
    name    the name of that file as it was shown, "" if there was none
    exit    the program's exit status; None if it did not end by itself
    ms      milliseconds that the run took
    is_cut  whether the output was longer than what is kept
    cases   the results of open tests
    hidden  the results of hidden tests, apart from the others: only staff may know of them
    """

    root: str
    language: str
    name: str
    stdin: str
    stdout: str
    stderr: str
    exit: int | None
    ms: int
    is_cut: bool = False
    cases: tuple[CaseResult, ...] = ()
    hidden: tuple[CaseResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A run. In each session, the store counts `number` from 1; the oldest runs are dropped.

    id          makes a repeated call recognizable; clients do not see it
    sequence    log position that the code had when the run started
    report      None if only the description was read
    is_damaged  a checksum is wrong: `report` is None, and the description may be missing too
    """

    session_id: str
    number: int
    id: str
    user_id: str
    user_name: str
    sequence: int
    outcome: Outcome
    created_at: int
    report: RunReport | None
    is_damaged: bool = False
