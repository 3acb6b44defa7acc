"""Puts versions into a git repository as commits, in worker processes.

Python code makes the objects of git. Each commit may run in a different process,
so all state between two commits is on the disk and in a `Progress`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from dulwich.bundle import create_bundle_from_repo, write_bundle
from dulwich.index import commit_tree
from dulwich.objects import Blob, Commit, ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo

from crdt.reading.file_table import Naming, table_in
from handlers.export.contents import as_files, endings_of, paths_of
from handlers.export.file_names import MANIFEST, FileNames
from handlers.http.rules.text_rules import SERVER_NAME

SERVER = f"{SERVER_NAME} <server@session.invalid>".encode()

_BUNDLE = "session.bundle"
_FILE_MODE = 0o100644
_HEAD, _BRANCH = Ref(b"HEAD"), Ref(b"refs/heads/main")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The content and the description of one commit.

    files, documents  the fields of a version with these names
    author            `name <address>`
    at                milliseconds since 1970
    """

    files: Mapping[str, str]
    documents: Mapping[str, Any]
    author: bytes
    at: int
    message: str


class Progress(NamedTuple):
    """The state of a repository: the names of its files so far, and its last commit.

    `parent` is None before the first commit.
    """

    names: FileNames
    naming: Naming
    parent: ObjectID | None = None


def begin(naming: Naming, files: Mapping[str, str], documents: Mapping[str, Any]) -> Progress:
    """Return the state before the first commit.

    files, documents  the live document, whose files get their paths before those of all commits
    """
    names = FileNames()
    paths_of(names, naming, table_in(documents), files, endings_of(documents))
    return Progress(names, naming)


def commit(folder: str, progress: Progress, snapshot: Snapshot) -> Progress:
    """Add a commit to the repository in a folder; the first commit creates the repository."""
    with Repo.init_bare(folder) if progress.parent is None else Repo(folder) as repo:
        names, documents = progress.names, snapshot.documents
        table, endings = table_in(documents), endings_of(documents)
        paths = paths_of(names, progress.naming, table, snapshot.files, endings)
        files = as_files(paths, snapshot.files, documents)
        if not names.are_original:
            files = {**files, MANIFEST: names.manifest()}
        blobs = []
        for path, text in files.items():
            blob = Blob.from_string(text.encode())
            repo.object_store.add_object(blob)
            blobs.append((path.encode(), blob.id, _FILE_MODE))
        made = Commit()
        made.tree = commit_tree(repo.object_store, blobs)
        made.parents = [progress.parent] if progress.parent else []
        made.author, made.committer = snapshot.author, SERVER
        made.author_time = made.commit_time = snapshot.at // 1_000
        made.author_timezone = made.commit_timezone = 0
        made.encoding = b"UTF-8"
        made.message = snapshot.message.encode()
        repo.object_store.add_object(made)
        return progress._replace(parent=made.id)


def bundle(folder: str, last: ObjectID) -> Path:
    """Write a bundle of everything up to a commit; return its path."""
    path = Path(folder) / _BUNDLE
    with Repo(folder) as repo, path.open("wb") as file:
        repo.refs[_BRANCH] = last
        repo.refs.set_symbolic_ref(_HEAD, _BRANCH)
        with create_bundle_from_repo(repo, refs=[_HEAD, _BRANCH], version=2) as made:
            write_bundle(file, made)
    return path
