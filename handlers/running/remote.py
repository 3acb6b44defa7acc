"""Handler that has a program of a session run by a service on another machine.

The server takes the session's texts itself, so the run's log position is exact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from crdt.history.differences import DEADLINE_S
from crdt.history.runs import check_size
from crdt.history.versions import LiveCode
from crdt.reading.file_table import File, are_few
from handlers import errors
from handlers.export.file_names import FileNames
from handlers.http import schemas
from handlers.http.long_work import LongWorkHandler
from handlers.http.views import runs
from handlers.http.views.names import naming_of
from handlers.http.views.runs import Languages, OneRun
from handlers.runner.piston import Program, Result
from handlers.running.runs import new_run, store_run
from storage.records import Role, Session
from storage.runs.records import RunReport

_MAX_FILES_BYTES = 1 << 20
"""UTF-8 bytes of all texts that are sent to the service together."""


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
        live = await services.versions.live(session.id, self.me.id)
        listed = await services.versions.files_of(
            self.me.id, live.files, live.documents, naming_of(session)
        )
        shown = _shown(live, root, listed)
        files = await self._files(live, root, shown)
        started = services.clock()
        program = Program(body["language"], files, stdin)
        result = await self.while_connected(services.runner.run(self.me.id, program))
        session = await self._allowed(session_id)
        ms = max(0, services.clock() - started)
        run = new_run(self, session, result.outcome, _finished(report, result, shown[root], ms))
        stored = await store_run(self, session, run, live.sequence)
        answer: OneRun = {"run": runs.run(stored, {self.me.id: self.me})}
        self.reply(answer, 201)

    async def _files(self, live: LiveCode, entry: str, shown: Mapping[str, str]) -> dict[str, str]:
        """Return {path of the file: text} for the service, the entry first."""
        if are_few(None, shown):
            paths = _paths(shown)
        else:
            paths = await self.services.workers.run(
                _paths, shown, key=self.me.id, deadline_s=DEADLINE_S
            )
        roots = [entry, *(root for root in shown if root != entry)]
        return {paths[root]: live.files.get(root, "") for root in roots}

    async def _allowed(self, session_id: str) -> Session:
        """Return the session if the user may run programs in it now."""
        session, member = await self.member(session_id, Role.VIEWER, writes=True)
        self.services.runs.check_allowed(session, member.role)
        return session


def _no_service() -> errors.ApiError:
    return errors.not_found("service that runs programs")


def _shown(live: LiveCode, entry: str, listed: Iterable[File]) -> dict[str, str]:
    """Return {root: name of the file} of a session's texts, without deleted files.

    Raises ApiError 422 if the entry is no text, and 413 if all texts together are too large.
    """
    # A file of the table may have no text yet. It may also be in a root that is no text.
    shown = {
        file.root: file.name
        for file in listed
        if not file.is_deleted and (file.root in live.files or file.root not in live.documents)
    }
    if entry not in shown:
        raise errors.invalid({"root": ["is not a text of this session"]})
    if sum(len(live.files.get(root, "").encode()) for root in shown) > _MAX_FILES_BYTES:
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
