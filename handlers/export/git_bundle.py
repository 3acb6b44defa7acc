"""A session's versions as commits, in a file that `git clone` takes."""

import asyncio
import tempfile
from collections.abc import Mapping
from typing import IO, Any, BinaryIO, cast

from dulwich.bundle import create_bundle_from_repo, write_bundle
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from handlers.export.contents import as_files, live_if_sound
from handlers.export.file_names import MANIFEST, FileNames
from handlers.http.views.people import person
from handlers.services import Services
from storage.records import Session, User, Version

_PAGE = 20
_FILE_MODE = 0o100644
_SERVER = b"collab-server <server@session.invalid>"
_HEAD, _BRANCH = Ref(b"HEAD"), Ref(b"refs/heads/main")

_Contents = tuple[Mapping[str, str], Mapping[str, Any]]
"""(texts, documents) of a version."""


class GitBundle:
    """Makes one bundle: a commit for each version with its author, and one for what is in none yet.

    Addresses of people are not told: they are made of their ids. Where a file cannot have the name of its text, each
    commit has the manifest of `file_names` too.
    """

    def __init__(self, services: Services, session: Session, user_id: str, file: IO[bytes]) -> None:
        """user_id: of whom the work is for."""
        self._services = services
        self._session = session
        self._user_id = user_id
        self._file = file
        self._parent: ObjectID | None = None
        self._names = FileNames()

    async def write(self) -> None:
        """Write everything; raises what reading raises."""
        store = self._services.store
        live = await live_if_sound(self._services, self._session.id)
        self._names = FileNames(live.files if live else {})
        numbers: list[int] = []
        while page := await store.versions(self._session.id, numbers[-1] if numbers else None, 200, with_files=False):
            numbers += [version.number for version in page]
        with tempfile.TemporaryDirectory() as folder:
            repo = await asyncio.to_thread(Repo.init_bare, folder)
            try:
                await self._commits(repo, sorted(numbers))
                await asyncio.to_thread(self._finish, repo)
            finally:
                repo.close()

    async def _commits(self, repo: Repo, numbers: list[int]) -> None:
        store = self._services.store
        before: _Contents = ({}, {})
        for number in numbers:
            version = await store.version(self._session.id, number)
            if version is None:
                continue  # it made room for another one meanwhile
            if version.is_damaged:
                await asyncio.to_thread(self._note_damaged, repo, version, before)
                continue
            people = await store.users({version.author_id, *version.contributors})
            await asyncio.to_thread(self._commit, repo, version, people)
            before = (version.files or {}, version.documents)
        live, now = await live_if_sound(self._services, self._session.id), self._services.clock()
        shown, message = before, "The document cannot be read from the store: what it is now is missing here\n"
        if live:
            shown, message = (live.files, live.documents), "The document at the time of the export\n"
        if live is None or shown != before:
            files = as_files(self._names, *shown)
            await asyncio.to_thread(self._add, repo, files, _SERVER, now, message)

    def _note_damaged(self, repo: Repo, version: Version, before: _Contents) -> None:
        """Commit what was there before, and say that a version is missing."""
        message = f"Version {version.number} is damaged in the store: its texts are missing here\n"
        self._add(repo, as_files(self._names, *before), _SERVER, version.created_at, message)

    def _commit(self, repo: Repo, version: Version, people: Mapping[str, User]) -> None:
        title = version.label or f"Version {version.number}"
        others = [user_id for user_id in version.contributors if user_id != version.author_id]
        lines = [title, "", f"Version: {version.number}", f"Kind: {version.kind}"]
        lines += [f"Co-authored-by: {_identity(user_id, people).decode()}" for user_id in others]
        author = _identity(version.author_id, people)
        files = as_files(self._names, version.files or {}, version.documents)
        self._add(repo, files, author, version.created_at, "\n".join(lines) + "\n")

    def _add(self, repo: Repo, files: Mapping[str, str], author: bytes, at: int, message: str) -> None:
        tree = Tree()
        if not self._names.are_original:
            files = {**files, MANIFEST: self._names.manifest()}
        for name, text in files.items():
            blob = Blob.from_string(text.encode())
            repo.object_store.add_object(blob)
            tree.add(name.encode(), _FILE_MODE, blob.id)
        repo.object_store.add_object(tree)
        commit = Commit()
        commit.tree = tree.id
        commit.parents = [self._parent] if self._parent else []
        commit.author, commit.committer = author, _SERVER
        commit.author_time = commit.commit_time = at // 1_000
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message.encode()
        repo.object_store.add_object(commit)
        self._parent = commit.id

    def _finish(self, repo: Repo) -> None:
        assert self._parent  # noqa: S101 - for the type checker: the live document is there at least
        repo.refs[_BRANCH] = self._parent
        repo.refs.set_symbolic_ref(_HEAD, _BRANCH)
        with create_bundle_from_repo(repo, refs=[_HEAD, _BRANCH], version=2) as bundle:
            write_bundle(cast(BinaryIO, self._file), bundle)


def _identity(user_id: str, people: Mapping[str, User]) -> bytes:
    """Return `name <address>` as git wants it."""
    username = person(user_id, people)["username"]
    name = "".join(character for character in username if character not in "<>\n\r\0").strip() or "somebody"
    return f"{name} <{user_id}@session.invalid>".encode()
