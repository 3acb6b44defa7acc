"""Turns the roots of a document into files: texts unchanged, other roots as JSON or XML."""

import json
from collections.abc import Mapping
from typing import Any

from crdt.errors import RoomDamaged, TextUnavailable
from crdt.history.versions import LiveCode
from crdt.reading.roots import RootType
from handlers.export.file_names import FileNames
from handlers.services import Services


def as_files(
    names: FileNames, files: Mapping[str, str], documents: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Return {name of the file: its content}.

    files, documents  the fields of a version with these names
    """
    made = {names.of(root): text for root, text in files.items()}
    for root, document in documents.items():
        if document["value"] is not None:
            is_xml = document["type"] == RootType.XML
            text = (
                document["value"]
                if is_xml
                else json.dumps(document["value"], ensure_ascii=False, indent=2) + "\n"
            )
            made[names.of(root, ".xml" if is_xml else ".json")] = text
    return made


async def live_if_sound(services: Services, session_id: str, user_id: str) -> LiveCode | None:
    """Return the document as it is now, or None if it cannot be read.

    Its log may be damaged, or its texts may be unreadable.
    """
    try:
        return await services.versions.live(session_id, user_id)
    except (RoomDamaged, TextUnavailable):
        return None
