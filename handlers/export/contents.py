"""Turns the roots of a document into files: texts unchanged, other roots as JSON or XML."""

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from crdt.errors import RoomDamaged, TextUnavailable
from crdt.history.versions import LiveCode
from crdt.reading.file_table import Naming, read_files, without_table
from crdt.reading.roots import RootType
from handlers.export.file_names import FileNames
from handlers.services import Services


class Paths(NamedTuple):
    """The paths of one document's files in an export.

    names   all names of the export so far
    texts   {root: path} of the files that are listed; some may have no text yet
    others  {root: path} of the roots that are not texts
    """

    names: FileNames
    texts: Mapping[str, str]
    others: Mapping[str, str]


def paths_of(
    names: FileNames,
    naming: Naming,
    table: Mapping[str, Any] | None,
    roots: Collection[str],
    endings: Mapping[str, str],
) -> Paths:
    """Return the paths of a document's files, without deleted ones.

    This takes seconds for a table of thousands of long names.

    table    its table of files, or None
    roots    the roots that are texts
    endings  see `endings_of`
    """
    # A file of the table may be in a root that is no text: then it is not among the texts.
    shown = {
        file.root: file.name
        for file in read_files(table, roots, naming)
        if not file.is_deleted and (file.root in roots or file.root not in endings)
    }
    texts, others = names.paths(shown, endings)
    return Paths(names, texts, others)


def endings_of(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return {root: ending of its file} of the roots that have a file and are not texts."""
    return {
        root: ".xml" if document["type"] == RootType.XML else ".json"
        for root, document in without_table(documents).items()
        if document["value"] is not None
    }


def as_files(
    paths: Paths, files: Mapping[str, str], documents: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Return {path of the file: its content}.

    files, documents  the fields of a version with these names
    """
    return {
        **{path: files.get(root, "") for root, path in paths.texts.items()},
        **{path: _content(documents[root]) for root, path in paths.others.items()},
    }


def _content(document: Mapping[str, Any]) -> str:
    value = document["value"]
    if document["type"] == RootType.XML:
        return str(value)
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


async def live_if_sound(services: Services, session_id: str, user_id: str) -> LiveCode | None:
    """Return the document as it is now, or None if it cannot be read.

    Its log may be damaged, or its texts may be unreadable.
    """
    try:
        return await services.versions.live(session_id, user_id)
    except (RoomDamaged, TextUnavailable):
        return None
