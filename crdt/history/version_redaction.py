"""Removes a text, such as a pasted secret, from the versions of a session.

A version has no structs, only whole texts and values. So the document at the version's place in the
log is restored, once as it was and once with blocks. Every root that differs between the two is
replaced in the version.

See `crdt.history.redaction` for the log, and `crdt.history.run_redaction` for runs.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Self

from crdt.history import redaction
from crdt.history.redaction import RedactedIds
from crdt.log import restore
from crdt.reading.documents import Document, documents_of
from crdt.reading.item_order import ItemOrder
from storage.base import RoomStore
from storage.records import Chunk, Version

_VERSIONS_PER_READ = 10


class Shown(NamedTuple):
    """The fields of a version that tell whether it shows a text. Worker processes get them."""

    sequence: int
    main_root: str
    roots: list[str]
    has_documents: bool

    @classmethod
    def of(cls, version: Version) -> Self:
        """Return these fields of a version that was read with its files."""
        roots = list(version.files or {})
        return cls(version.sequence, version.main_root, roots, bool(version.documents))


class Replaced(NamedTuple):
    """The roots of a version that have other contents without the text."""

    files: dict[str, str]
    documents: dict[str, Document]


Find = Callable[[list[Shown]], Awaitable[Sequence[Replaced | None]]]
"""Returns what to replace in each version: the result of `replacements`, from a worker process."""


async def redact_versions(store: RoomStore, session_id: str, last: int, find: Find) -> int:
    """Change the versions of a session that show the text; return their number.

    last  the last entry of the log that `find` searches. Newer versions cannot show the text
    """
    count, before = 0, None
    while batch := await store.versions(session_id, before, _VERSIONS_PER_READ, with_files=True):
        before = batch[-1].number
        count += await _redact_batch(store, batch, last, find)
    return count


async def _redact_batch(store: RoomStore, batch: list[Version], last: int, find: Find) -> int:
    # The texts of damaged versions are dropped, because it is not known whether they show the text.
    for version in batch:
        if version.is_damaged:
            await store.redact_version(version)
    readable = [version for version in batch if not version.is_damaged and version.sequence <= last]
    count = 0
    for version, replaced in zip(readable, await find(list(map(Shown.of, readable))), strict=True):
        if replaced:
            files = {**(version.files or {}), **replaced.files}
            documents = {**version.documents, **replaced.documents}
            await store.redact_version(replace(version, files=files, documents=documents))
            count += 1
    return count


def replacements(
    versions: list[Shown], chunks: list[Chunk], ids: RedactedIds, text: str
) -> list[Replaced | None]:
    """Return what to replace in each version; None for a version that does not show the text.

    chunks  the session's log from its first entry on, before it is redacted
    """
    return [_replacement(version, chunks, ids, text) for version in versions]


def _replacement(
    version: Shown, chunks: list[Chunk], ids: RedactedIds, text: str
) -> Replaced | None:
    restored = restore.restore(None, chunks, until=version.sequence, reads_summaries=True)
    blanked = redaction.redact(restored.state, ids, text)
    if blanked is None:
        return None
    before, after = ItemOrder(restored.state), ItemOrder(blanked)
    roots = {version.main_root, *version.roots}
    files = {root: after.text(root) for root in roots if after.text(root) != before.text(root)}
    documents = _changed(documents_of(before), documents_of(after)) if version.has_documents else {}
    return Replaced(files, documents) if files or documents else None


def _changed(before: dict[str, Document], after: dict[str, Document]) -> dict[str, Document]:
    return {root: document for root, document in after.items() if document != before[root]}
