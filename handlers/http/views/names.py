"""Answers with the names of a document's files."""

from collections.abc import Iterable
from typing import Final, TypedDict

from crdt.reading.file_table import File, Naming
from storage.records import Session

_SUFFIXES: Final = {
    "javascript": "js", "typescript": "ts", "python": "py", "java": "java", "c": "c", "cpp": "cpp",
    "csharp": "cs", "go": "go", "rust": "rs", "sql": "sql", "html": "html", "css": "css",
    "markdown": "md", "json": "json", "lua": "lua", "ruby": "rb", "php": "php", "kotlin": "kt",
    "swift": "swift", "scala": "scala", "shell": "sh", "yaml": "yaml",
}  # fmt: skip
"""{language: ending of its files}, the same as in `static/src/lib/languages.ts`."""


class FileName(TypedDict):
    """The name of a file. Names are unique, except those of deleted files."""

    root: str
    name: str
    deleted: bool


def naming_of(session: Session) -> Naming:
    """Return how the files of a session are named that have no entry in its table of files."""
    return Naming(session.main_root, suffix_of(session.language))


def suffix_of(language: str) -> str:
    """Return the ending of files in a language, without a dot."""
    return _SUFFIXES.get(language, "txt")


def file_names(files: Iterable[File]) -> list[FileName]:
    """Return the names of files, in the order of their list."""
    return [{"root": file.root, "name": file.name, "deleted": file.is_deleted} for file in files]
