"""Writes the runs of a session into an archive: as JSON for programs, and as text for people.

Both are newest first, as the store lists them, so that only some runs are in memory at a time.
"""

import asyncio
import json
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from typing import IO, NamedTuple, Protocol

from handlers.http.views import runs
from handlers.http.views.people import person
from handlers.http.views.times import rfc3339
from handlers.services import Services
from storage.records import User
from storage.runs.pages import pages_of_runs
from storage.runs.records import Run

_PAGE = 5


class _Write(Protocol):
    def __call__(self, run: Run, people: Mapping[str, User], *, for_staff: bool) -> str:
        """Return the text of a run."""


class _Form(NamedTuple):
    """The text of one run, and what is before, between and after the runs of a file."""

    write: _Write
    before: str
    between: str
    after: str


def as_json(run: Run, people: Mapping[str, User], *, for_staff: bool) -> str:
    """Return a run as in answers of the API."""
    return json.dumps(runs.run(run, people, for_staff=for_staff))


def as_text(run: Run, people: Mapping[str, User], *, for_staff: bool) -> str:
    """Return a run as a person reads it: a line about it, then its input, output and tests."""
    if run.report is None:
        return f"== run {run.number}: damaged in the store ==\n"
    report, user = run.report, person(run.user_id, people, run.user_name)["username"]
    status = "" if report.exit is None else f", exit {report.exit}"
    said = [
        f"== run {run.number}: {report.name or report.root} ({report.language}), {user}, "
        f"{rfc3339(run.created_at)}: {run.outcome}{status}, {report.ms} ms =="
    ]
    texts = {"input": report.stdin, "output": report.stdout, "errors": report.stderr}
    for name, text in texts.items():
        if text:
            said += [f"-- {name} --", text.removesuffix("\n")]
    if report.is_cut:
        said.append("-- the output was longer --")
    cases = (*report.cases, *report.hidden) if for_staff else report.cases
    said += [f"-- {'passed' if case.has_passed else 'failed'}: {case.name}" for case in cases]
    return "\n".join(said) + "\n"


_FORMS = {
    "runs.json": _Form(as_json, "[", ",\n", "]\n"),
    "runs.txt": _Form(as_text, "", "\n", ""),
}
"""{name of the file: its form}"""


async def put_runs(
    services: Services, session_id: str, archive: zipfile.ZipFile, *, for_staff: bool
) -> None:
    """Write the files of a session's runs; an archive without runs has them too.

    for_staff  whether the reader may know of the results of hidden tests
    """
    for name, form in _FORMS.items():
        with archive.open(name, "w") as file:
            await _put(services, session_id, file, form, for_staff=for_staff)


async def _put(
    services: Services, session_id: str, file: IO[bytes], form: _Form, *, for_staff: bool
) -> None:
    separator = form.before
    async for page in pages_of_runs(services.store, session_id, _PAGE):
        people = await services.store.users({run.user_id for run in page})
        for run in page:
            write = partial(form.write, run, people, for_staff=for_staff)
            await asyncio.to_thread(_write, file, separator, write)
            separator = form.between
    if separator == form.before:
        await asyncio.to_thread(file.write, form.before.encode())
    await asyncio.to_thread(file.write, form.after.encode())


def _write(file: IO[bytes], separator: str, write: Callable[[], str]) -> None:
    file.write((separator + write()).encode())
