"""Writes a session's versions as commits into a git bundle, which `git clone` accepts."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar, TypeVarTuple

from dulwich.objects import ObjectID

from handlers.export.contents import live_if_sound
from handlers.export.file_names import FileNames
from handlers.export.git_repo import SERVER, Progress, Snapshot, begin, bundle, commit
from handlers.http.rules.text_rules import NAMELESS
from handlers.http.views.names import naming_of
from handlers.http.views.people import person
from handlers.services import Services
from storage.records import Session, User, Version

_DEADLINE_S = 60.0
"""Most seconds that a worker process may take for one commit, or for writing the file."""

_Contents = tuple[Mapping[str, str], Mapping[str, Any]]
"""(texts, documents) of a version."""
_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class GitBundle:
    """Makes one bundle, with a commit for each version and one for edits after the last version.

    E-mail addresses of users are not shown: git gets addresses that are made of ids. If a file
    cannot have the name of its text, each commit has the manifest of `file_names` too.
    """

    def __init__(self, services: Services, session: Session, user_id: str, file: IO[bytes]) -> None:
        """user_id: the user who requested the export; the work counts as this user's."""
        self._services = services
        self._session = session
        self._user_id = user_id
        self._file = file
        self._progress = Progress(FileNames(), naming_of(session))

    async def write(self) -> None:
        """Write everything; raises the errors of reading versions."""
        store = self._services.store
        live = await live_if_sound(self._services, self._session.id, self._user_id)
        if live:
            self._progress = await self._work(
                begin, self._progress.naming, live.files, live.documents
            )
        numbers: list[int] = []
        while page := await store.versions(
            self._session.id, numbers[-1] if numbers else None, 200, with_files=False
        ):
            numbers += [version.number for version in page]
        folder = tempfile.TemporaryDirectory()
        try:
            last = await self._commits(folder.name, sorted(numbers))
            path = await self._work(bundle, folder.name, last)
            await asyncio.to_thread(_copy, path, self._file)
        finally:
            # A repository has thousands of files; removing them takes tens of milliseconds.
            await asyncio.to_thread(folder.cleanup)

    async def _commits(self, folder: str, numbers: list[int]) -> ObjectID:
        """Make all commits; return the last one."""
        store = self._services.store
        before: _Contents = ({}, {})
        for number in numbers:
            version = await store.version(self._session.id, number)
            if version is None:
                continue  # the version was dropped meanwhile, because there were too many
            if version.is_damaged:
                message = (
                    f"Version {version.number} is damaged in the store: its texts are "
                    "missing here\n"
                )
                await self._commit(folder, Snapshot(*before, SERVER, version.created_at, message))
                continue
            people = await store.users({version.author_id, *version.contributors})
            before = (version.files or {}, version.documents)
            author = _identity(version.author_id, people)
            await self._commit(
                folder, Snapshot(*before, author, version.created_at, _message(version, people))
            )
        live, now = (
            await live_if_sound(self._services, self._session.id, self._user_id),
            self._services.clock(),
        )
        shown, message = (
            before,
            "The document cannot be read from the store, so its present texts are missing here\n",
        )
        if live:
            shown, message = (
                (live.files, live.documents),
                "The document at the time of the export\n",
            )
        if live is None or shown != before or self._progress.parent is None:
            await self._commit(folder, Snapshot(*shown, SERVER, now, message))
        assert self._progress.parent  # noqa: S101  # for the type checker
        return self._progress.parent

    async def _commit(self, folder: str, snapshot: Snapshot) -> None:
        self._progress = await self._work(commit, folder, self._progress, snapshot)

    async def _work(
        self, function: Callable[[*_Arguments], _Result], *arguments: *_Arguments
    ) -> _Result:
        return await self._services.workers.run(
            function, *arguments, key=self._user_id, deadline_s=_DEADLINE_S
        )


def _message(version: Version, people: Mapping[str, User]) -> str:
    title = version.label or f"Version {version.number}"
    others = [user_id for user_id in version.contributors if user_id != version.author_id]
    lines = [title, "", f"Version: {version.number}", f"Kind: {version.kind}"]
    lines += [f"Co-authored-by: {_identity(user_id, people).decode()}" for user_id in others]
    return "\n".join(lines) + "\n"


def _copy(path: Path, file: IO[bytes]) -> None:
    with path.open("rb") as made:
        shutil.copyfileobj(made, file)


def _identity(user_id: str, people: Mapping[str, User]) -> bytes:
    """Return `name <address>` in the form that git requires."""
    username = person(user_id, people)["username"]
    name = (
        "".join(character for character in username if character not in "<>\n\r\0").strip()
        or NAMELESS
    )
    return f"{name} <{user_id}@session.invalid>".encode()
