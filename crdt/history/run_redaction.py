"""Removes a text, such as a printed secret, from the runs of a session.

Not for the log and versions, whose structs must stay (`crdt.history.redaction`): a run consists
only of texts. Each UTF-16 code unit of the text becomes `BLOCK` there, too.
"""

from contextlib import suppress
from dataclasses import replace

from crdt.history.redaction import RedactedRows
from crdt.reading.blanking import BLOCK
from crdt.reading.items import units
from storage.base import Store
from storage.errors import RowDamaged
from storage.runs.pages import pages_of_runs
from storage.runs.records import CaseResult, RunReport

_RUNS_PER_READ = 5


async def redact_runs(store: Store, session_id: str, text: str, redacted: RedactedRows) -> None:
    """Remove a text from all runs of a session, and count those that had it in `redacted`.

    The reports of damaged runs are dropped, because it is not known whether they have the text.
    They do not count. A row on a malformed page cannot be written, and nobody can read it either.
    """
    async for page in pages_of_runs(store, session_id, _RUNS_PER_READ):
        for run in page:
            if run.is_damaged or run.report is None:
                with suppress(RowDamaged):
                    await store.redact_run(run)
                continue
            before, after = run.report, without_text(run.report, text)
            if before != after:
                is_open = replace(before, hidden=()) != replace(after, hidden=())
                redacted.count(is_open=is_open)
                await store.redact_run(replace(run, report=after))


def without_text(report: RunReport, text: str) -> RunReport:
    """Return a report with blocks instead of a text in its input, its output and its tests."""
    blocks = BLOCK * len(units(text))

    def blanked(value: str) -> str:
        return value.replace(text, blocks)

    def case_without(case: CaseResult) -> CaseResult:
        expected, actual = case.expected, case.actual
        return replace(
            case,
            name=blanked(case.name),
            expected=None if expected is None else blanked(expected),
            actual=None if actual is None else blanked(actual),
        )

    return replace(
        report,
        name=blanked(report.name),
        stdin=blanked(report.stdin),
        stdout=blanked(report.stdout),
        stderr=blanked(report.stderr),
        cases=tuple(map(case_without, report.cases)),
        hidden=tuple(map(case_without, report.hidden)),
    )
