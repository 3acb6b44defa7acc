"""Turns the roots of a document into files: texts unchanged, other roots as JSON or XML."""

import json
from collections.abc import Mapping
from typing import Any

from crdt.errors import RoomDamaged, TextUnavailable
from crdt.history.versions import LiveCode
from crdt.reading.file_table import Naming, read_files, table_in, without_table
from crdt.reading.roots import RootType
from handlers.export.file_names import FileNames
from handlers.services import Services


def as_files(
    names: FileNames,
    naming: Naming,
    files: Mapping[str, str],
    documents: Mapping[str, Mapping[str, Any]],
) -> dict[str, str]:
    """Return {path of the file: its content}, without deleted files.

    files, documents  the fields of a version with these names
    """
    listed = read_files(table_in(documents), files, naming)
    others = {
        root: document
        for root, document in without_table(documents).items()
        if document["value"] is not None
    }
    # A file of the table may be in a root that is no text: then it is not among the texts.
    shown = {
        file.root: file.name
        for file in listed
        if not file.is_deleted and (file.root in files or file.root not in documents)
    }
    texts, rest = names.paths(shown, {root: _ending(found) for root, found in others.items()})
    return {
        **{path: files.get(root, "") for root, path in texts.items()},
        **{path: _content(others[root]) for root, path in rest.items()},
    }


def _ending(document: Mapping[str, Any]) -> str:
    return ".xml" if document["type"] == RootType.XML else ".json"


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
