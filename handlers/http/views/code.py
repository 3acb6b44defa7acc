"""Answers with code: versions, present and past documents, and differences between versions."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from crdt.document.server_edits import code_root
from crdt.history.playback import moment as moments
from crdt.history.snapshot import Outline
from crdt.reading.documents import LeftOut
from crdt.reading.roots import RootType
from crdt.text import hunks
from handlers.http.views.fields import From, OneOf, Timestamp
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
    """A version. An answer that only describes it has no `code`, `files` and `documents`.

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
    documents: dict[str, Document]
    sequence: int
    createdAt: Timestamp


class File(TypedDict):
    """A root of a document, without its content.

    `length` is the number of a text's UTF-16 code units, of a map's keys, of an array's values, or
    of XML's elements and texts. It is 0 if the root is `empty`.
    """

    root: str
    type: Literal["text"] | RootType
    length: int


class Files(TypedDict):
    """The roots of the document as it is now; texts come first."""

    sessionId: str
    sequence: int
    files: list[File]


class Moment(TypedDict):
    """The document as it was after the update at a log position."""

    sessionId: str
    sequence: int
    code: str
    files: dict[str, str]
    documents: dict[str, Document]


class _Marks(TypedDict, total=False):
    marks: list[tuple[int, int]]


class HunkLine(_Marks):
    """A line that is in both texts, only in the old text, or only in the new text.

    `marks` are [start, end] of the changed parts of the line, in UTF-16 code units.
    """

    kind: Annotated[str, OneOf(" ", "-", "+")]
    text: str


class Hunk(TypedDict):
    """Lines that differ, with the lines around them; lines are counted from 1."""

    oldStart: int
    oldLines: int
    newStart: int
    newLines: int
    lines: list[HunkLine]


class FileDifference(TypedDict):
    """The differences in one text; `git apply` and `patch` can read `unified`."""

    root: str
    hunks: list[Hunk]
    unified: str


class Difference(From):
    """The texts that differ between two versions.

    Version 0 is the empty document before version 1.
    `others` are roots that differ and are not texts, so they have no hunks.
    """

    to: int | Literal["live"]
    files: list[FileDifference]
    others: list[Root]


class Redaction(From):
    """How many characters were removed, and from how many updates and versions."""

    to: int
    characters: int
    updates: int
    versions: int


def version(record: records.Version, people: Mapping[str, records.User]) -> Version:
    """Return a version, without `code`, `files` and `documents` when it was read without them."""
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
        body["documents"] = documents(record.documents)
    return body


def restored(
    record: records.Version, people: Mapping[str, records.User], others: Mapping[str, str]
) -> Restored:
    """Return the version of a restore; others: {root: type} of roots that were not restored."""
    return {**version(record, people), "notRestored": roots(others)}


def roots(types: Mapping[str, str]) -> list[Root]:
    """Return roots from {name: type}."""
    return [{"root": name, "type": RootType(kind)} for name, kind in types.items()]


def listed_files(outline: Outline) -> list[File]:
    """Return the roots of a document."""
    texts: list[File] = [
        {"root": root, "type": "text", "length": length} for root, length in outline.texts.items()
    ]
    others: list[File] = [
        {"root": name, "type": RootType(root.type), "length": root.length}
        for name, root in outline.others.items()
    ]
    return texts + others


def documents(read: Mapping[str, Mapping[str, Any]]) -> dict[str, Document]:
    """Return {root: content} of roots that are not texts."""
    return {
        root: {"type": document["type"], "value": document["value"], "leftOut": document["leftOut"]}
        for root, document in read.items()
    }


def moment(shown: moments.Moment) -> str:
    """Return a past document as JSON, without its session and log position."""
    files = shown.files
    return json.dumps(
        {
            "code": files.get(code_root(files, shown.main_root), ""),
            "files": files,
            "documents": documents(shown.documents),
        }
    )


def author(user_id: str, people: Mapping[str, records.User], name: str = "") -> Author:
    """Return an author; `name` is their earlier name, which is used if their record is gone."""
    return {"id": user_id, "username": person(user_id, people, name)["username"]}


def encoded_differences(before: Mapping[str, str], after: Mapping[str, str], steps: int) -> bytes:
    """Return the differences between the texts of two documents as JSON.

    before, after  {root: text}
    steps          bounds the work of the comparison, as in `hunks.compare`
    """
    return json.dumps(file_differences(hunks.compare(before, after, steps))).encode()


def encoded_difference(others: Mapping[str, Any], files: bytes) -> list[bytes]:
    """Return a `Difference` as JSON in pieces, from its other fields and its encoded `files`."""
    return [f'{json.dumps(others)[:-1]}, "files": '.encode(), files, b"}"]


def file_differences(differences: Mapping[str, Sequence[hunks.Hunk]]) -> list[FileDifference]:
    """Return the differences of all texts; differences: {root: hunks}."""
    return [
        {
            "root": root,
            "hunks": [_hunk(hunk) for hunk in file_hunks],
            "unified": hunks.unified(root, file_hunks),
        }
        for root, file_hunks in differences.items()
    ]


def _hunk(hunk: hunks.Hunk) -> Hunk:
    return {
        "oldStart": hunk.old_start,
        "oldLines": hunk.old_lines,
        "newStart": hunk.new_start,
        "newLines": hunk.new_lines,
        "lines": [_line(line) for line in hunk.lines],
    }


def _line(line: hunks.HunkLine) -> HunkLine:
    marks: _Marks = {"marks": line.marks} if line.marks else {}
    return {"kind": line.kind, "text": line.text, **marks}
