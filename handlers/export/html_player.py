"""A session's replay as one HTML file that plays without any server."""

import asyncio
import json
from collections.abc import Mapping
from importlib.resources import files
from itertools import accumulate
from typing import IO, TypedDict

from handlers.http.times import rfc3339
from handlers.http.views.people import person
from handlers.services import Services
from storage.records import Session, User

_MESSAGES = 500
_PAGE = 200
_ALL = 1 << 53
_BREAK = "{{data}}"


class _Version(TypedDict):
    """What the page knows of a version."""

    version: int
    kind: str
    label: str
    sequence: int


class HtmlPlayer:
    """Writes the file: the page, and in it the texts at the start, every update, versions and chat as JSON."""

    def __init__(self, services: Services, session: Session, file: IO[bytes]) -> None:
        self._services = services
        self._session = session
        self._file = file
        self._authors: dict[str, int] = {}
        self._roots: dict[str, int] = {}
        self._others: set[str] = set()

    async def write(self) -> None:
        """Write everything; raises what reading raises."""
        head, _, tail = _page().partition(_BREAK)
        await self._put(head, '{"steps":[')
        texts, start = await self._steps()
        people = await self._services.store.users(set(self._authors))
        rest = {
            "title": self._session.title,
            "session": self._session.id,
            "exported": rfc3339(self._services.clock()),
            "start": start,
            "files": texts,
            "roots": list(self._roots),
            "others": sorted(self._others - set(self._roots)),
            "authors": [person(author, people)["username"] for author in self._authors],
            "versions": await self._versions(),
            "chat": await self._chat(people),
        }
        await self._put("],", _json(rest)[1:], tail)

    async def _steps(self) -> tuple[dict[str, str], int]:
        """Write every update; return (texts before the first one, its time in ms)."""
        start: int | None = 0
        first_files: dict[str, str] = {}
        first_at = before = 0
        while start is not None:
            replayed = await self._services.history_reader.replay(self._session.id, start, _ALL)
            texts, steps, following = replayed.files, replayed.steps, replayed.next
            self._others.update(replayed.others)
            if start == 0:
                first_files, first_at = texts, steps[0].at if steps else 0
                before = first_at
                self._roots = {root: number for number, root in enumerate(texts)}
            rows = []
            for step in steps:
                author = self._authors.setdefault(step.author, len(self._authors))
                edits = [
                    [self._roots.setdefault(root, len(self._roots)), position, deleted, inserted]
                    for root, position, deleted, inserted in step.edits
                ]
                rows.append([step.at - before, author, edits])
                before = step.at
            text = await asyncio.to_thread(_json, rows)
            await self._put("," if start and rows else "", text[1:-1])
            start = following
        return first_files, first_at

    async def _versions(self) -> list[_Version]:
        store, before = self._services.store, None
        versions: list[_Version] = []
        while page := await store.versions(self._session.id, before, _PAGE, with_files=False):
            versions += [
                {"version": row.number, "kind": row.kind, "label": row.label, "sequence": row.sequence} for row in page
            ]
            before = page[-1].number
        return versions[::-1]

    async def _chat(self, people: Mapping[str, User]) -> list[tuple[int, str, str]]:
        """Return (time in ms, name, text) of the newest messages, oldest first; time never goes back."""
        messages = await self._services.store.messages(self._session.id, None, _MESSAGES)
        senders = {**people, **await self._services.store.users({message.sender_id for message in messages})}
        times = accumulate((message.created_at for message in messages), max)
        return [
            (at, person(message.sender_id, senders, message.sender_name)["username"], message.text)
            for at, message in zip(times, messages, strict=True)
        ]

    async def _put(self, *texts: str) -> None:
        await asyncio.to_thread(self._file.write, "".join(texts).encode())


def _page() -> str:
    return files("handlers.export").joinpath("templates", "replay.html").read_text()


def _json(value: object) -> str:
    """JSON that cannot end the element that it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
