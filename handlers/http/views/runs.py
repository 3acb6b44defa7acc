"""Answers with runs of programs."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from handlers.http.views.fields import Timestamp
from handlers.http.views.people import Person, person
from handlers.http.views.times import rfc3339
from storage import records
from storage.runs.records import CaseResult, Outcome, RunReport
from storage.runs.records import Run as RunRecord


class RunTest(TypedDict):
    """One test of a program, with what it expected and what it got.

    Only staff get results of hidden tests, with `isHidden`.
    """

    name: str
    passed: bool
    isHidden: NotRequired[bool]
    expected: NotRequired[str]
    actual: NotRequired[str]


class Run(TypedDict):
    """A run as the user's browser reported it; `number` counts from 1 in its session.

    `exit` is null if the program did not end by itself. `sequence` is the log position that the
    code had when the run started. Only the `number` of a `damaged` run is known for certain.
    """

    number: int
    user: Person
    root: str
    name: str
    language: str
    stdin: str
    stdout: str
    stderr: str
    exit: int | None
    outcome: Outcome
    ms: int
    isCut: bool
    tests: list[RunTest]
    sequence: int
    at: Timestamp
    damaged: NotRequired[bool]


class OneRun(TypedDict):
    """One run."""

    run: Run


class RemoteRun(OneRun):
    """A run by the service, with the most memory that its program had, if the service tells it.

    The memory is not kept with the run.
    """

    memoryBytes: int | None


class Runs(TypedDict):
    """Runs, newest first; `next` leads to older runs."""

    runs: list[Run]
    next: int | None


class Languages(TypedDict):
    """All names of the languages that the service runs."""

    languages: list[str]


_NO_REPORT = RunReport("", "", "", "", "", "", None, 0)


def run(record: RunRecord, people: Mapping[str, records.User], *, for_staff: bool = False) -> Run:
    """Return a run. If the user's record is gone, their name at that time is used.

    for_staff  whether the reader may know of the results of hidden tests
    """
    report = record.report or _NO_REPORT
    hidden = report.hidden if for_staff else ()
    body: Run = {
        "number": record.number,
        "user": person(record.user_id, people, record.user_name),
        "root": report.root,
        "name": report.name,
        "language": report.language,
        "stdin": report.stdin,
        "stdout": report.stdout,
        "stderr": report.stderr,
        "exit": report.exit,
        "outcome": record.outcome,
        "ms": report.ms,
        "isCut": report.is_cut,
        "tests": [
            *map(_test, report.cases),
            *map(_hidden_test, hidden),
        ],
        "sequence": record.sequence,
        "at": rfc3339(record.created_at),
    }
    if record.is_damaged:
        body["damaged"] = True
    return body


def _hidden_test(case: CaseResult) -> RunTest:
    return {**_test(case), "isHidden": True}


def _test(case: CaseResult) -> RunTest:
    body: RunTest = {"name": case.name, "passed": case.has_passed}
    if case.expected is not None:
        body["expected"] = case.expected
    if case.actual is not None:
        body["actual"] = case.actual
    return body
