"""Copies all rows of one store into another, in batches, and compares both stores at the end.

A copy that was interrupted can be continued. Rows are copied as dictionaries with the names of the
records' fields. A store derives more values from them: keys for comparing, and dates for TTL
indexes. The target derives these values again. Tickets and tokens for forgotten passwords are not
copied, because they live for only a minute and an hour.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from storage.base import Store
from storage.errors import StoreError
from storage.program_tests.contents import plain as plain_test
from storage.program_tests.contents import wanted_of
from storage.program_tests.records import ProgramTest
from storage.records import INVITES_KEPT_MS, Message, Version, VersionKind
from storage.runs.contents import plain, report_of
from storage.runs.records import Outcome, Run

Row = Mapping[str, Any]

TABLES: Mapping[str, int] = {
    "users": 200,
    "refresh_tokens": 200,
    "sessions": 200,
    "members": 200,
    "invites": 200,
    "invite_uses": 200,
    "avatars": 100,
    "messages": 200,
    "log": 20,
    "checkpoints": 5,
    "versions": 10,
    "runs": 20,
    "program_tests": 20,
}
"""{table: rows in a batch}. A table comes after the tables that its rows refer to."""

_NOTE = "copy"
_MARGIN_MS = 3_600_000
_DIGEST_MODULUS = 1 << 256


class CopyRefused(StoreError):
    """The copy cannot begin, or its result is wrong. The source is unchanged."""


class TableIO(Protocol):
    """Reads and writes tables as rows, for copying one store into another."""

    async def count(self, table: str) -> int:
        """Return how many rows a table has."""

    async def page(self, table: str, cursor: str, limit: int) -> tuple[list[Row], str]:
        """Return up to `limit` rows after a cursor, and the cursor after these rows.

        cursor  "" for the start of the table
        """

    async def put(self, table: str, rows: Iterable[Row]) -> None:
        """Store rows; rows with the same keys are replaced."""

    async def note(self, name: str) -> str:
        """Return the text of a note, "" if there is none."""

    async def set_note(self, name: str, text: str) -> None:
        """Store a text under a name; "" removes the note."""


class PortableStore(Store, TableIO, Protocol):
    """A store whose tables can be copied, and that can be examined before it is opened.

    Both stores are portable.
    """

    async def look(self) -> str:
        """Return the name of the server that has the store open, "" for none.

        This neither opens the store nor creates anything. Raises StoreUnavailable in the cases in
        which `open` raises it, except when a server has the store open.
        """


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows a table has, and a digest of them that does not depend on their order."""

    rows: int
    digest: str


async def copy(
    source: TableIO,
    target: TableIO,
    source_name: str,
    now: int,
    *,
    into_existing: bool = False,
    on_progress: Callable[[str, int, int], None] = lambda _table, _done, _total: None,
) -> dict[str, Sum]:
    """Copy everything that has not expired; return the sums of each table, equal on both sides.

    source_name    identifies the source; an interrupted copy goes on only from the same source
    into_existing  whether the target may already have other rows, which stay
    on_progress    called with (table, rows so far, rows in all)

    Raises CopyRefused if the target has rows, except with `into_existing` or if they come from an
    interrupted copy of this source. Raises CopyRefused too if both stores differ at the end.
    Raises StoreUnavailable.
    """
    travels = _Alive(await _expired_invites(source, now))
    place = await _begin(target, source_name, into_existing=into_existing)
    tables = list(TABLES)
    for table in tables[tables.index(place["table"]) :]:
        cursor = place["cursor"] if table == place["table"] else ""
        done, total = place["done"] if cursor else 0, await source.count(table)
        on_progress(table, done, total)
        while True:
            rows, cursor = await source.page(table, cursor, TABLES[table])
            if not rows:
                break
            await target.put(table, [row for row in rows if travels(table, row, now)])
            done += len(rows)
            note = {"source": source_name, "table": table, "cursor": cursor, "done": done}
            await target.set_note(_NOTE, json.dumps(note))
            on_progress(table, done, total)
    sums = await _verify(source, target, now, into_existing=into_existing)
    await target.set_note(_NOTE, "")
    return sums


class _Alive:
    """Tells which rows neither store may drop yet, because they have not expired."""

    def __init__(self, expired_invites: set[str]) -> None:
        self._expired_invites = expired_invites

    def __call__(self, table: str, row: Row, now: int) -> bool:
        if table == "invites":
            return row["id"] not in self._expired_invites
        if table == "invite_uses":
            return row["invite_id"] not in self._expired_invites
        return bool(row.get("expires_at", now + 1) > now)


async def _expired_invites(store: TableIO, now: int) -> set[str]:
    expired: set[str] = set()
    cursor = ""
    while True:
        rows, cursor = await store.page("invites", cursor, TABLES["invites"])
        if not rows:
            return expired
        expired.update(row["id"] for row in rows if row["expires_at"] <= now - INVITES_KEPT_MS)


async def _begin(target: TableIO, source_name: str, *, into_existing: bool) -> dict[str, Any]:
    """Return where to begin: at the start, or where an earlier run of this copy stopped."""
    text = await target.note(_NOTE)
    before = json.loads(text) if text else None
    if before and before["source"] == source_name:
        return dict(before)
    if before and not into_existing:
        raise CopyRefused(
            f"the target has part of a copy of {before['source']}: finish that copy, "
            "or empty the target"
        )
    filled = [table for table in TABLES if await target.count(table)]
    if filled and not into_existing:
        raise CopyRefused(f"the target is not empty ({', '.join(filled)})")
    return {"table": next(iter(TABLES)), "cursor": "", "done": 0}


async def _verify(
    source: TableIO, target: TableIO, now: int, *, into_existing: bool
) -> dict[str, Sum]:
    """Compare each table of both stores; return the sums of the target's tables.

    Rows that expire soon are left out, because a store may drop them during the comparison.
    With `into_existing`, nothing is compared, and the source's rows are counted.
    """
    sums = {}
    alive = _Alive(await _expired_invites(source, now + _MARGIN_MS))
    for table in TABLES:
        if into_existing:
            sums[table] = Sum(await source.count(table), "")
            continue
        source_sum, target_sum = [
            await _sum(store, table, now + _MARGIN_MS, alive) for store in (source, target)
        ]
        if source_sum != target_sum:
            raise CopyRefused(
                f"{table}: the source has {source_sum.rows} rows, the target {target_sum.rows}, or "
                "they differ"
            )
        sums[table] = target_sum
    return sums


async def _sum(store: TableIO, table: str, alive_at: int, alive: "_Alive") -> Sum:
    count, digest, cursor = 0, 0, ""
    while True:
        rows, cursor = await store.page(table, cursor, TABLES[table])
        if not rows:
            return Sum(count, f"{digest:064x}")
        for row in rows:
            if alive(table, row, alive_at):
                count += 1
                digest = (
                    digest + int.from_bytes(hashlib.sha256(_canonical(row)).digest())
                ) % _DIGEST_MODULUS


def _canonical(row: Row) -> bytes:
    plain = {
        name: hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
        for name, value in row.items()
    }
    return json.dumps(plain, sort_keys=True, ensure_ascii=True).encode()


def version_row(version: Version) -> Row:
    """Return a version as a row; the row of a damaged version has no texts."""
    row = {
        field.name: getattr(version, field.name)
        for field in fields(version)
        if field.name != "is_damaged"
    }
    return {**row, "kind": str(version.kind), "contributors": list(version.contributors)}


def version_of(row: Row) -> Version:
    """Return the version of a row; it is damaged if the row has no texts."""
    values = {**row, "kind": VersionKind(row["kind"]), "contributors": tuple(row["contributors"])}
    return Version(**values, is_damaged=row["files"] is None)


def message_row(message: Message) -> Row:
    """Return a chat message as a row; the row of a damaged message has no sender."""
    return {
        field.name: getattr(message, field.name)
        for field in fields(message)
        if field.name != "is_damaged"
    }


def message_of(row: Row) -> Message:
    """Return the chat message of a row; it is damaged if the row has no sender."""
    return Message(**row, is_damaged=not row["sender_id"])


def run_row(run: Run) -> Row:
    """Return a run as a row; the row of a damaged run has no report."""
    row = {
        field.name: getattr(run, field.name) for field in fields(run) if field.name != "is_damaged"
    }
    report = plain(run.report) if run.report else None
    return {**row, "outcome": str(run.outcome), "report": report}


def run_of(row: Row) -> Run:
    """Return the run of a row; it is damaged if the row has no report."""
    report = report_of(row["report"]) if row["report"] else None
    values = {**row, "outcome": Outcome(row["outcome"]), "report": report}
    return Run(**values, is_damaged=report is None)


def program_test_row(test: ProgramTest) -> Row:
    """Return a test as a row; the row of a damaged test has no content."""
    row = {field.name: getattr(test, field.name) for field in fields(test)}
    return {**row, "wanted": plain_test(test.wanted) if test.wanted else None}


def program_test_of(row: Row) -> ProgramTest:
    """Return the test of a row; it is damaged if the row has no content."""
    return ProgramTest(**{**row, "wanted": wanted_of(row["wanted"]) if row["wanted"] else None})
