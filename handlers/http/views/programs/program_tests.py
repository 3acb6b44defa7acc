"""Answers with tests of programs. They get only tests that the reader may know of."""

from typing import NotRequired, TypedDict

from storage.program_tests.records import Kind, Wanted
from storage.program_tests.records import ProgramTest as Record


class ProgramTest(TypedDict):
    """A test of the session's programs.

    A `case` has the input of a program and the output that it must print. A `file` has the code of
    assertions in `source`. `root` is the file that is run. A `damaged` test has only its id and
    `isHidden`.
    """

    id: str
    kind: Kind
    name: str
    root: str
    input: str
    expected: str
    source: str
    isHidden: bool
    damaged: NotRequired[bool]


class OneProgramTest(TypedDict):
    """One test."""

    test: ProgramTest


class ProgramTests(TypedDict):
    """Tests in their order; `isStaff` says whether the reader gets hidden tests too."""

    tests: list[ProgramTest]
    isStaff: bool


_UNKNOWN = Wanted(Kind.CASE, "", "")


def program_test(record: Record) -> ProgramTest:
    """Return a test."""
    wanted = record.wanted or _UNKNOWN
    body: ProgramTest = {
        "id": record.id,
        "kind": wanted.kind,
        "name": wanted.name,
        "root": wanted.root,
        "input": wanted.input,
        "expected": wanted.expected,
        "source": wanted.source,
        "isHidden": record.is_hidden,
    }
    if record.is_damaged:
        body["damaged"] = True
    return body
