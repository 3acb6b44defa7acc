"""Runs: what members' browsers reported about programs that they ran.

The server runs nothing, so a report is a claim of a browser. Here are the rules: which members may
report a run, how large a report may be, at which log position it stands, and how many runs a
session keeps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crdt.errors import OutputTooLarge, RunForbidden
from crdt.lifecycle.rooms import Rooms
from storage.base import Store
from storage.records import Role, Session
from storage.runs.records import Run, Runners, RunReport

MAX_STDIN_BYTES = 16 << 10
"""UTF-8 bytes of a program's input."""
MAX_OUTPUT_BYTES = 64 << 10
"""UTF-8 bytes of a program's output and error output together."""

_LEAST: Mapping[Runners, Role | None] = {
    Runners.NOBODY: None,
    Runners.EDITORS: Role.EDITOR,
    Runners.ALL: Role.VIEWER,
}
"""{rule of a session: the least role that may run programs; None for nobody}"""

_PAGE_CHARACTERS = 2 << 20
_BATCH = 5
"""A page of runs ends when it has this many characters. Runs are read in batches of five, the
largest of which are unpacked in some 30 ms."""


def may_run(runners: Runners, role: Role) -> bool:
    """Whether a session's rule lets a member with this role run programs."""
    least = _LEAST[runners]
    return least is not None and role.allows(least)


class Runs:
    """Stores and lists the runs of sessions."""

    def __init__(self, store: Store, rooms: Rooms, most: int) -> None:
        """most: how many runs a session keeps; older runs are dropped."""
        self._store = store
        self._rooms = rooms
        self._kept = most

    def check_allowed(self, session: Session, role: Role) -> None:
        """Raise RunForbidden unless a member with this role may run programs in a session."""
        if not may_run(session.runs, role):
            raise RunForbidden(str(session.runs))

    async def add(self, session: Session, run: Run, sequence: int | None) -> Run:
        """Store a run under the session's next number, and return it with this number.

        run       a run with its report; its `number` and `sequence` are ignored
        sequence  the log position that the code had when the run started, as the browser says;
                  None for the present position

        Raises OutputTooLarge, QuotaReached if the session's owner has no storage left, NotFound if
        the session is gone, or StoreUnavailable.
        """
        if run.report:
            check_size(run.report)
        await self._rooms.storage_quota.require_bytes(session.owner_id)
        present = await self._present(session.id)
        # A browser may claim any position. A position that is not in the log yet would put the run
        # behind edits that are made later.
        at = present if sequence is None else min(sequence, present)
        return await self._store.add_run(replace(run, sequence=at), self._kept)

    async def _present(self, session_id: str) -> int:
        """Return the session's present log position."""
        room = self._rooms.find(session_id)
        if room is not None:
            return room.journal.sequence
        spans = await self._store.chunk_spans(session_id)
        return spans[-1][1] if spans else 0

    async def page(
        self, session_id: str, before: int | None, limit: int
    ) -> tuple[Sequence[Run], bool]:
        """Return (runs with numbers below `before`, newest first; whether there are more).

        There are fewer than `limit` runs if their outputs are large. The size of results of hidden
        tests does not count. Otherwise everybody could tell from the length of a page that there
        are hidden tests.
        """
        page: list[Run] = []
        size = 0
        while len(page) < limit and size < _PAGE_CHARACTERS:
            count = min(_BATCH, limit - len(page))
            batch = await self._store.runs(session_id, before, count, with_reports=True)
            if not batch:
                return page, False
            page += batch
            before = batch[-1].number
            size += sum(map(_characters, batch))
        return page, bool(await self._store.runs(session_id, before, 1, with_reports=False))


def check_size(report: RunReport) -> None:
    """Raise OutputTooLarge if the input or the output of a run is too large."""
    if len(report.stdin.encode()) > MAX_STDIN_BYTES:
        raise OutputTooLarge("stdin", f"the input may have at most {MAX_STDIN_BYTES} bytes")
    stdout, stderr = len(report.stdout.encode()), len(report.stderr.encode())
    if stdout + stderr > MAX_OUTPUT_BYTES:
        field = "stdout" if stdout >= stderr else "stderr"
        raise OutputTooLarge(
            field, f"stdout and stderr together may have at most {MAX_OUTPUT_BYTES} bytes"
        )


def _characters(run: Run) -> int:
    """Return about how many characters a run has."""
    report = run.report
    if report is None:
        return 0
    cases = sum(len(case.expected or "") + len(case.actual or "") for case in report.cases)
    return len(report.stdin) + len(report.stdout) + len(report.stderr) + cases
