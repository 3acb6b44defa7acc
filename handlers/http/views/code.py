"""The code: versions, the document as it is or was, and what differs between versions."""

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
    """A user who wrote something."""

    id: str
    username: str


class Document(TypedDict):
    """What a root holds that is no text: `value` is an object for a map, a list for an array,
    a text for XML.

    An `empty` root is one in which all is deleted. `leftOut` says why `value` is null, or what it
    lacks: `attributes` are values under keys in a root that is no map.
    """

    type: RootType
    value: Any
    leftOut: LeftOut | None


class Version(TypedDict):
    """A version. An answer that only describes it has no `code`, `files` and `documents`.

    One that is `damaged` in the store has none of these; its other fields may be empty.
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
    """A root that is no text, and what it is."""

    root: str
    type: RootType


class Restored(Version):
    """The version that a restore made; `notRestored` are the roots that differ still,
    as only texts can be restored.
    """

    notRestored: list[Root]


class Versions(TypedDict):
    """Versions, newest first."""

    versions: list[Version]
    next: str | None


class LiveDocument(TypedDict):
    """The document as it is now; `version` is null if it is in no version yet."""

    sessionId: str
    version: int | None
    code: str
    files: dict[str, str]
    documents: dict[str, Document]
    sequence: int
    createdAt: Timestamp


class File(TypedDict):
    """A root of a document, without what it holds.

    `length` counts what `files` and `documents` would show: UTF-16 code units of a text, keys of a
    map, values of an array, elements and texts of XML; 0 if it is `empty`.
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
    """A line in both texts, only in the old or only in the new one.

    `marks` are [start, end] of what changed inside it, in UTF-16 code units.
    """

    kind: Annotated[str, OneOf(" ", "-", "+")]
    text: str


class Hunk(TypedDict):
    """Lines that differ, with their surroundings; lines are counted from 1."""

    oldStart: int
    oldLines: int
    newStart: int
    newLines: int
    lines: list[HunkLine]


class FileDifference(TypedDict):
    """What differs in one text; `unified` is what `git apply` and `patch` read."""

    root: str
    hunks: list[Hunk]
    unified: str


class Difference(From):
    """The texts that differ between two versions; 0 is the empty document before the first one.

    `others` are roots that differ and are no texts: no hunks are made of those.
    """

    to: int | Literal["live"]
    files: list[FileDifference]
    others: list[Root]


class Redaction(From):
    """How many characters of a text were taken out of how many updates and versions."""

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
    """Return the version of a restore; others: {root: what it is} of what was not restored."""
    return {**version(record, people), "notRestored": roots(others)}


def roots(types: Mapping[str, str]) -> list[Root]:
    """Return roots from {name: what it is}."""
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
    """Return {root: what it holds} of roots that are no texts."""
    return {
        root: {"type": document["type"], "value": document["value"], "leftOut": document["leftOut"]}
        for root, document in read.items()
    }


def moment(shown: moments.Moment) -> str:
    """Return a document as it was as JSON, but for its session and log position."""
    files = shown.files
    return json.dumps(
        {
            "code": files.get(code_root(files, shown.main_root), ""),
            "files": files,
            "documents": documents(shown.documents),
        }
    )


def author(user_id: str, people: Mapping[str, records.User], name: str = "") -> Author:
    """Return an author; `name` is what they were called, for when there is no record."""
    return {"id": user_id, "username": person(user_id, people, name)["username"]}


def encoded_differences(before: Mapping[str, str], after: Mapping[str, str], steps: int) -> bytes:
    """Return what differs between the texts of two documents, {root: text}, as JSON;
    `steps` as `hunks.compare`.
    """
    return json.dumps(file_differences(hunks.compare(before, after, steps))).encode()


def encoded_difference(others: Mapping[str, Any], files: bytes) -> list[bytes]:
    """Return a `Difference` as JSON in pieces, from its other fields and its encoded `files`."""
    return [f'{json.dumps(others)[:-1]}, "files": '.encode(), files, b"}"]


def file_differences(differences: Mapping[str, Sequence[hunks.Hunk]]) -> list[FileDifference]:
    """Return what differs, from {root: hunks}."""
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
