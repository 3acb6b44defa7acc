"""Writes a session's replay as one HTML file, which plays without a server."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import files
from itertools import accumulate
from typing import IO, NamedTuple, TypedDict

from crdt.errors import RoomDamaged, TextUnavailable
from crdt.history.playback.replay import Replayed
from handlers.http.views import history
from handlers.http.views.names import file_names, naming_of, suffix_of
from handlers.http.views.people import person
from handlers.http.views.times import rfc3339
from handlers.services import Services
from storage.records import Session, User
from storage.runs.pages import pages_of_runs
from storage.runs.records import CaseResult, Run, RunReport

_MESSAGES = 500
_PAGE = 200
_BREAK = "{{data}}"
_RUNS_PER_READ = 5
_OUTPUT = 4_000
"""Characters of each output that the page has, from its end. With 200 runs, that is 0.8 MB."""
_VALUES, _VALUE = 10, 500
"""Failed tests of a run whose values the page has, and characters of each value, from its end.
With 200 runs, that is 2 MB."""


class _Version(TypedDict):
    """A version as the page shows it."""

    version: int
    kind: str
    label: str
    sequence: int


class _Case(TypedDict):
    """The result of an open test as the page shows it."""

    name: str
    passed: bool
    expected: str | None
    actual: str | None


class _Run(TypedDict):
    """A run as the page shows it.

    cases  the results of open tests only: the page may be passed on to anybody
    """

    number: int
    outcome: str
    exit: int | None
    ms: int
    sequence: int
    user: str
    file: str
    output: str
    cases: list[_Case]


class HtmlPlayer:
    """Writes the page, with the first texts, every update, versions, runs and chat as JSON."""

    def __init__(self, services: Services, session: Session, user_id: str, file: IO[bytes]) -> None:
        """user_id: the user who requested the export, for whom the work is counted."""
        self._services = services
        self._session = session
        self._user_id = user_id
        self._file = file
        self._names = history.Names()
        self._others: set[str] = set()
        self._renames: list[history.Renames] = []

    async def write(self) -> None:
        """Write everything; raises the errors of reading the history."""
        head, _, tail = _page().partition(_BREAK)
        await self._put(head, '{"steps":[')
        texts, start = await self._steps()
        people = await self._services.store.users(set(self._names.authors))
        rest = {
            "title": self._session.title,
            "session": self._session.id,
            "exported": rfc3339(self._services.clock()),
            "start": start,
            "roots": list(self._names.roots),
            "others": sorted(self._others.difference(self._names.roots)),
            "names": await self._file_names(),
            "renames": self._renames,
            "authors": [person(author, people)["username"] for author in self._names.authors],
            "versions": await self._versions(),
            "runs": await self._runs(people),
            "chat": await self._chat(people),
        }
        await self._put('],"files":', texts, ",", _json(rest)[1:], tail)

    async def _steps(self) -> tuple[bytes, int]:
        """Write every update; return (JSON of the texts before the first one, its time in ms)."""
        start: int | None = 0
        suffix = suffix_of(self._session.language)
        first = _Rows(b"{}", b"", [], [], [], [], 0, 0)
        before: int | None = None
        while start is not None:
            view = partial(_rows, list(self._names.roots), list(self._names.authors), before, start)
            reader, user_id = self._services.history_reader, self._user_id
            rows, following = await reader.replay(self._session.id, user_id, start, view, suffix)
            self._others.update(rows.others)
            self._renames += rows.renames
            if start == 0:
                first = rows
            self._names, before = history.Names(rows.roots, rows.authors), rows.last_at
            await self._put("," if start and rows.text else "", rows.text)
            start = following
        return first.files, first.first_at

    async def _file_names(self) -> dict[str, str]:
        """Return {root: name of its file}, as the document has it now."""
        naming, versions = naming_of(self._session), self._services.versions
        try:
            outline, _ = await versions.outline(self._session.id, self._user_id, naming.suffix)
            files = outline.files
        except (RoomDamaged, TextUnavailable):
            files = await versions.files_of(self._user_id, self._names.roots, {}, naming)
        return {file.root: file.name for file in files}

    async def _versions(self) -> list[_Version]:
        store, before = self._services.store, None
        versions: list[_Version] = []
        while page := await store.versions(self._session.id, before, _PAGE, with_files=False):
            versions += [
                {
                    "version": row.number,
                    "kind": row.kind,
                    "label": row.label,
                    "sequence": row.sequence,
                }
                for row in page
                if not row.is_damaged
            ]
            before = page[-1].number
        return versions[::-1]

    async def _runs(self, people: Mapping[str, User]) -> list[_Run]:
        """Return the runs, oldest first, each with the end of its output."""
        store = self._services.store
        shown: list[_Run] = []
        async for page in pages_of_runs(store, self._session.id, _RUNS_PER_READ):
            users = {**people, **await store.users({run.user_id for run in page})}
            shown += [_shown(run, run.report, users) for run in page if run.report]
        return shown[::-1]

    async def _chat(self, people: Mapping[str, User]) -> list[tuple[int, str, str]]:
        """Return (time in ms, name, text) for the newest messages, oldest first.

        No time is before the time of the previous message.
        """
        messages = await self._services.store.messages(self._session.id, None, _MESSAGES)
        senders = {
            **people,
            **await self._services.store.users({message.sender_id for message in messages}),
        }
        times = accumulate((message.created_at for message in messages), max)
        return [
            (at, person(message.sender_id, senders, message.sender_name)["username"], message.text)
            for at, message in zip(times, messages, strict=True)
            if not message.is_damaged
        ]

    async def _put(self, *texts: str | bytes) -> None:
        for text in texts:
            data = text if isinstance(text, bytes) else text.encode()
            await asyncio.to_thread(self._file.write, data)


class _Rows(NamedTuple):
    """Some steps in the form that the page has, encoded by the worker: a page is megabytes long.

    files              JSON of {root: text} before the first step
    text               JSON of the steps, without brackets around them
    roots, authors     roots and authors of all steps so far
    others             roots that are not texts
    renames            the changes of names, with the indexes of their steps in the whole replay.
                       The names before the first step are a change of step -1
    first_at, last_at  times of the first and last step in ms
    """

    files: bytes
    text: bytes
    roots: list[str]
    authors: list[str]
    others: list[str]
    renames: list[history.Renames]
    first_at: int
    last_at: int


def _rows(
    roots: list[str], authors: list[str], before: int | None, start: int, replayed: Replayed
) -> _Rows:
    """Return steps whose roots and authors continue the given lists.

    before  time of the previous step, or None
    start   the number of steps before these
    """
    names, steps = history.Names(roots or replayed.files, authors), replayed.steps
    first_at = steps[0].at if steps else 0
    since = first_at if before is None else before
    text = _json(names.steps(steps, since))[1:-1]
    last_at = steps[-1].at if steps else since
    return _Rows(
        _json(replayed.files).encode(),
        text.encode(),
        list(names.roots),
        list(names.authors),
        replayed.others,
        list(_renames(replayed, start)),
        first_at,
        last_at,
    )


def _renames(replayed: Replayed, start: int) -> Iterator[history.Renames]:
    """Yield the changes of names; `start` is the number of steps before the given ones."""
    if start == 0:
        yield {"step": -1, "names": file_names(replayed.names)}
    for index, step in enumerate(replayed.steps, start):
        if step.names:
            yield {"step": index, "names": file_names(step.names)}


def _shown(run: Run, report: RunReport, people: Mapping[str, User]) -> _Run:
    output = f"{report.stdout}{report.stderr}"
    return {
        "number": run.number,
        "outcome": str(run.outcome),
        "exit": report.exit,
        "ms": report.ms,
        "sequence": run.sequence,
        "user": person(run.user_id, people, run.user_name)["username"],
        "file": report.name or report.root,
        "output": output if len(output) <= _OUTPUT else f"…{output[-_OUTPUT:]}",
        "cases": list(_cases(report.cases)),
    }


def _cases(cases: Sequence[CaseResult]) -> Iterator[_Case]:
    """Yield the results of tests, with the values of the first ones that failed."""
    failed = 0
    for case in cases:
        failed += not case.has_passed
        has_values = not case.has_passed and failed <= _VALUES
        yield {
            "name": case.name,
            "passed": case.has_passed,
            "expected": _end(case.expected, _VALUE) if has_values else None,
            "actual": _end(case.actual, _VALUE) if has_values else None,
        }


def _end(text: str | None, length: int) -> str | None:
    return text if text is None or len(text) <= length else f"…{text[-length:]}"


def _page() -> str:
    return files("handlers.export").joinpath("templates", "replay.html").read_text()


def _json(value: object) -> str:
    """Return JSON for a script element. Its `<` is escaped, so that no text ends the element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
