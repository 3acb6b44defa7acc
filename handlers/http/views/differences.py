"""Answers with the differences between two documents."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

from crdt.history.differences import Side
from crdt.reading.file_table import File, Naming, read_files
from crdt.text import hunks
from handlers.http.views.code import Root
from handlers.http.views.fields import From, OneOf

_Listed = Mapping[str, File]
"""{root: file} of all files of a document, also of the deleted ones."""


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
    """The differences in one text; `git apply` and `patch` can read `unified`.

    `name` is the name of the file in the newer document, and `oldName` in the older one. If only
    one document has the file, both fields have its name there.
    """

    root: str
    name: str
    oldName: str
    hunks: list[Hunk]
    unified: str


class Renamed(TypedDict):
    """A file that was made, renamed or deleted; a name is null where the file is not listed."""

    root: str
    name: str | None
    oldName: str | None


class Difference(From):
    """The texts and the names of files that differ between two versions.

    Version 0 is the empty document before version 1.
    `others` are roots that differ and are not texts, so they have no hunks.
    """

    to: int | Literal["live"]
    files: list[FileDifference]
    renamed: list[Renamed]
    others: list[Root]


def encoded_differences(naming: Naming, before: Side, after: Side, steps: int) -> bytes:
    """Return the `files` and `renamed` of a `Difference` as JSON, without the braces around them.

    steps  bounds the work of the comparison, as in `hunks.compare`
    """
    old, new = (
        {file.root: file for file in read_files(side.table, side.texts, naming)}
        for side in (before, after)
    )
    compared = hunks.compare(before.texts, after.texts, steps)
    made = {"files": file_differences(compared, old, new), "renamed": _renamed(old, new)}
    return json.dumps(made)[1:-1].encode()


def encoded_difference(others: Mapping[str, Any], made: bytes) -> list[bytes]:
    """Return a `Difference` as JSON, in pieces.

    others  all fields but `files` and `renamed`
    made    what `encoded_differences` returned
    """
    return [f"{json.dumps(others)[:-1]}, ".encode(), made, b"}"]


def file_differences(
    differences: Mapping[str, Sequence[hunks.Hunk]], old: _Listed, new: _Listed
) -> list[FileDifference]:
    """Return the differences of all texts.

    differences  {root: hunks}
    old, new     {root: file} of both documents
    """
    made: list[FileDifference] = []
    for root, file_hunks in differences.items():
        before, after = old.get(root) or new[root], new.get(root) or old[root]
        made.append(
            {
                "root": root,
                "name": after.name,
                "oldName": before.name,
                "hunks": [_hunk(hunk) for hunk in file_hunks],
                "unified": hunks.unified(before.name, after.name, file_hunks),
            }
        )
    return made


def _renamed(old: _Listed, new: _Listed) -> list[Renamed]:
    """Return the files that were made, renamed or deleted, in the order of the newer list."""
    names = [
        {root: file.name for root, file in files.items() if not file.is_deleted}
        for files in (old, new)
    ]
    return [
        {"root": root, "name": names[1].get(root), "oldName": names[0].get(root)}
        for root in {**new, **old}
        if names[0].get(root) != names[1].get(root)
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
