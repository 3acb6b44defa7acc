"""Answers with code: versions, and present and past documents."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NotRequired, TypedDict

from crdt.document.server_edits import code_root
from crdt.history.playback import moment as moments
from crdt.history.snapshot import Outline
from crdt.reading import file_table
from crdt.reading.documents import LeftOut
from crdt.reading.roots import Root as OtherRoot
from crdt.reading.roots import RootType
from handlers.http.views.fields import From, Timestamp
from handlers.http.views.names import FileName, file_names
from handlers.http.views.people import person
from handlers.http.views.times import rfc3339
from storage import records
from storage.records import VersionKind


class Author(TypedDict):
    """A user who wrote a version or an edit."""

    id: str
    username: str


class Document(TypedDict):
    """The content of a root that is not a text.

    `value` is an object for a map, a list for an array, and a text for XML. In an `empty` root,
    everything was deleted. `leftOut` says why `value` is null, or what `value` lacks. If `leftOut`
    is "attributes", `value` lacks the values under keys of a root that is not a map.
    """

    type: RootType
    value: Any
    leftOut: LeftOut | None


class Version(TypedDict):
    """A version. An answer that only describes it has no `code`, `files`, `names` and `documents`.

    `names` are the files as they were listed then, in their order.
    A version that is `damaged` in the store has none of these fields, and others may be empty.
    """

    sessionId: str
    version: int
    label: str
    kind: VersionKind
    author: Author
    contributors: list[Author]
    sequence: int
    createdAt: Timestamp
    code: NotRequired[str]
    files: NotRequired[dict[str, str]]
    names: NotRequired[list[FileName]]
    documents: NotRequired[dict[str, Document]]
    damaged: NotRequired[bool]


class Root(TypedDict):
    """The name and the type of a root that is not a text."""

    root: str
    type: RootType


class Restored(Version):
    """The version that a restore made.

    `notRestored` are the roots that still differ, because only texts can be restored.
    """

    notRestored: list[Root]


class Versions(TypedDict):
    """Versions, newest first."""

    versions: list[Version]
    next: str | None


class LiveDocument(TypedDict):
    """The document as it is now; `version` is null if no version has this state yet."""

    sessionId: str
    version: int | None
    code: str
    files: dict[str, str]
    names: list[FileName]
    documents: dict[str, Document]
    sequence: int
    createdAt: Timestamp


class File(TypedDict):
    """A file of a document, without its content; or a root that is not a text.

    `name` is unique among the files that are not `deleted`. `length` is the number of a text's
    UTF-16 code units, of a map's keys, of an array's values, or of XML's elements and texts. It is
    0 if the root is `empty`.
    """

    root: str
    name: str
    type: Literal["text"] | RootType
    length: int
    deleted: bool


class Files(TypedDict):
    """The files of the document as it is now, in the order of their list; then its other roots."""

    sessionId: str
    sequence: int
    files: list[File]


class Moment(TypedDict):
    """The document as it was after the update at a log position."""

    sessionId: str
    sequence: int
    code: str
    files: dict[str, str]
    names: list[FileName]
    documents: dict[str, Document]


class Redaction(From):
    """How many characters were removed, and from how many updates, versions, runs and tests.

    `characters` does not count characters in runs and tests.
    """

    to: int
    characters: int
    updates: int
    versions: int
    runs: int
    tests: int


def version(
    record: records.Version,
    people: Mapping[str, records.User],
    files: Iterable[file_table.File] = (),
) -> Version:
    """Return a version, only with its description when it was read without its texts.

    files  the version's files, if it was read with its texts
    """
    body: Version = {
        "sessionId": record.session_id,
        "version": record.number,
        "label": record.label,
        "kind": record.kind,
        "author": author(record.author_id, people, record.author_name),
        "contributors": [author(user_id, people) for user_id in record.contributors],
        "sequence": record.sequence,
        "createdAt": rfc3339(record.created_at),
    }
    if record.is_damaged:
        body["damaged"] = True
    if record.files is not None:
        body["code"] = record.files.get(record.main_root, "")
        body["files"] = dict(record.files)
        body["names"] = file_names(files)
        body["documents"] = documents(record.documents)
    return body


def restored(shown: Version, others: Mapping[str, str]) -> Restored:
    """Return the version of a restore; others: {root: type} of roots that were not restored."""
    return {**shown, "notRestored": roots(others)}


def roots(types: Mapping[str, str]) -> list[Root]:
    """Return roots from {name: type}."""
    return [{"root": name, "type": RootType(kind)} for name, kind in types.items()]


def listed_files(outline: Outline, *, with_deleted: bool) -> list[File]:
    """Return the files of a document, and then its roots that are neither texts nor in the list."""
    others = dict(outline.others)
    listed: list[File] = []
    for root, name, is_deleted in outline.files:
        other = others.pop(root, None)
        if with_deleted or not is_deleted:
            listed.append(_listed(outline, root, name, other, is_deleted=is_deleted))
    return listed + [
        _listed(outline, root, root or file_table.NO_NAME, other) for root, other in others.items()
    ]


def _listed(
    outline: Outline, root: str, name: str, other: OtherRoot | None, *, is_deleted: bool = False
) -> File:
    """Return one file; other: its type, if it is not a text."""
    return {
        "root": root,
        "name": name,
        "type": RootType(other.type) if other else "text",
        "length": other.length if other else outline.texts.get(root, 0),
        "deleted": is_deleted,
    }


def documents(read: Mapping[str, Mapping[str, Any]]) -> dict[str, Document]:
    """Return {root: content} of roots that are not texts, without the table of files."""
    return {
        root: {"type": document["type"], "value": document["value"], "leftOut": document["leftOut"]}
        for root, document in file_table.without_table(read).items()
    }


def moment(naming: file_table.Naming, shown: moments.Moment) -> str:
    """Return a past document as JSON, without its session and log position."""
    files = shown.files
    listed = file_table.read_files(file_table.table_in(shown.documents), files, naming)
    return json.dumps(
        {
            "code": files.get(code_root(files, shown.main_root), ""),
            "files": files,
            "names": file_names(listed),
            "documents": documents(shown.documents),
        }
    )


def author(user_id: str, people: Mapping[str, records.User], name: str = "") -> Author:
    """Return an author; `name` is their earlier name, which is used if their record is gone."""
    return {"id": user_id, "username": person(user_id, people, name)["username"]}
