"""Handler that has a program of a session run by a service on another machine.

The server takes the session's texts itself, as they are now or were earlier, so the run's log
position is exact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from crdt.history.differences import DEADLINE_S
from crdt.history.playback.moment import Moment
from crdt.history.runs import check_size
from crdt.reading.documents import Document
from crdt.reading.file_table import File, are_few
from handlers import errors
from handlers.export.file_names import FileNames
from handlers.http import schemas
from handlers.http.long_work import LongWorkHandler
from handlers.http.views import runs
from handlers.http.views.names import naming_of
from handlers.http.views.runs import Languages, RemoteRun
from handlers.runner.piston import Program, Result
from handlers.running.runs import new_run, store_run
from storage.records import Role, Session
from storage.runs.records import RunReport

_MAX_FILES_BYTES = 1 << 20
"""UTF-8 bytes of all texts that are sent to the service together."""


class _Code(NamedTuple):
    """A session's texts and its other roots, as they are at a log position."""

    files: Mapping[str, str]
    documents: Mapping[str, Document]
    sequence: int


class RemoteRunHandler(LongWorkHandler):
    """POST, GET /session/:id/runs/remote"""

    async def get(self, session_id: str) -> None:
        await self.member(session_id, Role.VIEWER)
        if self.services.runner is None:
            raise _no_service()
        answer: Languages = {"languages": list(await self.services.runner.languages())}
        await self.reply_to_members(answer)

    async def post(self, session_id: str) -> None:
        body = self.read(schemas.REMOTE_RUN)
        services = self.services
        session = await self._allowed(session_id)
        if services.runner is None:
            raise _no_service()
        if wait := services.limiters.runs.wait_s(self.me.id):
            raise errors.rate_limited(wait, "Too many runs in a short time.")
        stdin, root = body.get("stdin", ""), body["root"]
        report = RunReport(root, body["language"], "", stdin, "", "", None, 0)
        check_size(report)
        code = await self._code(session, body.get("sequence"))
        listed = await services.versions.files_of(
            self.me.id, code.files, code.documents, naming_of(session)
        )
        shown = _shown(code, root, listed)
        files = await self._files(code, root, shown)
        started = services.clock()
        program = Program(body["language"], files, stdin)
        result = await self.while_connected(services.runner.run(self.me.id, program))
        session = await self._allowed(session_id)
        ms = max(0, services.clock() - started)
        run = new_run(self, session, result.outcome, _finished(report, result, shown[root], ms))
        stored = await store_run(self, session, run, code.sequence)
        shown_run = runs.run(stored, {self.me.id: self.me})
        answer: RemoteRun = {"run": shown_run, "memoryBytes": result.memory_bytes}
        self.reply(answer, 201)

    async def _code(self, session: Session, sequence: int | None) -> _Code:
        """Return the session's code at a log position; None for the present one.

        Raises NotFound if the log has no such position.
        """
        if sequence is None:
            live = await self.services.versions.live(session.id, self.me.id)
            return _Code(live.files, live.documents, live.sequence)
        moment = await self.while_connected(
            self.services.history_reader.moment(session.id, self.me.id, sequence, _same)
        )
        return _Code(moment.files, moment.documents, sequence)

    async def _files(self, code: _Code, entry: str, shown: Mapping[str, str]) -> dict[str, str]:
        """Return {path of the file: text} for the service, the entry first."""
        if are_few(None, shown):
            paths = _paths(shown)
        else:
            paths = await self.services.workers.run(
                _paths, shown, key=self.me.id, deadline_s=DEADLINE_S
            )
        roots = [entry, *(root for root in shown if root != entry)]
        return {paths[root]: code.files.get(root, "") for root in roots}

    async def _allowed(self, session_id: str) -> Session:
        """Return the session if the user may run programs in it now."""
        session, member = await self.member(session_id, Role.VIEWER, writes=True)
        self.services.runs.check_allowed(session, member.role)
        return session


def _no_service() -> errors.ApiError:
    return errors.not_found("service that runs programs")


def _same(moment: Moment) -> Moment:
    """Return the moment itself: the view of a document that has all of it."""
    return moment


def _shown(code: _Code, entry: str, listed: Iterable[File]) -> dict[str, str]:
    """Return {root: name of the file} of a session's texts, without deleted files.

    Raises ApiError 422 if the entry is no text, and 413 if all texts together are too large.
    """
    # A file of the table may have no text yet. It may also be in a root that is no text.
    shown = {
        file.root: file.name
        for file in listed
        if not file.is_deleted and (file.root in code.files or file.root not in code.documents)
    }
    if entry not in shown:
        raise errors.invalid({"root": ["is not a text of this session"]})
    if sum(len(code.files.get(root, "").encode()) for root in shown) > _MAX_FILES_BYTES:
        raise errors.too_large(
            f"The texts of the session may have at most {_MAX_FILES_BYTES} bytes for this."
        )
    return shown


def _paths(shown: Mapping[str, str]) -> dict[str, str]:
    """Return {root: path} with paths that every system accepts. Long names take long."""
    return FileNames().paths(shown)[0]


def _finished(report: RunReport, result: Result, name: str, ms: int) -> RunReport:
    return replace(
        report,
        name=name,
        stdout=result.stdout,
        stderr=result.stderr,
        exit=result.exit,
        ms=ms,
        is_cut=result.is_cut,
    )
